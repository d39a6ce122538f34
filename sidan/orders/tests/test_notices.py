"""Pages on which people choose what they are told, and the operator's page of messages."""

from datetime import timedelta
from typing import Any

import pytest
from django.test import Client

from sidan.kernel.base import tx
from sidan.kernel.journal.models import Entry
from sidan.kernel.notify import commands as notify
from sidan.kernel.notify import relay
from sidan.kernel.notify.models import ConsoleMessage, Message, Wish
from sidan.kernel.org import queries as org
from sidan.orders import keys
from sidan.orders.tests import make
from sidan.orders.tests.desk import door
from sidan.orders.words import S

pytestmark = pytest.mark.django_db
PAGE = "/track/order/notices/"


@pytest.fixture
def order() -> Any:
    make.county(logins=True)
    return make.order_in(S.ACCEPTED)


def reader(order: Any) -> Client:
    client = Client()
    client.get(f"/t/{keys.link(order.number)}/")
    return client


def send(client: Client, **values: str) -> Any:
    page = client.get(PAGE).content.decode()
    token = page.partition('name="form_token" value="')[2].partition('"')[0]
    return client.post(PAGE, {"form_token": token, **values})


def test_the_one_who_asked_chooses_from_the_link_in_two_taps_and_a_save(order: Any) -> None:
    client = reader(order)
    assert PAGE in client.get("/track/order/").content.decode()
    page = client.get(PAGE).content.decode()
    assert page.count('type="radio"') == 3
    assert 'value="all" checked' in page
    assert send(client, choice="end").url == "/track/order/"
    assert Wish.objects.get(person=order.asked_by).choice == "end"
    assert 'value="end" checked' in client.get(PAGE).content.decode()
    assert Entry.objects.filter(kind="notify.wish.chosen", subject=f"org.person:{order.asked_by_id}").count() == 1


def test_who_wants_the_end_only_is_told_the_end_only(order: Any) -> None:
    send(reader(order), choice="end")
    with tx.writing():
        for topic in ("accepted", "dispatched_resident", "info_asked", "answered"):
            notify.send(
                f"orders.{topic}", to_person=order.asked_by_id, data={"number": order.number, "unit": "x"},
                key=f"t:{topic}/1", act_at=make.NOON,
            )  # fmt: skip
    relay.relay(make.NOON + timedelta(days=1))
    told = set(ConsoleMessage.objects.filter(person=order.asked_by).values_list("topic", flat=True))
    assert {"orders.info_asked", "orders.answered"} <= told
    assert not {"orders.accepted", "orders.dispatched_resident"} & told
    assert "orders.receipt" in told


def test_a_wrong_choice_and_a_wrong_address_come_back(order: Any, settings: Any) -> None:
    settings.SIDAN_CHANNEL = ("sms", "email")
    client = reader(order)
    answer = send(client, choice="sometimes", email="")
    assert answer.status_code == 422
    answer = send(client, choice="all", email="li@@example")
    assert answer.status_code == 422
    assert "邮箱" in answer.content.decode()
    assert org.email_of(order.asked_by_id) is None
    assert send(client, choice="all", email="li@example.org").status_code == 303
    assert org.email_of(order.asked_by_id) == "li@example.org"
    send(client, choice="all", email="")
    assert org.email_of(order.asked_by_id) is None


def test_another_orders_reader_chooses_nothing_here(order: Any) -> None:
    other = make.order_in(S.ACCEPTED)
    page = reader(other)
    token = f"{order.number}.{'x' * 20}"
    page.post(PAGE, {"form_token": token, "choice": "none"})
    assert not Wish.objects.filter(person=order.asked_by).exists()


def test_a_member_of_staff_chooses_for_each_topic(order: Any, settings: Any) -> None:
    settings.SIDAN_STAFF_CHANNEL = ("sms", "email")
    client = door("handler")
    page = client.get("/preferences/notices/").content.decode()
    assert "orders.dispatched" in page
    values = {"orders.dispatched": "email", "orders.digest": "none", "orders.urged": "none", "email": "h@example.org"}
    assert client.post("/preferences/notices/", values).status_code == 422, "what is urgent cannot be chosen away"
    values["orders.urged"] = "sms"
    assert client.post("/preferences/notices/", values).status_code == 303
    who = make.act("handler").by
    chosen = dict(Wish.objects.filter(person=who).values_list("about", "choice"))
    assert (chosen["orders.dispatched"], chosen["orders.digest"], chosen["orders.urged"]) == ("email", "none", "sms")
    assert org.email_of(who.pk) == "h@example.org"


def test_the_operator_sees_what_failed_and_why_and_sends_it_again(order: Any) -> None:
    client = door("operator")
    message = Message.objects.order_by("id").first()
    assert message is not None
    Message.objects.filter(pk=message.pk).update(
        state="given_up", tries=10, channel="sms", error="gateway: status 502", sent_at=None
    )
    page = client.get("/govern/messages/").content.decode()
    for words in ("网关没有收下（status 502）", "再发一次", message.data["number"]):
        assert words in page
    assert "/t/" not in page
    token = page.partition('name="form_token" value="')[2].partition('"')[0]
    again = f"/govern/messages/{message.pk}/again/"
    assert client.post(again, {"form_token": token}).status_code == 303
    message.refresh_from_db()
    assert (message.state, message.tries) == ("queued", 0)
    assert client.post(again, {"form_token": token}).status_code == 303, "pressed twice it is one effect"
    assert Entry.objects.filter(kind="notify.message.requeued").count() == 1


def test_quiet_hours_are_kept_on_a_page_of_their_own(order: Any) -> None:
    client = door("operator")
    page = client.get("/govern/quiet/").content.decode()
    assert "22:00" in page
    wrong = client.post(
        "/govern/quiet/new/",
        {"audience": "staff", "begins": "25:00", "ends": "8", "valid_from": "2026-12-01", "source": "x"},
    )
    assert wrong.status_code == 422
