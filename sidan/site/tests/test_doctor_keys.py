"""Keys that the database does not check, and what looks after them."""

from datetime import UTC, datetime, timedelta

import pytest
from django.db import OperationalError, connection

from sidan.orders.models import Order
from sidan.orders.tests import make
from sidan.site import doctor

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def _county() -> None:
    make.county()


def said() -> doctor.Finding:
    return next(one for one in doctor.examine(datetime.now(UTC)) if one.name == "keys")


def test_keys_that_point_to_something_are_well() -> None:
    make.ask()
    assert said().level == "ok"


def test_a_key_that_points_to_nothing_is_named_with_its_row() -> None:
    order = make.ask()
    Order.objects.filter(pk=order.pk).update(replied_by_id=5)
    found = said()
    assert found.level == "problem"
    assert f"orders_order.replied_by_id of {order.pk}" in found.said


def test_a_look_that_takes_too_long_is_broken_off_and_says_so(monkeypatch: pytest.MonkeyPatch) -> None:
    make.ask()
    slow = "SELECT count(*) FROM generate_series(1, 100000000)"
    if connection.vendor == "sqlite":
        slow = "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n) SELECT count(i) FROM n"
    monkeypatch.setattr(doctor, "LONGEST_LOOK", timedelta(milliseconds=50))
    with pytest.raises(OperationalError), doctor._at_most(doctor.LONGEST_LOOK), connection.cursor() as cursor:
        cursor.execute(slow)
    assert Order.objects.count() == 1
