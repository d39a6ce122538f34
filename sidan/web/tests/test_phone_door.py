"""Residents by telephone and six digits: one look, few messages, few tries, and nobody kept out by others."""

import re
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
import time_machine
from django.test import Client
from django.utils import timezone

from sidan.kernel.journal.models import Entry
from sidan.kernel.notify import relay
from sidan.kernel.notify.models import ConsoleMessage, Message
from sidan.kernel.org import codes, sessions
from sidan.kernel.org.models import Account, Code, Contact, Person, SignIn
from sidan.web import devices, menu, phone_door, signing

pytestmark = [pytest.mark.django_db, pytest.mark.urls("sidan.web.tests.doors")]
HERE, PHONE, ELSEWHERE = "/my/sign-in/", "13912340000", "203.0.113.9"
NOW = datetime(2026, 3, 4, 4, 0, tzinfo=UTC)


def ask(client: Client, phone: str = PHONE, **more: Any) -> Any:
    return client.post(HERE, {"do": "send", "phone": phone}, **more)


def digits() -> str:
    return codes.digits(Code.objects.latest("pk"))


def come_in(client: Client, phone: str = PHONE, **values: str) -> Any:
    assert ask(client, phone).status_code == 303
    return client.post(HERE, {"do": "digits", "digits": digits(), **values})


def bare(raw: bytes) -> str:
    return re.sub(r'(name="csrfmiddlewaretoken" value="[^"]*")|number=[0-9A-Z]{8}|\d{11}', "", raw.decode())


def test_a_new_number_is_an_account_and_the_same_number_comes_back_to_it(client: Client) -> None:
    with time_machine.travel(NOW, tick=False) as clock:
        assert come_in(client, own="true")["Location"] == menu.homes["resident"]
        first = Account.objects.get()
        assert first.person.kind == Person.Kind.RESIDENT
        assert not first.has_usable_password()
        clock.move_to(NOW + timedelta(days=2))
        other = Client()
        come_in(other)
    assert Account.objects.get() == first
    assert [entry.kind for entry in Entry.objects.all()] == ["org.account.signed_in"] * 2


def test_a_known_and_an_unknown_number_look_the_same_and_cost_the_same(
    client: Client, django_assert_num_queries: Any
) -> None:
    with time_machine.travel(NOW, tick=False) as clock:
        come_in(client)
        clock.move_to(NOW + timedelta(hours=2))
        pages, counts = [], []
        for phone in (PHONE, "13912349999"):
            stranger = Client()
            with django_assert_num_queries(10_000, exact=False) as said:
                answer = ask(stranger, phone, REMOTE_ADDR=ELSEWHERE)
            assert (answer.status_code, answer["Location"]) == (303, HERE)
            counts.append(len(said.captured_queries))
            pages.append(bare(stranger.get(HERE).content))
    assert pages[0] == pages[1]
    assert counts[0] == counts[1]


def test_neither_the_queue_nor_the_database_holds_number_or_digits(client: Client) -> None:
    ask(client)
    code = Code.objects.get()
    message = Message.objects.get()
    assert message.data == {"code": code.pk}
    assert PHONE.encode() not in bytes(Contact.objects.get().phone_enc or b"")
    assert codes.digits(code) not in str(list(Code.objects.values()))


def test_the_demonstration_s_outbox_shows_the_digits(client: Client, settings: Any) -> None:
    settings.SIDAN_DEMO = True
    ask(client)
    assert relay.relay(timezone.now()).sent == 1
    assert digits() in ConsoleMessage.objects.get().body


def test_five_wrong_tries_end_a_code_and_the_right_digits_come_too_late(client: Client) -> None:
    ask(client)
    right = digits()
    wrong = "000000" if right != "000000" else "111111"
    said = [client.post(HERE, {"do": "digits", "digits": wrong}).content.decode() for _try in range(codes.TRIES)]
    assert all("验证码不对" in one for one in said[:-1])
    assert "请重新获取" in said[-1]
    assert codes.prove(Code.objects.get().pk, right, at=timezone.now()) == codes.OVER
    assert not Account.objects.exists()


def test_digits_open_once_and_not_after_ten_minutes(client: Client) -> None:
    with time_machine.travel(NOW, tick=False) as clock:
        code = phone_door.send(PHONE, NOW)
        late = NOW + timedelta(minutes=codes.MINUTES)
        assert codes.prove(code.pk, codes.digits(code), at=late) == codes.OVER
        assert codes.prove(code.pk, codes.digits(code), at=NOW) == codes.RIGHT
        assert codes.prove(code.pk, codes.digits(code), at=NOW) == codes.OVER
        ask(client)
        clock.move_to(late)
        assert client.post(HERE, {"do": "digits", "digits": digits()}).status_code == 422


def test_another_browser_cannot_use_up_or_use_the_digits_that_this_one_asked_for(client: Client) -> None:
    ask(client)
    right = digits()
    for _try in range(9):
        assert Client().post(HERE, {"do": "digits", "digits": right}).status_code == 422
    assert client.post(HERE, {"do": "digits", "digits": right}).status_code == 303


def test_the_same_digits_are_sent_again_after_a_minute_and_not_before(client: Client) -> None:
    with time_machine.travel(NOW, tick=False) as clock:
        ask(client)
        early = client.post(HERE, {"do": "again"})
        assert (early.status_code, early["Retry-After"]) == (429, "61")
        assert ask(client).status_code == 303, "pressed twice: one message"
        assert Message.objects.count() == 1
        clock.move_to(NOW + timedelta(seconds=61))
        assert client.post(HERE, {"do": "again"}).status_code == 303
        assert Message.objects.count() == 2
        assert Code.objects.count() == 1


def test_messages_to_one_number_are_few_from_strangers(client: Client) -> None:
    with time_machine.travel(NOW, tick=False) as clock:
        statuses = []
        for number in range(phone_door.PER_NUMBER + 1):
            clock.move_to(NOW + timedelta(minutes=2 * number))
            statuses.append(ask(Client(), REMOTE_ADDR=f"203.0.113.{number}").status_code)
    assert statuses == [303] * phone_door.PER_NUMBER + [429]


def test_whoever_uses_up_a_number_s_messages_does_not_lock_out_a_device_that_is_known(client: Client) -> None:
    with time_machine.travel(NOW, tick=False) as clock:
        come_in(client)
        client.post("/sign-out/")
        for number in range(phone_door.PER_NUMBER_A_DAY + 1):
            clock.move_to(NOW + timedelta(minutes=2 * number + 2))
            ask(Client(), REMOTE_ADDR=f"203.0.113.{number}")
        assert ask(Client(), REMOTE_ADDR="198.51.100.1").status_code == 429
        assert come_in(client).status_code == 303


def test_a_number_that_rested_ninety_days_may_be_another_s_and_gets_nothing_of_the_former_account(
    client: Client,
) -> None:
    with time_machine.travel(NOW, tick=False) as clock:
        come_in(client)
        first = Account.objects.get()
        clock.move_to(NOW + timedelta(days=91))
        come_in(Client())
    assert Account.objects.get().person_id != first.person_id
    assert not Contact.objects.filter(person_id=first.person_id).exists()


def test_thirty_days_on_one_s_own_telephone_and_two_hours_on_a_shared_one(client: Client) -> None:
    shared = Client()
    with time_machine.travel(NOW, tick=False) as clock:
        come_in(client, own="true")
        clock.move_to(NOW + timedelta(minutes=2))
        come_in(shared)
        assert client.get("/mine/").status_code == shared.get("/mine/").status_code == 200
        clock.move_to(NOW + timedelta(hours=2, minutes=3))
        assert (client.get("/mine/").status_code, shared.get("/mine/").status_code) == (200, 302)
        clock.move_to(NOW + timedelta(days=29, hours=23))
        assert client.get("/mine/").status_code == 200
        clock.move_to(NOW + timedelta(days=30, minutes=1))
        assert client.get("/mine/").status_code == 302


@pytest.mark.parametrize("typed", ["１３９１２３４００００", "+86 139 1234 0000", "139-1234-0000"])
def test_a_number_is_understood_however_it_is_written(client: Client, typed: str) -> None:
    assert ask(client, typed).status_code == 303
    assert "13912340000" in client.get(HERE).content.decode()


def test_what_is_no_number_is_said_at_the_field(client: Client) -> None:
    answer = ask(client, "12345")
    assert answer.status_code == 422
    assert 'aria-describedby="f-phone-error"' in answer.content.decode()


def test_nobody_is_led_out_of_the_house(client: Client) -> None:
    assert come_in(client, next="https://evil.example")["Location"] == menu.homes["resident"]


def test_a_resident_has_no_password_and_gets_no_link_for_one(client: Client) -> None:
    come_in(client)
    account = Account.objects.get()
    assert Client().post("/sign-in/", {"handle": account.handle, "password": "x"}).status_code == 422
    before = Message.objects.count()
    Client().post("/password/reset/", {"handle": account.handle})
    assert Message.objects.count() == before


def test_devices_are_listed_and_end_one_by_one_and_all_at_once() -> None:
    browsers = [Client(HTTP_USER_AGENT=f"Mozilla/5.0 (Linux; Android 1{n}) Chrome/120") for n in range(3)]
    with time_machine.travel(NOW, tick=False) as clock:
        for number, browser in enumerate(browsers):
            clock.move_to(NOW + timedelta(minutes=2 * number))
            come_in(browser)
        page = browsers[0].get("/account/").content.decode()
        assert page.count("Chrome · Android") >= 3
        assert page.count("退出这台") == 1
        last = SignIn.objects.latest("pk")
        browsers[0].post(f"/account/devices/{last.pk}/ending/")
        assert [one.get("/mine/").status_code for one in browsers] == [200, 200, 302]
        browsers[0].post("/account/devices/ending/")
        assert [one.get("/mine/").status_code for one in browsers] == [200, 302, 302]
    assert [entry.kind for entry in Entry.objects.order_by("seq")][-2:] == ["org.account.revoked"] * 2


def test_nobody_ends_another_s_device(client: Client) -> None:
    with time_machine.travel(NOW, tick=False):
        come_in(client)
        theirs = SignIn.objects.get()
        other = Client()
        come_in(other, "13912345555")
        other.post(f"/account/devices/{theirs.pk}/ending/")
        assert client.get("/mine/").status_code == 200


def test_the_last_use_is_noted_each_ten_minutes_and_reading_in_between_writes_nothing(client: Client) -> None:
    with time_machine.travel(NOW, tick=False) as clock:
        come_in(client, own="true")
        clock.move_to(NOW + timedelta(minutes=9))
        client.get("/mine/")
        assert SignIn.objects.get().seen_at == NOW
        clock.move_to(NOW + timedelta(minutes=11))
        client.get("/mine/")
        assert SignIn.objects.get().seen_at == NOW + timedelta(minutes=11)


def test_what_is_over_is_forgotten(client: Client) -> None:
    with time_machine.travel(NOW, tick=False):
        ask(client)
        come_in(Client(), "13912345555")
    signing.sweep(NOW + timedelta(days=2))
    assert not Code.objects.exists()
    assert Contact.objects.count() == Account.objects.count() == 1
    signing.sweep(NOW + timedelta(days=91))
    assert [model.objects.count() for model in (Account, Contact, SignIn)] == [0, 0, 0]


def test_a_device_s_cookie_names_nobody_and_cannot_be_made_up(client: Client, rf: Any) -> None:
    come_in(client)
    value = client.cookies[devices.COOKIE].value
    request = rf.get("/")
    request.COOKIES[devices.COOKIE] = value
    assert devices.known(request, PHONE)
    assert not devices.known(request, "13912345555")
    request.COOKIES[devices.COOKIE] = value[:-2] + "xx"
    assert not devices.known(request, PHONE)


def test_sessions_of_an_account_are_its_own_and_alive() -> None:
    client = Client()
    with time_machine.travel(NOW, tick=False):
        come_in(client)
    account = Account.objects.get()
    assert len(sessions.of(account, at=NOW)) == 1
    assert sessions.of(account, at=NOW + timedelta(hours=3)) == []
