"""Which clock runs in which state, when it ends by which rule, and when the clock must look next."""

from datetime import datetime
from typing import Any

from sidan.kernel.org import queries as org
from sidan.kernel.worktime import queries as worktime
from sidan.orders.models.governing import DeadlineRule, LadderRule
from sidan.orders.models.order import Order
from sidan.orders.rulebook import rulebook
from sidan.orders.words import S, Stage

# The stage whose clock runs in a state. Answering runs on through every state in which somebody works on it.
STAGES = {
    S.SUBMITTED: Stage.ACCEPT,
    S.NEED_INFO: Stage.INFO,
    S.ACCEPTED: Stage.DISPATCH,
    S.AWAITING_DISPATCH: Stage.DISPATCH,
    S.REOPENED: Stage.DISPATCH,
    S.ESCALATED: Stage.DISPATCH,
    S.DISPATCHED: Stage.SIGN,
    S.DISPUTED: Stage.RULE,
    S.COMMUNITY_HANDLING: Stage.REPLY,
    S.SIGNED: Stage.REPLY,
    S.IN_PROGRESS: Stage.REPLY,
    S.REPLIED: Stage.CHECK,
    S.AWAITING_RATING: Stage.RATING,
}
# At the end of these stages the clock itself takes a step; the ladder is not climbed.
LAPSING = (S.NEED_INFO, S.AWAITING_RATING, S.SUSPENDED)


def rule_for(order: Order, stage: str, at: datetime) -> DeadlineRule | None:
    """The dated rule of a stage for this order."""
    return rulebook().deadline(
        stage, klass=order.klass, urgency=order.urgency, unit_id=order.unit_id, day=org.local_date(at)
    )


def ends(rule: DeadlineRule | None, start: datetime) -> datetime | None:
    """When a rule's time is over, counted from a start."""
    return worktime.calendar().add(start, rule.amount, rule.measure) if rule else None


def promise(order: Order, at: datetime) -> dict[str, Any]:
    """The answer's deadline as the resident is told at once: the time to dispatch, then the time to reply."""
    dispatch, reply = rule_for(order, Stage.DISPATCH, at), rule_for(order, Stage.REPLY, at)
    start = ends(dispatch, at) or at
    return {
        "dispatch_due_at": ends(dispatch, at),
        "answer_from": start,
        "answer_due_at": ends(reply, start),
        "answer_rule_id": reply.pk if reply else None,
    }


def answer_clock(order: Order, at: datetime, amount: int | None = None, measure: str = "") -> dict[str, Any]:
    """The answer's deadline from the dispatch on; what was promised is never exceeded, the catalogue may tighten.

    Args:
        amount: the catalogue's own limit with its `measure`, where it has one.
    """
    rule = rule_for(order, Stage.REPLY, at)
    due = ends(rule, at)
    if amount:
        tighter = worktime.calendar().add(at, amount, measure)
        due = min(due, tighter) if due else tighter
    if due and order.answer_due_at:
        due = min(due, order.answer_due_at)
    return {"answer_from": at, "answer_due_at": due, "answer_rule_id": rule.pk if rule else None}


def stage(order: Order, state: str, at: datetime, **changes: Any) -> dict[str, Any]:
    """The columns of the clock for a state that begins now, `changes` included.

    The ladder starts anew with a new deadline and goes on where the deadline stays (signed, then in progress).
    """
    after = {**changes}

    def value(name: str) -> Any:
        return after[name] if name in after else getattr(order, name)

    name = STAGES.get(S(state))
    if name == Stage.REPLY:
        due, rule_id = value("answer_due_at"), value("answer_rule_id")
    elif name == Stage.DISPATCH and state in (S.ACCEPTED, S.AWAITING_DISPATCH):
        rule = rule_for(order, Stage.DISPATCH, at)
        due, rule_id = value("dispatch_due_at") or ends(rule, at), rule.pk if rule else None
    elif state == S.SUSPENDED:
        due, rule_id = value("suspended_until"), None
    elif name is not None and state == order.state and order.due_at is not None:
        due, rule_id = order.due_at, order.due_rule_id  # it stays where it is: a reminder does not move the end
    elif name is not None:
        rule = rule_for(order, name, at)
        due, rule_id = ends(rule, at), rule.pk if rule else None
    else:
        due, rule_id = None, None
    goes_on = due is not None and due == order.due_at and STAGES.get(S(order.state)) == name
    rung = after.get("rung", order.rung) if goes_on else 0
    after.update(due_at=due, due_rule_id=rule_id, rung=rung)
    after["tick_at"] = next_tick(order, state, due, rung, at)
    return after


def next_tick(order: Order, state: str, due: datetime | None, rung: int, at: datetime) -> datetime | None:
    """When the clock must look at it next: the stage's end, or the next rung of the ladder."""
    if due is None:
        return None
    if state in LAPSING:
        return due
    rules = rulebook().rungs(order.klass, org.local_date(at))
    if rung >= len(rules):
        return None
    moment = climbs_at(rules[rung], due)
    if rules[rung].when == "before" and due > at:
        # A reminder "one day before" must not greet whoever received a two-hour stage: half of the stage is theirs.
        moment = max(moment, at + (due - at) / 2)
    return moment


def climbs_at(rule: LadderRule, due: datetime) -> datetime:
    """The moment of a rung: a rule's span before or after the deadline."""
    calendar = worktime.calendar()
    if rule.when == "after":
        return calendar.add(due, rule.amount, rule.measure)
    # Backwards only the clock's measures make sense; a working day before the end is taken as a day.
    span = calendar.add(due, rule.amount, "days" if rule.measure == "working_days" else rule.measure) - due
    return due - span


def resumed(order: Order, at: datetime) -> dict[str, Any]:
    """What a pause did to the answer's deadline: it moves by the time that the pause took, never back."""
    if order.paused_at is None or order.answer_due_at is None:
        return {"paused_at": None}
    rule = rulebook().deadline_ids.get(order.answer_rule_id or 0)
    measure = rule.measure if rule else "days"
    moved = worktime.calendar().shift(order.answer_due_at, order.paused_at, at, measure)
    changes: dict[str, Any] = {"paused_at": None, "answer_due_at": moved}
    if order.dispatch_due_at and order.dispatched_at is None:
        rule = rule_for(order, Stage.DISPATCH, at)
        changes["dispatch_due_at"] = worktime.calendar().shift(
            order.dispatch_due_at, order.paused_at, at, rule.measure if rule else "hours"
        )
    return changes


def extended(order: Order, days: int, at: datetime) -> datetime:
    """The answer's new deadline after an extension by working days: from the old one, or from now where that has passed."""
    return worktime.calendar().add(max(order.answer_due_at or at, at), days, "working_days")
