"""Sign-in, sign-out, passwords and the two switches."""

import re
from typing import Any

import pytest
from django.contrib.auth import hashers
from django.test import Client

from sidan.kernel.notify import relay, topics
from sidan.kernel.notify.models import ConsoleMessage, Message
from sidan.kernel.org import commands as org
from sidan.kernel.org.models import Account, Person
from sidan.web import client as where
from sidan.web import devices, menu, passwords

pytestmark = [pytest.mark.django_db, pytest.mark.urls("sidan.web.tests.doors")]
SECRET = "four orders make a loop"


@pytest.fixture
def clerk() -> Person:
    return org.add_staff("limei", "李梅", password=SECRET, phone="13800000000")


def test_the_right_password_opens_and_leads_on(client: Client, clerk: Person) -> None:
    response = client.post("/sign-in/", {"handle": "limei", "password": SECRET, "next": "/mine/"})
    assert (response.status_code, response["Location"]) == (303, "/mine/")
    assert client.get("/mine/").content == b"limei"


def test_a_wrong_password_and_an_unknown_handle_look_the_same(client: Client, clerk: Person) -> None:
    known = client.post("/sign-in/", {"handle": "limei", "password": "wrong"})
    unknown = client.post("/sign-in/", {"handle": "nobody", "password": "wrong"})
    assert known.status_code == unknown.status_code == 422

    def bare(raw: bytes) -> str:
        return re.sub(r'value="[^"]*"|number=[0-9A-Z]{8}', "", raw.decode())

    assert bare(known.content) == bare(unknown.content)


def test_a_closed_account_does_not_open(client: Client, clerk: Person) -> None:
    Account.objects.update(is_active=False)
    assert client.post("/sign-in/", {"handle": "limei", "password": SECRET}).status_code == 422


def test_an_empty_form_says_what_is_missing(client: Client) -> None:
    page = client.post("/sign-in/", {}).content.decode()
    assert 'href="#f-handle"' in page
    assert 'href="#f-password"' in page


def test_guessing_is_stopped_before_a_password_is_hashed(
    client: Client, clerk: Person, monkeypatch: pytest.MonkeyPatch
) -> None:
    for _try in range(devices.PER_HANDLE_AND_ADDRESS):
        assert client.post("/sign-in/", {"handle": "limei", "password": "wrong"}).status_code == 422

    def hashed(*_args: object, **_more: object) -> None:
        raise AssertionError("a password was hashed")

    monkeypatch.setattr(hashers, "check_password", hashed)
    monkeypatch.setattr(Account, "check_password", hashed)
    response = client.post("/sign-in/", {"handle": "LiMei", "password": SECRET})
    assert response.status_code == 429
    assert int(response["Retry-After"]) > 0


def test_somebody_else_s_guessing_does_not_lock_the_owner_out(client: Client, clerk: Person) -> None:
    for _try in range(devices.PER_HANDLE_AND_ADDRESS + 1):
        client.post("/sign-in/", {"handle": "limei", "password": "wrong"}, REMOTE_ADDR="203.0.113.9")
    assert client.post("/sign-in/", {"handle": "limei", "password": SECRET}).status_code == 303


@pytest.mark.parametrize(
    "hostile",
    [
        "https://evil.example",
        "//evil.example",
        "///evil.example",
        "/\\evil.example",
        "javascript:alert(1)",
        "\thttps://e",
        "x",
    ],
)
def test_nobody_is_led_out_of_the_house(client: Client, clerk: Person, hostile: str) -> None:
    response = client.post("/sign-in/", {"handle": "limei", "password": SECRET, "next": hostile})
    assert response["Location"] == menu.homes["staff"]


def test_leaving_takes_a_post(client: Client, clerk: Person) -> None:
    client.post("/sign-in/", {"handle": "limei", "password": SECRET})
    assert client.get("/sign-out/").status_code == 200
    assert client.get("/mine/").status_code == 200
    client.post("/sign-out/")
    assert client.get("/mine/").status_code == 302


def test_a_reset_looks_the_same_for_everybody_and_only_one_is_written_to(client: Client, clerk: Person) -> None:
    known = client.post("/password/reset/", {"handle": "limei"})
    unknown = client.post("/password/reset/", {"handle": "nobody"})
    assert known.status_code == unknown.status_code == 200

    def bare(raw: bytes) -> str:
        return re.sub(r'value="[^"]*"|number=[0-9A-Z]{8}', "", raw.decode())

    assert bare(known.content) == bare(unknown.content)
    assert Message.objects.get().to_person_id == clerk.id


def test_the_queue_holds_no_link(client: Client, clerk: Person) -> None:
    client.post("/password/reset/", {"handle": "limei"})
    assert Message.objects.get().data == {"account": Account.objects.get().pk}


def test_resets_are_bounded_for_known_and_unknown_alike(client: Client, clerk: Person) -> None:
    for handle in ("limei", "nobody"):
        statuses = [client.post("/password/reset/", {"handle": handle}).status_code for _n in range(4)]
        assert statuses == [200, 200, 200, 429]


def test_the_link_sets_a_password_once_and_the_old_one_is_gone(client: Client, clerk: Person, settings: Any) -> None:
    settings.SIDAN_DEMO = True
    client.post("/password/reset/", {"handle": "limei"}, headers={"Host": "localhost"})
    message = Message.objects.get()
    assert relay.relay(message.created_at).sent == 1
    link = re.search(r"http\S+", ConsoleMessage.objects.get().body)
    assert link
    assert link[0].startswith(settings.SIDAN_URL)
    path = link[0].removeprefix(settings.SIDAN_URL)
    first = client.get(path)
    assert first.status_code == 302
    assert first["Referrer-Policy"] == "no-referrer"
    assert path.split("/")[-2] not in first["Location"]
    new = "a calm office with its door open"
    short = client.post(first["Location"], {"new_password1": "short", "new_password2": "short"})
    assert short.status_code == 422
    done = client.post(first["Location"], {"new_password1": new, "new_password2": new})
    assert (done.status_code, done["Location"]) == (303, "/sign-in/")
    assert client.post("/sign-in/", {"handle": "limei", "password": SECRET}).status_code == 422
    assert client.post("/sign-in/", {"handle": "limei", "password": new}).status_code == 303
    again = Client().get(path, follow=True).content.decode()
    assert "链接已失效" in again


def test_a_link_ends_after_an_hour(clerk: Person, monkeypatch: pytest.MonkeyPatch) -> None:
    from datetime import timedelta

    account = Account.objects.get()
    token = passwords.tokens.make_token(account)
    now = passwords.tokens._now()
    assert passwords.tokens.check_token(account, token)
    monkeypatch.setattr(passwords.tokens, "_now", lambda: now + timedelta(seconds=3599))
    assert passwords.tokens.check_token(account, token)
    monkeypatch.setattr(passwords.tokens, "_now", lambda: now + timedelta(seconds=3602))
    assert not passwords.tokens.check_token(account, token)


def test_a_changed_password_ends_other_sessions(client: Client, clerk: Person) -> None:
    client.post("/sign-in/", {"handle": "limei", "password": SECRET})
    account = Account.objects.get()
    account.set_password("something else entirely")
    account.save()
    assert client.get("/mine/").status_code == 302


def test_big_letters_are_one_press_without_script_and_stay(client: Client) -> None:
    response = client.post("/preferences/", {"size": "big", "next": "/shown/?a=1"})
    assert (response.status_code, response["Location"]) == (303, "/shown/?a=1")
    assert 'data-size="big"' in client.get("/shown/").content.decode()
    client.post("/preferences/", {"size": "9em", "next": "//evil.example"})
    assert 'data-size="big"' in client.get("/shown/").content.decode()


def test_the_language_is_switched_the_same_way(client: Client) -> None:
    assert 'lang="zh-Hans"' in client.get("/shown/").content.decode()
    client.post("/preferences/", {"language": "en", "next": "/shown/"})
    assert '<html lang="en"' in client.get("/shown/").content.decode()
    client.post("/preferences/", {"language": "xx"})
    assert '<html lang="en"' in client.get("/shown/").content.decode()


def test_a_message_is_shown_once_on_the_next_page(client: Client) -> None:
    assert "办好了" in client.get("/told/", follow=True).content.decode()
    assert "办好了" not in client.get("/shown/").content.decode()


def test_the_topic_is_registered() -> None:
    assert topics.get(passwords.TOPIC).secret


@pytest.mark.parametrize(
    ("remote", "forwarded", "wanted"),
    [
        ("127.0.0.1", "", "127.0.0.1"),
        ("127.0.0.1", "198.51.100.7", "198.51.100.7"),
        ("127.0.0.1", "1.1.1.1, 198.51.100.7", "198.51.100.7"),
        ("203.0.113.5", "198.51.100.7", "203.0.113.5"),
        ("127.0.0.1", "rubbish", "127.0.0.1"),
        ("2001:db8:1:2:3::9", "", "2001:db8:1:2::/64"),
        ("::ffff:198.51.100.7", "", "198.51.100.7"),
        ("", "", ""),
    ],
)
def test_an_address_is_believed_only_from_a_known_proxy(
    rf: object, settings: Any, remote: str, forwarded: str, wanted: str
) -> None:
    settings.SIDAN_PROXIES = ("127.0.0.1", "::1")
    request = rf.get("/", REMOTE_ADDR=remote, **({"HTTP_X_FORWARDED_FOR": forwarded} if forwarded else {}))  # type: ignore[attr-defined]
    assert where.address(request) == wanted
