"""The calendar as a value, and what offices ask of it."""

from datetime import date, datetime

from sidan.kernel.base.snapshot import cached
from sidan.kernel.worktime.calendar import Calendar, Hours
from sidan.kernel.worktime.models import WORKED, CalendarDay, WorkHours


@cached("worktime.calendar")
def calendar() -> Calendar:
    """The calendar as it stands. Two queries after a change of configuration, none otherwise."""
    worked: set[date] = set()
    rest: set[date] = set()
    unconfirmed: set[date] = set()
    for day, kind, confirmed in CalendarDay.objects.values_list("date", "kind", "confirmed"):
        (worked if kind in WORKED else rest).add(day)
        if not confirmed:
            unconfirmed.add(day)
    hours = tuple(
        Hours(*row)
        for row in WorkHours.objects.order_by("valid_from").values_list(
            "valid_from", "valid_to", "opens", "closes", "break_from", "break_to"
        )
    )
    return Calendar(frozenset(worked), frozenset(rest), frozenset(unconfirmed), hours)


def duty_now(at: datetime) -> bool:
    """Whether the duty telephone answers: a moment outside working hours (night, break, rest day). No query."""
    return not calendar().is_open(at)


def days(year: int) -> list[CalendarDay]:
    """The dates of a year that the table knows, in order. One query, at most 366 rows."""
    return list(CalendarDay.objects.filter(date__year=year))
