"""A resident with a telephone and without JavaScript: report, track, rate, open again; every tap and page counted."""

from collections.abc import Callable
from typing import Any

import pytest
from django.utils import timezone

from sidan.orders import keys
from sidan.orders.models import Order
from sidan.orders.tests import make
from sidan.orders.words import S
from tests.journeys.conftest import SMALL_PHONE

pytestmark = pytest.mark.browser
OpenPage = Callable[..., Any]
TEXT = "五栋一单元下水道堵了，院子里全是脏水"


class Finger:
    """Counts what the resident does.

    Args:
        taps: on buttons, links and choices; focusing a field to write in it is one, too.
        pages: documents shown after the first.
    """

    def __init__(self, page: Any) -> None:
        self.page = page
        self.taps = self.pages = 0
        page.on("domcontentloaded", self._count)

    def _count(self, _page: Any) -> None:
        self.pages += 1

    def tap(self, what: Any) -> None:
        what.tap()
        self.taps += 1

    def press(self, name: str) -> None:
        """A button or a link by its words, waiting for the page behind it."""
        found = self.page.get_by_role("button", name=name, exact=True).or_(self.page.get_by_role("link", name=name))
        with self.page.expect_navigation():
            self.tap(found.first)

    def write(self, label: str, words: str) -> None:
        self.page.get_by_label(label).fill(words)
        self.taps += 1


def touch(open_page: OpenPage, **more: Any) -> Finger:
    return Finger(open_page(script=False, has_touch=True, is_mobile=True, **more))


def choose_place(finger: Finger) -> None:
    finger.tap(finger.page.locator("summary", has_text="忠州街道"))
    finger.tap(finger.page.locator("label", has_text="香怡社区"))


def answer(order: Order) -> None:
    """What the staff does until the resident is asked."""
    now = timezone.now()
    make.take(order, "accept", "community", now)
    make.take(order, "pass_on", "community", now)
    make.take(order, "dispatch", "dispatcher", now, lead=make.node("500233-D01"))
    make.take(order, "sign", "handler", now)
    make.take(order, "start", "handler", now)
    make.take(order, "reply", "handler", now, text="已疏通下水道，清洗了院子", contacted=True)
    make.take(order, "check", "checker", now)


def test_from_home_to_the_receipt_in_four_pages_and_eight_taps(open_page: OpenPage) -> None:
    finger = touch(open_page)
    finger.page.goto("/")
    finger.pages = 0
    finger.press("我要点单")
    finger.write("您要反映什么事？", TEXT)
    finger.press("下一步")
    choose_place(finger)
    finger.press("下一步")
    finger.press("下一步")
    finger.press("提交")
    assert finger.page.url.endswith("/receipt/")
    # The sentence itself is not a tap; the four pages lie between home and the receipt.
    assert (finger.taps - 1, finger.pages - 1) == (7, 4)
    assert Order.objects.get().title == TEXT


def test_from_a_poster_in_five_taps(open_page: OpenPage) -> None:
    finger = touch(open_page)
    finger.page.goto("/report/?unit=500233001001")
    finger.write("您要反映什么事？", TEXT)
    for word in ("下一步", "下一步", "下一步", "提交"):
        finger.press(word)
    assert finger.taps - 1 == 4
    assert Order.objects.get().unit.code == "500233001001"


def test_report_track_rate_and_open_again_without_javascript(open_page: OpenPage) -> None:
    finger = touch(open_page)
    page = finger.page
    page.goto("/report/")
    finger.write("您要反映什么事？", TEXT)
    finger.press("下一步")
    choose_place(finger)
    finger.press("下一步")
    finger.write("手机号", "138 0000 1234")
    finger.press("下一步")
    finger.press("提交")
    order = Order.objects.get()
    assert page.locator(".receipt__number").inner_text() == order.number
    answer(order)

    # Another telephone, three taps: number, tail, button.
    other = touch(open_page)
    other.page.goto("/track/")
    other.write("编号", order.number.lower())
    other.write("手机号后四位，或回执上的 6 位数字", "1234")
    other.press("查进度")
    assert other.taps == 3
    assert order.number not in other.page.url
    assert "已疏通下水道" in other.page.inner_text("main")

    other.press("没解决")
    other.page.get_by_label("哪里没解决？").fill("又堵了")
    other.press("请重新办理")
    assert "重新办理" in other.page.inner_text("h1")
    order.refresh_from_db()
    assert (order.state, order.round, order.solved) == (S.REOPENED, 2, "no")


def test_two_taps_rate_from_the_link_in_a_message(open_page: OpenPage, house: str) -> None:
    order = make.order_in(S.AWAITING_RATING, timezone.now())
    finger = touch(open_page, size=SMALL_PHONE)
    finger.page.goto(f"/t/{keys.link(order.number)}/")
    assert finger.page.url == f"{house}/track/order/"
    finger.press("解决了")
    finger.press("满意")
    assert finger.taps == 2
    order.refresh_from_db()
    assert (order.state, order.solved, order.satisfied) == (S.CLOSED, "yes", "yes")


def test_the_back_button_loses_nothing_and_sends_nothing_twice(open_page: OpenPage) -> None:
    finger = touch(open_page)
    page = finger.page
    page.goto("/report/")
    page.get_by_label("您要反映什么事？").fill(TEXT)
    finger.press("下一步")
    page.go_back()
    assert page.get_by_label("您要反映什么事？").input_value() == TEXT
    finger.press("下一步")
    choose_place(finger)
    finger.press("下一步")
    finger.press("下一步")
    finger.press("提交")
    number = page.locator(".receipt__number").first.inner_text()
    page.go_back()
    page.reload()
    assert page.locator(".receipt__number").first.inner_text() == number
    assert Order.objects.count() == 1


@pytest.mark.parametrize("size", ["normal", "big", "huge"])
@pytest.mark.parametrize("script", [True, False])
def test_no_page_scrolls_sideways_and_every_target_is_large_on_the_smallest_telephone(
    open_page: OpenPage, house: str, size: str, script: bool
) -> None:
    order = make.order_in(S.AWAITING_RATING, timezone.now())
    page = open_page(size=SMALL_PHONE, script=script)
    page.context.add_cookies([{"name": "sidan_size", "value": size, "url": house}])
    page.goto("/report/")
    page.get_by_label("您要反映什么事？").fill("没有空格的长文字" * 20 + " https://example.org/" + "a" * 90)
    page.get_by_role("button", name="下一步").click()
    page.locator("summary", has_text="忠州街道").click()
    page.locator("label", has_text="香怡社区").click()
    page.get_by_role("button", name="下一步").click()
    hrefs = ["/", "/report/", "/report/where/", "/report/more/", "/report/check/", "/track/"]
    narrow(page, hrefs, size)
    page.goto("/report/check/")
    page.get_by_role("button", name="提交").click()
    narrow(page, ["/receipt/"], size)
    page.goto(f"/t/{keys.link(order.number)}/")
    narrow(page, ["/track/order/", "/track/order/rating/?solved=yes", "/track/order/rating/?solved=no"], size)


def narrow(page: Any, hrefs: list[str], size: str) -> None:
    """No sideways scroll, and boxes to press of 44 px (60 px in the views for elders)."""
    least = 44 if size == "normal" else 60
    for href in hrefs:
        page.goto(href)
        wide, small = page.evaluate(_MEASURE, least)
        assert wide <= SMALL_PHONE["width"], (href, wide)
        assert small == [], (href, small)


_MEASURE = """(least) => {
  const small = [];
  for (const one of document.querySelectorAll("main a, main button, main summary, main .option, main input.input, main select")) {
    const box = one.getBoundingClientRect();
    if (box.width < 2 || box.height < 2 || one.closest(".unseen")) continue;
    // A link inside a sentence, and a picture in a list, are no buttons.
    if (one.tagName === "A" && (getComputedStyle(one).display === "inline")) continue;
    if (Math.round(box.height) < least) small.push(one.textContent.trim().slice(0, 20) + " " + Math.round(box.height));
  }
  return [document.documentElement.scrollWidth, small];
}"""


def test_pressing_twice_with_script_sends_once(open_page: OpenPage) -> None:
    page = open_page()
    page.goto("/report/?unit=500233001001")
    page.get_by_label("您要反映什么事？").fill(TEXT)
    for word in ("下一步", "下一步", "下一步"):
        page.get_by_role("button", name=word).click()
    page.get_by_role("button", name="提交").dblclick(no_wait_after=True)
    page.wait_for_url("**/receipt/")
    assert Order.objects.count() == 1
