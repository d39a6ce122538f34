"""Staff are told of new, nearly due and late work, once each working morning."""

from datetime import datetime, timedelta
from typing import Any

import pytest

from sidan.kernel.notify.models import Message
from sidan.kernel.notify.relay import relay
from sidan.kernel.org import queries as org
from sidan.orders.commands import clockwork, digest
from sidan.orders.models import Order
from sidan.orders.tests import make
from sidan.orders.words import S

pytestmark = pytest.mark.django_db

MORNING = make.NOON.replace(hour=1, minute=30) + timedelta(days=1)  # half past nine in the county, a Thursday


@pytest.fixture(autouse=True)
def _county() -> None:
    make.county()


def told(role: str, code: str) -> dict[str, Any] | None:
    found = Message.objects.filter(topic="orders.digest", role=role, to_unit__code=code).first()
    return found.data if found else None


def test_each_unit_and_role_is_told_of_what_it_has_in_hand() -> None:
    make.order_in(S.DISPATCHED)
    make.order_in(S.SUBMITTED)
    make.order_in(S.NEED_INFO)
    digest.send(MORNING)
    assert told("handler", "500233-D01") == {"new": 1, "near": 0, "late": 1}
    assert told("community", "500233001001") == {"new": 1, "near": 0, "late": 1}
    assert told("dispatcher", "500233001") is None


def test_nearly_due_is_what_the_ladder_has_reminded_of() -> None:
    order = make.order_in(S.IN_PROGRESS, at=MORNING - timedelta(days=6, hours=23, minutes=30))
    clockwork.tick(MORNING)
    assert Order.objects.get(pk=order.pk).rung == 1
    digest.send(MORNING)
    assert told("handler", "500233-D01") == {"new": 0, "near": 1, "late": 0}


@pytest.mark.parametrize(
    "at",
    [MORNING.replace(hour=0), MORNING.replace(hour=15), MORNING + timedelta(days=2)],
    ids=["before offices open", "late in the evening", "on a Saturday"],
)
def test_nobody_is_told_outside_office_hours(at: datetime) -> None:
    make.order_in(S.SUBMITTED)
    assert digest.send(at) == 0


def test_nobody_is_told_twice_on_one_day() -> None:
    make.order_in(S.SUBMITTED)
    assert digest.send(MORNING) > 0
    assert digest.send(MORNING + timedelta(hours=1)) == 0
    assert digest.send(MORNING + timedelta(days=1)) > 0


def test_the_digest_can_be_said_in_words() -> None:
    make.order_in(S.SUBMITTED)
    digest.send(MORNING)
    relay(MORNING + timedelta(minutes=1), limit=1000)
    assert not Message.objects.filter(state="given_up").exists()
    assert org.holders(make.node("500233001001").id, "community", MORNING)
