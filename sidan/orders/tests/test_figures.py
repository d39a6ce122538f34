"""The rates are what anybody can count by hand, and each opens to the orders it counts."""

from datetime import datetime, timedelta

import pytest
from django.db.models import Q
from hypothesis import given
from hypothesis import strategies as st

from sidan.kernel.org import queries as org
from sidan.orders.models import Order
from sidan.orders.queries import figures
from sidan.orders.queries.figures import Rate
from sidan.orders.tests import make, population
from sidan.orders.words import S

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def _county() -> None:
    make.county()


def by_hand(found: list[Order], at: datetime) -> dict[str, tuple[int, int]]:
    """The definitions once more, one order at a time."""
    counted = [one for one in found if one.state not in ("merged", "withdrawn")]
    contacts = [
        one for one in counted if one.contact_due_at and (one.contact_due_at <= at or one.first_contact_at is not None)
    ]
    answered = [one for one in counted if one.answered_at or one.round > 1]
    rated = [one for one in counted if one.satisfied]
    promised = [one for one in counted if one.answer_due_at and (one.answered_at or one.answer_due_at <= at)]
    return {
        "response": (
            sum(bool(one.first_contact_at and one.contact_due_at and one.first_contact_at <= one.contact_due_at) for one in contacts),
            len(contacts),
        ),
        "solved": (sum(one.solved == "yes" for one in answered), len(answered)),
        "satisfied": (sum(one.satisfied in ("yes", "basically") for one in rated), len(rated)),
        "on_time": (
            sum(bool(one.answered_at and one.answer_due_at and one.answered_at <= one.answer_due_at) for one in promised),
            len(promised),
        ),
    }  # fmt: skip


@pytest.mark.parametrize("days", [0, 3, 30])
def test_the_rates_are_those_counted_by_hand(days: int) -> None:
    population.orders(80, 12)
    for state in (S.CLOSED, S.AWAITING_RATING, S.REOPENED, S.MERGED, S.WITHDRAWN):
        make.order_in(state)
    at = make.NOON + timedelta(days=days)
    found = {one.figure.name: (one.numerator, one.denominator) for one in figures.rates(at)}
    assert found == by_hand(list(Order.objects.all()), at)
    assert all(counted > 0 for _n, counted in found.values())


def test_every_figure_opens_to_its_records() -> None:
    population.orders(60, 13)
    make.order_in(S.CLOSED)
    at = make.NOON + timedelta(days=9)
    for rate in figures.rates(at):
        name = rate.figure.name
        numerator = set(Order.objects.filter(figures.records(name, at, numerator=True)).values_list("pk", flat=True))
        denominator = set(Order.objects.filter(figures.records(name, at, numerator=False)).values_list("pk", flat=True))
        assert (len(numerator), len(denominator)) == (rate.numerator, rate.denominator)
        assert numerator <= denominator
    assert figures.unrated() == Order.objects.filter(figures.unrated_records()).count()
    with pytest.raises(KeyError):
        figures.records("happiness", at, numerator=True)


def test_places_add_up_to_the_whole() -> None:
    population.orders(60, 14)
    at = make.NOON + timedelta(days=9)
    parts = [Q(unit=unit) for unit in org.tree().nodes]
    for at_hand, whole in zip(
        zip(*(figures.rates(at, part) for part in parts), strict=True), figures.rates(at), strict=True
    ):
        assert sum(one.numerator for one in at_hand) == whole.numerator
        assert sum(one.denominator for one in at_hand) == whole.denominator
    assert sum(figures.by_state().values()) == Order.objects.count()


def test_what_was_withdrawn_or_merged_is_in_no_figure() -> None:
    order = make.order_in(S.DISPATCHED)
    late = make.NOON + timedelta(days=90)
    assert {one.figure.name for one in figures.rates(late) if one.denominator} == {"response", "on_time"}
    make.take(order, "withdraw", None)
    assert not any(one.denominator for one in figures.rates(late))


def test_an_emergency_that_was_sent_on_is_in_no_figure() -> None:
    make.ask(category="0301")
    assert not any(one.denominator for one in figures.rates(make.NOON + timedelta(days=90)))


def test_nothing_is_no_rate() -> None:
    assert {(one.rate, one.interval(), one.small) for one in figures.rates(make.NOON)} == {(None, None, True)}


@given(st.integers(1, 5000), st.data())
def test_the_interval_holds_the_rate_and_narrows_with_the_count(n: int, data: st.DataObject) -> None:
    k = data.draw(st.integers(0, n))
    figure = figures.figures(make.NOON)[0]
    interval = Rate(figure, k, n).interval()
    assert interval is not None
    low, high = interval
    assert 0 <= low <= k / n + 1e-9
    assert k / n - 1e-9 <= high <= 1
    more = Rate(figure, k * 10, n * 10).interval()
    assert more is not None
    assert more[1] - more[0] < high - low
