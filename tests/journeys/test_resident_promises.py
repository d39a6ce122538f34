"""What holds on every page for residents: bytes, size of targets, nothing twice, an answer at once, a human to call."""

import gzip
import time
from typing import Any

import pytest
from django.utils import timezone

from sidan.orders import keys
from sidan.orders.models import Order
from sidan.orders.tests import make
from sidan.orders.words import S
from tests.journeys.conftest import SMALL_PHONE
from tests.journeys.finger import ASKED, TEXT, OpenPage, answer, touch

pytestmark = pytest.mark.browser
FIRST_VISIT = 60 * 1024


def rated(open_page: OpenPage, *, script: bool = True, size: dict[str, int] | None = None) -> Any:
    """A page in a browser that wrote a draft and opened an order, so that every page has something to show."""
    order = make.order_in(S.AWAITING_RATING, timezone.now())
    page = open_page(script=script, size=size)
    page.goto("/p/XY2345/")
    page.get_by_label(ASKED).fill(TEXT)
    page.get_by_role("button", name="下一步").click()
    page.goto(f"/t/{keys.link(order.number)}/")
    return page


PAGES = (
    "/", "/report/", "/report/where/", "/report/more/", "/report/check/", "/receipt/", "/track/", "/track/order/",
    "/track/order/rating/?solved=yes", "/track/order/rating/?solved=no", "/p/XY2345/",
)  # fmt: skip


def test_x1_a_first_visit_costs_at_most_60_kilobytes(open_page: OpenPage) -> None:
    page = rated(open_page)
    page.context.route(
        "**/*", lambda route: route.continue_()
    )  # turns the browser's cache off: every visit is the first
    bodies: list[bytes] = []
    page.on("response", lambda got: bodies.append(got.body()) if got.status == 200 else None)
    weights = {}
    for href in PAGES:
        bodies.clear()
        page.goto(href, wait_until="networkidle")
        weights[href] = sum(len(gzip.compress(body)) for body in bodies)
    assert {href: weight for href, weight in weights.items() if weight > FIRST_VISIT} == {}
    assert min(weights.values()) > 5_000, "the pages were weighed with their style sheets"


def test_x2_report_track_rate_and_open_again_without_javascript(open_page: OpenPage) -> None:
    finger = touch(open_page)
    page = finger.page
    finger.start("/report/")
    finger.write(ASKED, TEXT)
    finger.press("下一步")
    finger.choose_place()
    finger.press("选好社区后，看有哪些小区和楼栋")
    finger.tap(page.locator("summary", has_text="香怡花园"))
    finger.tap(page.locator("label", has_text="12栋"))
    finger.press("下一步")
    finger.write("手机号", "138 0000 1234")
    finger.press("下一步")
    finger.press("提交")
    order = Order.objects.get()
    assert order.place == "香怡花园 12栋"
    assert page.locator(".receipt__number").inner_text() == order.number
    answer(order)
    other = touch(open_page)
    other.start("/track/")
    other.write("编号", order.number.lower())
    other.write("手机号后四位，或回执上的 6 位数字", "1234")
    other.press("查进度")
    assert "已疏通下水道" in other.page.inner_text("main")
    other.press("没解决")
    other.page.get_by_label("哪里没解决？").fill("又堵了")
    other.press("请重新办理")
    order.refresh_from_db()
    assert order.state == S.REOPENED


@pytest.mark.parametrize("size", ["normal", "big", "huge"])
@pytest.mark.parametrize("script", [True, False], ids=["script", "plain"])
def test_x3_no_page_scrolls_sideways_and_every_target_is_large_on_the_smallest_telephone(
    open_page: OpenPage, house: str, size: str, script: bool
) -> None:
    order = make.order_in(S.AWAITING_RATING, timezone.now())
    page = open_page(size=SMALL_PHONE, script=script)
    page.context.add_cookies([{"name": "sidan_size", "value": size, "url": house}])
    page.goto("/report/")
    page.get_by_label(ASKED).fill("没有空格的长文字" * 20 + " https://example.org/" + "a" * 90)
    page.get_by_role("button", name="下一步").click()
    page.locator("summary", has_text="忠州街道").click()
    page.locator("label", has_text="香怡社区").click()
    page.get_by_role("button", name="下一步").click()
    hrefs = ["/", "/report/", "/report/where/", "/report/more/", "/report/check/", "/track/", "/p/XY2345/"]
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


def to_check(open_page: OpenPage) -> Any:
    """A page with everything filled in, before it is sent."""
    page = open_page()
    page.goto("/p/XY2345/")
    page.get_by_label(ASKED).fill(TEXT)
    for word in ("下一步", "下一步"):
        page.get_by_role("button", name=word).click()
    page.wait_for_url("**/report/check/")
    return page


def test_x5_a_double_tap_makes_one_order(open_page: OpenPage) -> None:
    page = to_check(open_page)
    page.get_by_role("button", name="提交").dblclick(no_wait_after=True)
    page.wait_for_url("**/receipt/")
    assert Order.objects.count() == 1


def test_x5_back_and_refresh_lose_nothing_and_send_nothing_twice(open_page: OpenPage) -> None:
    finger = touch(open_page)
    page = finger.page
    finger.start("/report/")
    page.get_by_label(ASKED).fill(TEXT)
    finger.press("下一步")
    page.go_back()
    assert page.get_by_label(ASKED).input_value() == TEXT
    finger.press("下一步")
    finger.choose_place()
    finger.press("下一步")
    finger.press("下一步")
    finger.press("提交")
    number = page.locator(".receipt__number").first.inner_text()
    page.reload()
    page.go_back()
    page.reload()
    assert page.locator(".receipt__number").first.inner_text() == number
    assert Order.objects.count() == 1


def test_x5_an_answer_that_the_network_loses_is_asked_for_again_without_a_second_order(open_page: OpenPage) -> None:
    page = to_check(open_page)

    def lose(route: Any) -> None:
        route.fetch(max_redirects=0)
        route.abort("connectionreset")

    page.route("**/report/check/", lambda route: lose(route) if route.request.method == "POST" else route.continue_())
    with page.expect_event("requestfailed"):
        page.get_by_role("button", name="提交").click(no_wait_after=True)
    assert Order.objects.count() == 1
    page.unroute("**/report/check/")
    page.goto("/report/check/")
    assert page.url.endswith("/receipt/")
    assert page.locator(".receipt__number").first.inner_text() == Order.objects.get().number
    assert Order.objects.count() == 1


def test_x6_a_pressed_button_answers_within_400_milliseconds_on_a_slow_network(open_page: OpenPage) -> None:
    page = to_check(open_page)

    def slow(route: Any) -> None:
        time.sleep(1.5)
        route.continue_()

    page.route("**/report/check/", slow)
    page.evaluate(
        """() => { const button = [...document.querySelectorAll("button")].find((one) => one.textContent.includes("提交"));
        button.addEventListener("click", () => { window.pressedAt = performance.now(); });
        new MutationObserver(() => { sessionStorage.waited = performance.now() - window.pressedAt; })
          .observe(button, { attributes: true }); }"""
    )
    page.get_by_role("button", name="提交").click(no_wait_after=True)
    page.wait_for_url("**/receipt/")
    assert float(page.evaluate("sessionStorage.waited")) <= 400
    assert Order.objects.count() == 1


def test_x7_every_page_has_the_telephone_of_a_human_and_a_way_to_say_what_is_wrong_with_it(open_page: OpenPage) -> None:
    page = rated(open_page, script=False)
    for href in PAGES:
        page.goto(href)
        assert page.locator("footer a[href^='tel:']").count() == 1, href
        assert page.get_by_role("link", name="意见反馈").count() == 1, href
