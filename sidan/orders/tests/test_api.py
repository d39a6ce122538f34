"""The interfaces that others rely on: statuses, codes, statements, and what hostile input gets."""

import json
from datetime import timedelta
from typing import Any

import pytest
from django.db import OperationalError, connection
from django.utils import timezone

from sidan.kernel.base.models import Door
from sidan.kernel.org import commands as people
from sidan.kernel.org.models import Account, Token
from sidan.orders import api_doors
from sidan.orders.models import Order, Text
from sidan.orders.queries import reading
from sidan.orders.tests import make
from sidan.orders.tests.api_client import ORDERS, Api, placed, reader, wish
from sidan.orders.words import S

pytestmark = pytest.mark.django_db

PROBLEM = "application/problem+json"


@pytest.fixture(autouse=True)
def _county() -> None:
    make.county()


def code_of(answer: Any, status: int) -> str:
    """The stable code of a problem, which has every member of RFC 9457."""
    assert answer.status_code == status, answer.content.decode()
    problem = answer.json()
    assert answer["Content-Type"] == PROBLEM
    assert problem["type"] == f"urn:sidan:error:{problem['code']}"
    assert problem["status"] == status
    assert problem["title"]
    assert problem["detail"]
    assert problem["request_id"] == answer["X-Request-Id"]
    return str(problem["code"])


def statements(call: Any) -> list[str]:
    """What a call asks of the database."""
    asked: list[str] = []

    def note(execute: Any, sql: str, params: Any, many: bool, context: Any) -> Any:
        # The configuration's revision is looked at once a second, whoever comes.
        if not sql.startswith(("SAVEPOINT", "RELEASE", "BEGIN", "COMMIT")) and "base_revision" not in sql:
            asked.append(sql)
        return execute(sql, params, many, context)

    with connection.execute_wrapper(note):
        call()
    return asked


# The hottest door


def test_a_receipt_says_number_state_deadline_and_where_to_follow_it() -> None:
    receipt = placed()
    assert len(receipt["number"]) == 8
    assert receipt["state"] == "submitted"
    assert receipt["due_at"]
    assert receipt["tracking_url"].startswith("http")
    assert "code" not in receipt
    assert placed(contact={"name": "张三"})["code"].isdigit()


@pytest.mark.parametrize("channel", ["web", "phone"])
def test_placing_an_order_takes_at_most_eight_statements(channel: str) -> None:
    api = Api.of("community")
    body = wish(channel=channel, consent=True)
    api.post(ORDERS, body)  # the token's lease and the process's snapshots
    asked = statements(lambda: api.post(ORDERS, body))
    most = 8 if connection.vendor == "sqlite" else 3
    assert len(asked) <= most, "\n".join(sql[:90] for sql in asked)


def test_placing_an_order_without_a_bearer_takes_at_most_eight_statements() -> None:
    placed()
    asked = statements(placed)
    assert len(asked) <= (8 if connection.vendor == "sqlite" else 3), "\n".join(sql[:90] for sql in asked)


def test_reading_an_order_costs_the_same_for_a_long_history() -> None:
    number = placed()["number"]
    asker = reader(number)
    asker.order(number)  # the process's snapshots
    short = len(statements(lambda: asker.order(number)))
    for _n in range(8):
        asker.take(number, "fact", text="还是不亮")
    assert len(statements(lambda: asker.order(number))) == short <= 9


def test_a_list_costs_the_same_for_one_row_and_for_twenty() -> None:
    api = Api.of("dispatcher")
    placed()
    api.get(ORDERS)
    one = len(statements(lambda: api.get(ORDERS)))
    for _n in range(20):
        make.ask()
    assert len(statements(lambda: api.get(ORDERS))) == one <= 6


def test_an_emergency_is_answered_with_the_number_to_call() -> None:
    receipt = placed(category="0301")
    assert (receipt["state"], receipt["reason"]) == ("not_accepted", "emergency")
    assert receipt["emergency"]["phone"] == "119"
    assert receipt["due_at"] is None


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


# Steps


def test_a_step_the_state_does_not_have_says_what_is_possible() -> None:
    number, community = placed()["number"], Api.of("community")
    answer = community.post(f"{ORDERS}/{number}/forwarding", {})
    assert code_of(answer, 409) == "not_now"
    assert answer.json()["state"] == "submitted"
    assert {move["noun"] for move in answer.json()["moves"]} >= {"acceptance", "question"}
    assert code_of(Api.of("checker").post(f"{ORDERS}/{number}/acceptance"), 403) == "not_allowed"
    assert code_of(community.post(f"{ORDERS}/{number}/closing"), 404) == "no_such_move"
    assert code_of(community.post(f"{ORDERS}/{number}/settle"), 404) == "no_such_move"
    assert code_of(community.post(f"{ORDERS}/{number}/support-answer", {"text": "x"}), 403) == "not_allowed"


def test_the_slower_of_two_hears_who_was_faster(monkeypatch: pytest.MonkeyPatch) -> None:
    number, dispatcher = placed()["number"], Api.of("dispatcher")
    seen = Order.objects.get(number=number)
    Api.of("community").take(number, "acceptance")
    by_number = reading.by_number
    monkeypatch.setattr(reading, "by_number", lambda *_args: seen)  # what the dispatcher's request had read
    answer = dispatcher.post(f"{ORDERS}/{number}/acceptance")
    monkeypatch.setattr(reading, "by_number", by_number)
    assert code_of(answer, 409) == "moved_first"
    assert (answer.json()["by"], answer.json()["state"]) == ("community 名", "accepted")
    assert "forwarding" in {move["noun"] for move in answer.json()["moves"]}
    assert code_of(dispatcher.post(f"{ORDERS}/{number}/forwarding", **{"If-Match": '"1"'}), 409) == "moved_first"
    version = dispatcher.get(f"{ORDERS}/{number}")["ETag"]
    assert dispatcher.post(f"{ORDERS}/{number}/forwarding", **{"If-Match": version}).status_code == 200


def test_no_illegal_step_is_taken() -> None:
    number = placed()["number"]
    asker = reader(number)
    for noun in ("rating", "reopening", "acceptance", "check", "reply", "ruling"):
        assert asker.post(f"{ORDERS}/{number}/{noun}", {"solved": "yes"}).status_code in (403, 409)
    closed = make.order_in(S.AWAITING_RATING)
    asker = reader(closed.number)
    asker.take(closed.number, "reopening", reason="还是不亮")
    assert asker.post(f"{ORDERS}/{closed.number}/reopening", {"reason": "再来"}).status_code == 409
    replied = make.order_in(S.REPLIED)
    assert Api.of("handler").post(f"{ORDERS}/{replied.number}/check").status_code == 403


# Bad input


@pytest.mark.parametrize(
    "raw",
    [
        b"", b"{", b"[]", b"null", b'"x"', b"1", b"\xff\xfe", b'{"text": NaN}', b'{"text": "\\ud800"}',
        b'{"text": "a", "text": "b"}', b'{"contact": {"phone": "1", "phone": "2"}}', b"[" * 10_000 + b"]" * 10_000,
        b'{"a":' * 10_000 + b"1" + b"}" * 10_000, b'{"a":' * 900 + b"1" + b"}" * 900, b"text=x&unit=y", b"{}{}",
    ],
)  # fmt: skip
def test_what_is_no_json_object_is_refused(raw: bytes) -> None:
    answer = Api().post(ORDERS, raw)
    assert code_of(answer, answer.status_code) in ("bad_request", "invalid")
    assert answer.status_code in (400, 422)
    assert not Order.objects.exists()


ODD: tuple[Any, ...] = (
    None, True, 0, -1, 1e308, 2**80, [], ["x"], {}, {"a": 1}, "", " ", "\u0000", "x" * 5000, "\u202e", "1_0", "²",
)  # fmt: skip


@pytest.mark.parametrize(
    "name",
    [
        "text", "unit", "kind", "category", "channel", "urgency", "contact", "contact.name", "contact.phone", "place",
        "lat", "lon", "public", "anonymous", "confidential", "about", "consent",
    ],
)  # fmt: skip
def test_any_value_anywhere_is_taken_or_refused_with_a_reason(name: str) -> None:
    api = Api.of("community")
    for value in ODD:
        body = wish()
        if name.startswith("contact."):
            body["contact"] = {**body["contact"], name.removeprefix("contact."): value}
        else:
            body[name] = value
        raw = json.dumps(body).encode() if value != 2**80 else json.dumps(body).encode().replace(b"e+", b"")
        answer = api.post(ORDERS, raw)
        if answer.status_code != 201:
            assert code_of(answer, 422) == "invalid", (name, value)
            assert answer.json()["fields"]


@pytest.mark.parametrize("state", [S.SUBMITTED, S.AWAITING_DISPATCH, S.DISPUTED, S.IN_PROGRESS, S.AWAITING_RATING])
def test_odd_values_in_a_step_are_refused_with_a_reason(state: S) -> None:
    number = make.order_in(state).number
    callers = (reader(number), *(Api.of(handle) for handle in ("community", "dispatcher", "handler", "supervisor")))
    for api in callers:
        for move in api.order(number)["moves"] if api.get(f"{ORDERS}/{number}").status_code == 200 else []:
            for value in ([], ["x"], {"a": 1}, 2**70, True, "\u0000", "x" * 5000, "0001-01-01", "9999-12-31"):
                body = dict.fromkeys(move["fields"]["properties"], value)
                if body:
                    answer = api.post(move["href"], body)
                    assert answer.status_code in (200, 403, 404, 409, 422), (move["noun"], value, answer.content)


def test_nothing_can_be_set_that_no_field_names() -> None:
    past = "2020-01-01T00:00:00Z"
    extra = {"state": "closed", "points": 99, "created_at": past, "asked_at": past, "number": "AAAAAAAA", "id": 1,
             "version": 9, "asked_by": 1, "desk_unit": 1, "solved": "yes", "recorded_by_id": 1, "is_staff": True}  # fmt: skip
    number = placed(**extra)["number"]
    order = Order.objects.get(number=number)
    assert (order.state, order.version, order.solved, order.recorded_by_id) == (S.SUBMITTED, 1, None, None)
    assert timezone.now() - order.asked_at < timedelta(minutes=1)
    moved = Api.of("community").post(f"{ORDERS}/{number}/acceptance", {**extra, "lead_unit_id": 1, "due_at": past})
    order.refresh_from_db()
    assert moved.status_code == 200
    assert (order.state, order.lead_unit_id) == (S.ACCEPTED, None)


@pytest.mark.parametrize(
    "query",
    [
        {"limit": 1_000_000_000}, {"limit": -1}, {"limit": "0"}, {"limit": "²"}, {"limit": "1" * 5000}, {"next": "x"},
        {"next": "WyIwMDAxLTAxLTAxVDAwOjAwOjAwKzIzOjU5IiwxXQ"}, {"next": "WyIyMDI2LTAxLTAxIiwxXQ"},
        {"next": "W251bGwsMV0"}, {"next": "WyIyMDI2LTAxLTAxVDAwOjAwOjAwKzAwOjAwIiwxZTMwXQ"},
        {"state": "x"}, {"state": "closed,\x00"}, {"unit": "\x00"}, {"category": "\x00"}, {"category": "%"},
        {"asked_from": "0001-01-01"}, {"asked_to": "9999-12-31T23:59:59-23:59"}, {"asked_from": "x"},
        {"asked_from": "\x00"}, {"password__startswith": "x", "asked_by__name": "x"}, {"overdue": "\x00"},
    ],
)  # fmt: skip
def test_odd_filters_and_pages_are_bounded_or_refused(query: dict[str, Any]) -> None:
    answer = Api.of("dispatcher").get(ORDERS, **query)
    if answer.status_code != 200:
        assert code_of(answer, 422) == "invalid"
        assert answer.json()["fields"]


def test_a_body_that_is_too_large_is_refused_before_it_is_read() -> None:
    assert code_of(Api().post(ORDERS, wish(text="字" * 100_000)), 422) == "invalid"
    assert code_of(Api().post(ORDERS, b'{"text": "' + b"x" * (30 * 1024 * 1024) + b'"}'), 413) == "too_large"
    number = make.ask().number
    staff = Api.of("community")
    assert code_of(staff.post(f"{ORDERS}/{number}/photos", b"x" * (14 * 1024 * 1024)), 413) == "too_large"
    assert code_of(staff.post(f"{ORDERS}/{number}/photos", b"x"), 422) == "invalid"


def test_control_characters_go_and_emoji_stay() -> None:
    number = placed(text="灯\u0000坏了\u202e😀\r\n三天 <script>")["number"]
    assert Text.objects.get(order__number=number).body == "灯坏了😀\n三天 <script>"


def test_unknown_addresses_and_methods_are_problems_too() -> None:
    api = Api.of("community")
    assert code_of(api.get("/api/v1/nowhere"), 404) == "not_found"
    assert code_of(api.get("/api/nowhere"), 404) == "not_found"
    assert code_of(api.client.put(ORDERS), 405) == "method_not_allowed"
    assert "POST" in api.client.put(ORDERS)["Allow"]
    assert code_of(api.client.delete(f"{ORDERS}/ZZZZZZZZ"), 405) == "method_not_allowed"
    assert api.get(f"{ORDERS}/").status_code == 404


def test_a_database_that_is_gone_is_told_with_a_number(monkeypatch: pytest.MonkeyPatch) -> None:
    from sidan.orders.commands import asking

    def gone(*_args: Any) -> None:
        raise OperationalError("database is locked")

    monkeypatch.setattr(asking, "ask_once", gone)
    answer = Api().post(ORDERS, wish())
    assert code_of(answer, 503) == "unavailable"
    assert answer["Retry-After"]


def test_a_bug_tells_nothing_of_itself(monkeypatch: pytest.MonkeyPatch, settings: Any) -> None:
    from sidan.orders.commands import asking

    def broken(*_args: Any) -> None:
        raise ValueError("13812345678")

    monkeypatch.setattr(asking, "ask_once", broken)
    for settings.DEBUG in (False, True):
        answer = Api().post(ORDERS, wish())
        assert code_of(answer, 500) == "internal"
        assert "13812345678" not in answer.content.decode()


def test_the_callers_language_is_spoken() -> None:
    number = placed()["number"]
    asker = reader(number)
    english = asker.get(f"{ORDERS}/{number}", lang="en")
    assert english["Content-Language"] == "en"
    assert asker.client.get(f"{ORDERS}/{number}", headers={**asker.headers, "Accept-Language": "en"})[
        "Content-Language"
    ].startswith("en")
    assert asker.get(f"{ORDERS}/{number}", lang="tlh")["Content-Language"] == "zh-hans"
    assert asker.get(f"{ORDERS}/{number}")["Content-Language"] == "zh-hans"


# The description


def test_every_address_and_every_answer_is_described(client: Any) -> None:
    made = client.get("/api/v1/openapi.json").json()
    operations = {(path, method): one for path, methods in made["paths"].items() for method, one in methods.items()}
    assert ("/api/v1/orders", "post") in operations
    for state in S:
        order = make.order_in(state)
        for api in (Api.of("county-dispatcher"), Api.of("community"), Api.of("handler"), Api.of("supervisor")):
            if (answer := api.get(f"{ORDERS}/{order.number}")).status_code == 200:
                for move in answer.json()["moves"]:
                    known = operations[(move["href"].replace(order.number, "{number}"), "post")]
                    schema = known["requestBody"]["content"]["application/json"]["schema"]
                    assert schema["properties"].keys() == move["fields"]["properties"].keys()
    for where, operation in operations.items():
        assert {"405", "500", "503"} <= operation["responses"].keys(), where
        for status, answer in operation["responses"].items():
            assert list(answer["content"]) == [PROBLEM] or int(status) < 400, where
    identities = [operation["operationId"] for operation in operations.values()]
    assert len(identities) == len(set(identities))
    assert made["components"]["securitySchemes"]["bearer"]["scheme"] == "bearer"


def test_the_description_is_read_without_another_host(client: Any) -> None:
    page = client.get("/api/v1/docs")
    assert page.status_code == 200
    assert "swagger-ui" in page.content.decode()
    assert "//cdn" not in page.content.decode()
    assert "http" not in page.content.decode().replace("http-equiv", "")
