"""Coming in: a resident by telephone and code, staff with a second factor, one's own data, and a form that outlives its session."""

import time
from typing import Any

import pytest
from django.contrib.sessions.models import Session
from django.test import override_settings
from django.utils import timezone

from sidan.kernel.base.models import Door
from sidan.kernel.org import codes, factors
from sidan.kernel.org.models import Account, Code, Factor
from sidan.orders.models import Order, Text
from sidan.orders.tests import make
from sidan.orders.words import S
from tests.journeys.conftest import SMALL_PHONE
from tests.journeys.finger import Finger, OpenPage, touch
from tests.journeys.test_resident_promises import narrow

pytestmark = pytest.mark.browser
NUMBER = "13800001234"


def digits() -> str:
    """What the message says; the demonstration shows it at /dev/outbox."""
    return codes.digits(Code.objects.latest("pk"))


def focused(page: Any) -> str:
    """The field that can be written in without a tap."""
    return str(page.evaluate("document.activeElement.id"))


def staff(finger: Finger, handle: str) -> None:
    """Handle, password, in."""
    page = finger.page
    page.get_by_label("账号").fill(handle)
    page.get_by_label("密码").fill(make.PASSWORD)
    with page.expect_navigation():
        finger.tap(page.get_by_role("button", name="登录", exact=True))


def come_in(finger: Finger) -> None:
    page = finger.page
    page.goto("/my/sign-in/")
    finger.taps = finger.pages = 0
    assert focused(page) == "f-phone"
    page.keyboard.type(NUMBER)
    finger.press("获取验证码")
    assert focused(page) == "f-digits"
    assert page.locator("#f-digits").get_attribute("autocomplete") == "one-time-code"
    page.keyboard.type(digits())
    finger.press("登录")


def test_r9_a_resident_is_in_by_two_taps_on_one_page_without_script(open_page: OpenPage, house: str) -> None:
    finger = touch(open_page, size=SMALL_PHONE)
    begun = time.monotonic()
    come_in(finger)
    assert finger.page.url == f"{house}/my/"
    assert (finger.taps, finger.pages) == (2, 2), "the same page with the digits' field, and one's own orders"
    assert time.monotonic() - begun < 20
    Door.objects.all().delete()  # a minute passes
    again = touch(open_page)
    come_in(again)
    assert (again.taps, again.pages) == (2, 2), "coming back is the same as coming for the first time"
    assert Account.objects.filter(phone_hash__isnull=False).count() == 1


def test_r9_with_script_the_button_rests_until_another_message_may_be_asked_for(open_page: OpenPage) -> None:
    page = open_page()
    page.goto("/my/sign-in/")
    page.get_by_label("手机号").fill(NUMBER)
    page.get_by_role("button", name="获取验证码").click()
    again = page.locator("wait-again button")
    assert again.is_disabled()
    assert "秒后可重新获取" in again.inner_text()
    assert page.get_by_text("收不到短信？").is_visible()
    assert (
        page.get_by_role("link", name="023-54000000").first.is_visible() or page.locator("a[href^='tel:']").count() > 0
    )


def test_r9_an_order_placed_before_is_followed_and_rated_without_its_number(open_page: OpenPage, house: str) -> None:
    order = make.order_in(S.AWAITING_RATING, timezone.now(), phone=NUMBER)
    finger = touch(open_page)
    come_in(finger)
    finger.taps = 0
    finger.tap(finger.page.locator("button", has_text=order.number))
    finger.page.wait_for_url(f"{house}/track/order/")
    finger.press("解决了")
    finger.press("满意")
    assert finger.taps == 3
    order.refresh_from_db()
    assert order.state == S.CLOSED


def test_r11_my_data_is_seen_corrected_taken_along_and_deleted_in_three_taps_each(
    open_page: OpenPage, house: str
) -> None:
    order = make.order_in(S.WITHDRAWN, timezone.now(), phone=NUMBER, name="王姨")
    finger = touch(open_page, accept_downloads=True)
    page = finger.page
    come_in(finger)

    finger.taps = 0
    finger.press("我的资料")
    assert page.get_by_text(NUMBER).first.is_visible()
    assert finger.taps == 1, "see"
    finger.write("怎么称呼您", "王阿姨")
    finger.press("保存称呼")
    assert finger.taps == 3, "correct"
    assert page.get_by_label("怎么称呼您").input_value() == "王阿姨"

    page.goto("/my/")
    finger.taps = 0
    finger.press("我的资料")
    finger.press("导出我的资料")
    assert page.get_by_text("王阿姨").first.is_visible(), "a page to read"
    with page.expect_download() as got:
        finger.tap(page.get_by_role("link", name="下载 Excel 表格"))
    assert got.value.suggested_filename.endswith(".xlsx")
    assert finger.taps == 3, "take along"

    page.goto("/my/")
    finger.taps = 0
    finger.press("我的资料")
    finger.press("删除我的资料")
    assert page.get_by_text(order.number).is_visible()
    finger.press("确认删除")
    assert finger.taps == 3, "delete"
    assert page.url == f"{house}/"
    assert Text.objects.get(order=order, kind="request").body == ""
    page.goto("/my/")
    assert "/my/sign-in/" in page.url


def test_r11_another_number_is_proved_before_it_counts(open_page: OpenPage) -> None:
    finger = touch(open_page)
    page = finger.page
    come_in(finger)
    finger.taps = 0
    finger.press("我的资料")
    finger.press("换手机号")
    page.get_by_label("新的手机号").fill("13900005678")
    finger.press("获取验证码")
    page.get_by_label("短信里的 6 位数字").fill(digits())
    finger.press("确认更换")
    assert finger.taps == 4
    assert page.get_by_text("13900005678").first.is_visible()


@pytest.mark.parametrize("size", ["normal", "big", "huge"])
def test_pages_of_one_s_own_are_narrow_and_their_targets_large(open_page: OpenPage, house: str, size: str) -> None:
    make.order_in(S.AWAITING_RATING, timezone.now(), phone=NUMBER)
    make.order_in(S.WITHDRAWN, timezone.now(), phone=NUMBER)
    finger = touch(open_page, size=SMALL_PHONE)
    page = finger.page
    page.context.add_cookies([{"name": "sidan_size", "value": size, "url": house}])
    narrow(page, ["/my/sign-in/"], size)
    page.get_by_label("手机号").fill("13900000000")
    page.get_by_role("button", name="获取验证码").click()
    narrow(page, ["/my/sign-in/"], size)
    page.get_by_role("button", name="换一个号码").click()
    come_in(finger)
    hrefs = ["/my/", "/my/data/", "/my/data/phone/", "/my/data/export/", "/my/data/deletion/", "/account/"]
    narrow(page, hrefs, size)


def test_x5_a_staff_form_outlives_its_session(open_page: OpenPage, house: str) -> None:
    order = make.order_in(S.IN_PROGRESS, timezone.now())
    words = "已联系物业，本周五前换好新灯"
    finger = touch(open_page)
    page = finger.page
    page.goto("/sign-in/")
    staff(finger, "handler")
    page.goto(f"/desk/orders/{order.number}/")
    form = page.locator("form[action$='/reply/']")
    if not form.locator("textarea").is_visible():
        page.locator("details", has=form).locator("summary").first.click()
    form.locator("textarea").first.fill(words)
    Session.objects.update(expire_date=timezone.now())
    with page.expect_navigation():
        form.locator("button").last.tap()
    assert "/sign-in/" in page.url
    staff(finger, "handler")
    assert page.url == f"{house}/desk/orders/{order.number}/"
    assert page.locator("form[action$='/reply/'] textarea").first.input_value() == words
    with page.expect_navigation():
        page.locator("form[action$='/reply/'] button").last.tap()
    order.refresh_from_db()
    assert order.state == S.REPLIED
    assert Order.objects.count() == 1


def test_staff_whose_role_asks_for_it_set_up_an_app_before_their_first_page(open_page: OpenPage, house: str) -> None:
    with override_settings(SIDAN_SECOND_FACTOR=("operator",)):
        finger = touch(open_page)
        page = finger.page
        page.goto("/sign-in/")
        finger.taps = finger.pages = 0
        staff(finger, "operator")
        assert page.get_by_role("heading", name="设置第二重验证").is_visible()
        secret = page.get_by_text("密钥", exact=False).locator(".number").first.inner_text().replace(" ", "")
        page.get_by_label("6 位数字").fill(factors.code_at(secret, factors.step_of(timezone.now())))
        finger.press("确认")
        assert page.locator("li.number").count() == factors.RECOVERY_CODES
        recovery = page.locator("li.number").first.inner_text()
        finger.press("抄好了")
        assert (finger.taps, finger.pages) == (3, 3)

        other = touch(open_page)
        other.page.goto("/sign-in/")
        staff(other, "operator")
        assert focused(other.page) == "f-code"
        other.page.keyboard.type(recovery)
        with other.page.expect_navigation():
            other.tap(other.page.get_by_role("button", name="登录", exact=True))
        assert other.page.url == f"{house}/desk/"
        assert other.taps == 2


def test_a_passkey_is_made_and_opens_the_door(open_page: OpenPage, house: str) -> None:
    page = open_page()
    tools = page.context.new_cdp_session(page)
    tools.send("WebAuthn.enable")
    tools.send("WebAuthn.addVirtualAuthenticator", {"options": {
        "protocol": "ctap2", "transport": "internal", "hasResidentKey": True, "hasUserVerification": True,
        "isUserVerified": True, "automaticPresenceSimulation": True,
    }})  # fmt: skip
    page.goto("/sign-in/?next=/account/")
    page.get_by_label("账号").fill("handler")
    page.get_by_label("密码").fill(make.PASSWORD)
    page.get_by_role("button", name="登录").click()
    page.get_by_role("link", name="设置第二重验证").click()
    page.get_by_role("button", name="创建通行密钥").click()
    page.wait_for_url(f"{house}/account/recovery/")
    page.get_by_role("button", name="抄好了").click()
    assert page.get_by_text("通行密钥").first.is_visible()
    kept = Factor.objects.get(kind="passkey")
    page.get_by_role("button", name="退出", exact=True).click()
    page.goto("/sign-in/")
    page.get_by_label("账号").fill("handler")
    page.get_by_label("密码").fill(make.PASSWORD)
    page.get_by_role("button", name="登录").click()
    page.get_by_role("button", name="用通行密钥").click()
    page.wait_for_url(f"{house}/desk/")
    kept.refresh_from_db()
    assert kept.used_at is not None
    assert kept.used_at > kept.made_at
