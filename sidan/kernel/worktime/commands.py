"""What changes the calendar: seeding a year, correcting a day, setting office hours."""

from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from importlib.metadata import version
from typing import Any, Protocol

import holidays
from django.utils.translation import gettext as _

from sidan.kernel.base import snapshot
from sidan.kernel.base.errors import Invalid
from sidan.kernel.base.text import clean_text
from sidan.kernel.base.tx import writes
from sidan.kernel.worktime.models import CalendarDay, Kind, WorkHours

LIBRARY = "holidays"
YEARS = range(2000, 2101)


class Keyed(Protocol):
    @property
    def pk(self) -> Any: ...


class Acting(Protocol):
    """As much of an `Act` as this room needs: people stand beside it, not below it."""

    @property
    def by(self) -> Keyed: ...

    @property
    def at(self) -> datetime: ...


@dataclass(frozen=True, slots=True)
class Synced:
    """What seeding a year did. Open deadlines that reach one of the `changed` days need recomputing."""

    year: int
    confirmed: bool
    changed: tuple[date, ...]  # new, or another kind than before
    kept: tuple[date, ...]  # set by hand to another kind than the library's: left as they are


@writes
def sync_year(year: int, act: Acting) -> Synced:
    """Write a row for each day of a year from the `holidays` library; days set by hand stay.

    A year whose notice is not published yet has its statutory holidays and no make-up workdays: its rows are not confirmed.

    Raises:
        Invalid: the year is not between 2000 and 2100.
    """
    if year not in YEARS:
        raise Invalid(fields={"year": _("请填 %(a)d 到 %(b)d 之间的年份。") % {"a": YEARS[0], "b": YEARS[-1]}})
    seeds = _seeds(year, act)
    before = {row.date: row for row in CalendarDay.objects.filter(date__year=year)}
    write, changed, kept = [], [], []
    for seed in seeds:
        old = before.get(seed.date)
        if old is not None and not old.source.startswith(LIBRARY):
            if old.kind != seed.kind:
                kept.append(seed.date)
            continue
        if old is None or (old.kind, old.name, old.confirmed) != (seed.kind, seed.name, seed.confirmed):
            write.append(seed)
        if old is None or old.kind != seed.kind:
            changed.append(seed.date)
    CalendarDay.objects.bulk_create(
        write,
        update_conflicts=True,
        unique_fields=["date"],
        update_fields=["kind", "name", "source", "confirmed", "changed_by", "changed_at"],
    )
    snapshot.bump()
    return Synced(year, seeds[0].confirmed, tuple(changed), tuple(kept))


@writes
def set_day(day: date, *, kind: str, source: str, act: Acting, name: str = "", confirmed: bool = True) -> CalendarDay:
    """Say by hand what kind of day a date is; seeding a year later leaves it alone.

    Raises:
        Invalid: the kind is unknown, or no source is named (the notice that says so).
    """
    if kind not in Kind.values:
        raise Invalid(fields={"kind": _("请选择工作日、周末、节假日或调休上班。")})
    row, _created = CalendarDay.objects.update_or_create(
        date=day,
        defaults={
            "kind": kind,
            "name": clean_text(name, max_chars=60, min_chars=0, field="name"),
            "source": _by_hand(source),
            "confirmed": confirmed,
            "changed_by": str(act.by.pk),
            "changed_at": act.at,
        },
    )
    snapshot.bump()
    return row


@writes
def set_hours(
    valid_from: date,
    *,
    opens: time,
    closes: time,
    source: str,
    act: Acting,
    break_from: time | None = None,
    break_to: time | None = None,
) -> WorkHours:
    """Set the office hours from a date on; the row before ends there, the row after begins as it did.

    Raises:
        Invalid: closing does not come after opening, the break is not within, or no source is named.
    """
    if not opens < closes:
        raise Invalid(fields={"closes": _("下班时间要晚于上班时间。")})
    if (break_from is None) != (break_to is None):
        raise Invalid(fields={"break_to": _("午休的开始和结束要一起填，或都不填。")})
    if break_from is not None and break_to is not None and not opens < break_from < break_to < closes:
        raise Invalid(fields={"break_from": _("午休要在上班和下班之间。")})
    later = WorkHours.objects.filter(valid_from__gt=valid_from).order_by("valid_from").first()
    row, _created = WorkHours.objects.update_or_create(
        valid_from=valid_from,
        defaults={
            "valid_to": later.valid_from if later else None,
            "opens": opens,
            "closes": closes,
            "break_from": break_from,
            "break_to": break_to,
            "source": clean_text(source, max_chars=200, field="source"),
            "changed_by": str(act.by.pk),
            "changed_at": act.at,
        },
    )
    earlier = WorkHours.objects.filter(valid_from__lt=valid_from).order_by("-valid_from").first()
    if earlier is not None and (earlier.valid_to is None or earlier.valid_to > valid_from):
        WorkHours.objects.filter(pk=earlier.pk).update(valid_to=valid_from)
    snapshot.bump()
    return row


def _by_hand(source: str) -> str:
    text = clean_text(source, max_chars=200, field="source")
    if text.startswith(LIBRARY):
        # The source tells what the next seeding may replace: a hand-set day must not pass for a seeded one.
        raise Invalid(fields={"source": _("请写明依据的文件，例如国务院办公厅通知的文号。")})
    return text


def _seeds(year: int, act: Acting) -> list[CalendarDay]:
    """The rows of a year as the library has them, not saved."""
    china = holidays.country_holidays("CN", years=year, language="zh_CN")
    makeup = {day for day in china.weekend_workdays if day.year == year}
    # Every notice since 2001 moved some weekend after January; where none is moved, the library does not know it yet.
    # (A weekend of early January may have been moved by the notice of the year before.)
    announced = any(day.month > 1 for day in makeup)
    rows = []
    source = f"{LIBRARY} {version(LIBRARY)}"  # read once: it parses the package's metadata each time
    day = date(year, 1, 1)
    while day.year == year:
        if day in makeup:
            kind, name = Kind.MAKEUP, "调休上班"
        elif day in china:
            kind, name = Kind.HOLIDAY, china[day][:60]
        else:
            kind, name = (Kind.WORKDAY, "") if day.weekday() < 5 else (Kind.WEEKEND, "")
        rows.append(
            CalendarDay(
                date=day,
                kind=kind,
                name=name,
                source=source,
                confirmed=announced,
                changed_by=str(act.by.pk),
                changed_at=act.at,
            )
        )
        day += timedelta(days=1)
    return rows
