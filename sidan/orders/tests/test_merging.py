"""Merging an order that was dispatched already."""

import pytest

from sidan.orders.commands import VERBS
from sidan.orders.models import Support
from sidan.orders.tests import make
from sidan.orders.words import S


@pytest.mark.django_db
def test_co_handlers_of_a_merged_order_wait_for_nothing() -> None:
    make.county()
    goes_on, order = make.ask(), make.order_in(S.AWAITING_DISPATCH)
    lead, helper = make.node("500233-D01"), make.node("500233-D02")
    make.take(order, "dispatch", "dispatcher", lead=lead, supports=[helper])
    assert order.supports_open == 1
    VERBS["merge"](order, into=goes_on.number, act=make.act("dispatcher"))
    assert (order.state, order.supports_open) == (S.MERGED, 0)
    assert [part.state for part in Support.objects.filter(order=order)] == ["released"]
