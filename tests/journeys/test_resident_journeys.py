"""What a resident does with a telephone, one test for each promise: taps and pages counted, with and without JavaScript."""

import re
from datetime import timedelta
from io import BytesIO
from pathlib import Path
from typing import Any

import pytest
from django.utils import timezone
from PIL import Image

from sidan.kernel.files.models import Photo
from sidan.kernel.files.tests import samples
from sidan.kernel.notify.models import Message
from sidan.orders import keys
from sidan.orders.models import Order
from sidan.orders.tests import make
from sidan.orders.words import S
from sidan.web import drawing
from tests.journeys.conftest import SMALL_PHONE
from tests.journeys.finger import ASKED, TEXT, Finger, OpenPage, touch

pytestmark = pytest.mark.browser
with_and_without_script = pytest.mark.parametrize("script", [True, False], ids=["script", "plain"])


@with_and_without_script
def test_r1_from_home_to_the_receipt_in_four_pages_and_eight_taps(open_page: OpenPage, script: bool) -> None:
    finger = touch(open_page, script=script)
    finger.start("/")
    finger.press("我要点单")
    finger.write(ASKED, TEXT)
    finger.press("下一步")
    finger.choose_place()
    finger.press("下一步")
    finger.press("下一步")
    finger.press("提交")
    assert finger.page.url.endswith("/receipt/")
    # The sentence itself is not a tap; the four pages lie between home and the receipt. Nobody was asked to sign in.
    assert (finger.taps - 1, finger.pages - 1) == (7, 4)
    assert Order.objects.get().title == TEXT


@with_and_without_script
def test_r2_from_a_poster_in_five_taps(open_page: OpenPage, script: bool) -> None:
    finger = touch(open_page, script=script)
    finger.start("/p/XY2345/")
    assert "香怡花园 3栋" in finger.page.inner_text("main")
    finger.write(ASKED, TEXT)
    for word in ("下一步", "下一步", "提交"):
        finger.press(word)
    assert (finger.taps - 1, finger.pages - 1) == (3, 2)
    order = Order.objects.get()
    assert (order.unit.code, order.place) == ("500233001001", "香怡花园 3栋")


def noisy(number: int) -> dict[str, Any]:
    """A large photo as a telephone makes it, hard to make small."""
    out = BytesIO()
    grain = Image.effect_noise((2000, 1500), 16 + number).convert("RGB")
    exif = Image.Exif()
    exif[0x010F] = "PhoneMaker-Of-Mrs-Li"
    grain.save(out, "JPEG", quality=92, exif=exif)
    return {"name": f"{number}.jpg", "mimeType": "image/jpeg", "buffer": out.getvalue()}


def to_photos(finger: Finger) -> None:
    finger.start("/p/XY2345/")
    finger.write(ASKED, TEXT)
    finger.press("下一步")


def test_r4_three_photos_go_up_at_once_each_at_most_300_kilobytes(open_page: OpenPage) -> None:
    finger = touch(open_page, script=True)
    page, sizes = finger.page, []
    page.on(
        "request", lambda asked: sizes.append(len(asked.post_data_buffer or b"")) if "/photos/" in asked.url else None
    )
    to_photos(finger)
    page.locator("input[type=file]").set_input_files([noisy(number) for number in range(3)])
    page.locator("photo-picker li[data-name]").nth(2).wait_for()
    assert "已上传" in page.inner_text("photo-picker")
    assert len(sizes) == 3
    assert max(sizes) <= 300 * 1024 + 1000  # with the form's own bytes round the picture
    assert not page.locator("input[type=file]").is_visible()
    finger.press("下一步")
    finger.press("提交")
    assert Photo.objects.count() == 3


def test_r4_a_failing_upload_never_blocks_sending_and_can_be_tried_again(open_page: OpenPage) -> None:
    finger = touch(open_page, script=True)
    page = finger.page
    to_photos(finger)
    page.route("**/report/photos/", lambda route: route.abort())
    page.locator("input[type=file]").set_input_files([noisy(1)])
    page.get_by_text("没传上，不影响提交").wait_for()
    page.unroute("**/report/photos/")
    finger.tap(page.get_by_role("button", name="再传一次"))
    page.locator("photo-picker li[data-name]").wait_for()
    finger.tap(page.get_by_role("button", name="去掉这张"))
    page.route("**/report/photos/", lambda route: route.abort())
    page.locator("input[type=file]").set_input_files([noisy(2)])
    page.get_by_text("没传上，不影响提交").wait_for()
    finger.press("下一步")
    finger.press("提交")
    assert Order.objects.count() == 1
    assert Photo.objects.count() == 0


def test_r4_what_is_still_going_up_travels_with_the_form(open_page: OpenPage) -> None:
    finger = touch(open_page, script=True)
    to_photos(finger)
    finger.page.route("**/report/photos/", lambda route: None)  # the answer never comes
    finger.page.locator("input[type=file]").set_input_files([noisy(1)])
    finger.page.get_by_text("正在上传").wait_for()
    finger.page.wait_for_timeout(1500)
    finger.press("下一步")
    finger.press("提交")
    assert Photo.objects.count() == 1


def test_r4_without_scripts_the_plain_field_takes_photos(open_page: OpenPage) -> None:
    finger = touch(open_page)
    to_photos(finger)
    picture = {"name": "a.jpg", "mimeType": "image/jpeg", "buffer": samples.picture(gps=True)}
    finger.page.locator("input[type=file]").set_input_files([picture])
    finger.press("下一步")
    finger.press("提交")
    assert Photo.objects.count() == 1


def test_r5_a_closed_page_comes_back_with_what_was_typed_without_a_tap(open_page: OpenPage) -> None:
    page = open_page()
    page.goto("/report/")
    page.get_by_label(ASKED).fill(TEXT)
    page.close()
    again = page.context.new_page()
    again.goto("/report/")
    assert again.get_by_label(ASKED).input_value() == TEXT
    assert Order.objects.count() == 0


@with_and_without_script
def test_r5_a_draft_comes_back_at_its_last_page_without_a_tap(open_page: OpenPage, script: bool) -> None:
    finger = touch(open_page, script=script)
    finger.start("/report/")
    finger.write(ASKED, TEXT)
    finger.press("下一步")
    finger.page.close()
    again = finger.page.context.new_page()
    again.goto("/report/")
    assert again.get_by_label(ASKED).input_value() == TEXT
    again.goto("/")
    assert "接着填上次的单" in again.inner_text("main")


def test_r5_what_was_sent_is_not_offered_again(open_page: OpenPage) -> None:
    finger = touch(open_page, script=True)
    to_photos(finger)
    finger.press("下一步")
    finger.press("提交")
    finger.page.goto("/report/")
    assert finger.page.get_by_label(ASKED).input_value() == ""


def test_r6_the_receipt_says_everything_and_is_kept_as_a_picture_and_a_message(
    open_page: OpenPage, tmp_path: Path
) -> None:
    finger = touch(open_page, script=True)
    to_photos(finger)
    finger.write("手机号", "138 0000 1234")
    finger.press("下一步")
    finger.press("提交")
    order, said = Order.objects.get(), finger.page.inner_text("main")
    assert set(order.number) <= set(keys.ALPHABET)
    assert len(order.number) == 8
    for words in (order.number, "最晚答复", "香怡社区", "接下来", "023-54000"):
        assert words in said, words
    assert Message.objects.get(topic="orders.receipt").to_person_id == order.asked_by_id
    if drawing.face() is None:
        pytest.skip("no Chinese font; mend with: apt-get install fonts-wqy-microhei")
    finger.taps = 0
    with finger.page.expect_download() as coming:
        finger.tap(finger.page.get_by_role("link", name="存成图片"))
    coming.value.save_as(tmp_path / "receipt.png")
    assert finger.taps == 1
    with Image.open(tmp_path / "receipt.png") as picture:
        assert picture.width == 720


@with_and_without_script
def test_r7_number_and_tail_open_an_order_in_three_taps(open_page: OpenPage, script: bool) -> None:
    order = make.order_in(S.AWAITING_RATING, timezone.now())
    finger = touch(open_page, script=script)
    finger.start("/track/")
    finger.write("编号", order.number.lower())
    finger.write("手机号后四位，或回执上的 6 位数字", "１２３４")
    finger.press("查进度")
    assert (finger.taps, finger.pages) == (3, 1)
    assert order.number not in finger.page.url
    said = finger.page.inner_text("main")
    for words in ("已经答复，请您评价", "派给城市管理局办理", "社区已接单", "已换新灯"):
        assert words in said, words


def test_r7_one_may_urge_only_after_the_day_that_was_promised(open_page: OpenPage, house: str) -> None:
    now = timezone.now()
    fresh, late = make.order_in(S.IN_PROGRESS, now), make.order_in(S.IN_PROGRESS, now - timedelta(days=60))
    finger = touch(open_page)
    finger.start(f"/t/{keys.link(fresh.number)}/")
    assert finger.page.get_by_role("button", name="催办").count() == 0
    finger.start(f"/t/{keys.link(late.number)}/")
    finger.press("催办")
    assert "已提醒" in finger.page.inner_text("body")


@with_and_without_script
def test_r8_two_taps_rate_from_the_link_in_a_message(open_page: OpenPage, house: str, script: bool) -> None:
    order = make.order_in(S.AWAITING_RATING, timezone.now())
    finger = touch(open_page, script=script, size=SMALL_PHONE)
    finger.start(f"/t/{keys.link(order.number)}/")
    assert finger.page.url == f"{house}/track/order/"
    assert finger.page.locator("input:checked").count() == 0
    finger.press("解决了")
    assert finger.page.locator("input:checked").count() == 0
    finger.press("满意")
    assert finger.taps == 2
    order.refresh_from_db()
    assert (order.state, order.solved, order.satisfied) == (S.CLOSED, "yes", "yes")


@with_and_without_script
def test_r8_not_solved_opens_it_again_with_one_reason(open_page: OpenPage, script: bool) -> None:
    order = make.order_in(S.AWAITING_RATING, timezone.now())
    finger = touch(open_page, script=script)
    finger.start(f"/t/{keys.link(order.number)}/")
    finger.press("没解决")
    finger.write("哪里没解决？", "又堵了")
    finger.press("请重新办理")
    assert finger.taps == 3
    assert "重新办理" in finger.page.inner_text("h1")
    order.refresh_from_db()
    assert (order.state, order.round, order.solved) == (S.REOPENED, 2, "no")


def test_r10_a_neighbour_asks_for_somebody_with_one_tap_more(open_page: OpenPage) -> None:
    finger = touch(open_page)
    to_photos(finger)
    before = finger.taps
    finger.tap(finger.page.locator("label", has_text="我替别人点单，本人已经同意"))
    assert finger.taps - before == 1
    finger.page.get_by_label("手机号").first.fill("138 0000 1234")
    finger.press("下一步")
    assert "本人已经同意" in finger.page.inner_text("main")
    finger.press("提交")
    order = Order.objects.get()
    assert order.recorded_by_id not in (None, order.asked_by_id)
    assert Message.objects.get(topic="orders.receipt").to_person_id == order.asked_by_id


def test_r10_a_grid_worker_records_with_fewer_taps_than_the_resident_needs(open_page: OpenPage) -> None:
    finger = touch(open_page)
    page = finger.page
    page.goto("/sign-in/")
    page.get_by_label("账号").fill("recorder")
    page.get_by_label("密码").fill(make.PASSWORD)
    page.get_by_role("button", name="登录", exact=True).click()
    finger.start("/desk/record/")
    finger.write("居民说了什么", TEXT)
    finger.write("居民手机号", "138 0000 1234")
    finger.tap(page.locator("label", has_text="居民已同意由我代为登记"))
    finger.press("登记")
    # Two fields to write in, the consent, the button: the consent is all that comes on top.
    assert finger.taps == 4
    order = Order.objects.get()
    assert re.search(order.number, page.inner_text("main"))
    assert Message.objects.get(topic="orders.receipt").to_person_id == order.asked_by_id
