"""The last word is the resident's: it closes the loop or opens it again, and silence is no praise."""

from datetime import timedelta

import pytest

from sidan.kernel.base.errors import Invalid, NotAllowed, NotNow
from sidan.kernel.journal import queries as journal
from sidan.kernel.notify.models import Message
from sidan.kernel.org import commands as people
from sidan.kernel.org.models import Contact, Unit
from sidan.orders.commands import clockwork
from sidan.orders.models import Order
from sidan.orders.queries import figures, reading
from sidan.orders.tests import make
from sidan.orders.words import S

pytestmark = pytest.mark.django_db
DAY = timedelta(days=1)


@pytest.fixture(autouse=True)
def _county() -> None:
    make.county()


def rate(solved: str, satisfied: str = "yes", reason: str | None = None) -> Order:
    return make.take(make.order_in(S.AWAITING_RATING), "rate", None, solved=solved, satisfied=satisfied, reason=reason)


def rates() -> dict[str, tuple[int, int]]:
    return {one.figure.name: (one.numerator, one.denominator) for one in figures.rates(make.NOON)}


def again(order: Order, lead: str, handle: str, by: str = "dispatcher") -> Order:
    """One more round, up to the rating."""
    order = make.take(order, "dispatch", by, lead=make.node(lead))
    order = make.take(make.take(order, "sign", handle), "reply", handle, text="又修了")
    return make.take(order, "check", "checker")


class TestRating:
    @pytest.mark.parametrize("solved", ["yes", "partly"])
    @pytest.mark.parametrize("satisfied", ["yes", "basically", "no"])
    def test_yes_and_partly_close(self, solved: str, satisfied: str) -> None:
        order = rate(solved, satisfied)
        assert (order.state, order.solved, order.satisfied) == (S.CLOSED, solved, satisfied)
        assert order.rated_at == order.closed_at == make.NOON
        assert order.reopen_until == make.NOON + 30 * DAY

    def test_a_rating_from_the_telephone_of_who_answered_counts_and_is_flagged(self) -> None:
        order = make.order_in(S.AWAITING_RATING, phone="13900004321")
        handler = make.person("handler").pk
        Contact.objects.create(person_id=handler, **people.contact_columns(handler, phone="13900004321"))
        order = make.take(order, "rate", solved="yes", satisfied="yes")
        assert (order.state, order.satisfied) == (S.CLOSED, "yes")
        assert '"flag":"phone"' in journal.entries(order.subject())[-1].data
        assert '"flag"' not in journal.entries(rate("yes").subject())[-1].data

    def test_no_opens_it_again_with_a_new_clock(self) -> None:
        order = rate("no", "no", "还是不亮")
        assert (order.state, order.round, order.lead_unit_id) == (S.REOPENED, 2, None)
        assert (order.answered_at, order.rated_at, order.closed_at, order.signed_by_id) == (None,) * 4
        assert order.due_at == make.NOON + DAY
        assert order.answer_due_at == make.NOON + 8 * DAY
        assert (order.solved, order.satisfied) == ("no", "no")
        assert "还是不亮" in [line.text for line in reading.timeline(order, make.act("dispatcher"))]
        assert Message.objects.get(topic="orders.reopened").to_unit_id == order.desk_unit_id

    def test_no_needs_a_reason(self) -> None:
        with pytest.raises(Invalid) as refusal:
            rate("no", "no")
        assert list(refusal.value.details["fields"]) == ["reason"]

    @pytest.mark.parametrize(("solved", "satisfied"), [("", "yes"), ("yes", ""), ("maybe", "yes"), ("yes", "very")])
    def test_both_answers_are_given_or_none(self, solved: str, satisfied: str) -> None:
        with pytest.raises(Invalid):
            rate(solved, satisfied)
        assert Order.objects.get().rated_at is None

    def test_only_the_one_who_asked_rates(self) -> None:
        order = make.order_in(S.AWAITING_RATING)
        for handle, _role, _unit in make.STAFF:
            with pytest.raises(NotAllowed):
                make.take(order, "rate", handle, solved="yes", satisfied="yes")

    def test_not_before_the_answer_was_checked_and_not_twice(self) -> None:
        for state in (S.REPLIED, S.CLOSED, S.IN_PROGRESS):
            with pytest.raises(NotNow):
                make.take(make.order_in(state), "rate", None, solved="yes", satisfied="yes")


class TestCallBack:
    def test_never_by_whoever_handled_it(self) -> None:
        order = make.order_in(S.AWAITING_RATING)
        people.seat(make.person("handler"), Unit.objects.get(code="500233001"), "checker", from_date=make.SINCE)
        for solved in ("yes", "no"):
            with pytest.raises(NotAllowed) as refusal:
                make.take(order, "call_back", "handler", solved=solved, satisfied="yes", reason="他说好")
            assert refusal.value.code == "same_person"

    def test_a_checker_records_what_was_said(self) -> None:
        order = make.take(make.order_in(S.AWAITING_RATING), "call_back", "checker", solved="yes", satisfied="basically")
        assert (order.state, order.solved, order.satisfied) == (S.CLOSED, "yes", "basically")

    def test_not_solved_opens_it_again(self) -> None:
        order = make.order_in(S.AWAITING_RATING)
        with pytest.raises(Invalid):
            make.take(order, "call_back", "checker", solved="no", satisfied="no")
        order = make.take(order, "call_back", "checker", solved="no", satisfied="no", reason="还是不亮")
        assert (order.state, order.round) == (S.REOPENED, 2)

    def test_nobody_else_calls_back(self) -> None:
        for handle in ("community", "dispatcher", "handler2", "supervisor", "operator"):
            with pytest.raises(NotAllowed):
                make.take(make.order_in(S.AWAITING_RATING), "call_back", handle, solved="yes", satisfied="yes")


class TestLapse:
    def test_silence_is_unrated_and_never_satisfied(self) -> None:
        order = make.order_in(S.AWAITING_RATING)
        assert order.due_at == make.NOON + 7 * DAY
        clockwork.tick(make.NOON + 7 * DAY)
        order.refresh_from_db()
        assert (order.state, order.solved, order.satisfied, order.rated_at) == (S.CLOSED, None, None, None)
        assert rates()["satisfied"] == (0, 0)
        assert rates()["solved"] == (0, 1)
        assert figures.unrated() == 1

    def test_what_an_earlier_round_was_rated_is_not_overwritten_by_silence(self) -> None:
        order = again(rate("no", "no", "还是不亮"), "500233-D02", "handler2")
        clockwork.tick(make.NOON + 7 * DAY)
        order.refresh_from_db()
        assert (order.state, order.solved, order.satisfied) == (S.CLOSED, "no", "no")
        assert rates()["satisfied"] == (0, 1)

    def test_who_was_silent_may_still_open_it_again(self) -> None:
        order = make.order_in(S.AWAITING_RATING)
        at = make.NOON + 7 * DAY
        clockwork.tick(at)
        order.refresh_from_db()
        with pytest.raises(NotNow) as refusal:
            make.take(order, "reopen", None, at + 30 * DAY + timedelta(seconds=1), reason="又坏了")
        assert refusal.value.code == "reopen_window_over"
        order = make.take(order, "reopen", None, at + 30 * DAY, reason="又坏了")
        assert (order.state, order.solved, order.satisfied) == (S.REOPENED, "no", None)
        assert order.answer_due_at == at + 38 * DAY


def test_partly_counts_as_not_solved() -> None:
    for solved in ("yes", "partly", "partly"):
        rate(solved)
    assert rates()["solved"] == (1, 3)
    assert rates()["satisfied"] == (3, 3)


def test_an_open_order_whose_first_answer_failed_counts_as_not_solved() -> None:
    rate("no", "no", "还是不亮")
    assert rates()["solved"] == (0, 1)


class TestRounds:
    def test_after_the_second_reopening_the_desk_is_the_one_above(self) -> None:
        order = rate("no", "no", "还是不亮")
        assert order.desk_unit_id == make.node("500233001").id
        order = make.take(again(order, "500233-D01", "handler"), "reopen", None, reason="还是不亮")
        assert (order.round, order.desk_unit_id) == (3, make.node("500233").id)

    def test_after_the_second_reopening_another_unit_leads(self) -> None:
        order = again(rate("no", "no", "还是不亮"), "500233-D01", "handler")
        order = make.take(order, "reopen", None, reason="还是不亮")
        with pytest.raises(NotNow) as refusal:
            make.take(order, "dispatch", "county-dispatcher", lead=make.node("500233-D01"))
        assert refusal.value.code == "other_unit_needed"
        assert make.take(order, "dispatch", "county-dispatcher", lead=make.node("500233-D02")).state == S.DISPATCHED

    def test_a_closed_order_is_reopened_by_the_one_who_asked_only(self) -> None:
        order = make.order_in(S.CLOSED)
        for handle in ("community", "handler", "checker", "supervisor"):
            with pytest.raises(NotAllowed):
                make.take(order, "reopen", handle, reason="再办")
        assert make.take(order, "reopen", None, reason="又坏了").round == 2
