"""Verbs of the dispatch desk, of co-handlers, disputes and their rulings."""

from typing import Any

import orjson
from django.utils.translation import gettext as _

from sidan.kernel.base import tx
from sidan.kernel.base.errors import Invalid, NotNow
from sidan.kernel.flow import engine
from sidan.kernel.journal import queries as journal
from sidan.kernel.org import queries as org
from sidan.kernel.org.act import Act
from sidan.orders import clocks
from sidan.orders.commands.intake import category_of, no_emergency
from sidan.orders.commands.moving import move, need, release_supports, tell_lead, tell_resident, tell_unit
from sidan.orders.flow import ORDER, SUPPORT
from sidan.orders.models import DispatchRule, Order, Support, Text
from sidan.orders.queries.seeing import handling_role, in_hand
from sidan.orders.rulebook import rulebook
from sidan.orders.words import Stage


@tx.writes
def dispatch(
    order: Order,
    *,
    lead: org.Node,
    supports: list[org.Node] | None = None,
    category: str | None = None,
    note: str | None = None,
    act: Act,
) -> Order:
    """Send it to the unit that leads, and to those that help.

    Raises:
        Invalid: the lead lies outside the desk's tree, is the unit complained about, or has no such duty (art. 17).
    """
    need(order, "dispatch", act)
    found = category_of(category, act)
    no_emergency(found, act)
    changes: dict[str, Any] = {"category_id": found.pk, "klass": found.klass} if found else {}
    code = found.code if found else _code(order)
    helpers = [node for node in supports or [] if node.id != lead.id]
    for node in (lead, *helpers):
        _may_receive(order, node, act, field="lead" if node is lead else "supports")
    _may_lead(order, lead, code, act)
    _another_if_twice(order, lead)
    klass = order.klass
    order.klass = changes.get("klass", klass)
    try:
        changes |= _receiving(order, lead, code, act)
    finally:
        order.klass = klass
    entry = move(
        order, "dispatch", act, text=note, kind=Text.Kind.NOTE, staff_only=True,
        dispatched_at=act.at, dispatched_by_id=act.by.pk, supports_open=len(helpers), **changes,
    )  # fmt: skip
    for node in helpers:
        _ask_support(order, node, act)
        tell_unit(order, "support_asked", entry, node.id, handling_role(node))
    tell_lead(order, "dispatched", entry)
    tell_resident(order, "dispatched_resident", entry, unit=lead.name)
    return order


def refuse_early(order: Order, lead: org.Node, act: Act) -> None:
    """What a dispatch to this lead would be refused for, looked at without taking it. At most one query more.

    Raises:
        NotAllowed, NotNow, Invalid: as `dispatch`.
    """
    need(order, "dispatch", act)
    _may_receive(order, lead, act)
    _may_lead(order, lead, _code(order), act)
    _another_if_twice(order, lead)


@tx.writes
def send_back(order: Order, *, reason: str, act: Act) -> Order:
    """The desk needs more from the community."""
    need(order, "send_back", act)
    entry = move(order, "send_back", act, text=reason, staff_only=True)
    tell_unit(order, "sent_back", entry, *in_hand(order))
    return order


@tx.writes
def escalate(order: Order, *, reason: str, act: Act) -> Order:
    """To the desk of the unit above; with nothing above, to another lead of the same desk."""
    need(order, "escalate", act)
    above = org.tree().node(order.desk_unit_id).parent_id or order.desk_unit_id
    release_supports(order, act)
    entry = move(
        order, "escalate", act, text=reason, desk_unit_id=above, lead_unit_id=None, supports_open=0,
        dispatch_due_at=None, suspended_until=None, **clocks.resumed(order, act.at),
    )  # fmt: skip
    tell_unit(order, "escalated", entry, above, "dispatcher")
    tell_resident(order, "escalated_resident", entry)
    return order


@tx.writes
def dispute(order: Order, *, reason: str, proper: org.Node | None = None, act: Act) -> Order:
    """A unit holds that it is not its duty; somebody else rules (派单异议审核, art. 12)."""
    need(order, "dispute", act)
    entry = move(order, "dispute", act, text=reason, staff_only=True, data={"proper": proper.code} if proper else None)
    above = org.tree().node(order.desk_unit_id)
    tell_unit(order, "disputed", entry, above.id, "supervisor")
    return order


@tx.writes
def rule(order: Order, *, lead: org.Node, reason: str, act: Act) -> Order:
    """Who leads, finally: it may not be returned again.

    Raises:
        Invalid: the lead lies outside the actor's tree, is the unit complained about, or has no such duty.
        NotNow: opened again twice, and the lead is one that had it before.
    """
    need(order, "rule", act)
    code = _code(order)
    kept = lead.id == order.lead_unit_id
    if not kept:
        _may_receive(order, lead, act, role="supervisor")
        _another_if_twice(order, lead)
    _may_lead(order, lead, code, act)
    changes = _receiving(order, lead, code, act)
    if order.answer_due_at and changes["answer_due_at"]:  # quarrelling gains no time
        changes.update({name: getattr(order, name) for name in ("answer_due_at", "answer_rule_id", "answer_from")})
    # Who leads now does not help itself.
    changes["supports_open"] = order.supports_open - release_supports(order, act, unit_id=lead.id)
    entry = move(order, "rule", act, text=reason, staff_only=True, ruled=True, data={"kept": kept}, **changes)
    tell_lead(order, "ruled", entry)
    if not kept:
        tell_resident(order, "dispatched_resident", entry, unit=lead.name)
    return order


@tx.writes
def join(order: Order, *, unit: org.Node, note: str, act: Act) -> Order:
    """Ask one more unit to help; the first receiver leads the others (首接负责, art. 14)."""
    need(order, "join", act)
    if unit.id == order.lead_unit_id:
        raise Invalid(fields={"unit": _("它已经是主办单位。")})
    if Support.objects.filter(order=order, unit_id=unit.id, round=order.round).exclude(state="released").exists():
        raise Invalid(fields={"unit": _("它已经在协办。")})
    _may_receive(order, unit, act, tree=False, field="unit")
    entry = move(
        order, "join", act, text=note, kind=Text.Kind.NOTE, staff_only=True,
        supports_open=order.supports_open + 1, data={"unit": unit.code},
    )  # fmt: skip
    _ask_support(order, unit, act)
    tell_unit(order, "support_asked", entry, unit.id, handling_role(unit))
    return order


@tx.writes
def answer_support(support: Support, *, text: str, act: Act) -> Support:
    """A co-handler reports its part; the order learns of it in the same transaction."""
    engine_check(support, act)
    order = Order.objects.select_for_update().get(pk=support.order_id)
    entry = move(
        order, "support_answer", act, text=text, kind=Text.Kind.NOTE, staff_only=True,
        supports_open=max(0, order.supports_open - 1), data={"unit": org.tree().node(support.unit_id).code},
    )  # fmt: skip
    engine.take(
        SUPPORT, support, "answer", act,
        changes={"answered_by_id": act.by.pk, "answered_at": act.at, "order_seq": entry.seq, "due_at": None,
                 "tick_at": None},
    )  # fmt: skip
    tell_lead(order, "support_answered", entry)
    return support


def engine_check(support: Support, act: Act) -> None:
    """Refuse where the co-handler's step is not this act's."""
    refusal = engine.check(SUPPORT, support, SUPPORT.by_do["answer"], act)
    if refusal is not None:
        raise refusal


def _ask_support(order: Order, node: org.Node, act: Act) -> None:
    rule = clocks.rule_for(order, Stage.SUPPORT, act.at)
    due = clocks.ends(rule, act.at)
    if due and order.answer_due_at:
        due = min(due, order.answer_due_at)
    support = Support(
        order=order, unit_id=node.id, round=order.round, state="asked", due_at=due, rule_id=rule.pk if rule else None,
    )  # fmt: skip
    engine.start(SUPPORT, support, act, data={"order": order.number})


def _receiving(order: Order, lead: org.Node, code: str | None, act: Act) -> dict[str, Any]:
    """What changes with a new lead: its clocks, and how often it may extend."""
    rule = _catalogue_rule(order, lead, code, act)
    amount = rule.answer_amount if rule else None
    clock = clocks.answer_clock(order, act.at, amount, rule.answer_measure if rule else "")
    reply = rulebook().deadline_ids.get(clock["answer_rule_id"] or 0)
    return {
        **clock,
        "lead_unit_id": lead.id,
        "contact_due_at": clocks.ends(clocks.rule_for(order, Stage.CONTACT, act.at), act.at),
        "extend_left": reply.extend_max_times if reply else 0,
        "signed_by_id": None,
        "signed_at": None,
    }


def _catalogue_rule(order: Order, lead: org.Node, code: str | None, act: Act) -> DispatchRule | None:
    if not code:
        return None
    found = rulebook().suggest(code, order.unit_id, org.local_date(act.at))
    return found.rule if found and found.lead.id == lead.id else None


def _code(order: Order) -> str | None:
    row = rulebook().category_ids.get(order.category_id or 0)
    return row.code if row else None


def _may_receive(
    order: Order, node: org.Node, act: Act, *, tree: bool = True, role: str = "dispatcher", field: str = "lead"
) -> None:
    """Inside the desk's tree, or a body that serves it; and never the unit complained about."""
    units = org.tree()
    if order.about_unit_id and units.is_above(order.about_unit_id, node.id):
        raise Invalid(fields={field: _("被反映的单位不能办理这一单。")})
    inside = any(held.role == role and units.is_above(held.unit_id, node.id) for held in act.seats)
    serves = node.is_body and node.parent_id is not None and units.is_above(node.parent_id, order.desk_unit_id)
    if tree and not inside and not serves:
        why = _("%(unit)s不在本级派单范围内，请提级后由上级派单。")
        if role == "supervisor":
            why = _("%(unit)s不在本级裁定范围内，请由上级裁定。")
        raise Invalid(fields={field: why % {"unit": node.name}})


def _may_lead(order: Order, node: org.Node, code: str | None, act: Act) -> None:
    if order.about_unit_id and org.tree().is_above(order.about_unit_id, node.id):
        raise Invalid(fields={"lead": _("被反映的单位不能办理这一单。")})
    if not rulebook().may_lead(node, code, org.local_date(act.at)):
        raise Invalid(fields={"lead": _("不在%(unit)s的职责清单内，不能由它主办，可请它协办。") % {"unit": node.name}})


def _another_if_twice(order: Order, lead: org.Node) -> None:
    """Opened again twice: to another unit than those that led it."""
    if order.round > 2 and lead.id in _led_before(order):
        raise NotNow(_("已两次重新办理，须改派其他单位或提级。"), code="other_unit_needed")


def _led_before(order: Order) -> set[int]:
    """Units that led this order already."""
    led: set[int] = set()
    for entry in journal.entries(order.subject()):
        unit_id = orjson.loads(entry.data)["set"].get("lead_unit_id")
        if entry.kind in (ORDER.kind("dispatched"), ORDER.kind("ruled"), ORDER.kind("handled")) and unit_id:
            led.add(unit_id)
    return led
