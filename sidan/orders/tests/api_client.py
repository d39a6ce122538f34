"""A client of the API that knows one address and otherwise only what answers say."""

import json
import secrets
from typing import Any

from django.db import connection
from django.test import Client
from django.utils import timezone

from sidan.kernel.org import commands as people
from sidan.orders.tests import make

ORDERS = "/api/v1/orders"
PROBLEM = "application/problem+json"


class Api:
    """One caller: a person's bearer, a reader's token, or nobody."""

    def __init__(self, bearer: str = "") -> None:
        self.client = Client(raise_request_exception=False, enforce_csrf_checks=True, REMOTE_ADDR="203.0.113.7")
        self.headers = {"Authorization": f"Bearer {bearer}"} if bearer else {}

    @classmethod
    def of(cls, handle: str, limit: int = 100_000) -> "Api":
        """A member of staff of the small county."""
        return cls(people.create_token(make.person(handle), at=timezone.now(), limit_per_minute=limit))

    def get(self, href: str, **query: Any) -> Any:
        return self.client.get(href, query, headers=self.headers)

    def post(self, href: str, body: Any = None, key: str | None = "", **headers: str) -> Any:
        """A POST of JSON, or of bytes as they are; a new key unless one is given, none for None."""
        raw = body if isinstance(body, bytes) else json.dumps(body or {}).encode()
        sent = {**self.headers, **headers}
        if key is not None:
            sent["Idempotency-Key"] = key or secrets.token_hex(8)
        return self.client.post(href, raw, content_type="application/json", headers=sent)

    def order(self, number: str) -> Any:
        answer = self.get(f"{ORDERS}/{number}")
        assert answer.status_code == 200, answer.content
        return answer.json()

    def take(self, number: str, noun: str, **fields: Any) -> Any:
        """Take a step by the href that the order itself names."""
        moves = {move["noun"]: move for move in self.order(number)["moves"]}
        assert noun in moves, f"{noun} is not among {sorted(moves)}"
        assert set(moves[noun]["fields"]["required"]) <= set(fields)
        answer = self.post(moves[noun]["href"], fields)
        assert answer.status_code == 200, answer.content.decode()
        return answer.json()


def wish(**values: Any) -> dict[str, Any]:
    """What a resident sends."""
    return {"text": "楼道的灯坏了三天", "unit": "500233001001", "category": "0101",
            "contact": {"phone": "13800001234"}, **values}  # fmt: skip


def placed(**values: Any) -> Any:
    """An order placed without a bearer: its receipt."""
    answer = Api().post(ORDERS, wish(**values))
    assert answer.status_code == 201, answer.content.decode()
    return answer.json()


def reader(number: str, **proof: str) -> Api:
    """The one who asked, by the tail of their telephone or the code of the receipt."""
    answer = Api().post(f"{ORDERS}/{number}/reader", proof or {"last4": "1234"}, key=None)
    assert answer.status_code == 200, answer.content.decode()
    return Api(answer.json()["token"])


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
