"""The calendar's tables: seeding a year, correcting a day, office hours, and who answers the telephone now."""

from dataclasses import dataclass
from datetime import UTC, date, datetime, time

import pytest
from django.db import IntegrityError, transaction

from sidan.kernel.base import snapshot
from sidan.kernel.base.errors import Invalid
from sidan.kernel.worktime import commands, queries
from sidan.kernel.worktime.calendar import ZONE
from sidan.kernel.worktime.models import CalendarDay, WorkHours

pytestmark = pytest.mark.django_db


@dataclass(frozen=True)
class By:
    pk: int = 7


@dataclass(frozen=True)
class Doer:
    """What this room asks of an `Act`, which stands on another floor."""

    by: By = By()
    at: datetime = datetime(2026, 11, 22, 3, 0, tzinfo=UTC)


ACT = Doer()


@pytest.fixture(autouse=True)
def _fresh_snapshot() -> None:
    snapshot.forget()


def beijing(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=ZONE).astimezone(UTC)


def test_a_published_year_is_seeded_with_its_make_up_workdays() -> None:
    done = commands.sync_year(2026, ACT)
    assert done.confirmed
    assert len(done.changed) == CalendarDay.objects.count() == 365
    calendar = queries.calendar()
    assert calendar.is_workday(date(2026, 2, 14))
    assert not calendar.provisional(date(2026, 2, 14))
    assert not calendar.is_workday(date(2026, 10, 7))
    assert calendar.add(beijing("2026-09-30 10:00"), 1, "working_days") == beijing("2026-10-08 18:00")
    assert CalendarDay.objects.get(date="2026-02-14").kind == "makeup"
    row = CalendarDay.objects.get(date="2026-02-17")
    assert (row.kind, row.name, row.changed_by, row.changed_at) == ("holiday", "春节", "7", ACT.at)
    assert row.source.startswith("holidays ")


def test_a_year_without_notice_is_seeded_provisionally() -> None:
    # 2099 stands for any year whose notice is not out, whichever version of the library is installed.
    assert not commands.sync_year(2099, ACT).confirmed
    calendar = queries.calendar()
    assert not calendar.is_workday(date(2099, 10, 1))
    assert calendar.provisional(date(2099, 10, 1))
    assert calendar.provisional(date(2099, 10, 20))


def test_seeding_again_changes_nothing_and_says_so() -> None:
    commands.sync_year(2026, ACT)
    assert commands.sync_year(2026, ACT).changed == ()


def test_seeding_reports_the_days_whose_kind_moved() -> None:
    commands.sync_year(2026, ACT)
    CalendarDay.objects.filter(date="2026-02-14").update(kind="weekend", confirmed=False)
    assert commands.sync_year(2026, ACT).changed == (date(2026, 2, 14),)
    assert CalendarDay.objects.get(date="2026-02-14").confirmed


def test_seeding_leaves_days_set_by_hand_and_names_them() -> None:
    commands.set_day(date(2026, 6, 5), kind="holiday", source="县政府通知 2026-12 号", name="县庆", act=ACT)
    commands.set_day(date(2026, 6, 8), kind="workday", source="县政府通知 2026-12 号", act=ACT)
    done = commands.sync_year(2026, ACT)
    assert CalendarDay.objects.get(date="2026-06-08").source.startswith("县政府")  # of one mind with the library
    assert done.kept == (date(2026, 6, 5),)
    assert not queries.calendar().is_workday(date(2026, 6, 5))


def test_a_day_that_is_set_is_seen_at_once() -> None:
    assert queries.calendar().is_workday(date(2026, 6, 5))
    commands.set_day(date(2026, 6, 5), kind="holiday", source="县政府通知", act=ACT)
    assert not queries.calendar().is_workday(date(2026, 6, 5))
    commands.set_day(date(2026, 6, 5), kind="workday", source="县政府更正", act=ACT)
    assert queries.calendar().is_workday(date(2026, 6, 5))
    assert [row.source for row in queries.days(2026)] == ["县政府更正"]


def test_a_day_needs_a_known_kind_and_a_source_of_its_own() -> None:
    for kind, source in (("party", "通知"), ("holiday", " "), ("holiday", "holidays 9")):
        with pytest.raises(Invalid):
            commands.set_day(date(2026, 6, 5), kind=kind, source=source, act=ACT)
    assert not CalendarDay.objects.exists()


def test_a_year_far_away_is_refused() -> None:
    with pytest.raises(Invalid):
        commands.sync_year(1900, ACT)


def test_the_duty_telephone_answers_outside_working_hours() -> None:
    commands.sync_year(2026, ACT)
    assert not queries.duty_now(beijing("2026-02-14 10:00"))
    assert queries.duty_now(beijing("2026-02-14 13:00"))
    assert queries.duty_now(beijing("2026-02-16 10:00"))
    assert queries.duty_now(beijing("2026-03-02 22:00"))


def test_new_hours_end_the_old_ones() -> None:
    commands.set_hours(date(2026, 6, 1), opens=time(8, 30), closes=time(17, 30), source="作息通知", act=ACT)
    assert [(row.valid_from, row.valid_to) for row in WorkHours.objects.all()] == [
        (date(2000, 1, 1), date(2026, 6, 1)),
        (date(2026, 6, 1), None),
    ]
    assert queries.duty_now(beijing("2026-06-01 17:45"))
    assert not queries.duty_now(beijing("2026-05-29 17:45"))


def test_hours_set_between_two_rows_end_where_the_later_one_begins() -> None:
    for day in (date(2026, 6, 1), date(2026, 3, 1)):
        commands.set_hours(day, opens=time(8, 30), closes=time(17, 30), source="作息通知", act=ACT)
    assert list(WorkHours.objects.values_list("valid_from", "valid_to")) == [
        (date(2000, 1, 1), date(2026, 3, 1)),
        (date(2026, 3, 1), date(2026, 6, 1)),
        (date(2026, 6, 1), None),
    ]


@pytest.mark.parametrize(
    "hours",
    [
        {"opens": time(9), "closes": time(9)},
        {"opens": time(9), "closes": time(18), "break_from": time(12)},
        {"opens": time(9), "closes": time(18), "break_from": time(14), "break_to": time(12)},
        {"opens": time(9), "closes": time(18), "break_from": time(17), "break_to": time(19)},
    ],
)
def test_impossible_hours_are_refused_by_the_command_and_by_the_table(hours: dict[str, time]) -> None:
    day = date(2026, 6, 1)
    with pytest.raises(Invalid):
        commands.set_hours(day, source="作息通知", act=ACT, **hours)
    with pytest.raises(IntegrityError), transaction.atomic():
        WorkHours.objects.create(valid_from=day, source="作息通知", **hours)
