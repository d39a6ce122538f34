"""The interfaces that others rely on: statuses, codes, statements, and what hostile input gets."""

import json
from datetime import timedelta
from typing import Any

import pytest
from django.db import OperationalError, connection
from django.utils import timezone

from sidan.orders.models import Order, Text
from sidan.orders.queries import reading
from sidan.orders.tests import make
from sidan.orders.tests.api_client import ORDERS, PROBLEM, Api, code_of, placed, reader, statements, wish
from sidan.orders.words import S

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def _county() -> None:
    make.county()


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
