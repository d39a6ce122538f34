"""A community worker's morning on the telephone: taps counted, nothing asked twice, nobody's number shown unasked (C1, C2, C4)."""

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from django.utils import timezone

from sidan.kernel.journal.models import Entry
from sidan.orders.models import Order
from sidan.orders.tests import make
from sidan.orders.words import S
from tests.journeys.conftest import PHONE
from tests.journeys.test_staff_journeys import Officer, state

pytestmark = pytest.mark.browser
OpenPage = Callable[..., Any]


class Worker(Officer):
    """Somebody with a telephone in the hand; every press of the page is a tap."""

    def __init__(self, open_page: OpenPage, handle: str = "community", **more: Any) -> None:
        super().__init__(open_page, handle, **{"size": PHONE, "script": True, "has_touch": True, **more})

    def tap(self, selector: str) -> None:
        self.page.locator(selector).first.tap()
        self.presses += 1

    def leads_to(self, selector: str) -> None:
        with self.page.expect_navigation():
            self.tap(selector)


def test_c1_today_has_what_is_due_first_and_one_tap_opens_it(open_page: OpenPage) -> None:
    now = timezone.now()
    later = make.order_in(S.COMMUNITY_HANDLING, now)
    late = make.ask(now - timedelta(hours=5))
    soon = make.ask(now)
    worker = Worker(open_page)
    assert worker.page.locator(".today__case").evaluate_all("all => all.map(one => one.id)") == [
        f"row-{order.number}" for order in (late, soon, later)
    ]
    assert worker.page.locator("h2.part").first.inner_text().startswith("已超期")
    worker.leads_to(f"#row-{late.number} .cases__title")
    assert worker.presses == 1
    worker.says(late.number)


@pytest.mark.parametrize("script", [True, False])
def test_c2_accepting_is_one_tap_and_the_list_stays(open_page: OpenPage, script: bool) -> None:
    order, _other = make.ask(timezone.now()), make.ask(timezone.now())
    worker = Worker(open_page, script=script)
    worker.leads_to(f"#row-{order.number} .btn--primary")
    assert (worker.presses, state(order)) == (1, S.ACCEPTED)
    assert worker.page.url.endswith(f"/desk/#row-{order.number}")
    worker.says("“接单”已办好")


def test_c2_calling_is_one_tap_it_is_written_down_and_how_it_went_is_one_more(open_page: OpenPage) -> None:
    order = make.order_in(S.ACCEPTED, timezone.now(), phone="13800001234")
    worker = Worker(open_page)
    assert "13800001234" not in worker.page.content()
    worker.page.evaluate(
        "document.addEventListener('click', event => { const link = event.target.closest('a[href^=\"tel:\"]');"
        " if (link) { window.dialled = link.href; event.preventDefault(); } })"
    )
    with worker.page.expect_response("**/contact-reading/"):
        worker.tap(f"#row-{order.number} .call-resident button")
    worker.page.locator(f"#row-{order.number} .tel").wait_for()
    assert worker.presses == 1
    assert worker.page.evaluate("window.dialled") == "tel:13800001234"
    assert Entry.objects.filter(kind="orders.contact.read", by=make.person("community")).count() == 1
    with worker.page.expect_navigation():
        worker.page.get_by_role("button", name="打通了").tap()
    assert Order.objects.get(pk=order.pk).first_contact_at is not None
    assert "13800001234" not in worker.page.content()
    worker.says("已联系过")


def test_c2_without_scripts_the_number_comes_on_a_page_of_its_own(open_page: OpenPage) -> None:
    order = make.order_in(S.ACCEPTED, timezone.now(), phone="13800001234")
    worker = Worker(open_page, script=False)
    worker.leads_to(f"#row-{order.number} .call-resident button")
    assert worker.page.locator('a[href="tel:13800001234"]').count() == 1
    worker.leads_to('button[value="phone"]')
    assert Order.objects.get(pk=order.pk).first_contact_at is not None


def test_c2_who_keeps_their_number_back_is_not_called(open_page: OpenPage) -> None:
    orders = [make.order_in(S.ACCEPTED, timezone.now(), **{how: True}) for how in ("anonymous", "confidential")]
    worker = Worker(open_page)
    assert worker.page.locator(".today__case").count() == 2
    assert worker.page.locator(".call-resident").count() == 0
    for order in orders:
        status = worker.page.evaluate(
            "path => fetch(path, {method: 'POST', headers: {Accept: 'application/json'},"
            " body: new URLSearchParams({csrfmiddlewaretoken: document.querySelector('[name=csrfmiddlewaretoken]').value})})"
            ".then(answer => answer.status)",
            f"/desk/orders/{order.number}/contact-reading/",
        )
        assert status == 409
    assert not Entry.objects.filter(kind="orders.contact.read").exists()


def test_c2_closing_with_a_result_takes_at_most_four_taps_and_a_text(open_page: OpenPage) -> None:
    order = make.order_in(S.ACCEPTED, timezone.now())
    worker = Worker(open_page)
    worker.leads_to(f"#row-{order.number} .btn--primary")  # 社区当场办理
    worker.page.locator("#f-reply-text").fill("灯已换新，晚上亮了")
    worker.tap('#move-reply [name="contacted"]')
    worker.leads_to("#move-reply .btn--primary")
    assert worker.presses <= 4
    assert state(order) == S.REPLIED


def test_c4_what_is_known_is_not_asked_again(open_page: OpenPage) -> None:
    order = make.order_in(S.COMMUNITY_HANDLING, timezone.now())
    make.take(order, "contact", "community", timezone.now(), way="phone")
    worker = Worker(open_page, script=False)
    worker.leads_to(f"#row-{order.number} .btn--primary")
    assert worker.page.locator('#move-reply [name="contacted"]').is_checked()
    # Recording for somebody: the place and the way are filled in, where they can only be these.
    worker.page.goto("/desk/record/")
    assert worker.page.locator('[name="unit"]:checked').input_value() == "500233001001"
    assert worker.page.locator('[name="channel"]:checked').input_value() == "desk"
