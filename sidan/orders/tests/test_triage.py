"""Going through a desk: the next order opens, colleagues see each other, and what is new is told without moving a row."""

from collections.abc import Iterator
from datetime import timedelta
from typing import Any

import pytest
import time_machine

from sidan.kernel.journal import queries as journal
from sidan.orders.commands import looking
from sidan.orders.models import Looking, Order
from sidan.orders.queries import lists
from sidan.orders.tests import make
from sidan.orders.tests.desk import door, html
from sidan.orders.words import S

pytestmark = pytest.mark.django_db
NOW = make.NOON + timedelta(hours=1)


@pytest.fixture(autouse=True)
def _county() -> Iterator[None]:
    with time_machine.travel(NOW, tick=False):
        make.county(logins=True)
        yield


def desk_of(count: int, **wish: Any) -> list[Order]:
    return [make.order_in(S.AWAITING_DISPATCH, make.NOON + timedelta(minutes=one), **wish) for one in range(count)]


def press(order: Order, noun: str, **values: Any) -> Any:
    """A step's form as the page sends it."""
    form = {"version": order.version, "form_token": f"{order.number}-{noun}", **values}
    return door("dispatcher").post(f"/desk/orders/{order.number}/{noun}/", form)


def test_after_a_dispatch_the_next_order_of_the_same_list_opens() -> None:
    first, other, second = desk_of(3)
    make.take(other, "classify", "dispatcher", category="0201")
    found = press(first, "dispatching", lead="500233-D01", **{"from": "dispatch?klass=general"})
    assert found["Location"] == f"/desk/orders/{second.number}/?from=dispatch%3Fklass%3Dgeneral"
    last = press(second, "dispatching", lead="500233-D01", **{"from": "dispatch?klass=general"})
    assert last["Location"] == "/desk/dispatch/?klass=general"


def test_an_order_that_stays_at_the_desk_stays_open() -> None:
    first, _second = desk_of(2)
    found = press(first, "classification", category="0201", **{"from": "dispatch"})
    assert found["Location"] == f"/desk/orders/{first.number}/?from=dispatch"


def test_a_step_from_a_message_leads_to_no_other_order() -> None:
    first, _second = desk_of(2)
    assert press(first, "dispatching", lead="500233-D01")["Location"] == f"/desk/orders/{first.number}/"


@pytest.mark.parametrize("said", ["nowhere", "dispatch?kind=nonsense", "overdue?hand=x", "?", "//evil.example/"])
def test_a_list_that_makes_no_sense_leads_nowhere_else(said: str) -> None:
    order = desk_of(1)[0]
    found = door("dispatcher").get(f"/desk/orders/{order.number}/", {"from": said})
    assert found.status_code == 200
    assert '="//evil' not in html(found)


def test_the_list_is_walked_in_its_order_and_round_its_end() -> None:
    orders = desk_of(3)
    places = [lists.place_of(order.due_at, order.pk) for order in map(fresh, orders)]
    act = make.act("dispatcher", NOW)
    walked = [lists.beside("dispatch", act, {}, place) for place in places]
    assert walked == [orders[1].number, orders[2].number, orders[0].number]
    back = [lists.beside("dispatch", act, {}, place, back=True) for place in places]
    assert back == [orders[2].number, orders[0].number, orders[1].number]
    found = door("dispatcher").get(f"/desk/dispatch/?go=next&at={places[0]}&kind=help")
    assert found["Location"] == f"/desk/orders/{orders[1].number}/?from=dispatch%3Fkind%3Dhelp"


def fresh(order: Order) -> Order:
    return Order.objects.get(pk=order.pk)


def test_what_a_colleague_brought_is_new_and_what_i_moved_is_not() -> None:
    desk_of(1)
    since = journal.last_id()
    client = door("dispatcher")
    assert client.get("/desk/dispatch/", {"since": since}).status_code == 204
    for _two in range(2):
        make.order_in(S.AWAITING_DISPATCH)
    make.take(make.take(make.ask(unit="500233002001"), "accept", "community3"), "pass_on", "community3")
    told = client.get("/desk/dispatch/", {"since": since})
    assert (told.status_code, told.content.decode()) == (200, "2 件新工单，点这里看")
    assert client.get(f"/desk/dispatch/?since={since}&kind=report").status_code == 204
    assert client.get("/desk/dispatch/", {"since": "x"}).status_code == 204
    here = make.order_in(S.AWAITING_DISPATCH)
    make.take(here, "send_back", "dispatcher", reason="请补充地址")
    assert lists.arrived("community", make.act("dispatcher"), {}, since) == 0


def test_colleagues_see_each_other_for_a_minute_and_nothing_is_kept() -> None:
    order = desk_of(1)[0]
    here, there = door("dispatcher"), door("county-dispatcher")
    path = f"/desk/orders/{order.number}/presence/"
    assert here.post(path).status_code == 204
    assert "dispatcher 名也开着这张单" in html(there.post(path))
    assert "county-dispatcher 名在看" in html(here.get("/desk/dispatch/"))
    assert "也开着这张单" in html(here.get(f"/desk/orders/{order.number}/"))
    there.post(path, {"leave": "1"})
    assert "在看" not in html(here.get("/desk/dispatch/"))
    assert looking.sweep(NOW) == 0
    assert looking.sweep(NOW + timedelta(minutes=1)) == 1
    assert not Looking.objects.exists()


def test_an_open_page_learns_that_its_order_has_moved() -> None:
    order = desk_of(1)[0]
    client, path = door("dispatcher"), f"/desk/orders/{order.number}/presence/"
    assert client.post(path, {"version": order.version}).status_code == 204
    assert "这张单刚刚有变化" in html(client.post(path, {"version": order.version - 1}))
