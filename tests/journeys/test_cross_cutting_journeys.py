"""What holds wherever somebody is: large text in one tap, errors that say how to mend them, a number on every refusal."""

import re
from pathlib import Path
from typing import Any

import pytest
from PIL import Image

from sidan.orders.models import Order
from tests.journeys.finger import ASKED, TEXT, OpenPage, touch

pytestmark = pytest.mark.browser
_LETTERS = """() => Math.min(...[...document.querySelectorAll("main p, main a, main label, main legend, header button, footer a")]
  .filter(one => one.getClientRects().length && one.textContent.trim())
  .map(one => parseFloat(getComputedStyle(one).fontSize)))"""


def size(page: Any) -> str:
    return str(page.get_attribute("html", "data-size"))


@pytest.mark.parametrize("script", [True, False], ids=["script", "plain"])
def test_x3_large_text_is_one_tap_away_and_stays(open_page: OpenPage, script: bool) -> None:
    finger = touch(open_page, script=script)
    page = finger.page
    finger.start("/report/?unit=500233001001")
    finger.press("大字")
    assert (finger.taps, size(page)) == (1, "big")
    assert page.url.endswith("/report/?unit=500233001001"), "it leads back to where it was tapped"
    for href in ("/", "/report/", "/track/", "/sign-in/", "/nowhere/"):
        page.goto(href)
        assert size(page) == "big", href
        assert page.evaluate(_LETTERS) >= 20, href
    kept = next(one for one in page.context.cookies() if one["name"] == "sidan_size")
    assert kept["expires"] - page.evaluate("Date.now() / 1000") > 300 * 24 * 3600
    finger.start("/")
    finger.press("标准字")
    assert (finger.taps, size(page)) == (1, "normal")


@pytest.mark.parametrize("script", [True, False], ids=["script", "plain"])
def test_x4_an_error_says_how_to_mend_it_on_top_and_at_its_field_and_loses_nothing(
    open_page: OpenPage, script: bool, tmp_path: Path
) -> None:
    photo = tmp_path / "lamp.jpg"
    Image.new("RGB", (600, 400), "navy").save(photo)
    finger = touch(open_page, script=script)
    page = finger.page
    finger.start("/report/?unit=500233001001")
    finger.write(ASKED, TEXT)
    finger.press("下一步")
    finger.press("下一步")
    page.locator('input[type="file"]').set_input_files(str(photo))
    if script:
        page.get_by_text("已上传").first.wait_for()
    finger.write("手机号", "1380000")
    finger.press("下一步")

    top = page.get_by_role("alert")
    link = top.get_by_role("link").first
    field = page.locator(str(link.get_attribute("href")))
    at_field = page.locator(f"#{str(field.get_attribute('aria-describedby')).split()[-1]}").inner_text()
    assert field.get_attribute("aria-invalid") == "true"
    assert "11" in at_field
    assert at_field.strip() in link.inner_text(), "the summary says what the field says"
    assert field.input_value() == "1380000"
    assert page.locator(".photos--mine img").count() == 1

    finger.write("手机号", "+86 １３８-００００ １２３４")
    finger.press("下一步")
    finger.press("提交")
    assert Order.objects.get().title == TEXT
    page.goto("/track/")
    finger.write("编号", f" {Order.objects.get().number.lower()} ")
    finger.write("手机号后四位，或回执上的 6 位数字", "１２３４")
    finger.press("查进度")
    assert page.url.endswith("/track/order/")


def test_x8_every_refusal_shows_a_short_number_that_support_can_search(open_page: OpenPage) -> None:
    page = open_page(script=False)
    answer = page.goto("/nowhere/")
    number_shown(page, answer, 404)
    page.goto("/track/")
    page.get_by_label("编号").fill("8K3M2Q7P")
    page.context.clear_cookies()  # as after a night: the form's own proof is gone
    with page.expect_navigation() as gone:
        page.get_by_role("button", name="查进度").click()
    number_shown(page, gone.value, 403)


def number_shown(page: Any, answer: Any, status: int) -> None:
    """The page says the number that the answer and every line of the log carry, and whom to call."""
    shown = page.locator(".refusal__id").inner_text()
    assert answer.status == status
    assert re.fullmatch("[23456789ABCDEFGHJKMNPQRSTVWXYZ]{8}", shown)
    assert shown == answer.headers["x-request-id"]
    assert page.locator("footer a[href^='tel:']").count() == 1
