"""Opening an order without an account: proofs, throttles, links, and what each of them must not tell."""

import re
from datetime import timedelta

import pytest
import time_machine
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from sidan.kernel.base import doors
from sidan.kernel.base.models import Door
from sidan.orders import keys
from sidan.orders.tests import make
from sidan.orders.tests import resident as by
from sidan.orders.views import resident_track as track
from sidan.orders.words import S

pytestmark = pytest.mark.django_db
UNKNOWN = "ABCDEFGH"


@pytest.fixture(autouse=True)
def _county() -> None:
    make.county()


def proof(number: str, value: str, **headers: str) -> dict[str, str]:
    return {"number": number, "proof": value, **headers}


@pytest.mark.parametrize("typed", ["{n}", " {n} ", "{half} {rest}", "{half}-{rest}"])
@pytest.mark.parametrize("last4", ["1234", "１２３４", " 12 34 "])
def test_number_and_tail_open_the_order_however_they_are_typed(client: Client, typed: str, last4: str) -> None:
    number = by.now_in(S.ACCEPTED).number
    written = typed.format(n=number.lower(), half=number[:4], rest=number[4:])
    answer = client.post("/track/", proof(written, last4))
    assert (answer.status_code, answer["Location"]) == (303, "/track/order/")
    cookie = answer.cookies[track.COOKIE]
    assert (cookie["httponly"], cookie["samesite"], cookie["max-age"]) == (True, "Lax", 1800)
    assert number not in answer["Location"]
    assert "社区已接单" in by.said(client.get("/track/order/"))


def test_a_wrong_tail_and_an_unknown_number_look_the_same(client: Client) -> None:
    known = by.now_in(S.ACCEPTED).number

    def answer(number: str) -> tuple[int, str, int]:
        with CaptureQueriesContext(connection) as seen:
            page = Client().post("/track/", proof(number, "9999"))
        bare = re.sub(r'value="[^"]*"|number=[0-9A-Z]{8}', "", by.text(page))
        return page.status_code, bare, len(seen)

    answer(known)  # what a process reads once is read now
    assert answer(known) == answer(UNKNOWN)
    assert answer(known)[0] == 422


def test_the_digits_of_a_receipt_do_not_open_where_a_telephone_was_left(client: Client) -> None:
    order = by.now_in(S.ACCEPTED)
    assert client.post("/track/", proof(order.number, "000000")).status_code == 422


@pytest.mark.parametrize(
    ("number", "value", "field"),
    [("", "1234", "number"), ("ABC", "1234", "number"), ("ABCD2345", "", "proof"), ("ABCD2345", "12a4", "proof"),
     ("ABCD2345", "12345", "proof"), ("号" * 8, "1234", "number"), ("A" * 100_000, "1" * 100_000, "number")],
)  # fmt: skip
def test_what_cannot_be_a_number_is_said_at_the_field_and_not_counted(
    client: Client, number: str, value: str, field: str
) -> None:
    answer = client.post("/track/", proof(number, value))
    assert answer.status_code == 422
    assert f'href="#f-{field}"' in by.text(answer)
    assert not Door.objects.exists()


def test_a_proof_is_never_written_back_into_the_page(client: Client) -> None:
    assert "7391" not in by.text(client.post("/track/", proof(UNKNOWN, "7391")))


@pytest.mark.parametrize("exists", [True, False])
def test_guessing_one_number_is_stopped_whether_it_exists_or_not(client: Client, exists: bool) -> None:
    number = by.now_in(S.ACCEPTED).number if exists else UNKNOWN
    for _try in range(track.PER_NUMBER):
        assert client.post("/track/", proof(number, "9999")).status_code == 422
    answer = client.post("/track/", proof(number, "1234"), REMOTE_ADDR="203.0.113.9")
    assert answer.status_code == 429
    assert int(answer["Retry-After"]) > 0
    assert f'value="{number}"' in by.text(answer)
    assert "tel:023-5400000" in by.text(answer)


def test_the_api_s_and_the_pages_tries_of_a_number_are_one_count(client: Client) -> None:
    number = by.now_in(S.ACCEPTED).number
    for _try in range(track.PER_NUMBER):
        doors.throttle(f"reader:{number}", track.PER_NUMBER, track.NUMBER_SECONDS, timezone.now())
    assert client.post("/track/", proof(number, "1234")).status_code == 429


def test_guessing_many_numbers_from_one_address_is_stopped(client: Client) -> None:
    for at in range(track.PER_ADDRESS):
        doors.throttle("reader:address:127.0.0.1", track.PER_ADDRESS, track.ADDRESS_SECONDS, timezone.now())
        assert at >= 0
    number = by.now_in(S.ACCEPTED).number
    assert client.post("/track/", proof(number, "1234")).status_code == 429
    assert client.post("/track/", proof(number, "1234"), REMOTE_ADDR="203.0.113.9").status_code == 303


def test_slow_guessing_over_days_is_bounded_by_the_day(client: Client) -> None:
    now = timezone.now()
    doors.throttle(
        f"reader:day:{UNKNOWN}", track.PER_NUMBER_A_DAY, track.DAY_SECONDS, now, units=track.PER_NUMBER_A_DAY
    )
    with time_machine.travel(now + timedelta(hours=2)):
        assert client.post("/track/", proof(UNKNOWN, "1234")).status_code == 429


def test_a_link_opens_the_order_and_leaves_no_secret_in_the_address(client: Client) -> None:
    order = by.now_in(S.AWAITING_RATING)
    answer = client.get(f"/t/{keys.link(order.number)}/")
    assert (answer.status_code, answer["Location"]) == (303, "/track/order/")
    assert (answer["Referrer-Policy"], answer["Cache-Control"]) == ("no-referrer", "no-store")
    assert "问题解决了吗" in by.said(client.get("/track/order/"))


def test_a_scanner_that_follows_a_link_uses_nothing_up(client: Client) -> None:
    order = by.now_in(S.AWAITING_RATING)
    href = f"/t/{keys.link(order.number)}/"
    for _visit in range(3):
        assert Client().get(href).status_code == 303
        assert Client().head(href).status_code == 303
    order.refresh_from_db()
    assert (order.state, order.version) == (S.AWAITING_RATING, order.version)
    assert client.get(href).status_code == 303
    assert client.post(href).status_code == 405


@pytest.mark.parametrize("how", ["old", "altered", "nonsense", "gone"])
def test_a_link_that_is_no_good_leads_to_the_number(client: Client, how: str) -> None:
    order = by.now_in(S.ACCEPTED)
    with time_machine.travel(timezone.now() - timedelta(days=keys.LINK_DAYS + 1)):
        old = keys.link(order.number)
    good = keys.link(order.number)
    signed = {"old": old, "altered": f"{good[:-3]}AAA", "nonsense": "x" * 400, "gone": keys.link(UNKNOWN)}[how]
    answer = client.get(f"/t/{signed}/")
    assert answer.status_code == 404
    assert track.COOKIE not in answer.cookies
    assert "这个链接打不开了" in by.said(answer)
    assert 'action="/track/"' in by.text(answer)


def test_a_link_is_no_reader_and_a_reader_no_link(client: Client) -> None:
    order = by.now_in(S.ACCEPTED)
    assert client.get(f"/t/{keys.reader(order.number).removeprefix('r.')}/").status_code == 404
    client.cookies[track.COOKIE] = keys.link(order.number)
    assert client.get("/track/order/")["Location"] == "/track/"


def test_the_cookie_ends_after_half_an_hour(client: Client) -> None:
    order = by.now_in(S.ACCEPTED)
    late = by.reader(order, timezone.now() - timedelta(minutes=31))
    assert late.get("/track/order/")["Location"] == "/track/"


def test_an_altered_cookie_opens_nothing(client: Client) -> None:
    order = by.now_in(S.ACCEPTED)
    client.cookies[track.COOKIE] = f"{keys.reader(order.number)[:-2]}xx"
    assert client.get("/track/order/")["Location"] == "/track/"


def test_leaving_closes_the_order_on_this_device() -> None:
    client = Client()
    by.send(client)
    assert client.get("/track/order/").status_code == 200
    assert client.post("/track/leave/")["Location"] == "/"
    assert client.get("/track/order/").status_code == 303
    assert client.get("/receipt/")["Location"] == "/track/"


def test_the_picture_s_address_fills_in_the_number(client: Client) -> None:
    assert 'value="8K3M2Q7P"' in by.text(client.get("/track/?number=8K3M2Q7P"))
    assert "<script>" not in by.text(client.get("/track/?number=<script>"))


def test_no_page_of_the_resident_is_stored_or_framed() -> None:
    client = by.reader(by.now_in(S.ACCEPTED))
    for href in ("/track/", "/track/order/", "/report/", "/receipt/"):
        answer = client.get(href)
        assert (answer["Cache-Control"], answer["X-Frame-Options"]) == ("no-store", "DENY")
        assert "unsafe" not in answer["Content-Security-Policy"]
