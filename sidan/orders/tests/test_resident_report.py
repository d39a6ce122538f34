"""Placing an order by the pages: four of them, nothing lost, nothing twice."""

import shutil
from collections.abc import Callable
from datetime import timedelta
from functools import partial
from typing import Any

import pytest
import time_machine
from django.contrib.sessions.models import Session
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from sidan.kernel.base import snapshot, tx
from sidan.kernel.journal import queries as journal
from sidan.kernel.notify.models import Message
from sidan.kernel.org import queries as org
from sidan.kernel.org.models import Contact
from sidan.orders.models import Category, Order, Text
from sidan.orders.tests import make
from sidan.orders.tests import resident as by
from sidan.orders.views import resident_photos as photos
from sidan.orders.words import S

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def _county() -> None:
    make.county()
    shutil.rmtree(photos.folder(), ignore_errors=True)


def test_home_offers_three_ways_and_says_what_this_is(client: Client) -> None:
    page = by.text(client.get("/"))
    for href in ('href="/report/"', 'href="/track/"', 'href="tel:023-5400000', 'href="/sign-in/"'):
        assert href in page
    assert "由您来评" in page


def test_four_pages_place_an_order_and_show_its_receipt(client: Client) -> None:
    order = by.send(client)
    assert (order.state, order.kind, order.channel, order.place) == (S.SUBMITTED, "help", "web", "三栋二单元")
    assert Text.objects.get(order=order).body == by.TEXT
    assert org.phone_of(order.asked_by_id) == "13800001234"
    receipt = by.said(client.get("/receipt/"))
    assert order.number in receipt
    assert "香怡社区" in receipt
    assert "023-5400000" in receipt
    assert "答复时限：7天" in receipt
    assert "6 位数字" not in receipt


def test_the_receipt_s_picture_leads_back_without_a_proof(client: Client) -> None:
    order = by.send(client, phone="")
    page = by.text(client.get("/receipt/"))
    assert "<svg" in page
    assert 'style="' not in page  # the strict policy would drop it
    code = by.said(client.get("/receipt/")).split("请抄下来：")[1].split()[0]
    assert Client().post("/track/", {"number": order.number, "proof": code}).status_code == 303


def test_the_six_digits_are_forgotten_after_half_an_hour(client: Client) -> None:
    by.send(client, phone="")
    assert "请抄下来" in by.said(client.get("/receipt/"))
    with time_machine.travel(timezone.now() + timedelta(minutes=31)):
        assert client.get("/receipt/")["Location"] == "/track/"


def test_a_receipt_is_not_found_by_somebody_else(client: Client) -> None:
    by.send(client)
    assert Client().get("/receipt/")["Location"] == "/track/"


def test_pressing_twice_places_one_order_and_shows_one_receipt(client: Client) -> None:
    token = by.fill(client, phone="")
    first = client.post("/report/check/", {"form_token": token})
    receipt = by.said(client.get("/receipt/"))
    again = client.post("/report/check/", {"form_token": token})
    assert (first.status_code, again.status_code, again["Location"]) == (303, 303, "/receipt/")
    assert Order.objects.count() == 1
    assert by.said(client.get("/receipt/")) == receipt


def test_two_presses_at_once_answer_with_the_same_number_and_digits(client: Client) -> None:
    token = by.fill(client, phone="")
    session = Session.objects.get()
    before = session.session_data
    client.post("/report/check/", {"form_token": token})
    receipt = by.said(client.get("/receipt/"))
    # The second request had read the session before the first one changed it.
    Session.objects.update(session_data=before)
    assert client.post("/report/check/", {"form_token": token})["Location"] == "/receipt/"
    assert Order.objects.count() == 1
    assert by.said(client.get("/receipt/")) == receipt


def test_the_back_button_after_sending_leads_to_the_receipt(client: Client) -> None:
    by.send(client)
    assert client.get("/report/check/")["Location"] == "/receipt/"
    assert 'href="/report/?to=check"' not in by.text(client.get("/report/"))
    assert by.TEXT not in by.text(client.get("/report/"))


def test_a_second_order_in_the_same_browser_is_another_order(client: Client) -> None:
    assert by.send(client).number != by.send(client, text="路灯也坏了").number
    assert Order.objects.count() == 2


def test_an_old_page_cannot_send_a_newer_draft(client: Client) -> None:
    old = by.fill(client)
    client.post("/report/clear/")
    by.fill(client, text="另一件事")
    answer = client.post("/report/check/", {"form_token": old})
    assert answer.status_code == 200
    assert Order.objects.count() == 0


def test_a_closed_page_comes_back_within_seven_days_and_not_after(client: Client) -> None:
    client.post("/report/", by.WHAT)
    assert by.TEXT in by.text(client.get("/report/"))
    assert "接着填上次的单" in by.said(client.get("/"))
    with time_machine.travel(timezone.now() + timedelta(days=7, minutes=1)):
        assert by.TEXT not in by.text(client.get("/report/"))


def test_the_session_holds_nothing_that_can_be_read(client: Client) -> None:
    by.fill(client)
    held = str(Session.objects.get().get_decoded())
    for secret in ("13800001234", "王阿姨", "下水道"):
        assert secret not in held


WRONG: tuple[tuple[str, dict[str, Any], str], ...] = (
    ("/report/", {"text": ""}, "text"),
    ("/report/", {"text": "   \n "}, "text"),
    ("/report/", {"text": "长" * 100_000}, "text"),
    ("/report/", {"text": "\x00\x1b\u202e"}, "text"),
    ("/report/", {"kind": "praise"}, "kind"),
    ("/report/where/", {"unit": ""}, "unit"),
    ("/report/where/", {"unit": "500233-D01"}, "unit"),
    ("/report/where/", {"unit": "000"}, "unit"),
    ("/report/where/", {"place": "路" * 121}, "place"),
    ("/report/more/", {"phone": "12345"}, "phone"),
    ("/report/more/", {"phone": "", "identity": "confidential"}, "phone"),
    ("/report/more/", {"name": "王" * 41}, "name"),
)


@pytest.mark.parametrize(("href", "wrong", "field"), WRONG)
def test_what_is_wrong_is_said_at_its_field_and_nothing_is_lost(
    client: Client, href: str, wrong: dict[str, Any], field: str
) -> None:
    client.post("/report/", by.WHAT)
    usual = {"/report/": by.WHAT, "/report/where/": by.WHERE, "/report/more/": by.MORE}[href]
    answer = client.post(href, {**usual, **wrong})
    page = by.text(answer)
    assert answer.status_code == 422
    assert f'href="#f-{field}"' in page
    assert f'id="f-{field}-error"' in page
    for value in {**usual, **wrong}.values():
        if (
            len(value) > 3
            and value.isprintable()
            and value not in ("open", "help", "praise", "000", "500233-D01", "confidential")
        ):
            assert value in page
    assert Order.objects.count() == 0


def test_texts_of_every_kind_arrive_as_they_were_meant(client: Client) -> None:
    order = by.send(
        client, text="井盖没了\x00\u202e 👵🏻🕳️ <b>危险</b>\r\n第二行", phone="＋86 １３８-0000-1234", name="李\x07奶奶"
    )
    assert Text.objects.get(order=order).body == "井盖没了 👵🏻🕳️ <b>危险</b>\n第二行"
    assert org.phone_of(order.asked_by_id) == "13800001234"
    assert org.name_of(order.asked_by_id) == "李奶奶"
    assert "&lt;b&gt;危险" in by.text(client.get("/track/order/"))


def test_anonymous_keeps_no_contact_although_one_was_typed(client: Client) -> None:
    order = by.send(client, identity="anonymous")
    assert order.anonymous
    assert org.phone_of(order.asked_by_id) is None
    assert org.name_of(order.asked_by_id) is None
    assert "请抄下来" in by.said(client.get("/receipt/"))


def test_a_confidential_order_is_never_public(client: Client) -> None:
    order = by.send(client, identity="confidential", public="true")
    assert order.confidential
    assert not order.public


def test_the_check_page_says_what_will_be_public(client: Client) -> None:
    by.fill(client)
    assert "不公开，只有办这件事的人看得到" in by.said(client.get("/report/check/"))
    by.fill(client, public="true", text="我叫赵雅芝，住3栋2单元501，灯坏了")
    assert "我叫某，住3栋***，灯坏了" in by.said(client.get("/report/check/"))
    assert by.send(client, public="true").public


def test_whoever_unticks_it_beside_the_words_makes_nothing_public(client: Client) -> None:
    by.fill(client, public="true")
    token = by.token(client.get("/report/check/"))
    client.post("/report/check/", {"form_token": token, "public_shown": "1"})
    assert not Order.objects.get().public


@pytest.mark.parametrize("kind", ["complaint", "report"])
def test_the_check_page_says_that_complaints_are_never_public(client: Client, kind: str) -> None:
    by.fill(client, public="true", kind=kind)
    assert "投诉和举报从不公开" in by.said(client.get("/report/check/"))


def test_a_complaint_may_name_the_unit_that_must_not_handle_it(client: Client) -> None:
    client.post("/report/", by.WHAT)
    assert 'name="about"' not in by.text(client.get("/report/more/"))
    order = by.send(client, kind="complaint", about="500233001-D01")
    assert order.about_unit is not None
    assert order.about_unit.code == "500233001-D01"
    assert by.send(client, kind="help", about="500233001-D01").about_unit_id is None


def test_a_poster_fills_in_the_place(client: Client) -> None:
    page = by.text(client.get("/report/?unit=500233001002"))
    assert 'name="unit" value="500233001002"' in page
    assert "中博社区" in page
    client.post("/report/", {**by.WHAT, "unit": "500233001002"})
    assert 'value="500233001002" checked' in by.text(client.get("/report/where/"))
    assert "中博社区" not in by.text(Client().get("/report/?unit=nonsense<script>"))


def test_who_does_not_know_the_community_may_choose_the_town_or_the_county(client: Client) -> None:
    assert by.send(client, unit="500233001").unit.code == "500233001"
    assert by.send(client, unit="500233").desk_unit.code == "500233"


def test_one_thing_is_changed_from_the_check_page_and_leads_back_to_it(client: Client) -> None:
    by.fill(client)
    assert 'name="to" value="check"' in by.text(client.get("/report/?to=check"))
    assert client.post("/report/", {**by.WHAT, "text": "改了", "to": "check"})["Location"] == "/report/check/"
    assert "改了" in by.said(client.get("/report/check/"))


def test_a_page_that_comes_too_early_leads_to_the_first_one(client: Client) -> None:
    for href in ("/report/where/", "/report/more/", "/report/check/"):
        assert client.get(href)["Location"] == "/report/"
    client.post("/report/", by.WHAT)
    assert client.get("/report/check/")["Location"] == "/report/where/"


def test_what_became_wrong_meanwhile_is_said_on_the_check_page_with_its_page(client: Client) -> None:
    token = by.fill(client)
    with tx.writing():
        from sidan.kernel.org.models import Unit

        Unit.objects.filter(code=by.COMMUNITY).update(valid_to=make.SINCE)
        snapshot.bump()
    answer = client.post("/report/check/", {"form_token": token})
    assert answer.status_code == 422
    assert 'href="/report/where/?to=check#f-unit"' in by.text(answer)
    assert by.TEXT in by.text(answer)


@pytest.fixture
def fire() -> None:
    with tx.writing():
        Category.objects.filter(code="0301").update(keywords="着火;浓烟")
        snapshot.bump()


def test_words_only_suggest_a_matter_and_never_decide(client: Client, fire: None) -> None:
    client.post("/report/", {**by.WHAT, "text": "楼下着火了，好多浓烟"})
    page = by.text(client.get("/report/where/"))
    assert 'name="category" value="0301"' in page
    assert 'value="0301" checked' not in page
    assert client.post("/report/where/", by.WHERE)["Location"] == "/report/more/"


def test_a_matter_that_is_not_in_the_catalogue_is_left_to_the_community(client: Client) -> None:
    assert by.send(client, category="99").category_id is None


def test_an_emergency_shows_its_number_at_once_and_is_not_queued(client: Client, fire: None) -> None:
    assert 'href="tel:119"' in by.text(client.get("/report/"))
    client.post("/report/", {**by.WHAT, "text": "楼下着火了"})
    assert client.post("/report/where/", {**by.WHERE, "category": "0301"})["Location"] == "/report/emergency/"
    assert 'href="tel:119"' in by.text(client.get("/report/emergency/"))
    client.post("/report/more/", by.MORE)
    token = by.token(client.get("/report/check/"))
    assert client.post("/report/check/", {"form_token": token}).status_code == 303
    order = Order.objects.get()
    assert (order.state, order.refusal) == (S.NOT_ACCEPTED, "emergency")
    receipt = client.get("/receipt/")
    assert 'href="tel:119"' in by.text(receipt)
    assert order.number in by.text(receipt)


def test_a_wrongly_chosen_emergency_is_taken_back(client: Client, fire: None) -> None:
    client.post("/report/", {**by.WHAT, "text": "楼下着火了"})
    client.post("/report/where/", {**by.WHERE, "category": "0301"})
    assert client.post("/report/emergency/")["Location"] == "/report/where/"
    assert client.get("/report/emergency/")["Location"] == "/report/where/"


def test_somebody_else_is_asked_for_with_their_consent_and_gets_the_message(client: Client) -> None:
    order = by.send(client, for_other="true")
    assert order.recorded_by_id not in (None, order.asked_by_id)
    assert Message.objects.get().to_person_id == order.asked_by_id
    assert Contact.objects.get().person_id == order.asked_by_id
    assert "替居民点单的人" in by.said(client.get("/track/order/"))
    assert journal.verify() is None


def test_nobody_agrees_to_what_is_anonymous(client: Client) -> None:
    order = by.send(client, for_other="true", identity="anonymous")
    assert order.recorded_by_id is None


def test_each_page_costs_at_most_twelve_statements(client: Client) -> None:
    def cost(ask: Callable[[], Any]) -> int:
        with CaptureQueriesContext(connection) as seen:
            ask()
        return len(seen)

    client.get("/")
    costs = {"home": cost(lambda: client.get("/"))}
    token = by.fill(client)
    for href in ("/", "/report/", "/report/where/", "/report/more/", "/report/check/"):
        costs[href] = cost(partial(client.get, href))
    costs["send"] = cost(lambda: client.post("/report/check/", {"form_token": token}))
    costs["/receipt/"] = cost(lambda: client.get("/receipt/"))
    sending = costs.pop("send")
    assert max(costs.values()) <= 4, costs
    # Reading and writing the session, the throttle and the form's key beside the order itself.
    assert sending <= 20, sending


def test_a_flood_from_one_address_is_told_to_wait_and_keeps_its_draft(
    client: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("sidan.orders.views.resident_receipt.PER_ADDRESS", 1)
    by.send(client)
    token = by.fill(client)
    answer = client.post("/report/check/", {"form_token": token})
    assert answer.status_code == 429
    assert by.TEXT in by.text(answer)
    assert Order.objects.count() == 1
