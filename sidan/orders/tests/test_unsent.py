"""A session that ends while a form is being filled: after the sign-in the form stands there as it was."""

from typing import Any

import pytest
from django.contrib.sessions.models import Session
from django.test import Client
from django.utils import timezone

from sidan.kernel.org.models import Account
from sidan.orders.models import Order
from sidan.orders.tests import make
from sidan.orders.words import S

pytestmark = pytest.mark.django_db
WORDS = "已经联系物业，本周五前换好新灯"


@pytest.fixture(autouse=True)
def _county() -> None:
    make.county(logins=True)


def signed_in(handle: str) -> Client:
    client = Client()
    answer = client.post("/sign-in/", {"handle": handle, "password": make.PASSWORD})
    assert answer.status_code == 303
    return client


def expire() -> None:
    """As time does it: the row is there and opens nothing."""
    Session.objects.update(expire_date=timezone.now())


def send(client: Client, order: Order, noun: str, **values: Any) -> Any:
    here = f"/desk/orders/{order.number}/"
    return client.post(
        f"{here}{noun}/", {"version": order.version, "form_token": "a-token-of-this-form", **values},
        headers={"Referer": f"http://testserver{here}"},
    )  # fmt: skip


def test_a_step_s_form_comes_back_filled_after_the_sign_in_and_goes_through() -> None:
    order = make.order_in(S.IN_PROGRESS, timezone.now())
    client = signed_in("handler")
    expire()
    answer = send(client, order, "reply", text=WORDS, contacted="true")
    here = f"/desk/orders/{order.number}/"
    assert answer.status_code == 303
    assert answer["Location"].startswith("/sign-in/?next=%2Fdesk%2Forders%2F") or f"next={here}" in answer["Location"]
    led = client.post("/sign-in/", {"handle": "handler", "password": make.PASSWORD, "next": here})
    assert led["Location"] == here
    shown = client.get(here).content.decode()
    assert WORDS in shown
    assert 'value="true" checked' in shown
    assert send(client, order, "reply", text=WORDS, contacted="true").status_code == 303
    order.refresh_from_db()
    assert order.state == S.REPLIED
    assert WORDS not in client.get(f"/desk/orders/{order.number}/").content.decode().split("timeline")[0][:2000]
    assert "web.unsent" not in client.session


def test_a_form_on_a_page_of_its_own_comes_back_filled() -> None:
    client = signed_in("recorder")
    expire()
    asked = {"text": "三单元没有水", "channel": "phone", "phone": "13800001234", "name": "王阿姨"}
    href = "/desk/record/"
    answer = client.post(href, asked, headers={"Referer": f"http://testserver{href}"})
    assert answer.status_code == 303
    client.post("/sign-in/", {"handle": "recorder", "password": make.PASSWORD})
    shown = client.get(href).content.decode()
    for words in ("三单元没有水", "13800001234", "王阿姨"):
        assert words in shown


def test_an_operator_s_form_comes_back_filled(settings: Any) -> None:
    settings.SIDAN_SECOND_FACTOR = ()
    client = signed_in("operator")
    expire()
    href = "/govern/deadlines/new/"
    assert (
        client.post(
            href, {"amount": "17", "source": "某文件第三条"}, headers={"Referer": f"http://testserver{href}"}
        ).status_code
        == 303
    )
    client.post("/sign-in/", {"handle": "operator", "password": make.PASSWORD})
    shown = client.get(href).content.decode()
    assert "某文件第三条" in shown


def test_somebody_else_at_the_same_browser_does_not_see_the_words() -> None:
    client, href = signed_in("recorder"), "/desk/record/"
    expire()
    assert client.post(href, {"text": WORDS}, headers={"Referer": f"http://testserver{href}"}).status_code == 303
    client.post("/sign-in/", {"handle": "community", "password": make.PASSWORD})
    assert WORDS not in client.get(href).content.decode()


def test_the_words_wait_encrypted_and_without_the_form_s_secrets() -> None:
    order = make.order_in(S.IN_PROGRESS, timezone.now())
    client = signed_in("handler")
    expire()
    send(client, order, "reply", text=WORDS)
    for row in Session.objects.all():
        said = str(row.get_decoded())
        assert WORDS not in said
        assert "a-token-of-this-form" not in said


def test_without_a_session_that_ended_the_words_are_shown_as_before() -> None:
    order = make.order_in(S.IN_PROGRESS, timezone.now())
    answer = send(Client(), order, "reply", text=WORDS)
    assert answer.status_code == 401
    assert WORDS in answer.content.decode()


def test_a_device_that_was_put_out_leaves_nothing_behind() -> None:
    """Whoever ends a device does not trust it."""
    order = make.order_in(S.IN_PROGRESS, timezone.now())
    client, other = signed_in("handler"), signed_in("handler")
    other.post("/account/devices/ending/")
    assert send(client, order, "reply", text=WORDS).status_code == 401
    assert Account.objects.get(handle="handler").sign_ins.count() == 1
