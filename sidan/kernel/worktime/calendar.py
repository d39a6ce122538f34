"""Deadlines and working time as plain arithmetic over a frozen calendar: no database, no clock.

Every instant that goes in or comes out is aware and in UTC; days and closing times are those of Beijing time.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, time, timedelta
from typing import Literal, get_args
from zoneinfo import ZoneInfo

ZONE = ZoneInfo("Asia/Shanghai")
DAY = timedelta(days=1)

Measure = Literal["minutes", "hours", "days", "working_days"]
MEASURES: tuple[Measure, ...] = get_args(Measure)


@dataclass(frozen=True, slots=True)
class Hours:
    """Office hours that hold from `valid_from` until the day before `valid_to`; the break is optional."""

    valid_from: date
    valid_to: date | None
    opens: time
    closes: time
    break_from: time | None = None
    break_to: time | None = None

    def spans(self) -> tuple[tuple[time, time], ...]:
        """The stretches of one day in which the office is open."""
        if self.break_from is None or self.break_to is None:
            return ((self.opens, self.closes),)
        return ((self.opens, self.break_from), (self.break_to, self.closes))


# Civil Code art. 203: the last day of a period ends at 24:00, or where there are business hours, when business stops.
# 23:59 rather than 24:00, so that the deadline still falls on the day that is meant.
WHOLE_DAY = Hours(date.min, None, time(0, 0), time(23, 59))


@dataclass(frozen=True, slots=True)
class Calendar:
    """Which days are worked and at which hours.

    Days in neither of the first two sets are outside the table: Monday to Friday are then taken as worked, provisionally.
    Where two rows of hours cover a day, the one that began later holds.
    """

    workdays: frozenset[date] = frozenset()
    restdays: frozenset[date] = frozenset()
    unconfirmed: frozenset[date] = frozenset()
    hours: tuple[Hours, ...] = field(default=())

    def is_workday(self, day: date) -> bool:
        if day in self.workdays:
            return True
        return day not in self.restdays and day.weekday() < 5

    def provisional(self, day: date) -> bool:
        """Whether the day may still change its kind: it is not in the table, or its year's notice is not published."""
        return day in self.unconfirmed or (day not in self.workdays and day not in self.restdays)

    def hours_on(self, day: date) -> Hours:
        """The hours that hold on a day, worked or not; the whole day where no row says otherwise."""
        holding = [row for row in self.hours if row.valid_from <= day and (row.valid_to is None or day < row.valid_to)]
        return max(holding, key=lambda row: row.valid_from, default=WHOLE_DAY)

    def is_open(self, at: datetime) -> bool:
        """Whether a moment lies within working hours; the opening minute does, the closing minute does not."""
        local = _local(at)
        if not self.is_workday(local.date()):
            return False
        return any(start <= local.time() < end for start, end in self.hours_on(local.date()).spans())

    def add(self, start: datetime, amount: int, measure: str) -> datetime:
        """The deadline of a period that starts at `start`; zero of any measure is `start` itself.

        minutes, hours: by the clock, nights and rest days included ("h" of the Beijing standard; Civil Code art. 201:
            periods in hours run from the moment).
        days: the same time of the day, n calendar days later ("d" of the standard).
        working_days: closing time of the n-th working day after the day of `start`. The day of receipt is not counted
            (Civil Code art. 201), rest days are not counted, and the period ends when business stops (art. 203). What
            arrives on a rest day therefore has the next working day as its first day, as what arrived on the working
            day before has: nobody gains or loses by the hour at which they wrote.

        Raises:
            ValueError: the amount is negative, the measure unknown or `start` has no zone: a mistake of the caller.
        """
        local = _local(start)
        if amount < 0:
            raise ValueError(f"a period cannot be negative: {amount}")
        if amount == 0:
            return start.astimezone(UTC)
        match measure:
            case "minutes":
                return start.astimezone(UTC) + timedelta(minutes=amount)
            case "hours":
                return start.astimezone(UTC) + timedelta(hours=amount)
            case "days":
                return (local + amount * DAY).astimezone(UTC)
            case "working_days":
                return self._closing(self._nth_workday_after(local.date(), amount))
        raise ValueError(f"unknown measure: {measure}")

    def shift(self, due: datetime, paused_from: datetime, resumed_at: datetime, measure: str) -> datetime:
        """Where a deadline moves when its clock stood still between two moments; never to an earlier moment.

        By the clock and in calendar days every minute of the pause is given back. In working days, those that were
        left when the pause began are counted again after the day on which it ended; a deadline of the very day of
        the pause falls on the first closing time after it. A pause within one day moves nothing unless the deadline
        passed in it. A pause that began when the deadline had passed moves nothing: what is late stays late.

        Raises:
            ValueError: the pause ends before it begins, the measure is unknown or a moment has no zone.
        """
        due_day, pause_day, resume_day = (_local(at).date() for at in (due, paused_from, resumed_at))
        # In UTC before any comparison: two moments that share a zone with summer time subtract by their wall clocks.
        due, paused_from, resumed_at = (at.astimezone(UTC) for at in (due, paused_from, resumed_at))
        if resumed_at < paused_from:
            raise ValueError("a pause cannot end before it begins")
        if measure not in MEASURES:
            raise ValueError(f"unknown measure: {measure}")
        if paused_from >= due:
            return due
        if measure != "working_days":
            return due + (resumed_at - paused_from)
        if pause_day == resume_day and resumed_at <= due:
            return due
        left = sum(self.is_workday(day) for day in _days(pause_day + DAY, due_day))
        if left:
            return max(due, self._closing(self._nth_workday_after(resume_day, left)))
        return due if resumed_at <= due else self._first_closing_after(resumed_at)

    def working_minutes_between(self, a: datetime, b: datetime) -> int:
        """Whole working minutes from `a` to `b`, 0 where `b` is not after `a`. Cost: one step a day."""
        start, end = _local(a), _local(b)
        total = timedelta()
        for day in _days(start.date(), end.date()):
            if not self.is_workday(day):
                continue
            for opens, closes in self.hours_on(day).spans():
                stretch = min(_at(day, closes), end) - max(_at(day, opens), start)
                total += max(stretch, timedelta())
        return total // timedelta(minutes=1)

    def workdays_left(self, now: datetime, due: datetime) -> int:
        """Working days after today, up to that of a deadline; 0 where it falls on today or has passed."""
        return sum(self.is_workday(day) for day in _days(_local(now).date() + DAY, _local(due).date()))

    def _nth_workday_after(self, day: date, n: int) -> date:
        while n:
            day += DAY
            n -= self.is_workday(day)
        return day

    def _closing(self, day: date) -> datetime:
        return _at(day, self.hours_on(day).closes).astimezone(UTC)

    def _first_closing_after(self, at: datetime) -> datetime:
        day = _local(at).date()
        if self.is_workday(day) and self._closing(day) > at:
            return self._closing(day)
        return self._closing(self._nth_workday_after(day, 1))


def _local(at: datetime) -> datetime:
    if at.utcoffset() is None:
        raise ValueError("a moment needs its zone")
    return at.astimezone(ZONE)


def _at(day: date, clock: time) -> datetime:
    return datetime.combine(day, clock, tzinfo=ZONE)


def _days(first: date, last: date) -> Iterator[date]:
    while first <= last:
        yield first
        first += DAY
