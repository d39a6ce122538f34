"""The clocks of many orders at once: `clocks.promise` and `clocks.stage` of a new order, with every look-up done before.

Pure once it is made: it may run beside the connection's thread.
"""

from bisect import bisect_right
from dataclasses import dataclass
from datetime import date, datetime
from itertools import product

from sidan.kernel.org import queries as org
from sidan.kernel.worktime import queries as worktime
from sidan.orders.models.governing import Category, DeadlineRule, LadderRule
from sidan.orders.rulebook import rulebook
from sidan.orders.words import Klass, Stage, Urgency

_KEPT_MOST = 50_000


@dataclass(frozen=True, slots=True, eq=False)  # known by identity, as a key that costs nothing
class Clock:
    """The columns of the clock that a submitted order begins with."""

    answer_from: datetime
    dispatch_due_at: datetime | None = None
    answer_due_at: datetime | None = None
    answer_rule_id: int | None = None
    due_at: datetime | None = None
    due_rule_id: int | None = None
    tick_at: datetime | None = None


Plan = tuple[DeadlineRule | None, DeadlineRule | None, DeadlineRule | None, LadderRule | None]


class Clockwork:
    """Rules by lane and era: a lane is a class, an urgency and a group of units, an era a span of days in which no rule changes."""

    def __init__(self) -> None:
        self._rules, self._calendar, tree = rulebook(), worktime.calendar(), org.tree()
        deadlines = [row for rows in self._rules.deadlines.values() for row in rows]
        ladder = [row for rows in self._rules.ladder.values() for row in rows]
        rows: list[DeadlineRule | LadderRule | Category] = [*deadlines, *ladder, *self._rules.category_ids.values()]
        days = {row.valid_from for row in rows} | {row.valid_to for row in rows if row.valid_to}
        self._days = sorted(days)
        own = {row.unit_id for row in deadlines if row.unit_id is not None}
        # Units that stand under the same units with rules of their own have the same rules.
        self._group = {node.id: tuple(above for above in node.path if above in own) for node in tree.nodes.values()}
        samples = {group: unit for unit, group in self._group.items()}
        self._lanes = {lane: at for at, lane in enumerate(product(Klass.values, Urgency.values, sorted(samples)))}
        self._plans: dict[tuple[int, int], Plan] = {}
        for ((klass, urgency, group), lane), era in product(self._lanes.items(), range(len(self._days) + 1)):
            self._plans[lane, era] = self._plan(klass, urgency, samples[group], self.first_day(era))
        self._kept: dict[tuple[int, datetime], Clock] = {}

    def era(self, day: date) -> int:
        """The number of a day's era."""
        return bisect_right(self._days, day)

    def first_day(self, era: int) -> date:
        """A day that stands for its era."""
        return self._days[era - 1] if era else date.min

    def lane(self, klass: str, urgency: str, unit_id: int) -> int:
        """The number of an order's lane."""
        return self._lanes[klass, urgency, self._group[unit_id]]

    def clock(self, asked_at: datetime, era: int, lane: int) -> Clock:
        """The clock of an order that was asked at a moment of an era."""
        key = (lane, asked_at)
        kept = self._kept.get(key)
        if kept is None:
            if len(self._kept) > _KEPT_MOST:
                self._kept.clear()
            kept = self._kept[key] = self._reckon(asked_at, self._plans[lane, era])
        return kept

    def _plan(self, klass: str, urgency: str, unit_id: int, day: date) -> Plan:
        dispatch, reply, accept = (
            self._rules.deadline(stage, klass=klass, urgency=urgency, unit_id=unit_id, day=day)
            for stage in (Stage.DISPATCH, Stage.REPLY, Stage.ACCEPT)
        )
        rungs = self._rules.rungs(klass, day)
        return dispatch, reply, accept, rungs[0] if rungs else None

    def _reckon(self, at: datetime, plan: Plan) -> Clock:
        dispatch, reply, accept, rung = plan
        dispatch_due = self._ends(dispatch, at)
        start = dispatch_due or at
        due = self._ends(accept, at)
        return Clock(
            answer_from=start,
            dispatch_due_at=dispatch_due,
            answer_due_at=self._ends(reply, start),
            answer_rule_id=reply.pk if reply else None,
            due_at=due,
            due_rule_id=accept.pk if accept else None,
            tick_at=self._climbs_at(rung, due) if rung and due else None,
        )

    def _ends(self, rule: DeadlineRule | None, start: datetime) -> datetime | None:
        return self._calendar.add(start, rule.amount, rule.measure) if rule else None

    def _climbs_at(self, rule: LadderRule, due: datetime) -> datetime:
        if rule.when == "after":
            return self._calendar.add(due, rule.amount, rule.measure)
        measure = "days" if rule.measure == "working_days" else rule.measure
        return due - (self._calendar.add(due, rule.amount, measure) - due)
