"""The arithmetic of deadlines: known dates of 2026, and laws that hold for every date."""

import os
import time as clock
from collections.abc import Iterator
from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sidan.kernel.worktime.calendar import MEASURES, ZONE, Calendar, Hours, Measure

NEW_YORK = ZoneInfo("America/New_York")
OFFICE = Hours(date(2000, 1, 1), None, time(9), time(18), time(12, 30), time(14))
EXTRA = frozenset(
    date.fromisoformat(day)
    for day in ("2026-01-04", "2026-02-14", "2026-02-28", "2026-05-09", "2026-09-20", "2026-10-10")
)
OFF = frozenset(
    date.fromisoformat(day)
    for day in (
        *("2026-01-01", "2026-01-02", "2026-02-16", "2026-02-17", "2026-02-18", "2026-02-19", "2026-02-20"),
        *("2026-02-23", "2026-04-06", "2026-05-01", "2026-05-04", "2026-05-05", "2026-06-19", "2026-09-25"),
        *("2026-10-01", "2026-10-02", "2026-10-05", "2026-10-06", "2026-10-07"),
    )
)
YEAR = [date(2026, 1, 1) + timedelta(days=n) for n in range(365)]
WORKED = frozenset(day for day in YEAR if day in EXTRA or (day.weekday() < 5 and day not in OFF))
CALENDAR = Calendar(WORKED, frozenset(YEAR) - WORKED, frozenset(), (OFFICE,))


def beijing(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=ZONE).astimezone(UTC)


def shown(at: datetime) -> str:
    return f"{at.astimezone(ZONE):%Y-%m-%d %H:%M}"


@pytest.fixture
def host_in_new_york(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    monkeypatch.setitem(os.environ, "TZ", "America/New_York")
    clock.tzset()
    yield
    monkeypatch.undo()
    clock.tzset()


@pytest.mark.parametrize(
    ("start", "amount", "measure", "due"),
    [
        ("2026-03-02 10:15", 90, "minutes", "2026-03-02 11:45"),
        ("2026-03-06 17:30", 24, "hours", "2026-03-07 17:30"),
        ("2026-03-06 17:30", 7, "days", "2026-03-13 17:30"),
        ("2026-03-02 10:15", 1, "working_days", "2026-03-03 18:00"),
        ("2026-03-06 23:59", 1, "working_days", "2026-03-09 18:00"),  # Friday night: Monday is the first day
        ("2026-03-07 08:00", 1, "working_days", "2026-03-09 18:00"),  # Saturday: Monday is the first day
        ("2026-03-07 08:00", 2, "working_days", "2026-03-10 18:00"),
        ("2026-09-30 17:00", 1, "working_days", "2026-10-08 18:00"),  # over National Day
        ("2026-09-30 17:00", 3, "working_days", "2026-10-10 18:00"),  # the Saturday that makes up for the 7th
        ("2026-02-13 09:00", 1, "working_days", "2026-02-14 18:00"),  # the Saturday before Spring Festival
        ("2026-02-13 09:00", 2, "working_days", "2026-02-24 18:00"),
        ("2026-12-31 09:00", 1, "working_days", "2027-01-01 18:00"),  # not announced: a plain Friday, provisionally
        ("2028-02-28 10:00", 1, "days", "2028-02-29 10:00"),
        ("2028-02-28 10:00", 2, "working_days", "2028-03-01 18:00"),
        ("2027-02-28 10:00", 1, "days", "2027-03-01 10:00"),
    ],
)
def test_a_deadline_falls_where_the_rule_says(start: str, amount: int, measure: Measure, due: str) -> None:
    assert shown(CALENDAR.add(beijing(start), amount, measure)) == due


def test_a_saturday_before_spring_festival_is_worked_and_the_monday_after_is_not() -> None:
    assert CALENDAR.is_workday(date(2026, 2, 14))
    assert not CALENDAR.is_workday(date(2026, 2, 16))
    assert not CALENDAR.is_workday(date(2026, 2, 15))


def test_a_day_outside_the_table_is_taken_from_its_weekday_and_marked_provisional() -> None:
    assert not CALENDAR.provisional(date(2026, 12, 31))
    assert CALENDAR.provisional(date(2027, 1, 1))
    assert CALENDAR.is_workday(date(2027, 1, 1))
    assert not CALENDAR.is_workday(date(2027, 1, 2))


def test_a_day_in_the_table_whose_notice_is_not_out_is_provisional() -> None:
    new_year = frozenset({date(2027, 1, 1)})
    calendar = Calendar(restdays=new_year, unconfirmed=new_year)
    assert not calendar.is_workday(date(2027, 1, 1))
    assert calendar.provisional(date(2027, 1, 1))


@pytest.mark.usefixtures("host_in_new_york")
def test_summer_time_where_the_host_stands_changes_nothing() -> None:
    # New York moved its clocks on 8 March 2026 at 02:00, and had this evening in Beijing in between.
    start = datetime(2026, 3, 7, 18, 0, tzinfo=NEW_YORK)
    assert shown(CALENDAR.add(start, 24, "hours")) == "2026-03-09 07:00"
    assert shown(CALENDAR.add(start, 1, "days")) == "2026-03-09 07:00"
    assert shown(CALENDAR.add(start, 1, "working_days")) == "2026-03-09 18:00"
    due = datetime(2026, 3, 9, 12, 0, tzinfo=NEW_YORK)
    assert CALENDAR.shift(due, start, start.astimezone(UTC) + timedelta(hours=24), "hours") - due == timedelta(hours=24)
    resumed = datetime(2026, 3, 8, 18, 0, tzinfo=NEW_YORK)  # the same wall clock a day later, 23 hours on
    assert CALENDAR.shift(due, start, resumed, "hours") - due == timedelta(hours=23)


def test_the_host_s_zone_is_not_read(host_in_new_york: None) -> None:
    assert clock.tzname[0] == "EST"
    assert CALENDAR.is_open(beijing("2026-03-02 09:00"))
    assert CALENDAR.working_minutes_between(beijing("2026-03-02 00:00"), beijing("2026-03-03 00:00")) == 450


@pytest.mark.parametrize(
    ("at", "is_open"),
    [
        ("2026-03-02 08:59", False),
        ("2026-03-02 09:00", True),
        ("2026-03-02 12:30", False),
        ("2026-03-02 14:00", True),
        ("2026-03-02 18:00", False),
        ("2026-02-14 10:00", True),  # a worked Saturday
        ("2026-02-16 10:00", False),  # a free Monday
    ],
)
def test_an_office_is_open_in_its_hours_on_worked_days(at: str, is_open: bool) -> None:
    assert CALENDAR.is_open(beijing(at)) is is_open


@pytest.mark.parametrize(
    ("a", "b", "minutes"),
    [
        ("2026-03-02 09:00", "2026-03-02 18:00", 450),
        ("2026-03-02 12:00", "2026-03-02 14:30", 60),
        ("2026-03-06 17:00", "2026-03-09 10:00", 120),
        ("2026-09-30 17:00", "2026-10-08 10:00", 120),
        ("2026-03-09 10:00", "2026-03-06 17:00", 0),
        ("2026-03-07 00:00", "2026-03-08 23:59", 0),
    ],
)
def test_working_minutes_leave_out_nights_breaks_and_rest_days(a: str, b: str, minutes: int) -> None:
    assert CALENDAR.working_minutes_between(beijing(a), beijing(b)) == minutes


def test_hours_change_on_the_day_their_row_begins() -> None:
    summer = Hours(date(2026, 6, 1), date(2026, 10, 1), time(8, 30), time(17, 30))
    calendar = Calendar(WORKED, frozenset(YEAR) - WORKED, frozenset(), (OFFICE, summer))
    assert shown(calendar.add(beijing("2026-05-28 10:00"), 1, "working_days")) == "2026-05-29 18:00"
    assert shown(calendar.add(beijing("2026-05-29 10:00"), 1, "working_days")) == "2026-06-01 17:30"
    assert shown(calendar.add(beijing("2026-09-30 10:00"), 1, "working_days")) == "2026-10-08 18:00"


def test_hours_that_ended_hold_no_more() -> None:
    ended = Hours(date(2026, 1, 1), date(2026, 3, 3), time(9), time(17))
    calendar = Calendar(hours=(ended,))
    assert calendar.hours_on(date(2026, 3, 2)) is ended
    assert shown(calendar.add(beijing("2026-03-02 10:00"), 1, "working_days")) == "2026-03-03 23:59"


def test_without_hours_a_working_day_ends_in_its_last_minute() -> None:
    assert shown(Calendar().add(beijing("2026-03-02 10:00"), 1, "working_days")) == "2026-03-03 23:59"


@pytest.mark.parametrize(
    ("due", "paused", "resumed", "measure", "moved"),
    [
        ("2026-03-04 10:00", "2026-03-02 10:00", "2026-03-02 13:30", "hours", "2026-03-04 13:30"),
        ("2026-03-09 10:00", "2026-03-02 10:00", "2026-03-04 10:00", "days", "2026-03-11 10:00"),
        # Two working days were left on Monday; they are counted again after Thursday.
        ("2026-03-04 18:00", "2026-03-02 10:00", "2026-03-05 10:00", "working_days", "2026-03-09 18:00"),
        ("2026-03-04 18:00", "2026-03-02 10:00", "2026-03-02 16:00", "working_days", "2026-03-04 18:00"),
        # The day of the deadline itself: the first closing time after the pause.
        ("2026-03-04 18:00", "2026-03-04 10:00", "2026-03-05 10:00", "working_days", "2026-03-05 18:00"),
        ("2026-03-06 18:00", "2026-03-06 17:00", "2026-03-06 19:00", "working_days", "2026-03-09 18:00"),
        ("2026-03-06 18:00", "2026-03-06 17:00", "2026-03-07 12:00", "working_days", "2026-03-09 18:00"),
        # Deadlines that somebody set by hand, after closing or on a rest day, do not come earlier either.
        ("2026-03-09 20:00", "2026-03-07 10:00", "2026-03-08 10:00", "working_days", "2026-03-09 20:00"),
        ("2026-03-08 12:00", "2026-03-07 10:00", "2026-03-08 10:00", "working_days", "2026-03-08 12:00"),
        # Late before the pause: late after it.
        ("2026-03-04 18:00", "2026-03-04 18:00", "2026-03-20 10:00", "working_days", "2026-03-04 18:00"),
        ("2026-03-04 18:00", "2026-03-05 09:00", "2026-03-20 10:00", "hours", "2026-03-04 18:00"),
        # A pause over the holiday takes no working day from anybody.
        ("2026-10-08 18:00", "2026-10-01 10:00", "2026-10-06 10:00", "working_days", "2026-10-08 18:00"),
    ],
)
def test_a_pause_gives_back_what_it_took(due: str, paused: str, resumed: str, measure: Measure, moved: str) -> None:
    assert shown(CALENDAR.shift(beijing(due), beijing(paused), beijing(resumed), measure)) == moved


def test_mistakes_of_the_caller_are_errors() -> None:
    start = beijing("2026-03-02 10:00")
    with pytest.raises(ValueError, match="zone"):
        CALENDAR.add(datetime(2026, 3, 2), 1, "hours")
    with pytest.raises(ValueError, match="negative"):
        CALENDAR.add(start, -1, "hours")
    with pytest.raises(ValueError, match="unknown measure"):
        CALENDAR.add(start, 1, "weeks")
    with pytest.raises(ValueError, match="unknown measure"):
        CALENDAR.shift(start, start, start, "weeks")
    with pytest.raises(ValueError, match="before it begins"):
        CALENDAR.shift(start, start, start - timedelta(minutes=1), "hours")


moments = st.datetimes(datetime(2025, 11, 1), datetime(2027, 3, 1), timezones=st.just(UTC))
measures = st.sampled_from(MEASURES)
amounts = st.integers(0, 60)


@given(moments, amounts, amounts, measures)
def test_a_longer_period_never_ends_earlier(start: datetime, a: int, b: int, measure: Measure) -> None:
    assert CALENDAR.add(start, min(a, b), measure) <= CALENDAR.add(start, max(a, b), measure)


@given(moments, moments, amounts, measures)
def test_who_starts_later_never_ends_earlier(a: datetime, b: datetime, amount: int, measure: Measure) -> None:
    assert CALENDAR.add(min(a, b), amount, measure) <= CALENDAR.add(max(a, b), amount, measure)


@given(moments, measures)
def test_nothing_added_changes_nothing(start: datetime, measure: Measure) -> None:
    assert CALENDAR.add(start, 0, measure) == start


@given(moments, st.integers(1, 60), measures)
def test_a_period_ends_after_it_starts_and_in_utc(start: datetime, amount: int, measure: Measure) -> None:
    due = CALENDAR.add(start, amount, measure)
    assert due > start
    assert due.tzinfo is UTC


@given(moments, amounts, amounts, measures)
def test_two_periods_in_a_row_are_one_long_one(start: datetime, a: int, b: int, measure: Measure) -> None:
    assert CALENDAR.add(CALENDAR.add(start, a, measure), b, measure) == CALENDAR.add(start, a + b, measure)


@given(moments, st.integers(1, 60))
def test_a_deadline_in_working_days_is_a_closing_time_with_as_many_worked_days_before_it(
    start: datetime, amount: int
) -> None:
    due = CALENDAR.add(start, amount, "working_days").astimezone(ZONE)
    first = start.astimezone(ZONE).date()
    between = [first + timedelta(days=n) for n in range(1, (due.date() - first).days + 1)]
    assert sum(CALENDAR.is_workday(day) for day in between) == amount
    assert CALENDAR.is_workday(due.date())
    assert due.time() == time(18)


@given(moments, amounts, moments, moments, measures)
def test_a_pause_never_moves_a_deadline_earlier(
    start: datetime, amount: int, a: datetime, b: datetime, measure: Measure
) -> None:
    due = CALENDAR.add(start, amount, measure)
    assert CALENDAR.shift(due, min(a, b), max(a, b), measure) >= due


@given(moments, moments, moments, measures)
def test_a_pause_never_moves_any_moment_earlier(due: datetime, a: datetime, b: datetime, measure: Measure) -> None:
    assert CALENDAR.shift(due, min(a, b), max(a, b), measure) >= due


@given(moments, moments, measures)
def test_a_pause_of_no_length_moves_nothing(due: datetime, at: datetime, measure: Measure) -> None:
    assert CALENDAR.shift(due, at, at, measure) == due


@given(moments, moments, moments, moments, measures)
def test_a_longer_pause_never_gives_less(
    due: datetime, a: datetime, b: datetime, c: datetime, measure: Measure
) -> None:
    paused, early, late = sorted((a, b, c))
    assert CALENDAR.shift(due, paused, early, measure) <= CALENDAR.shift(due, paused, late, measure)


@given(moments, moments, moments)
def test_working_minutes_add_up(a: datetime, b: datetime, c: datetime) -> None:
    first, middle, last = sorted(at.replace(second=0, microsecond=0) for at in (a, b, c))
    count = CALENDAR.working_minutes_between
    assert count(first, middle) + count(middle, last) == count(first, last)


@pytest.mark.parametrize(
    ("now", "due", "days"),
    [
        ("2026-02-13 10:00", "2026-02-24 18:00", 2),  # the Saturday is worked, then the long holiday
        ("2026-03-06 10:00", "2026-03-09 18:00", 1),
        ("2026-03-09 10:00", "2026-03-09 18:00", 0),
        ("2026-03-09 10:00", "2026-03-02 18:00", 0),
    ],
)
def test_a_weekend_is_not_counted_among_the_days_that_are_left(now: str, due: str, days: int) -> None:
    assert CALENDAR.workdays_left(beijing(now), beijing(due)) == days
