"""Keys of imported orders: nobody has them yet, and nobody else on the way gets them."""

from itertools import pairwise

import pytest
from django.db import connection

from sidan.kernel.base import tx
from sidan.orders import keys
from sidan.orders.importing import storing
from sidan.orders.models import Order
from sidan.orders.tests import make

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def _county() -> None:
    make.county()


def dealt(monkeypatch: pytest.MonkeyPatch, *hands: list[str]) -> None:
    """What chance brings next."""
    rest = iter(hands)
    monkeypatch.setattr(keys, "new_numbers", lambda count: next(rest)[:count])


def test_a_number_on_its_way_is_not_drawn_again(monkeypatch: pytest.MonkeyPatch) -> None:
    issue = storing.Issue()
    dealt(monkeypatch, ["BBBBBBBB", "AAAAAAAA"], ["AAAAAAAA", "CCCCCCCC"], ["DDDDDDDD"])
    assert issue.draw(2) == ["AAAAAAAA", "BBBBBBBB"]
    assert issue.draw(2) == ["CCCCCCCC", "DDDDDDDD"]


def test_a_number_that_an_order_has_is_replaced(monkeypatch: pytest.MonkeyPatch) -> None:
    taken = make.ask().number
    with tx.writing():
        issue = storing.Issue()
        dealt(monkeypatch, [taken, "22222222"], [taken], ["33333333"])
        given = list(issue.keys(issue.draw(2)))
    assert [number for _, number in given] == ["22222222", "33333333"]


def test_ids_run_on_behind_those_of_the_table() -> None:
    last = make.ask().pk
    with tx.writing():
        issue = storing.Issue()
        given = [one for _ in range(3) for one, _number in issue.keys(issue.draw(5))]
    assert given[0] > last
    assert all(after > before for before, after in pairwise(given))
    assert Order.objects.filter(pk__in=given).count() == 0
    assert connection.vendor != "sqlite" or given == list(range(last + 1, last + 16))
