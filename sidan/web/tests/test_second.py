"""The second factor of staff: a code once, recovery codes once, forced by role, and nobody locked out by others."""

from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest
import time_machine
from django.test import Client

from sidan.kernel.base import snapshot, tx
from sidan.kernel.journal.models import Entry
from sidan.kernel.org import commands as org
from sidan.kernel.org import factors
from sidan.kernel.org.models import Account, Factor, Person, Unit
from sidan.web import devices, sealed, signing, staff_door

pytestmark = [pytest.mark.django_db, pytest.mark.urls("sidan.web.tests.doors")]
SECRET = "four orders make a loop"
NOW = datetime(2026, 3, 4, 4, 0, 5, tzinfo=UTC)
ELSEWHERE = "203.0.113.9"


@pytest.fixture
def clerk() -> Account:
    org.add_staff("limei", "李梅", password=SECRET, phone="13800000000")
    return Account.objects.get()


@tx.writes
def give_role(role: str) -> None:
    unit, _made = Unit.objects.get_or_create(
        code="1",
        defaults={
            "name": "县", "short_name": "县", "kind": "county", "level": "county", "valid_from": date(2026, 1, 1),
            "source": "t",
        },
    )  # fmt: skip
    org.seat(Person.objects.get(handle="limei"), unit, role, from_date=date(2026, 1, 1))
    snapshot.bump()


def with_app(account: Account, at: datetime = NOW) -> str:
    secret = factors.new_secret()
    earlier = at - timedelta(hours=1)
    said = factors.code_at(secret, factors.step_of(earlier))
    assert factors.add_app(account, secret, said, label="x", at=earlier) is not None
    return secret


def knock(client: Client, **more: Any) -> Any:
    return client.post("/sign-in/", {"handle": "limei", "password": SECRET, "next": "/mine/"}, **more)


def code(secret: str, at: datetime = NOW) -> str:
    return factors.code_at(secret, factors.step_of(at))


@pytest.mark.parametrize(
    ("at", "said"), [(59, "94287082"), (1111111109, "07081804"), (2000000000, "69279037"), (20000000000, "65353130")]
)
def test_codes_are_those_of_the_standard(at: int, said: str) -> None:
    """RFC 6238, appendix B, SHA-1; the last six of its eight digits."""
    secret = "GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ"
    assert factors.code_at(secret, at // 30) == said[-6:]


def test_the_password_alone_does_not_open_where_there_is_a_second_factor(client: Client, clerk: Account) -> None:
    with time_machine.travel(NOW, tick=False):
        secret = with_app(clerk)
        assert knock(client)["Location"] == "/sign-in/second/"
        assert client.get("/mine/").status_code == 302
        wrong = client.post("/sign-in/second/", {"code": "000000" if code(secret) != "000000" else "111111"})
        assert wrong.status_code == 422
        answer = client.post("/sign-in/second/", {"code": code(secret)})
        assert (answer.status_code, answer["Location"]) == (303, "/mine/")
        assert client.get("/mine/").status_code == 200
    assert Entry.objects.get().data == '{"how":"password+totp"}'


def test_a_code_opens_once(client: Client, clerk: Account) -> None:
    with time_machine.travel(NOW, tick=False):
        secret = with_app(clerk)
        said = code(secret)
        knock(client)
        assert client.post("/sign-in/second/", {"code": said}).status_code == 303
        thief = Client()
        knock(thief)
        assert thief.post("/sign-in/second/", {"code": said}).status_code == 422


def test_a_code_from_before_the_last_one_does_not_open_either(clerk: Account) -> None:
    secret = with_app(clerk)
    earlier = code(secret, NOW - timedelta(seconds=30))
    assert factors.prove_app(clerk, code(secret), at=NOW)
    assert not factors.prove_app(clerk, earlier, at=NOW)


def test_a_telephone_s_clock_may_be_half_a_minute_off_and_no_more(clerk: Account) -> None:
    secret = with_app(clerk)
    assert not factors.prove_app(clerk, code(secret, NOW - timedelta(seconds=61)), at=NOW)
    assert factors.prove_app(clerk, code(secret, NOW - timedelta(seconds=30)), at=NOW)
    assert factors.prove_app(clerk, code(secret, NOW + timedelta(seconds=30)), at=NOW)


def test_the_secret_lies_encrypted(clerk: Account) -> None:
    secret = with_app(clerk)
    assert secret.encode() not in bytes(Factor.objects.get().secret_enc or b"")


def test_a_recovery_code_opens_once(client: Client, clerk: Account) -> None:
    with time_machine.travel(NOW, tick=False):
        with_app(clerk)
        first = factors.new_recovery_codes(clerk, at=NOW)[0]
        knock(client)
        assert client.post("/sign-in/second/", {"code": first.upper().replace("-", " ")}).status_code == 303
        again = Client()
        knock(again)
        assert again.post("/sign-in/second/", {"code": first}).status_code == 422
    assert factors.unused_recovery(clerk).count() == factors.RECOVERY_CODES - 1
    assert "org.account.recovery_used" in [entry.kind for entry in Entry.objects.all()]


def test_a_role_that_asks_for_it_sets_it_up_before_anything_else(client: Client, clerk: Account, settings: Any) -> None:
    settings.SIDAN_SECOND_FACTOR = ("operator",)
    give_role("operator")
    with time_machine.travel(NOW, tick=False):
        assert knock(client)["Location"] == "/sign-in/setup/"
        assert client.get("/mine/").status_code == 302
        page = client.get("/sign-in/setup/").content.decode()
        assert "<svg" in page
        secret = secret_of(client)
        assert " ".join(secret[at : at + 4] for at in range(0, 32, 4)) in page
        assert client.post("/sign-in/setup/", {"code": "1"}).status_code == 422
        answer = client.post("/sign-in/setup/", {"code": code(secret), "label": "手机"})
        assert answer["Location"] == "/account/recovery/"
        codes = client.get("/account/recovery/").content.decode()
        assert codes.count('class="number"') == factors.RECOVERY_CODES
        client.post("/account/recovery/", {"do": "kept"})
        assert client.get("/account/recovery/").status_code == 303, "shown once"
        assert client.get("/mine/").status_code == 200
        other = Client()
        assert knock(other)["Location"] == "/sign-in/second/"
        other.get("/sign-in/second/")
        assert other.post("/sign-in/second/", {"code": code(secret)}).status_code == 422, "the first code was used"


def secret_of(client: Client) -> str:
    kept = client.session["web.app"]
    found = sealed.unseal(kept[1])
    assert isinstance(found, str)
    return found


def test_other_roles_are_not_asked(client: Client, clerk: Account, settings: Any) -> None:
    settings.SIDAN_SECOND_FACTOR = ("operator",)
    give_role("handler")
    assert knock(client)["Location"] == "/mine/"


def test_who_gets_such_a_role_while_signed_in_is_out_within_ten_minutes(
    client: Client, clerk: Account, settings: Any
) -> None:
    settings.SIDAN_SECOND_FACTOR = ("operator",)
    with time_machine.travel(NOW, tick=False) as clock:
        knock(client)
        give_role("operator")
        clock.move_to(NOW + timedelta(minutes=11))
        assert client.get("/mine/").status_code == 200
        assert client.get("/mine/").status_code == 302
        assert knock(client)["Location"] == "/sign-in/setup/"


def test_the_last_factor_stays_where_a_role_asks_for_one(client: Client, clerk: Account, settings: Any) -> None:
    give_role("operator")
    with time_machine.travel(NOW, tick=False):
        secret = with_app(clerk)
        knock(client)
        client.post("/sign-in/second/", {"code": code(secret)})
        settings.SIDAN_SECOND_FACTOR = ("operator",)
        kept = Factor.objects.get(kind="totp")
        assert client.post(f"/account/factors/{kept.pk}/removal/").status_code == 403
        settings.SIDAN_SECOND_FACTOR = ()
        assert client.post(f"/account/factors/{kept.pk}/removal/").status_code == 303
    assert not Factor.objects.exists()


def test_what_weighs_asks_for_a_young_proof(client: Client, clerk: Account) -> None:
    with time_machine.travel(NOW, tick=False) as clock:
        knock(client)
        assert client.get("/account/factors/new/").status_code == 200
        clock.move_to(NOW + signing.FRESH)
        answer = client.get("/account/factors/new/")
        assert (answer.status_code, answer["Location"]) == (303, "/sign-in/?next=/account/")


def test_second_factors_are_guessed_a_few_times_an_hour_and_the_owner_s_device_is_not_kept_out(
    client: Client, clerk: Account
) -> None:
    with time_machine.travel(NOW, tick=False) as clock:
        secret = with_app(clerk)
        knock(client)
        client.post("/sign-in/second/", {"code": code(secret)})
        statuses = []
        for number in range(staff_door.PER_ACCOUNT):
            clock.move_to(NOW + timedelta(seconds=number))
            thief = Client(REMOTE_ADDR=f"203.0.113.{number}")
            knock(thief)
            statuses.append(thief.post("/sign-in/second/", {"code": "x"}).status_code)
        assert statuses == [422] * (staff_door.PER_ACCOUNT - 1) + [429], "the owner's first counts, too"
        later = NOW + timedelta(minutes=2)
        clock.move_to(later)
        client.post("/sign-out/")
        knock(client)
        assert client.post("/sign-in/second/", {"code": code(secret, later)}).status_code == 303


def test_guessing_from_many_addresses_does_not_lock_the_owner_s_device_out(client: Client, clerk: Account) -> None:
    with time_machine.travel(NOW, tick=False):
        knock(client)
        client.post("/sign-out/")
        thief, wrong = Client(), {"handle": "limei", "password": ""}
        for number in range(devices.PER_HANDLE + 1):
            with pytest.MonkeyPatch.context() as patch:
                patch.setattr("sidan.web.staff_door.authenticate", lambda *_a, **_k: None)
                wrong = {"handle": "limei", "password": "wrong"}
                thief.post("/sign-in/", wrong, REMOTE_ADDR=f"198.51.{number // 200}.{number % 200}")
        assert knock(Client(), REMOTE_ADDR="192.0.2.1").status_code == 429, "strangers wait"
        assert knock(client).status_code == 303, "the device that was let in before does not"


def test_guessing_with_a_device_s_cookie_is_bounded_too(client: Client, clerk: Account) -> None:
    with time_machine.travel(NOW, tick=False):
        knock(client)
        client.post("/sign-out/")
        wrong = {"handle": "limei", "password": "wrong"}
        statuses = [client.post("/sign-in/", wrong).status_code for _try in range(devices.PER_DEVICE + 1)]
        assert statuses == [422] * devices.PER_DEVICE + [429]


def test_a_wrong_second_step_without_a_password_leads_back(client: Client, clerk: Account) -> None:
    for href in ("/sign-in/second/", "/sign-in/setup/"):
        assert client.get(href)["Location"] == "/sign-in/"
        assert client.post(href, {"code": "123456"})["Location"] == "/sign-in/"


def test_the_step_between_is_over_after_ten_minutes(client: Client, clerk: Account) -> None:
    with time_machine.travel(NOW, tick=False) as clock:
        secret = with_app(clerk)
        knock(client)
        later = NOW + timedelta(minutes=10, seconds=1)
        clock.move_to(later)
        assert client.post("/sign-in/second/", {"code": code(secret, later)})["Location"] == "/sign-in/"
