"""Several orders to one unit: seen before, held for ten seconds, taken back without a trace, then dispatched by the ordinary verb."""

from collections.abc import Iterator
from datetime import timedelta
from uuid import uuid4

import pytest
import time_machine

from sidan.kernel.base.errors import Invalid, NotFound, NotNow
from sidan.kernel.journal.models import Entry
from sidan.kernel.notify.models import Message
from sidan.orders.commands import bulk
from sidan.orders.models import Held, Order
from sidan.orders.tests import make
from sidan.orders.tests.desk import door, html
from sidan.orders.words import S

pytestmark = pytest.mark.django_db
NOW = make.NOON + timedelta(hours=1)
LATER = NOW + timedelta(seconds=11)


@pytest.fixture(autouse=True)
def _county() -> Iterator[None]:
    with time_machine.travel(NOW, tick=False):
        make.county(logins=True)
        yield


def some(count: int = 3) -> list[Order]:
    return [make.order_in(S.AWAITING_DISPATCH) for _one in range(count)]


def hold(orders: list[Order], handle: str = "dispatcher") -> object:
    return bulk.hold(
        [(order, order.version) for order in orders], lead=make.node("500233-D02"), act=make.act(handle, NOW)
    )


def states(orders: list[Order]) -> set[str]:
    return set(Order.objects.filter(pk__in=[order.pk for order in orders]).values_list("state", flat=True))


def test_what_is_held_has_not_happened() -> None:
    orders = some()
    entries, messages = Entry.objects.count(), Message.objects.count()
    hold(orders)
    assert bulk.release(NOW + timedelta(seconds=9)) == 0
    assert states(orders) == {S.AWAITING_DISPATCH}
    assert (Entry.objects.count(), Message.objects.count()) == (entries, messages)


def test_what_is_taken_back_leaves_no_trace_and_never_goes() -> None:
    orders = some()
    bundle = hold(orders)
    with pytest.raises(NotFound):
        bulk.take_back(bundle, act=make.act("county-dispatcher", NOW))  # type: ignore[arg-type]
    assert bulk.take_back(bundle, act=make.act("dispatcher", NOW)) == 3  # type: ignore[arg-type]
    assert not Held.objects.exists()
    assert bulk.release(LATER) == 0
    assert states(orders) == {S.AWAITING_DISPATCH}


def test_after_ten_seconds_each_is_dispatched_by_whoever_pressed() -> None:
    orders = some()
    bundle = hold(orders)
    assert bulk.release(LATER) == 3
    for order in Order.objects.filter(pk__in=[one.pk for one in orders]):
        assert (order.state, order.dispatched_by_id, order.dispatched_at) == (
            S.DISPATCHED,
            make.person("dispatcher").pk,
            LATER,
        )
        assert order.lead_unit_id == make.node("500233-D02").id
    assert bulk.release(LATER) == 0
    with pytest.raises(NotNow):
        bulk.take_back(bundle, act=make.act("dispatcher", LATER))  # type: ignore[arg-type]
    assert bulk.sweep(LATER + timedelta(days=2)) == 3


def test_what_somebody_moved_meanwhile_stays_theirs_and_is_told() -> None:
    first, second = some(2)
    bundle = hold([first, second])
    make.take(first, "send_back", "dispatcher", NOW, reason="请补充地址")
    assert bulk.release(LATER) == 1
    assert states([first]) == {S.ACCEPTED}
    text = html(door("dispatcher").get(f"/desk/bundles/{bundle}/"))
    assert "派出了 1 件" in text
    assert "dispatcher 名刚刚已处理" in text


def test_all_or_none_is_held_and_none_twice() -> None:
    first, second = some(2)
    hold([first])
    with pytest.raises(NotNow):
        hold([first, second])
    make.take(second, "classify", "dispatcher", NOW, category="0201")
    with pytest.raises(NotNow):
        bulk.hold([(second, 1)], lead=make.node("500233-D02"), act=make.act("dispatcher", NOW))
    with pytest.raises(Invalid):
        bulk.hold([(second, second.version)], lead=make.node("500233001001"), act=make.act("dispatcher", NOW))
    assert Held.objects.count() == 1


def test_the_preview_says_what_would_go_and_what_not() -> None:
    going, moved = some(2)
    far = make.take(make.take(make.ask(unit="500233002001"), "accept", "community3"), "pass_on", "community3")
    picks = [f"{going.number}.{going.version}", f"{moved.number}.{moved.version - 1}", f"{far.number}.{far.version}"]
    client = door("dispatcher")
    text = html(client.post("/desk/dispatch/bulk/", {"pick": picks, "lead": "500233-D02"}))
    assert "1 件，都派给住建委" in text
    assert "目录建议派给城市管理局" in text
    assert "刚刚已有人处理" in text
    assert far.number not in text  # another street's order is not there for this desk
    form = {"pick": picks[0], "lead": "500233-D02", "confirm": "1", "form_token": "a" * 12}
    led = client.post("/desk/dispatch/bulk/", form)
    assert led["Location"].startswith("/desk/bundles/")
    assert Held.objects.count() == 1
    client.post("/desk/dispatch/bulk/", form)  # pressed twice
    assert Held.objects.count() == 1
    assert "正在派出" in html(client.get("/desk/dispatch/"))
    assert door("county-dispatcher").get(led["Location"]).status_code == 404
    assert client.post(f"{led['Location']}undo/", {"form_token": "b" * 12})["Location"] == "/desk/dispatch/"
    assert not Held.objects.exists()


def test_a_bundle_that_is_not_there_is_not_found() -> None:
    assert door("dispatcher").get(f"/desk/bundles/{uuid4()}/").status_code == 404
