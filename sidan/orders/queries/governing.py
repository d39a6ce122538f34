"""What a change of a governing row would do, before it is done: pure plans over the versions of one thing."""

import json
from dataclasses import dataclass, field, replace
from datetime import date
from hashlib import sha256
from typing import Any

from django.db.models import Q, QuerySet
from django.utils.translation import gettext as _

from sidan.kernel.base.errors import Invalid, NotAllowed, NotFound, NotNow
from sidan.kernel.journal import queries as journal
from sidan.kernel.journal.models import Entry
from sidan.kernel.org import queries as org
from sidan.kernel.org.act import Act
from sidan.orders.queries.governing_tables import TABLES, Cells, Table

ROLE = "operator"
PAGE = 50
WHEN = ("now", "coming", "ended")


@dataclass(frozen=True)
class Plan:
    """A change of one thing that is not made yet.

    Args:
        what: added, changed, withdrawn, taken_back.
        before: cells of what would hold on `day` without the change; None where nothing would.
        after: cells of what will hold; None where nothing will.
        until: the day on which a later version takes over.
        close: rows whose last day moves, with their new end.
        drop: rows that have not begun and never will.
        new: columns of the row to be written.
        seen: what the versions looked like when this was planned.
    """

    table: Table
    what: str
    key: Cells
    before: Cells | None
    after: Cells | None
    day: date
    source: str
    seen: str
    before_source: str = ""
    until: date | None = None
    close: tuple[tuple[Any, date | None], ...] = ()
    drop: tuple[Any, ...] = ()
    new: dict[str, Any] | None = None
    notes: tuple[str, ...] = field(default=())

    @property
    def title(self) -> str:
        return self.table.title(self.key)

    @property
    def subject(self) -> str:
        return self.table.subject(self.key)


def table(name: str) -> Table:
    """The table of an address.

    Raises:
        NotFound: there is none.
    """
    if name not in TABLES:
        raise NotFound(_("没有找到这个页面。"))
    return TABLES[name]


def need(act: Act, unit_id: int | None = None) -> None:
    """Refuse whoever is not operator in this unit or above; without a unit, operator anywhere. The actor's seats only.

    Raises:
        NotAllowed: with where the role would have to be held.
    """
    if unit_id is None:
        if ROLE not in act.roles():
            raise NotAllowed(_("只有系统管理员可以维护单位、目录和时限。"))
    elif not act.holds(ROLE, unit_id):
        node = org.tree().nodes.get(unit_id)
        raise NotAllowed(_("这一项归%(unit)s或其上级的系统管理员维护。") % {"unit": node.name if node else _("县")})


def same_key(of: Table, row: Any) -> dict[str, Any]:
    """The condition for all versions of a row's thing."""
    return {of.column(name).attr: getattr(row, of.column(name).attr) for name in of.key}


def versions(of: Table, stored: dict[str, Any]) -> list[Any]:
    """All versions of a thing by their days. One query."""
    key = {of.column(name).attr: stored[name] for name in of.key}
    return list(of.model.objects.filter(**key).order_by("valid_from", "id"))


def row(of: Table, pk: int) -> Any:
    """One version.

    Raises:
        NotFound: it is not there; a planned one may have been taken back.
    """
    found = of.model.objects.filter(pk=pk).first()
    if found is None:
        raise NotFound(_("没有找到这一条，可能已被撤回或替换。"))
    return found


def holding(rows: list[Any], day: date) -> Any:
    """The version that holds on a day; None where none does."""
    fits = [one for one in rows if one.valid_from <= day and (one.valid_to is None or day < one.valid_to)]
    return max(fits, key=lambda one: one.valid_from, default=None)


def fingerprint(rows: list[Any]) -> str:
    """What a preview has seen: it differs as soon as a version was added, ended or dropped."""
    said = [[one.pk, one.valid_from.isoformat(), one.valid_to.isoformat() if one.valid_to else ""] for one in rows]
    return sha256(json.dumps(said).encode()).hexdigest()[:24]


def change(of: Table, stored: dict[str, Any], day: date, source: str, today: date, rows: list[Any]) -> Plan:
    """Plan a first or a new version from a day on. No query.

    Args:
        stored: as `Table.clean` gives it.
        rows: all versions of the thing.

    Raises:
        Invalid: the day is over, a version began on this very day, or nothing would change.
    """
    if day < today:
        raise Invalid(fields={"valid_from": _("生效日期不能早于今天。已经过去的日子按当时的规定，不能再改。")})
    begun = next((one for one in rows if one.valid_from == day), None)
    if begun is not None and day <= today:
        raise Invalid(fields={"valid_from": _("这一条今天刚生效，已生效的不能改写。请从明天起改。")})
    kept = [one for one in rows if one is not begun]
    before, planned = holding(rows, day), holding(kept, day)
    later = [one for one in kept if one.valid_from > day]
    cells = of.cells_of(stored)
    if before is not None and of.cells(before) == cells and before.source == source:
        raise Invalid(fields={"": _("没有改动：内容和依据都与原来一样。")})
    until = min((one.valid_from for one in later), default=None)
    notes = []
    if until is not None:
        notes.append(_("已经安排从 %(day)s 起改用另一个版本，那一版保留。") % {"day": until})
    if begun is not None:
        notes.append(_("原来安排同一天生效的版本还没有生效，会被这一版替换。"))
    if planned is not None and planned.valid_to is not None and planned.valid_to > day and not later:
        notes.append(_("原定 %(day)s 停用的安排同时取消。") % {"day": planned.valid_to})
    return Plan(
        of, "changed" if before or rows else "added", {name: cells[name] for name in of.key},
        of.cells(before) if before else None, cells, day, source, fingerprint(rows),
        before_source=before.source if before else "", until=until,
        close=((planned, day),) if planned is not None else (), drop=(begun,) if begun is not None else (),
        new={of.column(name).attr: value for name, value in stored.items()}, notes=tuple(notes),
    )  # fmt: skip


def withdrawal(of: Table, found: Any, day: date, source: str, today: date, rows: list[Any]) -> Plan:
    """Plan that a thing holds no more from a day on. No query.

    Raises:
        Invalid: the day is over, or nothing holds on it.
    """
    if day < today:
        raise Invalid(fields={"valid_from": _("停用日期不能早于今天。")})
    held = holding(rows, day)
    if held is None:
        raise Invalid(fields={"valid_from": _("这一天本来就没有有效的版本，不用停用。")})
    if held.valid_from == day and day <= today:
        raise Invalid(fields={"valid_from": _("这一条今天刚生效，最早从明天起停用。")})
    drop = tuple(one for one in rows if one.valid_from >= day and one.valid_from > today)
    notes = [_("%(day)s 生效的版本还没有生效，会一起取消。") % {"day": one.valid_from} for one in drop]
    close = ((held, day),) if held not in drop else ()
    return Plan(
        of, "withdrawn", {name: of.cells(found)[name] for name in of.key}, of.cells(held), None, day, source,
        fingerprint(rows), before_source=held.source, close=close, drop=drop, notes=tuple(notes),
    )  # fmt: skip


def taking_back(of: Table, found: Any, today: date, rows: list[Any], entries: list[Entry]) -> Plan:
    """Plan the undoing of what has not begun: a coming version, or a coming end. No query.

    Raises:
        NotNow: it has begun; what was in force is never unwritten.
    """
    key = {name: of.cells(found)[name] for name in of.key}
    plan = Plan(of, "taken_back", key, None, None, today, "", fingerprint(rows))
    follows = [one for one in rows if one.valid_from == found.valid_to]
    if found.valid_from > today:
        # The days of the new version go back to the one before it, until whatever comes next.
        before = next((one for one in rows if one.valid_to == found.valid_from), None)
        end = found.valid_to if follows else (_was(entries, found.pk, before.pk) if before else None)
        return replace(
            plan, before=of.cells(found), after=of.cells(before) if before else None, day=found.valid_from,
            before_source=found.source, source=before.source if before else "", drop=(found,),
            close=((before, end),) if before else (),
        )  # fmt: skip
    if found.valid_to is not None and found.valid_to > today and not follows:
        return replace(plan, after=of.cells(found), day=found.valid_to, source=found.source, close=((found, None),))
    raise NotNow(_("已经生效的不能撤回。需要改回去，请从明天起再改一版。"))


def _was(entries: list[Entry], new_id: int, old_id: int) -> date | None:
    """When a version was going to end before the one with `new_id` cut it short."""
    for entry in reversed(entries):
        data = json.loads(entry.data)
        if data.get("new") == new_id:
            closed: dict[str, Any] = next((one for one in data.get("closed", ()) if one["id"] == old_id), {})
            return date.fromisoformat(closed["was"]) if closed.get("was") else None
    return None


@dataclass(frozen=True)
class Page:
    """Some rows of a table."""

    rows: list[Any]
    number: int
    more: bool


def paged(rows: Any, number: int) -> Page:
    """One page of a query set, and whether more follow. One statement."""
    start = (max(1, number) - 1) * PAGE
    found = list(rows[start : start + PAGE + 1])
    return Page(found[:PAGE], number, len(found) > PAGE)


def listed(of: Table, act: Act, *, search: str = "", when: str = "now", number: int = 1) -> Page:
    """Rows of a table. One statement for the rows, whatever their number.

    Args:
        when: now (in force today), coming (begins or ends later), ended.
    """
    today = org.local_date(act.at)
    found = _when(of.model.objects.all(), when, today)
    if search:
        found = found.filter(of.search(search))
    order = [of.column(name).attr for name in of.key]
    page = paged(found.order_by(*order, "valid_from", "id"), number)
    return Page([_line(of, one, today) for one in page.rows], page.number, page.more)


def _when(rows: QuerySet[Any], when: str, today: date) -> QuerySet[Any]:
    if when == "coming":
        return rows.filter(Q(valid_from__gt=today) | Q(valid_to__gt=today))
    if when == "ended":
        return rows.filter(valid_to__lte=today)
    return rows.filter(Q(valid_to=None) | Q(valid_to__gt=today), valid_from__lte=today)


def holding_now(of: Table, today: date) -> QuerySet[Any]:
    """The rows that hold today."""
    return _when(of.model.objects.all(), "now", today)


def coming(of: Table, today: date) -> QuerySet[Any]:
    """The rows that begin or end later."""
    return _when(of.model.objects.all(), "coming", today)


def _line(of: Table, one: Any, today: date) -> dict[str, Any]:
    cells = of.cells(one)
    shown = [(of.column(name).field.label, of.column(name).words(cells[name])) for name in of.listed]
    return {
        "id": one.pk, "title": of.title(cells), "cells": shown, "valid_from": one.valid_from, "valid_to": one.valid_to,
        "source": one.source, "status": status(one, today),
    }  # fmt: skip


def status(one: Any, today: date) -> str:
    """Where a version stands: coming, ending (in force with a last day), now, ended."""
    if one.valid_from > today:
        return "coming"
    if one.valid_to is None:
        return "now"
    return "ending" if one.valid_to > today else "ended"


@dataclass(frozen=True)
class History:
    """All versions of a thing, newest first, and what was done to it."""

    title: str
    versions: list[dict[str, Any]]
    events: list[dict[str, Any]]


def history(of: Table, found: Any, today: date) -> History:
    """Every version of a row with its days, its source, and who entered it when. Three statements."""
    rows = list(of.model.objects.filter(**same_key(of, found)).order_by("-valid_from", "-id"))
    cells = of.cells(found)
    events = told(of.subject(cells))
    by_row = {one["data"]["new"]: one for one in events if one["data"].get("new")}
    made = [
        {
            "id": one.pk, "facts": of.facts(of.cells(one)), "valid_from": one.valid_from, "valid_to": one.valid_to,
            "source": one.source, "status": status(one, today), "entered": by_row.get(one.pk),
            "back": one.valid_from > today
            or (status(one, today) == "ending" and not any(other.valid_from == one.valid_to for other in rows)),
        }
        for one in rows
    ]  # fmt: skip
    return History(of.title(cells), made, events)


def told(subject: str) -> list[dict[str, Any]]:
    """What was done to a subject, newest first. Two statements."""
    entries = journal.entries(subject)
    names = org.names(entry.by_id for entry in entries)
    return [event(entry, names) for entry in reversed(entries)]


def event(entry: Entry, names: dict[int, str]) -> dict[str, Any]:
    """An entry of the journal for a reader."""
    return {
        "kind": entry.kind.rpartition(".")[2], "by": names.get(entry.by_id, ""), "at": entry.at, "via": entry.via,
        "data": json.loads(entry.data),
    }  # fmt: skip
