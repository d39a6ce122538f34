"""The public board: only what its author made public and saw before sending, without what somebody could be known by."""

import re
from collections.abc import Iterator
from datetime import timedelta
from typing import Any

import pytest
import time_machine
from django.test import Client

from sidan.kernel.base import snapshot, tx
from sidan.kernel.base.errors import NotAllowed, NotNow
from sidan.kernel.org.models import Unit
from sidan.orders.commands import erasing, publishing
from sidan.orders.models import Order
from sidan.orders.queries import board
from sidan.orders.queries.reading import timeline
from sidan.orders.tests import make
from sidan.orders.tests.desk import door, html
from sidan.orders.views.public_map import drawing, outline
from sidan.orders.words import S

pytestmark = pytest.mark.django_db

NOW = make.NOON + timedelta(hours=5)
PLACE = "/around/500233001001/"
TELLING = "我叫赵雅芝，住3栋2单元501，电话13987650123，楼道灯坏了"
HIDDEN = "我叫某，住3栋***，电话***，楼道灯坏了"


@pytest.fixture(autouse=True)
def _county() -> Iterator[None]:
    with time_machine.travel(NOW, tick=False):
        make.county(logins=True)
        yield


def texts(code: str = "500233001001") -> list[str]:
    return [one.text for one in board.recent(make.node(code), NOW)[0]]


def test_what_an_author_made_public_is_shown_with_state_and_reply_and_nothing_of_a_person() -> None:
    order = make.order_in(S.AWAITING_RATING, text=TELLING, name="赵雅芝", public=True, place="香怡苑3栋")
    text = html(Client().get(PLACE))
    assert HIDDEN in text
    assert "已换新灯" in text
    for secret in ("赵雅芝", "13987650123", "501", "香怡苑", order.number):
        assert secret not in text
    assert "已答复" in text


def test_a_name_that_the_author_gave_is_hidden_wherever_it_stands() -> None:
    make.order_in(S.ACCEPTED, text="雅芝家门口的灯坏了", name="雅芝", public=True)
    assert texts() == ["某家门口的灯坏了"]


@pytest.mark.parametrize(
    "wish",
    [
        {"public": False}, {"confidential": True}, {"kind": "complaint"}, {"kind": "report"},
        {"kind": "suggestion", "about": "500233-D03"},
    ],
)  # fmt: skip
def test_what_is_not_public_confidential_or_about_somebody_is_never_shown(wish: dict[str, Any]) -> None:
    order = make.ask(**{"public": True, **wish})
    make.take(order, "accept", "community")
    assert texts() == []
    assert texts("500233001") == []


@pytest.mark.parametrize("state", [S.SUBMITTED, S.WITHDRAWN, S.NOT_ACCEPTED, S.MERGED])
def test_nothing_is_shown_before_somebody_has_looked_nor_after_it_was_taken_back(state: S) -> None:
    order = make.order_in(state, public=True)
    assert order.number
    assert texts() == []


def test_a_reply_is_shown_only_after_its_check() -> None:
    order = make.order_in(S.REPLIED, public=True)
    assert board.recent(make.node("500233001001"), NOW)[0][0].reply == ""
    make.take(order, "check", "checker")
    assert board.recent(make.node("500233001001"), NOW)[0][0].reply == "已换新灯"


def test_a_reply_that_names_the_resident_is_masked_too() -> None:
    order = make.order_in(S.IN_PROGRESS, public=True, name="赵雅芝")
    make.take(order, "reply", "handler", text="已电话告知赵雅芝女士13987650123", contacted=True)
    make.take(order, "check", "checker")
    assert board.recent(make.node("500233001001"), NOW)[0][0].reply == "已电话告知某女士***"


def test_staff_take_a_text_off_with_a_reason_that_its_author_reads() -> None:
    order = make.order_in(S.IN_PROGRESS, public=True)
    client = door("community")
    assert "撤下公开内容" in html(client.get(f"/desk/orders/{order.number}/"))
    form = {"version": str(order.version), "form_token": "a-token-of-this", "reason": "写到了邻居"}
    assert client.post(f"/desk/orders/{order.number}/hiding/", form).status_code == 303
    assert texts() == []
    order = Order.objects.get(pk=order.pk)
    assert not order.public
    last = timeline(order, make.resident(order))[-1]
    assert (last.words, last.text) == ("工作人员撤下了公开内容", "写到了邻居")
    with pytest.raises(NotNow):
        publishing.hide(order, reason="再来", act=make.act("community"))


def test_only_the_author_and_whoever_answers_for_the_place_take_it_off() -> None:
    order = make.order_in(S.IN_PROGRESS, public=True)
    with pytest.raises(NotAllowed):
        publishing.hide(order, reason="不好看", act=make.act("handler"))
    with pytest.raises(NotAllowed):
        publishing.unpublish(order, act=make.act("community"))
    publishing.unpublish(order, act=make.resident(order))
    assert texts() == []


def test_an_erased_order_leaves_the_board() -> None:
    order = make.order_in(S.CLOSED, public=True)
    assert texts()
    erasing.erase_due(make.NOON + timedelta(days=1858))
    assert Order.objects.get(pk=order.pk).title == ""
    assert texts() == []


def test_figures_of_few_orders_are_not_published() -> None:
    for _ in range(board.LEAST - 1):
        make.order_in(S.CLOSED)
    text = html(Client().get(PLACE))
    assert "不足 5 件，数字不公布" in text
    assert "分子" not in text
    make.order_in(S.CLOSED)
    text = html(Client().get(PLACE))
    assert "一共 5 件" in text
    assert '<td class="num" data-label="分子">5</td><td class="num" data-label="分母">5</td>' in text


def test_a_figure_of_few_among_many_is_not_published_either() -> None:
    for _ in range(4):
        make.order_in(S.CLOSED)
    make.ask()
    total, figures = board.open_figures(make.node("500233001001"), NOW)
    assert total == 5
    assert {one.figure.name: one.denominator for one in figures}["satisfied"] is None


def test_pages_go_on_in_the_address_and_cost_the_same_for_one_row_and_for_twenty(
    django_assert_max_num_queries: Any,
) -> None:
    made = [
        make.order_in(S.ACCEPTED, make.NOON - timedelta(minutes=at), text=f"第{at}件事", public=True, phone=None)
        for at in range(23)
    ]
    client = Client()
    first = html(client.get(PLACE))
    found = re.findall(r"第(\d+)件事", first)
    following = re.search(r'href="([^"]+)" rel="next"', first)
    assert following
    found += re.findall(r"第(\d+)件事", html(client.get(following.group(1))))
    assert found == [str(at) for at in range(len(made))]
    with django_assert_max_num_queries(8):
        client.get(PLACE)
    assert client.get(f"{PLACE}?after=nonsense").status_code == 422


@pytest.mark.parametrize("code", ["500233", "500233-D01", "nowhere"])
def test_only_towns_and_communities_have_a_board(code: str) -> None:
    assert Client().get(f"/around/{code}/").status_code == 404


def test_the_map_draws_the_outline_and_a_circle_for_each_town_that_has_a_point() -> None:
    with tx.writing():
        Unit.objects.filter(code="500233001").update(lat=30.29, lon=108.03)
        snapshot.bump()
    for _ in range(6):
        make.ask()
    made = drawing(board.towns(NOW))
    assert made is not None
    assert [(dot.name, dot.town.asked, dot.town.waiting) for dot in made.dots] == [("忠州", 6, 6)]
    assert all(0 < at < made.width for at in (made.dots[0].x,))
    assert made.path.startswith("M")
    assert outline("110000") == ()
    text = html(Client().get("/around/"))
    assert text.count("<circle") == 1
    assert "6 件，在办 6 件" in text


def test_the_map_is_left_out_where_no_town_has_a_point() -> None:
    text = html(Client().get("/around/"))
    assert '<svg class="map__svg' not in text
    assert "/around/500233001001/" in text
