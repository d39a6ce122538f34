"""T12: clocks that jump. Events are ordered by their number, deadlines follow their rule, no span is negative."""

import time
from datetime import UTC, datetime, timedelta

import pytest

from sidan.kernel.flow import engine
from sidan.kernel.journal import queries as journal
from sidan.orders.commands import clockwork
from sidan.orders.flow import ORDER
from sidan.orders.models import Order
from sidan.orders.queries import reading
from sidan.orders.tests import make
from sidan.orders.words import S

pytestmark = pytest.mark.django_db

JUMPS = [timedelta(hours=-1), timedelta(hours=1), timedelta(days=400), timedelta(days=-30)]
MOMENTS = [
    datetime(2028, 2, 28, 16, 30, tzinfo=UTC),  # 00:30 of the leap day in the county
    datetime(2026, 12, 31, 15, 59, 59, tzinfo=UTC),  # a second before the county's new year
    datetime(2026, 3, 8, 7, 30, tzinfo=UTC),  # New York loses an hour
    datetime(2026, 2, 13, 9, 0, tzinfo=UTC),  # before a Saturday that is worked and a week that is not
]


@pytest.fixture(autouse=True)
def _county() -> None:
    make.county()


@pytest.mark.parametrize("jump", JUMPS)
def test_a_jump_between_two_steps_leaves_a_legal_history(jump: timedelta) -> None:
    order = make.order_in(S.IN_PROGRESS)
    at = make.NOON + jump
    make.take(order, "reply", "handler", at, text="已办", contacted=True)
    make.take(order, "check", "checker", at)
    make.take(order, "rate", None, at, solved="yes", satisfied="yes")
    entries = journal.entries(order.subject())
    assert [entry.seq for entry in entries] == list(range(1, 10))
    assert [line.seq for line in reading.timeline(order, make.act("checker"))] == sorted(entry.seq for entry in entries)
    assert engine.fold(ORDER, entries) == engine.row_of(ORDER, Order.objects.get(pk=order.pk))
    assert journal.verify() is None


@pytest.mark.parametrize("jump", JUMPS)
def test_the_clock_that_jumps_strikes_each_stage_once(jump: timedelta) -> None:
    order = make.order_in(S.AWAITING_RATING)
    clockwork.tick(make.NOON + jump)
    clockwork.tick(make.NOON + jump)
    clockwork.tick(make.NOON)
    order.refresh_from_db()
    lapsed = [entry for entry in journal.entries(order.subject()) if entry.kind.endswith(".lapsed")]
    assert len(lapsed) == (1 if jump > timedelta(days=7) else 0)
    assert (order.state == S.CLOSED) == bool(lapsed)


@pytest.mark.parametrize("start", MOMENTS)
@pytest.mark.parametrize("category", ["0101", "0201", "04"])
def test_a_deadline_is_after_its_start_and_later_for_a_later_start(start: datetime, category: str) -> None:
    one = make.ask(start, category=category)
    two = make.ask(start + timedelta(hours=1), category=category)
    for order in (one, two):
        assert order.due_at is not None
        assert order.answer_due_at is not None
        assert order.asked_at < order.due_at <= order.answer_due_at
    assert one.answer_due_at is not None
    assert two.answer_due_at is not None
    assert two.answer_due_at - one.answer_due_at == timedelta(hours=1)


@pytest.mark.parametrize("start", MOMENTS)
def test_a_pause_moves_the_deadline_by_its_length_and_never_back(start: datetime) -> None:
    order = make.order_in(S.ACCEPTED, start)
    before = order.answer_due_at
    assert before is not None
    make.take(order, "ask_info", "community", start, text="哪一栋？")
    make.take(order, "give_info", None, start + timedelta(hours=5), text="三栋")
    assert order.answer_due_at == before + timedelta(hours=5)


def test_a_host_in_another_zone_reckons_the_same(monkeypatch: pytest.MonkeyPatch) -> None:
    here = make.ask(MOMENTS[2]).answer_due_at
    monkeypatch.setenv("TZ", "America/New_York")
    time.tzset()
    try:
        assert make.ask(MOMENTS[2]).answer_due_at == here
    finally:
        monkeypatch.undo()
        time.tzset()


def test_the_ladder_is_climbed_rung_by_rung_and_the_resident_may_urge_only_when_late() -> None:
    order = make.order_in(S.IN_PROGRESS)
    due = order.due_at
    assert due is not None
    assert "urge" not in [step.do for step in engine.moves(ORDER, order, make.resident(order, due))]
    at = due - timedelta(hours=2)
    rungs = []
    for _ in range(40):
        at += timedelta(hours=1)
        clockwork.tick(at)
        order.refresh_from_db()
        rungs.append(order.rung)
    assert rungs == sorted(rungs)
    assert order.rung == 4
    kinds = [entry.kind for entry in journal.entries(order.subject())]
    assert kinds.count("orders.order.supervised") == 4
    late = make.resident(order, due + timedelta(minutes=1))
    assert "urge" in [step.do for step in engine.moves(ORDER, order, late)]
    make.take(order, "urge", None, due + timedelta(minutes=1))
    words = [line.words for line in reading.timeline(order, make.resident(order))]
    assert any("城市管理局" in line for line in words)
