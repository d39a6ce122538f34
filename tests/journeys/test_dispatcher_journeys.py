"""What a dispatcher's day must feel like: keys counted, pages counted, nobody surprised (D1, D2, D4, D5, D6)."""

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from django.utils import timezone

from sidan.orders.commands import bulk
from sidan.orders.models import Order
from sidan.orders.tests import make
from sidan.orders.words import S
from tests.journeys.test_staff_journeys import WIDE, Officer, state

pytestmark = pytest.mark.browser
OpenPage = Callable[..., Any]


def waiting(count: int = 1, **wish: Any) -> list[Order]:
    """Orders at the street's desk, soonest due first."""
    now = timezone.now()
    return [make.order_in(S.AWAITING_DISPATCH, now - timedelta(minutes=count - one), **wish) for one in range(count)]


def keys(officer: Officer, *pressed: str) -> int:
    """Press keys as a person would; how many."""
    for one in pressed:
        officer.page.keyboard.press(one)
    return len(pressed)


def test_d1_a_clear_case_takes_at_most_five_keys_and_the_next_one_opens_by_itself(open_page: OpenPage) -> None:
    first, second = waiting(2)
    officer = Officer(open_page, "dispatcher", script=True)
    officer.page.goto("/desk/dispatch/")
    pressed = keys(officer, "j", "Enter")
    officer.page.wait_for_url(f"**/{first.number}/**")
    officer.says("目录建议：城市管理局")
    officer.says("派单目录：“物业”在忠县由城市管理局主办")
    assert officer.page.locator('#move-dispatching [name="lead"]:checked').input_value() == "500233-D01"
    pressed += keys(officer, "d", "Enter")
    officer.page.wait_for_url(f"**/{second.number}/**")
    assert pressed <= 5
    assert (state(first), Order.objects.get(pk=first.pk).lead_unit_id) == (S.DISPATCHED, make.node("500233-D01").id)
    # The one just sent is one key away, and the second costs two keys.
    keys(officer, "b")
    officer.page.wait_for_url(f"**/{first.number}/")
    officer.page.go_back()
    officer.page.wait_for_url(f"**/{second.number}/**")
    assert keys(officer, "d", "Enter") == 2
    officer.page.wait_for_url("**/desk/dispatch/")
    officer.says("没有待派的单")


def test_d1_by_mouse_a_clear_case_takes_at_most_three_clicks(open_page: OpenPage) -> None:
    first, second = waiting(2)
    for script in (True, False):
        officer = Officer(open_page, "dispatcher", script=script)
        officer.page.goto("/desk/dispatch/")
        order = first if script else second
        officer.open_order(order.number)
        officer.take("dispatching")
        assert officer.presses <= 3
        assert state(order) == S.DISPATCHED


def test_the_keys_are_told_and_can_be_turned_off(open_page: OpenPage) -> None:
    waiting(2)
    officer = Officer(open_page, "dispatcher", script=True)
    officer.page.goto("/desk/dispatch/")
    keys(officer, "/")
    assert officer.page.evaluate("document.activeElement.id") == "find"
    keys(officer, "j", "Escape", "?")  # typed into the box, then out of it
    assert officer.page.locator("#find").input_value() == "j"
    helped = officer.page.get_by_role("dialog")
    assert "打开这一行" in helped.inner_text()
    helped.get_by_label("关掉单键操作").check()
    keys(officer, "?")
    assert not helped.is_visible()
    keys(officer, "j")
    assert officer.page.evaluate("document.activeElement.tagName") != "A"


def test_d2_whoever_comes_back_to_the_list_stands_at_their_row(open_page: OpenPage) -> None:
    orders = waiting(30)
    officer = Officer(open_page, "dispatcher", script=True)
    officer.page.goto("/desk/dispatch/?kind=help")
    officer.open_order(orders[25].number)
    keys(officer, "j")
    officer.page.wait_for_url(f"**/{orders[26].number}/**")
    keys(officer, "u")
    officer.page.wait_for_url(f"**/desk/dispatch/?kind=help#row-{orders[26].number}")
    row = officer.page.locator(f"#row-{orders[26].number}")
    officer.page.wait_for_function("document.activeElement.closest('tr') !== null")
    assert row.evaluate("one => one.contains(document.activeElement)")
    assert 0 <= row.bounding_box()["y"] < WIDE["height"]


def test_d4_new_orders_are_told_in_a_pill_and_no_row_moves(open_page: OpenPage) -> None:
    waiting(3)
    officer = Officer(open_page, "dispatcher", script=True)
    officer.page.clock.install()
    officer.page.goto("/desk/dispatch/")
    rows = "document.querySelector('tbody').innerText"
    before = officer.page.evaluate(rows)
    with officer.page.expect_response("**/desk/dispatch/?since=*") as asked:
        officer.page.clock.run_for(20_000)
    assert asked.value.status == 204
    new = waiting(1)[0]
    with officer.page.expect_response("**/desk/dispatch/?since=*"):
        officer.page.clock.run_for(20_000)
    pill = officer.page.get_by_text("1 件新工单，点这里看")
    pill.wait_for()
    assert officer.page.evaluate(rows) == before
    pill.click()
    officer.says(new.number)


def test_d5_two_people_on_one_order_see_each_other(open_page: OpenPage) -> None:
    order = waiting(1)[0]
    here, there = (Officer(open_page, handle, script=True) for handle in ("dispatcher", "county-dispatcher"))
    with here.page.expect_response("**/presence/"):
        here.page.goto(f"/desk/orders/{order.number}/")
    with there.page.expect_response("**/presence/"):
        there.page.goto(f"/desk/orders/{order.number}/")
    there.says("dispatcher 名也开着这张单")
    there.page.goto("/desk/")
    here.page.goto("/desk/dispatch/")
    assert "在看" not in here.page.locator("tbody").inner_text()  # one's own eyes are no news, and the other has left


def test_d5_a_conflict_shows_what_was_wanted_beside_what_is_and_keeps_the_text(open_page: OpenPage) -> None:
    order = waiting(1)[0]
    slow, quick = (Officer(open_page, handle) for handle in ("dispatcher", "county-dispatcher"))
    for officer in (slow, quick):
        officer.page.goto(f"/desk/orders/{order.number}/")
    quick.take("dispatching", lead="500233-D02")
    slow.take("dispatching", lead="500233-D01", note="请周五前上门")
    slow.says("county-dispatcher 名刚刚已处理")
    rows = slow.page.locator(".differs tbody tr").all_inner_texts()
    assert [row.split("\t") for row in rows] == [["状态", "办“派单”", "已派单"], ["主办单位", "城市管理局", "住建委"]]
    assert slow.page.locator("textarea[readonly]").input_value() == "请周五前上门"


def test_d6_what_is_left_of_the_time_is_text_icon_and_colour(open_page: OpenPage) -> None:
    waiting(1)
    late = make.order_in(S.AWAITING_DISPATCH, timezone.now() - timedelta(days=3))
    officer = Officer(open_page, "dispatcher")
    officer.page.goto("/desk/dispatch/")
    marks = officer.page.locator("tbody .due").evaluate_all(
        "all => all.map(one => [one.innerText.trim(), one.querySelector('use').getAttribute('href').split('#')[1],"
        " getComputedStyle(one).color])"
    )
    assert [mark[1] for mark in marks] == ["alert", "clock"]
    assert "已超期" in marks[0][0]
    assert "还剩" in marks[1][0]
    assert marks[0][2] != marks[1][2]
    # A disputed order is ruled with two clicks and a reason.
    make.take(late, "dispatch", "dispatcher", timezone.now(), lead=make.node("500233-D01"))
    make.take(late, "dispute", "handler", timezone.now(), reason="不是我们的职责")
    ruler = Officer(open_page, "supervisor")
    ruler.page.goto("/desk/disputes/")
    ruler.open_order(late.number)
    ruler.take("ruling", reason="按职责清单")
    assert ruler.presses <= 2
    assert state(late) == S.DISPATCHED


@pytest.mark.parametrize("script", [True, False])
def test_d3_twenty_orders_go_to_one_unit_in_at_most_five_actions_and_come_back_within_ten_seconds(
    open_page: OpenPage, script: bool
) -> None:
    orders = waiting(20)
    officer = Officer(open_page, "dispatcher", script=script)
    officer.page.goto("/desk/dispatch/")
    for attempt in (1, 2):
        officer.page.get_by_text("全选本页").click()
        officer.page.get_by_label("派给哪个单位").select_option("500233-D02")  # open, choose
        officer.page.get_by_role("button", name="一起派，先看一遍").click()
        officer.says("20 件，都派给住建委")
        officer.page.get_by_role("button", name="派出这 20 件").click()
        actions = 5
        officer.says("20 件还没有派出")
        assert {state(order) for order in orders} == {S.AWAITING_DISPATCH}
        if attempt == 1:
            officer.page.get_by_role("button", name="撤回").click()
            officer.says("已撤回 20 件，什么都没有发出")
    assert actions <= 5
    assert bulk.release(timezone.now() + timedelta(seconds=11)) == 20
    assert {state(order) for order in orders} == {S.DISPATCHED}
    officer.page.get_by_role("link", name="看结果").click()
    officer.says("派出了 20 件")


@pytest.mark.parametrize("script", [True, False])
def test_a_view_with_its_columns_is_saved_in_a_few_clicks_and_taken_out_as_a_file(
    open_page: OpenPage, script: bool
) -> None:
    order = waiting(1)[0]
    officer = Officer(open_page, "dispatcher", script=script)
    officer.page.goto("/desk/dispatch/?kind=help")
    officer.page.get_by_text("列、视图和导出").click()
    officer.page.get_by_label("名称").fill("求助")
    officer.page.get_by_role("button", name="保存视图").click()
    officer.says("视图“求助”已保存")
    officer.page.goto("/desk/dispatch/")
    officer.page.get_by_role("link", name="求助").click()
    assert officer.page.url.endswith("?kind=help")
    officer.page.get_by_text("列、视图和导出").click()
    with officer.page.expect_download() as taken:
        officer.page.get_by_role("button", name="Excel (xlsx)").click()
    assert taken.value.suggested_filename.endswith(".xlsx")
    assert order.number
