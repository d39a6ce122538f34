"""Who is let in at the API, how often, and what the same key sent again gets."""

import json
from datetime import timedelta
from typing import Any

import pytest
from django.utils import timezone

from sidan.kernel.base.models import Door
from sidan.kernel.org import commands as people
from sidan.kernel.org.models import Account, Token
from sidan.orders import api_doors
from sidan.orders.models import Order
from sidan.orders.tests import make
from sidan.orders.tests.api_client import ORDERS, Api, code_of, placed, reader, statements, wish
from sidan.orders.words import S

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def _county() -> None:
    make.county()


# Keys


def test_the_same_key_again_gets_the_same_bytes_and_another_body_is_refused() -> None:
    for api in (Api(), Api.of("community")):
        before = Order.objects.count()
        first, again = (api.post(ORDERS, wish(consent=True), key="one") for _n in range(2))
        assert (first.status_code, again.status_code) == (201, 201)
        assert again.content == first.content
        assert Order.objects.count() == before + 1
        assert code_of(api.post(ORDERS, wish(text="另一件事", consent=True), key="one"), 422) == "key_reused"


def test_a_key_belongs_to_its_bearer() -> None:
    first, other = (Api.of(who).post(ORDERS, wish(consent=True), key="one") for who in ("community", "recorder"))
    assert first.json()["number"] != other.json()["number"]


@pytest.mark.parametrize("key", [None, "k" * 201])
def test_a_write_without_a_key_is_refused(key: str | None) -> None:
    number = placed()["number"]
    assert code_of(Api().post(ORDERS, wish(), key=key), 400) == "key_missing"
    assert code_of(Api.of("community").post(f"{ORDERS}/{number}/acceptance", key=key), 400) == "key_missing"


@pytest.mark.django_db(transaction=True)
def test_a_refusal_does_not_burn_the_key() -> None:
    api = Api()
    assert code_of(api.post(ORDERS, wish(text=""), key="one"), 422) == "invalid"
    assert api.post(ORDERS, wish(), key="one").status_code == 201
    number, staff = placed()["number"], Api.of("community")
    href = f"{ORDERS}/{number}/question"
    assert code_of(staff.post(href, {}, key="two"), 422) == "invalid"
    again = staff.post(href, {"text": "哪一栋？"}, key="two")
    assert again.status_code == 200, again.content.decode()


def test_a_step_sent_again_with_its_key_gets_the_first_answer_even_when_all_has_moved_on() -> None:
    number, handler = make.order_in(S.DISPATCHED).number, Api.of("handler")
    href = f"{ORDERS}/{number}/dispute"
    first = handler.post(href, {"reason": "不是我们的职责"}, key="one")
    Api.of("supervisor").take(number, "ruling", lead="500233-D02", reason="改派")
    assert handler.get(f"{ORDERS}/{number}").status_code == 404
    assert handler.post(href, {"reason": "不是我们的职责"}, key="one").content == first.content
    assert (
        code_of(handler.post(f"{ORDERS}/{number}/signing", {"reason": "不是我们的职责"}, key="one"), 422)
        == "key_reused"
    )


def test_a_key_that_is_being_worked_on_is_in_flight() -> None:
    api = Api.of("community")
    api.post(ORDERS, wish(consent=True), key="one")
    Door.objects.filter(answer__isnull=False).update(answer=None)
    assert code_of(api.post(ORDERS, wish(consent=True), key="one"), 409) == "in_flight"


# Who reads


def test_wrong_answers_and_unknown_numbers_look_the_same() -> None:
    number = placed()["number"]
    asked: set[int] = set()
    seen: set[str] = set()
    for where in (number, "ZZZZZZZZ", "nonsense-00", "%00", "1"):
        asked.add(len(statements(lambda where=where: _wrong(where, seen))))
    assert len(seen) == 1
    assert len(asked) == 1


def _wrong(number: str, seen: set[str]) -> None:
    answer = Api().post(f"{ORDERS}/{number}/reader", {"last4": "9999"}, key=None)
    assert code_of(answer, 404) == "not_found"
    seen.add(json.dumps({**answer.json(), "request_id": ""}))


def test_proofs_are_counted_by_number_and_by_address() -> None:
    number = placed()["number"]
    for _n in range(10):
        assert Api().post(f"{ORDERS}/{number}/reader", {"last4": "9999"}, key=None).status_code == 404
    answer = Api().post(f"{ORDERS}/{number}/reader", {"last4": "1234"}, key=None)
    assert code_of(answer, 429) == "too_many"
    assert int(answer["Retry-After"]) > 0
    codes = [Api().post(f"{ORDERS}/{10000000 + n}/reader", {"last4": "1"}, key=None).status_code for n in range(55)]
    assert (codes[0], codes[-1]) == (404, 429)


def test_orders_without_a_bearer_are_counted_by_address_whatever_the_client_says_of_it(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(api_doors, "ASKS", 5)
    codes = [Api().post(ORDERS, wish(), **{"X-Forwarded-For": f"10.0.0.{n}"}).status_code for n in range(7)]
    assert codes == [201] * 5 + [429] * 2  # a forged header helps nobody


def test_a_token_has_a_limit_of_its_own() -> None:
    api = Api.of("community", limit=5)
    codes = [api.get(ORDERS).status_code for _n in range(7)]
    assert codes == [200] * 5 + [429] * 2


def test_nobody_reads_without_a_bearer_and_no_one_reads_anothers_order() -> None:
    mine, other = placed()["number"], placed()["number"]
    asker = reader(mine)
    assert code_of(Api().get(f"{ORDERS}/{mine}"), 401) == "not_signed_in"
    assert Api().get(f"{ORDERS}/{mine}")["WWW-Authenticate"] == "Bearer"
    for bad in ("sidan_x", "r.altered:x:y", "\u00e9", "x" * 600):
        assert code_of(Api(bad).get(f"{ORDERS}/{mine}"), 401) == "not_signed_in"
    for where in (other, "ZZZZZZZZ", "%00%00", "a'--"):
        assert code_of(asker.get(f"{ORDERS}/{where}"), 404) == "not_found"
        assert code_of(asker.post(f"{ORDERS}/{where}/withdrawal"), 404) == "not_found"
        assert code_of(Api.of("community3").get(f"{ORDERS}/{where}"), 404) == "not_found"
    assert code_of(asker.post(ORDERS, wish()), 403) == "not_allowed"


def test_a_bearer_ends_when_it_is_revoked_expires_or_its_account_is_closed() -> None:
    person, now = make.person("community"), timezone.now()
    revoked = people.create_token(person, at=now)
    people.revoke_token(revoked, at=now)
    old = people.create_token(person, at=now)
    Token.objects.filter(revoked_at=None).update(expires_at=now - timedelta(seconds=1))
    closed = people.create_token(make.person("dispatcher"), at=now)
    Account.objects.create(handle="dispatcher", person=make.person("dispatcher"), is_active=False)
    for value in (revoked, old, closed):
        assert code_of(Api(value).get(ORDERS), 401) == "not_signed_in"


def test_a_readers_token_lasts_half_an_hour() -> None:
    import time_machine

    number = placed()["number"]
    asker = reader(number)
    with time_machine.travel(timezone.now() + timedelta(minutes=31)):
        assert code_of(asker.get(f"{ORDERS}/{number}"), 401) == "not_signed_in"


def test_a_session_of_the_pages_opens_nothing_here(client: Any) -> None:
    account = Account.objects.create(handle="community", person=make.person("community"))
    client.force_login(account)
    assert code_of(client.get(ORDERS), 401) == "not_signed_in"
