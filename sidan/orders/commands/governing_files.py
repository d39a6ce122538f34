"""Whole tables from csv and xlsx files, and back: everything is checked first, then all of it happens or nothing."""

import csv
import io
import json
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import date
from hashlib import sha256
from pathlib import Path
from tempfile import NamedTemporaryFile
from typing import Any

from django.utils.translation import gettext as _

from sidan.kernel.base import snapshot, tx
from sidan.kernel.base.errors import Invalid, Refusal, TooLarge
from sidan.kernel.org import queries as org
from sidan.kernel.org.act import Act
from sidan.kernel.org.models import Unit
from sidan.orders.commands import governing_units
from sidan.orders.commands.governing import Changed, lock, write_many
from sidan.orders.commands.governing_units import UnitPlan
from sidan.orders.importing.reading import Broken, Source
from sidan.orders.queries import governing
from sidan.orders.queries import governing_units as units
from sidan.orders.queries.governing import Plan
from sidan.orders.queries.governing_tables import CATEGORIES, Table

BYTES_MAX = 5 * 1024 * 1024
ROWS_MAX = 10_000
DAYS = ("valid_from", "valid_to", "source")
UNIT_COLUMNS = ("code", "name", "short_name", "kind", "level", "parent_code", "lat", "lon", *DAYS)
_FORMULA = ("=", "+", "-", "@", "\t", "\r")

Rows = list[tuple[int, dict[str, str]]]
AnyPlan = Plan | UnitPlan


@dataclass(frozen=True)
class Batch:
    """What a file would do.

    Args:
        errors: line of the file and what is wrong with it; nothing is done while there are any.
        same: rows that are as they were.
    """

    plans: tuple[AnyPlan, ...]
    errors: tuple[tuple[int, str], ...]
    same: int
    seen: str

    def count(self, what: str) -> int:
        return sum(plan.what == what for plan in self.plans)


def read(data: bytes) -> tuple[Rows, list[tuple[int, str]]]:
    """The rows of a file with their line numbers, and the lines that cannot be read; csv in UTF-8 or GB18030, xlsx, xls.

    Raises:
        TooLarge, Invalid: it cannot be read, has no header or too many rows.
    """
    if len(data) > BYTES_MAX:
        raise TooLarge(_("文件最大 5 MB。"))
    rows: Rows = []
    broken: list[tuple[int, str]] = []
    header: list[str] = []
    with NamedTemporaryFile() as kept:
        kept.write(data)
        kept.flush()
        with Source(Path(kept.name)) as source:
            for number, cells in source.records():
                if isinstance(cells, Broken):
                    broken.append((number, cells.why))
                elif not header:
                    header = [one.strip().lower() for one in cells]
                elif any(cell.strip() for cell in cells):
                    padded = [*cells, *[""] * (len(header) - len(cells))]
                    rows.append((number, {key: _plain(cell) for key, cell in zip(header, padded, strict=False) if key}))
                if len(rows) > ROWS_MAX:
                    raise _unreadable(_("一次最多 %(n)d 行，请分成几个文件。") % {"n": ROWS_MAX})
    if not any(header):
        raise _unreadable(_("文件是空的，或第一行没有列名。"))
    return rows, broken


def _plain(cell: str) -> str:
    """A cell without the quote that keeps spreadsheets from running it as a formula."""
    text = cell.strip()
    return text[1:] if text.startswith("'") and text[1:2] in _FORMULA else text


def _unreadable(message: str) -> Invalid:
    return Invalid(fields={"file": message})


@dataclass(frozen=True)
class Wish:
    """What is asked with a file.

    Args:
        day: from when changes hold, where a row names no later day of its own.
        source: for rows without one.
        complete: rows that the file does not have end on `day`.
    """

    rows: Rows
    day: date
    source: str
    complete: bool = False


def plan(of: Table | None, wish: Wish, act: Act) -> Batch:
    """What a file's rows would do; without a table, units. One statement for the table."""
    needed = (
        ("code", "name", "kind", "parent_code")
        if of is None
        else [one.title for one in of.columns if one.field.required]
    )
    refuse_columns(wish.rows, needed)
    return _plan_units(wish, act) if of is None else _plan_rows(of, wish, act)


def refuse_columns(rows: Rows, needed: Iterable[str]) -> None:
    """Refuse a file without rows, or without a column that must be there.

    Raises:
        Invalid: which.
    """
    if not rows:
        raise _unreadable(_("文件里没有数据行。"))
    if missing := [name for name in needed if name not in rows[0][1]]:
        raise _unreadable(_("缺少这些列：%(names)s。先导出一份看看格式。") % {"names": "、".join(missing)})


def _plan_rows(of: Table, wish: Wish, act: Act) -> Batch:
    there = _there(of)
    errors: list[tuple[int, str]] = []
    plans: list[Plan] = []
    met: dict[tuple[str, ...], set[date]] = {}
    moved: set[tuple[str, ...]] = set()
    same = 0
    for line, raw in wish.rows:
        try:
            stored = of.clean(of.raw({one.name: raw.get(one.title, "") for one in of.columns}), there)
            cells = of.cells_of(stored)
            key = tuple(cells[name] for name in of.key)
            starts, one = _plan_row(of, stored, raw, wish, there.get(key, []), act)
            if starts in met.setdefault(key, set()):
                raise Invalid(fields={"": _("同一条在文件里出现了两次。")})
            met[key].add(starts)
            if one is None:
                same += 1
                continue
            if key in moved:
                raise Invalid(fields={"": _("同一条有两处改动，请分两次导入。")})
            moved.add(key)
            plans.append(one)
        except Refusal as refusal:
            errors.append((line, said_of(refusal, of)))
    if of is CATEGORIES:
        errors += _orphans(plans, there, wish.rows)
    if wish.complete and not errors:
        plans += _missing(of, wish, [known for key, known in there.items() if key not in met], act)
    return Batch(tuple(plans), tuple(errors), same, _seen([one for known in there.values() for one in known]))


def _plan_row(
    of: Table, stored: dict[str, Any], raw: dict[str, str], wish: Wish, known: list[Any], act: Act
) -> tuple[date, Plan | None]:
    """From when a row of a file holds, and its plan; None where it is as it was."""
    today, cells = org.local_date(act.at), of.cells_of(stored)
    first, last, source = day_in(raw, "valid_from"), day_in(raw, "valid_to"), raw.get("source") or wish.source
    starts = first if first and first > today else wish.day

    def equal(row: Any) -> bool:
        return row is not None and of.cells(row) == cells and row.source == source

    exact = next((one for one in known if one.valid_from == first), None)
    held = exact if equal(exact) else governing.holding(known, starts)
    if held is not None and equal(held):
        starts = held.valid_from
        if last is None or last == held.valid_to:
            return starts, None
        governing.need(act, of.unit_id(cells))
        return starts, governing.withdrawal(of, held, last, source, today, known)
    if last is not None:
        raise Invalid(fields={"": _("改动和停用请分两次导入：有 valid_to 的行，其他各列要和现在一样。")})
    governing.need(act, of.unit_id(cells))
    return starts, governing.change(of, stored, starts, source, today, known)


def _missing(of: Table, wish: Wish, absent: list[list[Any]], act: Act) -> list[Plan]:
    """Ends of what a complete file does not have, where the actor may end it."""
    today, plans = org.local_date(act.at), []
    for known in absent:
        held = governing.holding(known, wish.day)
        if held is not None and held.valid_from < wish.day and act.holds(governing.ROLE, of.unit_id(of.cells(held))):
            plans.append(governing.withdrawal(of, held, wish.day, wish.source, today, known))
    return plans


def _orphans(plans: list[Plan], there: dict[tuple[str, ...], list[Any]], rows: Rows) -> list[tuple[int, str]]:
    """Categories whose level above is neither there nor in the file."""
    codes = {key[0] for key in there} | {plan.key["code"] for plan in plans}
    lines = {raw.get("code", ""): line for line, raw in rows}
    return [
        (lines.get(code, 0), _("%(code)s 的上级类别 %(above)s 不存在。") % {"code": code, "above": code[:-2]})
        for code in sorted(plan.key["code"] for plan in plans)
        if len(code) > 2 and code[:-2] not in codes
    ]


def _there(of: Table) -> dict[tuple[str, ...], list[Any]]:
    found: dict[tuple[str, ...], list[Any]] = {}
    for one in of.model.objects.order_by("valid_from", "id"):
        cells = of.cells(one)
        found.setdefault(tuple(cells[name] for name in of.key), []).append(one)
    return found


def day_in(raw: dict[str, str], name: str) -> date | None:
    """The day in a cell; None where it is empty.

    Raises:
        Invalid: it is none.
    """
    try:
        return date.fromisoformat(raw[name].replace("/", "-")[:10]) if raw.get(name) else None
    except ValueError as error:
        raise Invalid(fields={"": _("%(name)s 请写成 2026-03-31 这样的日期。") % {"name": name}}) from error


def said_of(refusal: Refusal, of: Table | None = None) -> str:
    """A row's refusal in one line, each word under its column."""
    wrong = refusal.details.get("fields")
    if not isinstance(wrong, dict) or not wrong:
        return str(refusal)
    titles = {one.name: one.title for one in of.columns} if of else {}
    return "；".join(
        f"{titles.get(name, name)}：{message}" if name else str(message) for name, message in wrong.items()
    )


def _seen(rows: list[Any]) -> str:
    return governing.fingerprint(sorted(rows, key=lambda one: one.pk))


def _plan_units(wish: Wish, act: Act) -> Batch:
    """Units: parents may come with the same file, before their children."""
    there = {row.code: row for row in Unit.objects.select_related("parent")}
    errors: list[tuple[int, str]] = []
    plans: list[UnitPlan] = []
    same = 0
    met: set[str] = set()
    for line, raw in wish.rows:
        code = raw.get("code", "")
        try:
            if not code or code in met:
                raise Invalid(fields={"code": _("同一条在文件里出现了两次。") if code else _("没有代码。")})
            values = _unit_values(raw)
            row = there.get(code)
            if row is not None and units.cells(row) == units.cells_of(code, values):
                same += 1
            else:
                own = day_in(raw, "valid_from")
                starts = own if own and row is None and own > org.local_date(act.at) else wish.day
                source = raw.get("source") or wish.source
                plans.append(governing_units.plan_put(values, code, starts, source, act, known=frozenset(met)))
            met.add(code)
        except Refusal as refusal:
            errors.append((line, said_of(refusal)))
    if wish.complete:
        errors.append((1, _("单位不能靠“不在文件里”来停用：请在单位页面逐个停用，那里会说明先要办什么。")))
    return Batch(tuple(plans), tuple(errors), same, _units_seen(list(there.values())))


def _unit_values(raw: dict[str, str]) -> dict[str, Any]:
    if raw.get("kind") not in Unit.Kind.values:
        raise Invalid(fields={"kind": _("只能是：%(all)s。") % {"all": "、".join(Unit.Kind.values)}})
    if not raw.get("name") or len(raw["name"]) > 80 or len(raw["code"]) > 24:
        raise Invalid(fields={"name": _("名称要有 1 到 80 个字，代码最多 24 位。")})
    try:
        lat, lon = (float(raw[name]) if raw.get(name) else None for name in ("lat", "lon"))
    except ValueError as error:
        raise Invalid(fields={"lat": _("坐标请写成 30.29493 这样的数。")}) from error
    return {
        "name": raw["name"], "short_name": (raw.get("short_name") or raw["name"])[:40], "kind": raw["kind"],
        "parent": raw.get("parent_code", ""), "lat": lat, "lon": lon,
    }  # fmt: skip


def _units_seen(rows: list[Unit]) -> str:
    said = sorted(f"{units.cells(row)}{row.valid_to}{row.source}" for row in rows)
    return sha256(json.dumps(said).encode()).hexdigest()[:24]


@tx.writes
def carry_out(planned: Callable[[], Batch], seen: str, file: str, act: Act) -> Batch:
    """Do all that was previewed, or nothing.

    Args:
        file: its name, for the journal.

    Raises:
        Changed: the table is not what was previewed.
        Invalid: a row is wrong.
    """
    lock()
    batch = planned()
    if batch.seen != seen:
        raise Changed
    if batch.errors:
        raise Invalid(fields={"file": _("文件里还有 %(n)d 处错误，没有导入任何一行。") % {"n": len(batch.errors)}})
    write_many([one for one in batch.plans if isinstance(one, Plan)], act, file=file[:120])
    for one in batch.plans:
        if isinstance(one, UnitPlan):
            governing_units.write(one, act)
    snapshot.forget()
    return batch


def export(of: Table | None, act: Act) -> str:
    """A table as a csv file that can be imported again: what holds or will hold, formula-safe, with a byte-order mark."""
    today = org.local_date(act.at)
    out = io.StringIO(newline="")
    made = csv.writer(out, lineterminator="\r\n")
    out.write("\ufeff")
    if of is None:
        made.writerow(UNIT_COLUMNS)
        rows = Unit.objects.select_related("parent").order_by("code")
        for row in (one for one in rows if one.valid_to is None or one.valid_to > today):
            said = {**units.cells(row), "level": row.level, **_days(row)}
            made.writerow([safe(said["parent" if name == "parent_code" else name]) for name in UNIT_COLUMNS])
        return out.getvalue()
    made.writerow([*(one.title for one in of.columns), *DAYS])
    rows = of.model.objects.order_by(*(of.column(name).attr for name in of.key), "valid_from", "id")
    for row in rows:
        if row.valid_to is None or row.valid_to > today:
            cells = of.cells(row)
            made.writerow([safe(cells[one.name]) for one in of.columns] + [safe(one) for one in _days(row).values()])
    return out.getvalue()


def _days(row: Any) -> dict[str, str]:
    return {
        "valid_from": row.valid_from.isoformat(), "valid_to": row.valid_to.isoformat() if row.valid_to else "",
        "source": row.source,
    }  # fmt: skip


def safe(cell: str) -> str:
    """A cell that no spreadsheet runs."""
    return f"'{cell}" if cell.startswith(_FORMULA) else cell
