"""A department's officer with a telephone: from the message's link to a sent answer, more time, and "not ours" (H1, H2, H3)."""

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from django.utils import timezone

from sidan.kernel.org import queries as org
from sidan.kernel.worktime import queries as worktime
from sidan.orders.commands import phrases
from sidan.orders.models import Duty, Order, Text
from sidan.orders.tests import make
from sidan.orders.words import S
from tests.journeys.test_staff_journeys import state
from tests.journeys.test_worker_journeys import Worker

pytestmark = pytest.mark.browser
OpenPage = Callable[..., Any]


def from_the_link(open_page: OpenPage, order: Order, **more: Any) -> Worker:
    """Signed in already; the message's link is the first tap."""
    worker = Worker(open_page, "handler", **more)
    worker.page.goto(f"/desk/orders/{order.number}/")
    worker.presses = 1
    return worker


@pytest.mark.parametrize("script", [True, False])
def test_h1_from_the_link_to_a_sent_answer_takes_at_most_six_taps(open_page: OpenPage, script: bool) -> None:
    unit = make.node("500233-D01")
    words = "师傅已到现场修好，请您晚上再看看。"
    phrases.keep(unit_id=unit.id, title="已修好", body=words, act=make.act("handler", timezone.now()))
    order = make.order_in(S.DISPATCHED, timezone.now())
    worker = from_the_link(open_page, order, script=script)
    worker.leads_to("#move-signing button")
    if script:
        worker.tap(".phrases a")
    else:
        worker.leads_to(".phrases a")
    assert worker.page.locator("#f-reply-text").input_value() == words
    worker.says("已联系过居民")
    worker.tap('#move-reply [name="contacted"]')
    worker.leads_to("#move-reply .btn--primary")
    assert worker.presses <= 6
    assert state(order) == S.REPLIED
    assert Order.objects.get(pk=order.pk).first_contact_at is not None
    assert Text.objects.get(order=order, kind="reply").body == words


def test_h1_a_unit_keeps_its_own_words_and_others_do_not_see_them(open_page: OpenPage) -> None:
    worker = Worker(open_page, "handler", script=False)
    worker.page.goto("/desk/phrases/")
    worker.page.get_by_label("名称").fill("已修好")
    worker.page.get_by_label("内容").fill("已经修好了")
    worker.leads_to("text=保存模板")
    worker.says("模板已保存")
    other = Worker(open_page, "handler2", script=False)
    other.page.goto("/desk/phrases/")
    other.says("还没有模板")
    worker.leads_to("text=撤下")
    worker.says("还没有模板")


def test_h2_more_time_takes_at_most_four_taps_and_shows_the_new_day_before(open_page: OpenPage) -> None:
    order = make.order_in(S.IN_PROGRESS, timezone.now())
    due = Order.objects.get(pk=order.pk).answer_due_at
    assert due is not None
    wanted = worktime.calendar().add(due, 3, "working_days")
    worker = from_the_link(open_page, order, script=False)
    worker.presses = 0
    worker.tap("#move-extension summary")
    box = worker.page.locator("#f-extension-days")
    shown = box.locator('option[value="3"]').inner_text()
    day = wanted.astimezone(org.ZONE)
    assert shown.startswith(f"3 个工作日，延到{day.month}月{day.day}日 {day:%H:%M}")
    box.select_option("3")
    worker.presses += 2  # open the list, choose
    worker.page.locator("#f-extension-reason").fill("等灯具到货")
    worker.leads_to("#move-extension .btn--primary")
    assert worker.presses <= 4
    assert Order.objects.get(pk=order.pk).answer_due_at == wanted
    assert Text.objects.get(order=order, body="等灯具到货").staff_only is False  # the resident reads it


def test_h3_not_ours_takes_at_most_three_taps_with_the_duty_lists_entry_and_is_ruled_once(open_page: OpenPage) -> None:
    Duty.objects.create(
        holder="500233-D02",
        category_code="0101",
        role="lead",
        text="小区共用照明的维修",
        valid_from=make.SINCE,
        source="职责清单第7条",
    )
    order = make.order_in(S.DISPATCHED, timezone.now() - timedelta(minutes=5))
    worker = from_the_link(open_page, order, script=False)
    worker.tap("#move-dispute summary")
    assert "小区共用照明的维修（职责清单第7条）" in worker.page.locator("#f-dispute-reason").input_value()
    assert worker.page.locator('#move-dispute [name="proper"]:checked').input_value() == "500233-D02"
    worker.leads_to("#move-dispute .btn--danger")
    assert worker.presses <= 3
    assert state(order) == S.DISPUTED
    fresh = Order.objects.get(pk=order.pk)
    make.take(
        fresh, "rule", "supervisor", timezone.now(), lead=make.node("500233-D01"), reason="按派单目录仍由你单位办"
    )
    worker.page.reload()
    worker.says("按派单目录仍由你单位办")
    assert worker.page.locator("#move-dispute").count() == 0
