"""What went wrong once, each named after the wrong behaviour."""

from typing import Any

import pytest

from sidan.kernel.base.errors import Invalid, NotAllowed, NotNow
from sidan.kernel.notify.models import Message
from sidan.kernel.org import commands as people
from sidan.kernel.org.models import Unit
from sidan.orders.commands import revealing
from sidan.orders.models import Order
from sidan.orders.queries import lists, reading
from sidan.orders.tests import make
from sidan.orders.words import S

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def _county() -> None:
    make.county()


def test_an_emergency_recognised_by_staff_stayed_in_the_queue() -> None:
    order = make.ask(category=None)
    make.take(order, "classify", "community", category="0301")
    order = Order.objects.get(pk=order.pk)
    assert (order.state, order.refusal, order.due_at, order.tick_at) == (S.NOT_ACCEPTED, "emergency", None, None)
    refusal = reading.refusal_of(order)
    assert refusal is not None
    assert refusal["phone"] == "119"
    assert Message.objects.get(topic="orders.directed").data["emergency"] == "119"


@pytest.mark.parametrize("step", ["pass_on", "dispatch"])
def test_an_emergency_was_passed_on(step: str) -> None:
    order = make.order_in(S.ACCEPTED if step == "pass_on" else S.AWAITING_DISPATCH)
    lead: dict[str, Any] = {"lead": make.node("500233-D02")} if step == "dispatch" else {}
    with pytest.raises(Invalid) as refused:
        make.take(order, step, "community" if step == "pass_on" else "dispatcher", category="0301", **lead)
    assert "119" in refused.value.details["fields"]["category"]


def test_the_resident_read_a_reply_that_no_checker_had_let_through() -> None:
    order = make.order_in(S.REPLIED)
    assert not any("已换新灯" in line.text for line in reading.timeline(order, make.resident(order)))
    assert any("已换新灯" in line.text for line in reading.timeline(order, make.act("checker")))
    make.take(order, "return_reply", "checker", reason="照片对不上")
    assert not any("已换新灯" in line.text for line in reading.timeline(order, make.resident(order)))
    make.take(order, "reply", "handler", text="这次真的换了")
    make.take(order, "check", "checker")
    read = [line.text for line in reading.timeline(order, make.resident(order))]
    assert "这次真的换了" in read
    assert "已换新灯" not in read


def test_an_escalation_undid_a_ruling() -> None:
    order = make.order_in(S.DISPUTED)
    make.take(order, "rule", "supervisor", lead=make.node("500233-D02"), reason="按三定")
    make.take(order, "escalate", "supervisor", reason="街道协调不动")
    make.take(order, "dispatch", "county-dispatcher", lead=make.node("500233-D02"))
    with pytest.raises(NotNow) as refused:
        make.take(order, "dispute", "handler2", reason="还是不该我们办")
    assert refused.value.code == "ruled"


def test_a_street_ruled_on_a_dispute_of_the_countys_desk() -> None:
    order = make.order_in(S.ESCALATED)
    make.take(order, "dispatch", "county-dispatcher", lead=make.node("500233-D01"))
    make.take(order, "dispute", "handler", reason="不是我们的")
    assert lists.desk("disputes", make.act("supervisor")).rows == []
    with pytest.raises(NotAllowed):
        make.take(order, "rule", "supervisor", lead=make.node("500233-D01"), reason="就你们")
    assert [row["number"] for row in lists.desk("disputes", make.act("county-supervisor")).rows] == [order.number]
    make.take(order, "rule", "county-supervisor", lead=make.node("500233-D01"), reason="就你们")


def test_a_handler_who_also_supervises_asked_for_the_identity() -> None:

    order = make.order_in(S.SIGNED, confidential=True)
    handler = make.person("handler")
    people.seat(handler, Unit.objects.get(code="500233001"), "supervisor", from_date=make.SINCE)
    with pytest.raises(NotAllowed):
        revealing.request_reveal(order, reason="想看看是谁反映的", act=make.act("handler"))
