"""Verbs of the unit that handles, of the checker, and of supervision."""

from datetime import UTC, date, datetime, time
from typing import Any

from django.core.exceptions import ValidationError
from django.utils.translation import gettext as _

from sidan.kernel.base import tx
from sidan.kernel.base.errors import Invalid, NotFound
from sidan.kernel.files.models import Photo
from sidan.kernel.org import queries as org
from sidan.kernel.org.act import Act
from sidan.orders import clocks
from sidan.orders.commands.moving import iso, move, need, tell_lead, tell_resident, tell_unit
from sidan.orders.models import Order, Text
from sidan.orders.queries.seeing import in_hand
from sidan.orders.rulebook import rulebook


@tx.writes
def sign(order: Order, *, act: Act) -> Order:
    """The lead receives it."""
    need(order, "sign", act)
    move(order, "sign", act, signed_at=act.at, signed_by_id=act.by.pk)
    return order


@tx.writes
def start(order: Order, *, act: Act) -> Order:
    """Work begins."""
    need(order, "start", act)
    move(order, "start", act)
    return order


@tx.writes
def contact(order: Order, *, way: str, note: str | None = None, act: Act) -> Order:
    """The resident was contacted (art. 15); the first time counts for the response rate. Not reached is no contact."""
    need(order, "contact", act)
    changes: dict[str, Any] = (
        {"first_contact_at": act.at} if order.first_contact_at is None and way != "no_answer" else {}
    )
    move(order, "contact", act, text=note, kind=Text.Kind.NOTE, staff_only=True, data={"way": way}, **changes)
    return order


@tx.writes
def write(order: Order, *, text: str, act: Act) -> Order:
    """A message between resident and handler, through the order; neither sees the other's number."""
    need(order, "write", act)
    by_resident = act.by.pk == order.asked_by_id
    first = not by_resident and order.first_contact_at is None
    changes: dict[str, Any] = {"first_contact_at": act.at} if first else {}
    entry = move(order, "write", act, text=text, kind=Text.Kind.MESSAGE, **changes)
    if not by_resident:
        tell_resident(order, "message", entry)
    elif order.lead_unit_id and order.lead_unit_id != order.unit_id:
        tell_lead(order, "message_in", entry)
    else:
        tell_unit(order, "message_in", entry, *in_hand(order))
    return order


@tx.writes
def extend(order: Order, *, days: int, reason: str, act: Act) -> Order:
    """More time, with a reason that both sides are told (art. 15).

    Raises:
        Invalid: more days than the rule of this order's deadline allows.
    """
    need(order, "extend", act)
    rule = rulebook().deadline_ids.get(order.answer_rule_id or 0)
    most = rule.extend_max_days if rule else 0
    if days > most:
        raise Invalid(fields={"days": _("按规定最多延 %(n)d 个工作日。") % {"n": most}})
    before = order.answer_due_at or act.at
    due = clocks.extended(order, days, act.at)
    entry = move(
        order, "extend", act, text=reason, answer_due_at=due, extend_left=order.extend_left - 1,
        data={"days": days, "from": iso(before), "to": iso(due)},
    )  # fmt: skip
    tell_resident(order, "extended", entry, due=iso(due))
    tell_unit(order, "extended_unit", entry, order.desk_unit_id, "dispatcher", due=iso(due))
    return order


@tx.writes
def suspend(order: Order, *, until: date, reason: str, act: Act) -> Order:
    """挂账: cannot be done now for an objective cause; the clock stands still until a stated day, when it is looked at again."""
    need(order, "suspend", act)
    look = datetime.combine(until, time(9), org.ZONE).astimezone(UTC)
    if look <= act.at:
        raise Invalid(fields={"until": _("下次查看日期须晚于今天。")})
    entry = move(order, "suspend", act, text=reason, suspended_until=look, paused_at=act.at)
    tell_resident(order, "suspended", entry, until=until.isoformat())
    tell_lead(order, "suspended_unit", entry, until=until.isoformat())
    return order


@tx.writes
def resume(order: Order, *, act: Act) -> Order:
    """Looked at again: work goes on, with the time it had left."""
    need(order, "resume", act)
    entry = move(order, "resume", act, suspended_until=None, **clocks.resumed(order, act.at))
    tell_lead(order, "resumed", entry)
    return order


@tx.writes
def reply(order: Order, *, text: str, contacted: bool = False, act: Act) -> Order:
    """What was done and what came of it, in words for the resident. It goes to a checker first."""
    need(order, "reply", act)
    before = [one for one in (order.repliers or "").split() if one != str(act.by.pk)]
    changes: dict[str, Any] = {
        "answered_at": act.at,
        "replied_by_id": act.by.pk,
        "repliers": " ".join([*before, str(act.by.pk)]),
    }
    if contacted and order.first_contact_at is None:
        changes["first_contact_at"] = act.at
    entry = move(order, "reply", act, text=text, kind=Text.Kind.REPLY, data={"contacted": contacted}, **changes)
    tell_unit(order, "to_check", entry, *in_hand(order))
    return order


@tx.writes
def check(order: Order, *, note: str | None = None, act: Act) -> Order:
    """Somebody other than the handler has looked; now the resident has the word."""
    need(order, "check", act)
    entry = move(order, "check", act, text=note, kind=Text.Kind.NOTE, staff_only=True)
    tell_resident(order, "answered", entry)
    return order


@tx.writes
def return_reply(order: Order, *, reason: str, act: Act) -> Order:
    """The answer does not hold; back to work on the old clock."""
    need(order, "return_reply", act)
    entry = move(order, "return_reply", act, text=reason, staff_only=True, answered_at=None, replied_by_id=None)
    tell_lead(order, "reply_returned", entry)
    return order


@tx.writes
def show(order: Order, *, photo: str, act: Act) -> Order:
    """A photo, before or after, that was kept for this order.

    Raises:
        NotFound: there is no such photo here.
    """
    need(order, "show", act)
    try:
        found = Photo.objects.filter(id=photo, subject=order.subject(), removed_at=None).first()
    except (ValueError, TypeError, ValidationError) as error:
        raise NotFound(_("没有这张照片。")) from error
    if found is None:
        raise NotFound(_("没有这张照片。"))
    move(order, "show", act, data={"photo": str(found.pk), "purpose": found.purpose})
    return order


@tx.writes
def urge(order: Order, *, act: Act) -> Order:
    """The resident's own 催办, after the deadline; the page then says who was reminded and when."""
    need(order, "urge", act)
    unit_id, role = in_hand(order)
    told = [{"unit": org.tree().node(unit_id).code, "role": role}]
    entry = move(order, "urge", act, urged_at=act.at, data={"told": told})
    tell_unit(order, "urged", entry, unit_id, role)
    return order


@tx.writes
def press(order: Order, *, text: str, act: Act) -> Order:
    """A supervisor's own 督办."""
    need(order, "press", act)
    unit_id, role = in_hand(order)
    told = [{"unit": org.tree().node(unit_id).code, "role": role}]
    entry = move(order, "press", act, text=text, staff_only=True, data={"told": told})
    tell_unit(order, "supervised", entry, unit_id, role, rung="supervise")
    return order


@tx.writes
def climb(order: Order, *, act: Act) -> Order:
    """The clock climbs one rung of the ladder: 提醒, 催办, 督办, 挂牌; its rule says whom it tells."""
    need(order, "climb", act)
    rules = rulebook().rungs(order.klass, org.local_date(act.at))
    if order.rung >= len(rules):
        move(order, "climb", act, tick_at=None)
        return order
    rule = rules[order.rung]
    to = _told(order, [role for role in rule.tell.split(";") if role])
    told = [{"unit": org.tree().node(unit_id).code, "role": role} for unit_id, role in to]
    entry = move(
        order, "climb", act, rung=order.rung + 1,
        data={"rung": rule.rung, "rule": rule.pk, "told": told, "due": iso(order.due_at)},
    )  # fmt: skip
    for unit_id, role in to:
        tell_unit(order, "supervised", entry, unit_id, role, rung=rule.rung)
    return order


def _told(order: Order, roles: list[str]) -> list[tuple[int, str]]:
    """A rule's roles as units: `handler` is whoever has it in hand, the others sit at the desk."""
    found = [in_hand(order) if role == "handler" else (order.desk_unit_id, role) for role in roles]
    return list(dict.fromkeys(found))
