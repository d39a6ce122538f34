"""The operator without JavaScript: a deadline changed and taken back, a person seated, a table brought from a file, a holiday."""

import re
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from sidan.kernel.org import queries as org
from sidan.kernel.org.models import Seat
from sidan.kernel.worktime.models import CalendarDay
from sidan.orders.models import Category, DeadlineRule
from sidan.orders.tests import make
from tests.journeys.conftest import PHONE, SMALL_PHONE

pytestmark = pytest.mark.browser
OpenPage = Callable[..., Any]
DESK = {"width": 1366, "height": 900}


def sign_in(page: Any, handle: str = "operator") -> Any:
    page.goto("/sign-in/?next=/govern/")
    page.get_by_label("账号").fill(handle)
    page.get_by_label("密码").fill(make.PASSWORD)
    page.get_by_role("button", name="登录").click()
    return page


@pytest.fixture(params=[PHONE, DESK], ids=["phone", "desk"])
def page(request: pytest.FixtureRequest, open_page: OpenPage) -> Any:
    return sign_in(open_page(size=request.param, script=False))


def no_sideways_scroll(page: Any) -> None:
    assert page.evaluate("document.documentElement.scrollWidth <= document.documentElement.clientWidth")


def test_a_deadline_is_changed_from_tomorrow_and_taken_back(page: Any) -> None:
    page.get_by_role("link", name="时限").first.click()
    page.get_by_label("代码、名称或单位").fill("答复")
    page.get_by_role("button", name="查找").click()
    page.get_by_role("link", name=re.compile("答复 · 一般")).click()
    page.get_by_role("link", name="修改").click()
    page.get_by_label("时限", exact=True).fill("５")
    page.get_by_role("button", name="预览").click()
    assert page.get_by_role("alert").inner_text().endswith("依据：请填写“依据”。")
    page.get_by_label("依据").fill("忠府办〔2026〕12号")
    page.get_by_role("button", name="预览").click()
    assert page.locator("del").first.inner_text() == "7"
    page.get_by_role("button", name="返回修改").click()
    assert page.get_by_label("依据").input_value() == "忠府办〔2026〕12号"
    page.get_by_role("button", name="预览").click()
    page.get_by_role("button", name="确认").click()
    assert page.get_by_role("status").inner_text().strip() == "已保存。生效以前可以撤回。"
    tomorrow = org.local_date(None) + timedelta(days=1)
    assert DeadlineRule.objects.get(stage="reply", klass="general", amount=5).valid_from == tomorrow
    page.get_by_role("link", name="撤回这一版").click()
    page.get_by_role("button", name="确认").click()
    assert DeadlineRule.objects.get(stage="reply", klass="general").valid_to is None


def test_somebody_new_gets_a_seat_and_a_link_for_the_password(page: Any) -> None:
    page.get_by_role("link", name="单位与席位").first.click()
    page.get_by_role("link", name=re.compile("忠州街道")).click()
    page.get_by_role("link", name=re.compile("香怡社区")).click()
    page.get_by_role("link", name="新增人员").click()
    page.get_by_label("账号").fill("chen")
    page.get_by_label("姓名").fill("陈静")
    page.get_by_label("代录员").check()
    page.get_by_label("依据").fill("任职通知")
    page.get_by_role("button", name="预览").click()
    page.get_by_role("button", name="确认").click()
    page.get_by_role("button", name="生成链接，当面交给本人").click()
    assert "/password/set/" in page.locator(".link-once").inner_text()
    assert Seat.objects.get(person__handle="chen").role == "recorder"


def test_a_catalogue_is_brought_from_a_file(page: Any, tmp_path: Path) -> None:
    file = tmp_path / "目录.csv"
    file.write_text("code,name,class\n0103,停车,general\n0104,噪声,未知\n", encoding="gb18030")
    page.goto("/govern/categories/import/")
    page.get_by_label("文件", exact=True).set_input_files(file)
    page.get_by_label("依据").fill("目录2026版")
    page.get_by_role("button", name="核对").click()
    assert "第 3 行" in page.get_by_role("alert").inner_text()
    file.write_text("code,name,class\n0103,停车,general\n", encoding="gb18030")
    page.get_by_role("link", name="换一个文件").click()
    page.get_by_label("文件", exact=True).set_input_files(file)
    page.get_by_label("依据").fill("目录2026版")
    page.get_by_role("button", name="核对").click()
    page.get_by_role("button", name="全部导入").click()
    assert Category.objects.get(code="0103").name == "停车"


def test_o5_staff_come_from_a_file_get_their_links_and_go_back(page: Any, tmp_path: Path) -> None:
    file = tmp_path / "人员.csv"
    head = "handle,name,unit_code,role,from,to,deputy_for,phone\n"
    file.write_text(
        f"{head}chen,陈静,500233001001,代录员,,,,13800001234\nliu,刘洋,999,承办人,,,,\n", encoding="gb18030"
    )
    page.goto("/govern/people/")
    page.get_by_role("link", name="导入").click()
    for wrong in (True, False):
        page.get_by_label("文件", exact=True).set_input_files(file)
        page.get_by_label("依据").fill("任职通知〔2026〕3号")
        page.get_by_role("button", name="核对").click()
        no_sideways_scroll(page)
        if wrong:
            assert "没有代码是 999 的单位" in page.get_by_role("alert").inner_text()
            file.write_text(f"{head}chen,陈静,500233001001,代录员,,,,13800001234\n", encoding="gb18030")
            page.get_by_role("link", name="换一个文件").click()
    page.get_by_role("button", name="全部导入").click()
    assert Seat.objects.get(person__handle="chen").role == "recorder"
    no_sideways_scroll(page)
    page.get_by_role("button", name="打开链接单，打印").click()
    assert "/password/set/" in page.locator(".link-once").inner_text()
    no_sideways_scroll(page)
    page.get_by_role("link", name="返回").click()
    page.get_by_role("link", name="撤回这次导入").click()
    page.get_by_role("button", name="确认").click()
    assert page.get_by_role("status").inner_text().strip() == "已撤回。"
    assert Seat.objects.get(person__handle="chen").to_date == org.local_date(None)


def test_a_holiday_is_set_in_the_calendar(page: Any) -> None:
    today = org.local_date(None)
    day = next(today + timedelta(days=n) for n in range(1, 9) if (today + timedelta(days=n)).weekday() < 5)
    page.goto(f"/govern/calendar/{day.year}/")
    page.locator(f"a[href='/govern/calendar/{day.year}/{day.month}/{day.day}/']").click()
    page.get_by_label("节假日").check()
    page.get_by_label("依据").fill("忠府发〔2026〕9号")
    page.get_by_role("button", name="预览").click()
    page.get_by_role("button", name="确认").click()
    assert "重新推算了期限" in page.get_by_role("status").inner_text()
    assert CalendarDay.objects.get(date=day).kind == "holiday"


def test_every_page_fits_a_small_phone(open_page: OpenPage) -> None:
    page = sign_in(open_page(size=SMALL_PHONE))
    row = DeadlineRule.objects.filter(stage="reply").first()
    assert row is not None
    year = org.local_date(None).year
    for href in (
        "/govern/", "/govern/catalogue/", f"/govern/deadlines/{row.pk}/", f"/govern/deadlines/{row.pk}/change/",
        "/govern/catalogue/new/", "/govern/units/500233/", "/govern/people/", "/govern/people/operator/",
        f"/govern/calendar/{year}/", "/govern/categories/import/", f"/govern/calendar/{year}/sync/",
    ):  # fmt: skip
        page.goto(href)
        no_sideways_scroll(page)
