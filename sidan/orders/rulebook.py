"""The governing rows as one value, read once per process: pure look-ups by day."""

from collections import defaultdict
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import date
from typing import TypeVar

from django.utils.translation import get_language
from django.utils.translation import gettext as _

from sidan.kernel.base import snapshot
from sidan.kernel.org import queries as org
from sidan.orders.models.governing import (
    ANY,
    Category,
    DeadlineRule,
    DispatchRule,
    Duty,
    LadderRule,
    RefusalReason,
)
from sidan.orders.words import RUNGS

Row = TypeVar("Row", Category, DispatchRule, Duty, DeadlineRule, LadderRule, RefusalReason)

_COMMUNITY_KINDS = ("community", "village")


@dataclass(frozen=True)
class Suggestion:
    """Who the dispatch catalogue says should lead, and why."""

    rule: DispatchRule
    lead: org.Node
    supports: tuple[org.Node, ...]
    why: str


class Rulebook:
    """All governing rows, by what they are looked up with."""

    def __init__(
        self,
        categories: Iterable[Category],
        dispatch: Iterable[DispatchRule],
        duties: Iterable[Duty],
        deadlines: Iterable[DeadlineRule],
        ladder: Iterable[LadderRule],
        refusals: Iterable[RefusalReason],
    ) -> None:
        self.categories = _by(categories, lambda row: row.code)
        self.category_ids = {row.pk: row for rows in self.categories.values() for row in rows}
        self.dispatch = _by(dispatch, lambda row: (row.category_code, row.area_id))
        self.duties = _by(duties, lambda row: (row.holder, row.category_code))
        self.deadlines = _by(deadlines, lambda row: row.stage)
        self.deadline_ids = {row.pk: row for rows in self.deadlines.values() for row in rows}
        self.ladder = _by(ladder, lambda row: row.rung)
        self.refusals = _by(refusals, lambda row: row.code)
        self._found: dict[tuple[str, str, str, int, date], DeadlineRule | None] = {}

    def category(self, code: str, day: date) -> Category | None:
        """The version of a category on a day."""
        return _valid(self.categories.get(code, ()), day)

    def category_path(self, row: Category, day: date) -> list[Category]:
        """A category with those above it, first level first."""
        found = [self.category(row.code[:length], day) for length in (2, 4, 6) if length <= len(row.code)]
        return [one for one in found if one is not None]

    def emergency(self, row: Category | None, day: date) -> str:
        """The emergency number of a matter, its own or that of a level above; empty where it is none."""
        if row is None:
            return ""
        return next((one.emergency for one in reversed(self.category_path(row, day)) if one.emergency), "")

    def suggest(self, category_code: str, unit_id: int, day: date) -> Suggestion | None:
        """派单目录: the most exact category first, then the nearest area."""
        tree = org.tree()
        path = tree.nodes[unit_id].path if unit_id in tree.nodes else ()
        for length in (6, 4, 2):
            if length > len(category_code):
                continue
            for area in reversed(path):
                rule = _valid(self.dispatch.get((category_code[:length], area), ()), day)
                if rule is None or rule.lead_id not in tree.nodes:
                    continue
                nodes = (tree.by_code(code) for code in rule.supports.split(";") if code)
                lead, category = tree.node(rule.lead_id), self.category(category_code[:length], day)
                why = _("派单目录：“%(category)s”在%(area)s由%(lead)s主办") % {
                    "category": category.name if category else category_code[:length],
                    "area": tree.node(area).name,
                    "lead": lead.name,
                }
                return Suggestion(rule, lead, tuple(node for node in nodes if node), why)
        return None

    def duty(self, node: org.Node, category_code: str, day: date) -> Duty | None:
        """职责清单: what a unit does for a category, its own row before its kind's, exact before general."""
        for holder in (node.code, node.kind):
            for length in (6, 4, 2):
                row = _valid(self.duties.get((holder, category_code[:length]), ()), day)
                if row is not None:
                    return row
        return None

    def holders(self, category_code: str, day: date) -> list[tuple[org.Node, Duty]]:
        """职责清单: the units that lead a category by a row of their own, the most exact rows first."""
        tree = org.tree()
        found = []
        for length in (6, 4, 2):
            if length > len(category_code):
                continue
            for rows in self.duties.values():
                row = _valid(rows, day)
                if row is None or row.category_code != category_code[:length] or row.role != Duty.Part.LEAD:
                    continue
                node = tree.by_code(row.holder)  # none where the row is that of a kind of unit
                if node is not None:
                    found.append((node, row))
        return found

    def may_lead(self, node: org.Node, category_code: str | None, day: date) -> bool:
        """Whether an order may be sent to a unit as main handler. Communities only by their duty list (art. 17)."""
        if node.kind not in _COMMUNITY_KINDS:
            return True
        duty = self.duty(node, category_code, day) if category_code else None
        return duty is not None and duty.role == Duty.Part.LEAD

    def deadline(self, stage: str, *, klass: str, urgency: str, unit_id: int, day: date) -> DeadlineRule | None:
        """The rule of a stage: nearest unit upwards, then exact class, then exact urgency. Remembered with the rulebook."""
        key = (stage, klass, urgency, unit_id, day)
        if key not in self._found:
            if len(self._found) > 50_000:
                self._found.clear()
            self._found[key] = self._deadline(*key)
        return self._found[key]

    def _deadline(self, stage: str, klass: str, urgency: str, unit_id: int, day: date) -> DeadlineRule | None:
        tree = org.tree()
        path: tuple[int | None, ...] = (None, *(tree.nodes[unit_id].path if unit_id in tree.nodes else ()))
        fits = [
            row
            for row in self.deadlines.get(stage, ())
            if row.klass in (klass, ANY) and row.urgency in (urgency, ANY) and row.unit_id in path and _on(row, day)
        ]
        return max(
            fits,
            key=lambda row: (path.index(row.unit_id), row.klass != ANY, row.urgency != ANY, row.valid_from),
            default=None,
        )

    def rungs(self, klass: str, day: date) -> list[LadderRule]:
        """The ladder of a class, in order."""
        found = []
        for rung in RUNGS:
            rows = [row for row in self.ladder.get(rung, ()) if row.klass in (klass, ANY) and _on(row, day)]
            if rows:
                found.append(max(rows, key=lambda row: (row.klass != ANY, row.valid_from)))
        return found

    def reason(self, code: str, day: date) -> RefusalReason | None:
        """A reason for not accepting, as of a day."""
        return _valid(self.refusals.get(code, ()), day)

    def reasons(self, day: date) -> list[RefusalReason]:
        """All reasons of a day."""
        found = (_valid(rows, day) for rows in self.refusals.values())
        return [row for row in found if row is not None]

    def category_choices(self, day: date) -> list[Category]:
        """The catalogue of a day, in the order of codes."""
        found = (_valid(rows, day) for rows in self.categories.values())
        return sorted((row for row in found if row is not None), key=lambda row: row.code)


@snapshot.cached("orders.rulebook")
def rulebook() -> Rulebook:
    """The county's rules. Six queries when they changed, none otherwise."""
    return Rulebook(
        Category.objects.all(),
        DispatchRule.objects.all(),
        Duty.objects.all(),
        DeadlineRule.objects.all(),
        LadderRule.objects.all(),
        RefusalReason.objects.all(),
    )


def route_text(reason: RefusalReason) -> tuple[str, str]:
    """Name and legal route of a reason in the reader's language."""
    if (get_language() or "").startswith("en") and reason.route_en:
        return reason.name_en or reason.name, reason.route_en
    return reason.name, reason.route


def _by(rows: Iterable[Row], key: Callable[[Row], object]) -> dict[object, list[Row]]:
    found: dict[object, list[Row]] = defaultdict(list)
    for row in rows:
        found[key(row)].append(row)
    return dict(found)


def _on(row: Row, day: date) -> bool:
    return row.valid_from <= day and (row.valid_to is None or day < row.valid_to)


def _valid(rows: Iterable[Row], day: date) -> Row | None:
    return max((row for row in rows if _on(row, day)), key=lambda row: row.valid_from, default=None)
