"""Which clock runs, by which rule; what was promised is kept, and the catalogue may only tighten it."""

from datetime import UTC, date, datetime, timedelta

import pytest

from sidan.kernel.base import snapshot, tx
from sidan.kernel.org.models import Unit
from sidan.kernel.worktime import queries as worktime
from sidan.orders import clocks
from sidan.orders.models import DeadlineRule, DispatchRule
from sidan.orders.queries import reading
from sidan.orders.tests import make
from sidan.orders.words import S, Stage

pytestmark = pytest.mark.django_db
HOUR, DAY = timedelta(hours=1), timedelta(days=1)


@pytest.fixture(autouse=True)
def _county() -> None:
    make.county()


@tx.writes
def rule(**values: object) -> DeadlineRule:
    made = DeadlineRule.objects.create(
        **{"urgency": "*", "klass": "*", "valid_from": date(2026, 2, 1), "source": "test", **values}
    )
    snapshot.bump()
    return made


@tx.writes
def tighten(amount: int, measure: str, **values: object) -> None:
    DispatchRule.objects.filter(category_code="01").update(answer_amount=amount, answer_measure=measure, **values)
    snapshot.bump()


@pytest.mark.parametrize(
    ("category", "dispatch", "reply"),
    [
        ("03", HOUR, 2 * HOUR),
        ("0201", 2 * HOUR, 24 * HOUR),
        ("0101", DAY, 7 * DAY),
        ("04", DAY, 15 * DAY),
        (None, DAY, 7 * DAY),
    ],
)
def test_the_class_of_the_category_sets_the_clocks(category: str | None, dispatch: timedelta, reply: timedelta) -> None:
    order = make.ask(category=category)
    assert order.due_at == make.NOON + 2 * HOUR
    assert order.dispatch_due_at == make.NOON + dispatch
    assert order.answer_due_at == make.NOON + dispatch + reply


def test_the_deadline_and_the_rule_that_made_it_are_on_the_ticket() -> None:
    view = reading.order_view(make.ask(), make.act("community"))
    assert view["due_at"] == make.NOON + 8 * DAY
    assert view["rule"] == "答复时限：7天（test）"
    assert view["stage_rule"] == "接单时限：2小时（test）"


@pytest.mark.parametrize("hours", [0, 5, 23, 24, 48, 300])
def test_what_was_promised_is_never_exceeded_by_the_dispatch(hours: int) -> None:
    order = make.order_in(S.AWAITING_DISPATCH)
    promised = order.answer_due_at
    at = make.NOON + hours * HOUR
    order = make.take(order, "dispatch", "dispatcher", at, lead=make.node("500233-D01"))
    assert promised is not None
    assert order.answer_due_at == min(promised, at + 7 * DAY)


def test_a_category_named_at_the_dispatch_does_not_lengthen_it_either() -> None:
    order = make.order_in(S.AWAITING_DISPATCH)
    promised = order.answer_due_at
    order = make.take(order, "dispatch", "dispatcher", lead=make.node("500233-D02"), category="04")
    assert order.klass == "complex"
    assert promised is not None
    assert order.answer_due_at is not None
    assert order.answer_due_at <= promised


@pytest.mark.parametrize(
    ("amount", "measure", "due"), [(3, "days", 3 * DAY), (8, "hours", 8 * HOUR), (30, "days", 7 * DAY)]
)
def test_the_catalogue_may_tighten_and_not_lengthen(amount: int, measure: str, due: timedelta) -> None:
    tighten(amount, measure)
    order = make.order_in(S.DISPATCHED)
    assert order.answer_due_at == make.NOON + due


def test_the_catalogues_limit_is_for_the_lead_that_it_names() -> None:
    tighten(3, "days")
    order = make.order_in(S.AWAITING_DISPATCH)
    order = make.take(order, "dispatch", "dispatcher", lead=make.node("500233-D02"))
    assert order.answer_due_at == make.NOON + 7 * DAY


def test_the_community_that_handles_at_once_keeps_the_promise() -> None:
    order = make.take(make.ask(), "handle", "community", make.NOON + HOUR)
    assert order.answer_due_at == order.due_at == make.NOON + HOUR + 7 * DAY
    late = make.take(make.ask(), "handle", "community", make.NOON + 3 * DAY)
    assert late.answer_due_at == make.NOON + 8 * DAY


class TestRules:
    def test_the_nearest_unit_goes_before_the_class_and_the_class_before_the_urgency(self) -> None:
        town, community = Unit.objects.get(code="500233001"), Unit.objects.get(code="500233001001")
        order = make.ask(urgency="urgent")
        assert order.klass == "general"
        general = clocks.rule_for(order, Stage.REPLY, make.NOON)
        rule(stage="reply", urgency="urgent", amount=5, measure="days")
        assert clocks.rule_for(order, Stage.REPLY, make.NOON) == general
        for values in ({"klass": "general", "urgency": "urgent"}, {"unit": town}, {"unit": community}):
            row = rule(stage="reply", amount=4, measure="days", **values)
            assert clocks.rule_for(order, Stage.REPLY, make.NOON) == row

    def test_a_rule_of_another_unit_does_not_matter(self) -> None:
        rule(stage="reply", unit=Unit.objects.get(code="500233002"), amount=1, measure="days")
        assert make.ask().answer_due_at == make.NOON + 8 * DAY
        assert make.ask(unit="500233002001").answer_due_at == make.NOON + 2 * DAY

    def test_a_rule_holds_from_its_first_day_until_the_day_before_its_last(self) -> None:
        rule(
            stage="accept",
            klass="general",
            amount=1,
            measure="hours",
            valid_from=date(2026, 3, 5),
            valid_to=date(2026, 3, 7),
        )
        found = [make.ask(make.NOON + days * DAY) for days in range(4)]
        spans = [order.due_at - order.asked_at for order in found if order.due_at]
        assert spans == [2 * HOUR, HOUR, HOUR, 2 * HOUR]

    def test_the_day_of_a_rule_is_the_countys(self) -> None:
        rule(stage="accept", klass="general", amount=1, measure="hours", valid_from=date(2026, 3, 5))
        midnight = datetime(2026, 3, 4, 16, 0, tzinfo=UTC)
        before, after = make.ask(midnight - timedelta(seconds=1)), make.ask(midnight)
        assert before.due_at == before.asked_at + 2 * HOUR
        assert after.due_at == after.asked_at + HOUR

    def test_a_new_version_does_not_move_what_was_promised_before(self) -> None:
        order = make.ask()
        rule(stage="reply", klass="general", amount=1, measure="days")
        order.refresh_from_db()
        assert order.answer_due_at == make.NOON + 8 * DAY
        assert reading.order_view(order, make.act("community"))["rule"] == "答复时限：7天（test）"


class TestPauses:
    def test_a_pause_in_working_days_gives_back_working_days(self) -> None:
        rule(stage="reply", klass="general", amount=5, measure="working_days")
        order = make.order_in(S.IN_PROGRESS)
        promised = order.answer_due_at
        friday, monday = make.NOON + 2 * DAY, make.NOON + 5 * DAY
        order = make.take(order, "suspend", "dispatcher", friday, until=date(2026, 3, 9), reason="等")
        order = make.take(order, "resume", "handler", monday)
        assert promised is not None
        assert order.answer_due_at == worktime.calendar().shift(promised, friday, monday, "working_days")
        assert order.answer_due_at > promised

    def test_what_was_late_before_the_pause_stays_late(self) -> None:
        order = make.order_in(S.IN_PROGRESS)
        assert order.answer_due_at is not None
        late = order.answer_due_at + HOUR
        order = make.take(order, "suspend", "dispatcher", late, until=(late + 5 * DAY).date(), reason="等")
        before = order.answer_due_at
        assert make.take(order, "resume", "handler", late + 2 * DAY).answer_due_at == before


class TestLooks:
    def test_a_reminder_before_the_end_leaves_half_of_the_stage(self) -> None:
        order = make.ask()
        assert order.tick_at == make.NOON + HOUR  # one hour before the end of two
        tight = make.order_in(S.AWAITING_DISPATCH, category="03")
        assert tight.due_at == make.NOON + HOUR
        assert tight.tick_at == make.NOON + HOUR / 2

    @pytest.mark.parametrize("state", [S.NEED_INFO, S.AWAITING_RATING, S.SUSPENDED])
    def test_a_stage_that_ends_by_itself_has_no_ladder(self, state: S) -> None:
        order = make.order_in(state)
        assert order.tick_at == order.due_at

    @pytest.mark.parametrize("state", [S.CLOSED, S.NOT_ACCEPTED, S.WITHDRAWN, S.MERGED])
    def test_what_has_ended_has_no_clock(self, state: S) -> None:
        order = make.order_in(state)
        assert (order.due_at, order.tick_at, order.due_rule_id) == (None, None, None)
