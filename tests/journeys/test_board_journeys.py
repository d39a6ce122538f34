"""What is public, and what is found: R11's first half, the way to what happens near one, the search of staff, help and feedback."""

import re
from typing import Any

import pytest
from django.utils import timezone

from sidan.orders.commands import indexing
from sidan.orders.models import Order
from sidan.orders.tests import make
from sidan.orders.words import S
from sidan.web.models import Feedback
from tests.journeys.finger import ASKED, Finger, OpenPage, touch

pytestmark = pytest.mark.browser
DESK = {"width": 1366, "height": 900}
TELLING = "我叫赵雅芝，住3栋2单元501，电话13987650123，楼道灯坏了"
HIDDEN = "我叫某，住3栋***，电话***，楼道灯坏了"


def to_the_check(finger: Finger) -> None:
    finger.start("/")
    finger.press("我要点单")
    finger.write(ASKED, TELLING)
    finger.press("下一步")
    finger.choose_place()
    finger.press("下一步")
    finger.tap(finger.page.locator("label", has_text="可以公开这件事"))
    finger.press("下一步")


def test_r11_the_author_reads_before_sending_exactly_what_everybody_reads_after(open_page: OpenPage) -> None:
    finger = touch(open_page)
    to_the_check(finger)
    preview = finger.page.locator("blockquote.said").inner_text()
    assert preview == HIDDEN
    finger.press("提交")
    assert (finger.pages, finger.taps) == (5, 9)  # R1's own eight, and the tick
    order = Order.objects.get()
    make.take(order, "accept", "community", timezone.now())
    finger.start("/")
    finger.press("身边的事")
    finger.tap(finger.page.locator("summary", has_text="忠州街道"))
    finger.press("香怡社区")
    assert finger.page.locator(".board__text").inner_text() == preview
    assert (finger.pages, finger.taps) == (2, 3)


def test_r11_one_tap_beside_the_words_makes_it_private(open_page: OpenPage) -> None:
    finger = touch(open_page)
    to_the_check(finger)
    before = finger.taps
    finger.tap(finger.page.locator("label", has_text="公开上面这一段"))
    finger.press("提交")
    assert finger.taps - before == 2
    assert not Order.objects.get().public


def signed_in(open_page: OpenPage, handle: str, **more: Any) -> Any:
    page = open_page(size=DESK, **more)
    page.goto("/sign-in/")
    page.get_by_label("账号").fill(handle)
    page.get_by_label("密码", exact=True).fill(make.PASSWORD)
    with page.expect_navigation():
        page.get_by_role("button", name="登录").click()
    return page


@pytest.mark.parametrize("start", ["/desk/", "/desk/dispatch/", "/desk/figures/"])
def test_the_slash_leads_to_the_search_and_enter_to_what_is_found(open_page: OpenPage, start: str) -> None:
    order = make.order_in(S.AWAITING_DISPATCH, timezone.now(), text="北门路灯不亮")
    indexing.index_new()
    page = signed_in(open_page, "dispatcher" if start != "/desk/figures/" else "supervisor")
    page.goto(start)
    page.keyboard.press("/")
    page.keyboard.type("路灯 xysq")
    with page.expect_navigation():
        page.keyboard.press("Enter")
    assert page.locator(".cases__title").count() == 1
    assert page.locator(".cases__title mark").first.inner_text() == "路灯"
    page.keyboard.press("/")
    page.keyboard.type(order.number)
    with page.expect_navigation():
        page.keyboard.press("Enter")
    assert page.url.endswith(f"/desk/orders/{order.number}/")


def test_the_search_works_without_scripts_and_its_filters_stand_in_the_address(open_page: OpenPage) -> None:
    make.order_in(S.AWAITING_DISPATCH, timezone.now(), text="北门路灯不亮")
    make.ask(timezone.now(), text="南门路灯不亮", kind="complaint")
    indexing.index_new()
    page = signed_in(open_page, "dispatcher", script=False)
    page.locator("#find").fill("路灯")
    with page.expect_navigation():
        page.get_by_role("button", name="查找").click()
    assert page.locator(".cases__title").count() == 2
    page.locator("summary", has_text="筛选").click()
    page.get_by_label("类型").select_option("complaint")
    with page.expect_navigation():
        page.get_by_role("button", name="筛选").click()
    assert page.locator(".cases__title").all_inner_texts() == ["南门路灯不亮"]
    assert "q=%E8%B7%AF%E7%81%AF" in page.url
    assert "kind=complaint" in page.url


def test_x7_from_any_page_a_remark_is_three_taps_and_a_sentence(open_page: OpenPage) -> None:
    finger = touch(open_page)
    finger.start("/track/")
    finger.press("意见反馈")
    finger.write("请说一说", "字太小")
    finger.press("送出")
    assert (finger.pages, finger.taps) == (2, 3)
    assert "收到了，谢谢您" in finger.page.locator("main").inner_text()
    assert Feedback.objects.get().page == "track/"
    page = signed_in(open_page, "operator", script=False)
    page.goto("/feedback/received/")
    with page.expect_navigation():
        page.get_by_role("button", name="处理过了").click()
    assert Feedback.objects.get().done_at is not None


def test_help_is_one_tap_away_and_speaks_of_ones_role(open_page: OpenPage) -> None:
    finger = touch(open_page)
    finger.start("/")
    finger.press("帮助")
    assert finger.page.locator("h1").inner_text() == "居民怎么用"
    assert finger.taps == 1
    page = signed_in(open_page, "handler", script=False)
    with page.expect_navigation():
        page.get_by_role("link", name="帮助", exact=True).click()
    assert re.search("承办单位怎么用", page.locator("h1").inner_text())
