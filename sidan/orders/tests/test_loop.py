"""The loop closes, or opens again."""

import pytest

from sidan.kernel.flow import engine
from sidan.kernel.journal import queries as journal
from sidan.orders.flow import ORDER
from sidan.orders.models import Order
from sidan.orders.queries import reading
from sidan.orders.tests import make
from sidan.orders.words import S

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def _county() -> None:
    make.county()


@pytest.mark.parametrize("state", list(S))
def test_every_state_can_be_reached_and_the_row_equals_its_fold(state: S) -> None:
    order = Order.objects.get(pk=make.order_in(state).pk)
    assert order.state == state
    assert engine.fold(ORDER, journal.entries(order.subject())) == engine.row_of(ORDER, order)
    assert journal.verify() is None


@pytest.mark.parametrize("state", list(S))
def test_every_state_can_be_read_by_resident_and_staff(state: S) -> None:
    order = Order.objects.get(pk=make.order_in(state).pk)
    for act in (make.resident(order), make.act("county-supervisor")):
        seen = reading.order_view(order, act)
        assert seen["number"] == order.number
        assert seen["timeline"]
        assert all(line["words"] for line in seen["timeline"])
