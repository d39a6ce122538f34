"""Verbs that close the loop, or open it again."""

from typing import Any

from django.utils.translation import gettext as _

from sidan.kernel.base import tx
from sidan.kernel.base.errors import Invalid
from sidan.kernel.flow import engine
from sidan.kernel.org import queries as org
from sidan.kernel.org.act import Act
from sidan.kernel.org.models import Contact
from sidan.orders import clocks
from sidan.orders.commands.moving import move, need, release_supports, tell_unit
from sidan.orders.flow import ANSWERED
from sidan.orders.models import Order
from sidan.orders.words import Satisfied, Solved, Stage


@tx.writes
def rate(order: Order, *, solved: str, satisfied: str, reason: str | None = None, act: Act) -> Order:
    """The resident rates the answer. "No" does not close: the loop opens again (`reopen`), with the rating kept.

    Args:
        solved: yes, partly or no; partly counts as not solved in 解决率.
        satisfied: yes, basically or no.

    Raises:
        NotNow: the reply has not been checked yet, or the order is closed already.
        NotAllowed: only the one who asked may rate.
    """
    need(order, "rate", act)
    if solved == Solved.NO:
        return reopen(order, reason=_because(reason), satisfied=satisfied, act=act)
    flag = _own_hand(order)
    move(
        order,
        "rate",
        act,
        text=reason,
        data={"flag": flag} if flag else None,
        **_closing(order, solved, satisfied, act),
    )
    return order


@tx.writes
def call_back(order: Order, *, solved: str, satisfied: str, reason: str | None = None, act: Act) -> Order:
    """What the resident said on the telephone, recorded by somebody who did not handle it (art. 23)."""
    need(order, "call_back", act)
    if solved == Solved.NO:
        entry = move(order, "recall", act, text=_because(reason), **_again(order, satisfied, act))
        tell_unit(order, "reopened", entry, order.desk_unit_id, "dispatcher")
        return order
    move(order, "call_back", act, text=reason, **_closing(order, solved, satisfied, act))
    return order


@tx.writes
def reopen(order: Order, *, reason: str, satisfied: str | None = None, act: Act) -> Order:
    """Not solved: a new round with a new clock, at the desk; after the second time to another or a higher unit."""
    need(order, "reopen", act)
    release_supports(order, act)
    entry = move(order, "reopen", act, text=reason, **_again(order, satisfied, act))
    tell_unit(order, "reopened", entry, order.desk_unit_id, "dispatcher")
    return order


@tx.writes
def lapse(order: Order, *, act: Act) -> Order:
    """Nobody rated in time: closed as 未评价, which is not "satisfied"."""
    need(order, "lapse", act)
    window = clocks.ends(clocks.rule_for(order, Stage.REOPEN_WINDOW, act.at), act.at)
    # What an earlier round was rated stays the last word of the resident.
    move(order, "lapse", act, closed_at=act.at, reopen_until=window)
    return order


def _own_hand(order: Order) -> str:
    """Why the rating may be the own of who answered; empty where nothing says so. The rating counts, the entry says it.

    `recorded`: they recorded the order, so the receipt and its code were in their hands. `phone`: the telephone is theirs.
    One query.
    """
    answered = {person for name in ANSWERED for person in engine.named(order, name)}
    if order.recorded_by_id in answered:
        return "recorded"
    phones = Contact.objects.filter(person=order.asked_by_id, phone_hash__isnull=False).values("phone_hash")
    return "phone" if Contact.objects.filter(person__in=answered, phone_hash__in=phones).exists() else ""


def _closing(order: Order, solved: str, satisfied: str, act: Act) -> dict[str, Any]:
    if solved not in Solved.values or satisfied not in Satisfied.values:
        raise Invalid(fields={"solved": _("请选择。"), "satisfied": _("请选择。")})
    window = clocks.ends(clocks.rule_for(order, Stage.REOPEN_WINDOW, act.at), act.at)
    return {
        "solved": solved,
        "satisfied": satisfied,
        "rated_at": act.at,
        "closed_at": act.at,
        "reopen_until": window,
    }


def _again(order: Order, satisfied: str | None, act: Act) -> dict[str, Any]:
    """The row at the start of a new round. After the second reopening the desk is the one above."""
    desk = order.desk_unit_id
    if order.round >= 2:
        desk = org.tree().node(desk).parent_id or desk
    promised = clocks.promise(order, act.at)
    return {
        "round": order.round + 1,
        "desk_unit_id": desk,
        "lead_unit_id": None,
        "solved": Solved.NO,
        "satisfied": satisfied or order.satisfied,
        "rated_at": None,
        "closed_at": None,
        "reopen_until": None,
        "answered_at": None,
        "replied_by_id": None,
        "repliers": None,
        "signed_by_id": None,
        "signed_at": None,
        "dispatched_at": None,
        "contact_due_at": None,
        "ruled": False,
        "supports_open": 0,
        "urged_at": None,
        **promised,
    }


def _because(reason: str | None) -> str:
    """A reopening needs one reason; asked at the field where it is missing."""
    if not reason:
        raise Invalid(fields={"reason": _("请写一句哪里没解决，好让我们重新办理。")})
    return reason
