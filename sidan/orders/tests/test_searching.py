"""Search: whatever was written is found within seconds, by whoever may see it, and residents by nobody's name or number."""

import re
from collections.abc import Iterator
from datetime import timedelta
from typing import Any

import pytest
import time_machine
from django.test import Client

from sidan.kernel.org.models import Person
from sidan.orders.commands import erasing, indexing
from sidan.orders.models import Indexed
from sidan.orders.models.search import key_of
from sidan.orders.queries import searching
from sidan.orders.tests import make
from sidan.orders.tests.desk import door, html
from sidan.orders.words import S

pytestmark = pytest.mark.django_db

NOW = make.NOON + timedelta(hours=5)


@pytest.fixture(autouse=True)
def _county() -> Iterator[None]:
    indexing._done.clear()
    with time_machine.travel(NOW, tick=False):
        make.county(logins=True)
        yield


def found(handle: str, typed: str, **more: Any) -> list[str]:
    """Numbers of what somebody finds, in the order of the page."""
    page = searching.search(typed, make.act(handle), **more).page
    return [row["number"] for row in page.rows]


def shown(client: Client, address: str) -> list[str]:
    return re.findall(r'class="cases__title" href="/desk/orders/(\w+)/', html(client.get(address)))


def test_words_of_the_request_the_place_and_the_replies_are_found_newest_first() -> None:
    old = make.order_in(S.REPLIED, make.NOON - timedelta(days=3), text="楼道灯不亮，老人摔倒", place="北门岗亭")
    new = make.ask(text="楼道里堆了旧家具")
    indexing.index_new()
    assert found("dispatcher", "楼道") == [new.number, old.number]
    assert found("dispatcher", "楼道 老人") == [old.number]
    assert found("dispatcher", "换新灯") == [old.number]  # of the reply
    assert found("dispatcher", "岗亭") == [old.number]
    assert found("dispatcher", "亭") == [old.number]  # a single character, at the end of a run
    assert found("dispatcher", "香怡社区 家具") == [new.number]
    assert found("dispatcher", "xysq 家具") == [new.number]
    assert found("dispatcher", "城市管理局") == [old.number]  # the unit that leads
    assert found("dispatcher", "楼梯") == []


def test_what_is_written_later_is_found_after_the_workers_next_round() -> None:
    order = make.order_in(S.DISPATCHED)
    assert found("dispatcher", "路灯厂家") == []
    indexing.index_new()
    make.take(order, "sign", "handler")
    make.take(order, "reply", "handler", text="已联系路灯厂家", contacted=True)
    assert found("dispatcher", "路灯厂家") == []
    assert indexing.index_new() >= 1
    assert found("dispatcher", "路灯厂家") == [order.number]


def test_the_worker_indexes_for_each_entry_once() -> None:
    make.order_in(S.DISPATCHED)
    assert indexing.index_new() == 1
    assert indexing.index_new() == 0
    assert indexing.index_new() == 0


@pytest.mark.parametrize("handle", ["community2", "community3", "dispatcher2", "handler2", "operator", "recorder"])
def test_nobody_finds_what_they_may_not_see(handle: str) -> None:
    order = make.order_in(S.DISPATCHED)
    indexing.index_new()
    assert found("dispatcher", "楼道") == [order.number]
    assert found(handle, "楼道") == []
    assert found(handle, order.number) == []


def test_nobody_who_sits_in_the_unit_complained_about_finds_it() -> None:
    order = make.ask(about="500233001001", kind="complaint", text="社区不给办")
    indexing.index_new()
    assert found("community", "不给办") == []
    assert found("dispatcher", "不给办") == [order.number]


@pytest.mark.parametrize(
    "typed", ["13987650123", "0123", "139 8765 0123", "赵雅芝", "赵雅芝女士", "500233199001011234"]
)
def test_a_resident_is_not_found_by_name_or_number(typed: str) -> None:
    make.ask(text="我叫赵雅芝，电话13987650123，身份证500233199001011234，路灯不亮", name="赵雅芝", phone="13987650123")
    indexing.index_new()
    assert found("dispatcher", "路灯")
    assert found("dispatcher", typed) == []


def test_the_page_says_why_a_telephone_finds_nobody() -> None:
    assert "不能用手机号、身份证号或姓名找人" in html(door("dispatcher").get("/desk/search/?q=13987650123"))


def test_an_erased_order_loses_its_tokens() -> None:
    order = make.order_in(S.WITHDRAWN, text="路灯不亮")
    indexing.index_new()
    row = Indexed.objects.filter(key=key_of(order.asked_at, order.pk))
    assert row.exists()
    assert erasing.erase_due(make.NOON + timedelta(days=1827)) == 1
    assert not row.exists()
    assert found("dispatcher", "路灯") == []
    indexing.index([order.number])  # a worker that had read it before the erasure comes again
    assert not row.exists()


def test_a_number_leads_to_its_order_and_other_peoples_orders_are_not_there() -> None:
    order = make.ask()
    assert (
        door("community").get(f"/desk/search/?q={order.number.lower()}")["Location"] == f"/desk/orders/{order.number}/"
    )
    assert "没有找到" in html(door("community2").get(f"/desk/search/?q={order.number}"))


def test_hits_are_marked_where_they_stand_and_nothing_typed_becomes_markup() -> None:
    make.order_in(S.REPLIED, text="楼道<b>灯</b>不亮")
    indexing.index_new()
    client = door("dispatcher")
    assert "楼道&lt;b&gt;<mark>灯</mark>&lt;/b&gt;" in html(client.get("/desk/search/?q=灯"))
    assert "答复：已换<mark>新灯</mark>" in html(client.get("/desk/search/?q=新灯"))
    assert "<script>" not in html(client.get("/desk/search/?q=<script>"))


def test_a_confidential_orders_excerpt_shows_no_telephone() -> None:
    make.ask(
        text="楼道的灯坏了，夜里很黑，一直没有人来看过，麻烦尽快处理一下谢谢大家，请打给我13987650123回复",
        phone="13987650123",
        confidential=True,
    )
    indexing.index_new()
    text = html(door("dispatcher").get("/desk/search/?q=请打给我"))
    assert "139****0123" in text
    assert "13987650123" not in text


def test_filters_and_pages_live_in_the_address() -> None:
    made = [
        make.ask(make.NOON + timedelta(minutes=at), kind="complaint" if at % 2 else "help").number for at in range(40)
    ]
    indexing.index_new()
    client = door("dispatcher")
    first = client.get("/desk/search/?q=楼道&kind=help")
    assert shown(client, "/desk/search/?q=楼道&kind=help") == made[-2::-2]
    assert 'rel="next"' not in html(first)
    seen, href = [], "/desk/search/?q=楼道"
    while href:
        text = html(client.get(href))
        seen += re.findall(r'class="cases__title" href="/desk/orders/(\w+)/', text)
        following = re.search(r'href="([^"]+)" rel="next"', text)
        href = following.group(1).replace("&amp;", "&") if following else ""
    assert seen == made[::-1]
    assert shown(client, "/desk/search/?q=楼道&asked_to=2026-03-03") == []
    assert len(shown(client, "/desk/search/?q=楼道&asked_from=2026-03-04")) == 30
    for wrong in ("after=x", "after=99999999999999999999", "kind=nonsense"):
        assert client.get(f"/desk/search/?q=楼道&{wrong}").status_code == 422


def test_places_units_and_staff_are_offered_by_initials() -> None:
    order = make.order_in(S.DISPATCHED, text="楼道的灯坏了")
    Person.objects.filter(handle="dispatcher").update(name="单雄信")
    indexing.index_new()
    client = door("county-dispatcher")
    text = html(client.get("/desk/search/?q=cxsq+灯"))
    assert 'href="/desk/search/?q=%E7%81%AF&amp;unit=500233002001"' in text
    assert shown(client, "/desk/search/?q=灯&unit=500233002001") == []
    assert "lead=500233-D01" in html(client.get("/desk/search/?q=csglj"))
    assert 'staff=dispatcher"' in html(client.get("/desk/search/?q=sxx"))
    assert shown(client, "/desk/search/?staff=dispatcher") == [order.number]
    assert shown(client, "/desk/search/?staff=dispatcher2") == []
    assert shown(client, "/desk/search/?staff=nobody") == []


def test_the_names_of_residents_are_offered_to_nobody() -> None:
    make.ask(name="赵雅芝", phone="13987650123")
    assert searching.search("赵雅芝", make.act("dispatcher")).offers == []


def test_a_search_costs_the_same_for_one_hit_and_for_thirty(django_assert_num_queries: Any) -> None:
    make.ask(text="只有一单")
    for at in range(31):
        make.ask(make.NOON + timedelta(minutes=at))
    indexing.index_new()
    act = make.act("dispatcher")
    assert act.seats
    searching.search("楼道", act)
    for typed, count in (("只有一单", 1), ("楼道", 30)):
        with django_assert_num_queries(3):
            assert len(searching.search(typed, act).page.rows) == count
