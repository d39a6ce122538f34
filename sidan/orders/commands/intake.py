"""Verbs of the community's desk, before anything is dispatched."""

from typing import Any

from django.utils.translation import gettext as _

from sidan.kernel.base import tx
from sidan.kernel.base.errors import Invalid, NotNow
from sidan.kernel.org import queries as org
from sidan.kernel.org.act import Act
from sidan.orders import clocks
from sidan.orders.commands.moving import move, need, release_supports, tell_lead, tell_resident, tell_unit
from sidan.orders.models import Category, Order, Text
from sidan.orders.queries.seeing import in_hand, sees
from sidan.orders.rulebook import rulebook
from sidan.orders.words import S, Stage


def category_of(code: str | None, act: Act) -> Category | None:
    """The category of a code as of today.

    Raises:
        Invalid: there is none.
    """
    if not code:
        return None
    found = rulebook().category(code, org.local_date(act.at))
    if found is None:
        raise Invalid(fields={"category": _("没有这个类别，请从目录里选。")})
    return found


@tx.writes
def accept(order: Order, *, act: Act) -> Order:
    """The community takes it on (首接负责: from now on somebody answers for it)."""
    need(order, "accept", act)
    entry = move(order, "accept", act, accepted_at=order.accepted_at or act.at)
    tell_resident(order, "accepted", entry)
    return order


@tx.writes
def ask_info(order: Order, *, text: str, act: Act) -> Order:
    """Ask the resident for what is missing; the clocks stand still until they answer or the time is over."""
    need(order, "ask_info", act)
    entry = move(order, "ask_info", act, text=text, kind=Text.Kind.QUESTION, paused_at=act.at)
    tell_resident(order, "info_asked", entry)
    return order


@tx.writes
def give_info(order: Order, *, text: str, act: Act) -> Order:
    """The resident answers; it is submitted again and the clocks go on."""
    need(order, "give_info", act)
    entry = move(order, "give_info", act, text=text, kind=Text.Kind.ANSWER, **clocks.resumed(order, act.at))
    tell_unit(order, "info_given", entry, *in_hand(order))
    return order


@tx.writes
def info_lapse(order: Order, *, act: Act) -> Order:
    """Nobody answered in time: not accepted, with the way to ask again."""
    need(order, "info_lapse", act)
    entry = move(order, "info_lapse", act, refusal="no_info", closed_at=act.at, paused_at=None)
    tell_resident(order, "info_lapsed", entry)
    return order


@tx.writes
def add_facts(order: Order, *, text: str, act: Act) -> Order:
    """The resident adds what they know by now."""
    need(order, "add_facts", act)
    entry = move(order, "add_facts", act, text=text, kind=Text.Kind.FACT)
    unit_id, role = in_hand(order)
    tell_unit(order, "facts_added", entry, unit_id, role)
    return order


@tx.writes
def handle(order: Order, *, act: Act) -> Order:
    """The community does it itself, at once."""
    need(order, "handle", act)
    contact = clocks.ends(clocks.rule_for(order, Stage.CONTACT, act.at), act.at)
    answer = clocks.answer_clock(order, act.at)
    entry = move(
        order, "handle", act, lead_unit_id=order.unit_id, accepted_at=order.accepted_at or act.at,
        contact_due_at=contact, signed_by_id=None, **answer,
    )  # fmt: skip
    tell_resident(order, "accepted", entry)
    return order


@tx.writes
def pass_on(order: Order, *, category: str | None = None, note: str | None = None, act: Act) -> Order:
    """Beyond the community: to the street's desk."""
    need(order, "pass_on", act)
    found = category_of(category, act)
    no_emergency(found, act)
    changes = _classed(order, found, order.urgency, found.klass) if found else {}
    entry = move(
        order, "pass_on", act, text=note, kind=Text.Kind.NOTE, staff_only=True, lead_unit_id=None, **changes
    )  # fmt: skip
    tell_unit(order, "to_dispatch", entry, order.desk_unit_id, "dispatcher")
    return order


@tx.writes
def classify(order: Order, *, category: str, urgency: str | None = None, klass: str | None = None, act: Act) -> Order:
    """Say what matter it is; deadlines are reckoned anew from the day it was asked."""
    need(order, "classify", act)
    found = category_of(category, act)
    if found is None:
        raise Invalid(fields={"category": _("请选择类别。")})
    phone = rulebook().emergency(found, org.local_date(act.at))
    if phone:
        return _direct(order, found, phone, act)
    move(order, "classify", act, **_classed(order, found, urgency or order.urgency, klass or found.klass))
    return order


def _direct(order: Order, category: Category, phone: str, act: Act) -> Order:
    """An emergency that is recognised only now is not queued either: the resident is told whom to call, at once."""
    need(order, "refuse", act)
    text = _("这是紧急情况，请马上拨打 %(phone)s，不要在这里等。") % {"phone": phone}
    entry = move(
        order, "refuse", act, text=text, refusal="emergency", closed_at=act.at, category_id=category.pk, klass=category.klass
    )  # fmt: skip
    tell_resident(order, "directed", entry, emergency=phone)
    return order


def no_emergency(category: Category | None, act: Act) -> None:
    """An emergency is neither passed on nor dispatched.

    Raises:
        Invalid: with the number to call and the step to take.
    """
    phone = rulebook().emergency(category, org.local_date(act.at))
    if phone:
        why = _("这是紧急事项：请马上告诉居民拨打 %(phone)s，并用“改类别”或“不予受理”结束这一单。")
        raise Invalid(fields={"category": why % {"phone": phone}})


def _classed(order: Order, category: Category, urgency: str, klass: str) -> dict[str, Any]:
    """A category's columns, with the deadlines of its class reckoned from the day it was asked."""
    before = order.klass, order.urgency
    new: dict[str, Any] = {"category_id": category.pk, "klass": klass, "urgency": urgency}
    if order.round > 1 or before == (klass, urgency):
        return new
    order.klass, order.urgency = klass, urgency
    promised = clocks.promise(order, order.asked_at)
    order.klass, order.urgency = before  # the engine sets them, and the journal with it
    return {**new, **promised}


@tx.writes
def refuse(order: Order, *, code: str, text: str, act: Act) -> Order:
    """Not accepted: with the reason and the legal route that the resident is shown (art. 11)."""
    need(order, "refuse", act)
    if rulebook().reason(code, org.local_date(act.at)) is None:
        raise Invalid(fields={"code": _("没有这个原因。")})
    entry = move(order, "refuse", act, text=text, refusal=code, closed_at=act.at)
    tell_resident(order, "refused", entry)
    return order


@tx.writes
def merge(order: Order, *, into: str, act: Act) -> Order:
    """The same matter is being worked on under another number; its progress is shown here from now on."""
    need(order, "merge", act)
    target = Order.objects.filter(number=into).first()
    if target is None or target.pk == order.pk or not sees(target, act):
        raise Invalid(fields={"into": _("没有这个编号的单，请核对。")})
    if target.state in (S.MERGED, S.WITHDRAWN, S.NOT_ACCEPTED):
        raise NotNow(_("那一单已经%(state)s，不能合并到它。") % {"state": S(target.state).label}, code="target_ended")
    # The target is locked by its version only when it moves itself; being merged into does not change it.
    release_supports(order, act)
    entry = move(
        order, "merge", act, merged_into_id=target.pk, closed_at=act.at, supports_open=0, data={"into": target.number}
    )  # fmt: skip
    tell_resident(order, "merged", entry, into=target.number)
    return order


@tx.writes
def withdraw(order: Order, *, reason: str | None = None, act: Act) -> Order:
    """The resident takes it back."""
    need(order, "withdraw", act)
    release_supports(order, act)
    entry = move(order, "withdraw", act, text=reason, closed_at=act.at, supports_open=0)
    tell_lead(order, "withdrawn", entry)
    return order
