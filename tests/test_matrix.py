"""The permission matrix: every address, method and role has its expected answer; an address without a row fails.

Each role goes through the whole table; every request is rolled back, so each meets the same world.
"""

import json
import re
import secrets
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import timedelta
from io import BytesIO
from typing import Any
from urllib.parse import urlencode

import pytest
import time_machine
from django.core.files.uploadedfile import SimpleUploadedFile
from django.db import transaction
from django.test import Client
from django.urls import URLPattern, URLResolver, get_resolver
from PIL import Image

from sidan.kernel.base import doors
from sidan.kernel.files import commands as files
from sidan.kernel.notify.models import Message
from sidan.kernel.org import commands as people
from sidan.kernel.org.models import Account, Seat
from sidan.orders import keys
from sidan.orders.commands import governing_hiring as hiring
from sidan.orders.commands import governing_people as people_of_file
from sidan.orders.commands import phrases, revealing
from sidan.orders.commands.governing_files import Wish
from sidan.orders.flow import ORDER
from sidan.orders.models import DeadlineRule, Order
from sidan.orders.tests import make
from sidan.orders.views.resident_track import COOKIE
from sidan.orders.words import S
from sidan.web.models import Feedback
from tests.matrix_table import MAY_BE_ABSENT, ROLES, TABLE

pytestmark = pytest.mark.django_db
NOW = make.NOON + timedelta(hours=1)
METHODS = ("GET", "POST")
# Pages that answer alike to every method and change nothing by themselves.
ALIKE = {"healthz", "readyz", "api/v1/docs", "api/v1/openapi.json", "password/set/<uidb64>/<token>/", "dev/outbox"}
SIGNS = {200: "o", 201: "o", 204: "n", 400: "b", 401: "1", 403: "3", 404: "4", 405: "5", 409: "9", 422: "2"}
LEADS = {"/sign-in/": "s", "/my/sign-in/": "s", "/track/": "p"}
STEPS = {step.noun: step.do for step in ORDER.steps if step.noun}
NOUNS = (*STEPS, "support-answer")
# The state in which a step is possible; IN_PROGRESS where nothing is said.
STATES = {
    "accept": S.SUBMITTED, "ask_info": S.SUBMITTED, "handle": S.ACCEPTED, "pass_on": S.ACCEPTED, "refuse": S.SUBMITTED,
    "merge": S.SUBMITTED, "classify": S.SUBMITTED, "dispatch": S.AWAITING_DISPATCH, "send_back": S.AWAITING_DISPATCH,
    "escalate": S.AWAITING_DISPATCH, "sign": S.DISPATCHED, "dispute": S.DISPATCHED, "rule": S.DISPUTED, "start": S.SIGNED,
    "resume": S.SUSPENDED, "check": S.REPLIED, "return_reply": S.REPLIED, "call_back": S.AWAITING_RATING,
    "give_info": S.NEED_INFO, "rate": S.AWAITING_RATING, "reopen": S.CLOSED,
}  # fmt: skip
VALUES: dict[str, dict[str, Any]] = {
    "refuse": {"code": "outside", "text": "请走别的途径"}, "classify": {"category": "0201"}, "dispatch": {"lead": "500233-D01"},
    "rule": {"lead": "500233-D02", "reason": "按职责"}, "contact": {"way": "phone"}, "extend": {"days": "2", "reason": "等材料"},
    "join": {"unit": "500233-D03", "note": "请配合"}, "suspend": {"until": "2026-04-01", "reason": "等汛期过"},
    "call_back": {"solved": "yes", "satisfied": "yes"}, "rate": {"solved": "yes", "satisfied": "yes"}, "press": {"text": "快办"},
    **{do: {"reason": "有理由"} for do in ("dispute", "send_back", "escalate", "reopen", "return_reply", "hide")},
    **{do: {"text": "一句话"} for do in ("ask_info", "reply", "give_info", "add_facts", "write", "support_answer")},
}  # fmt: skip


def routes() -> set[str]:
    """Every pattern of the URLconf, joined; `<noun>` stands for each step."""

    def walk(patterns: list[URLPattern | URLResolver], before: str) -> Iterator[str]:
        for one in patterns:
            here = before + str(one.pattern)
            if isinstance(one, URLResolver):
                yield from walk(one.url_patterns, here)
            else:
                yield here

    found = set()
    for route in walk(get_resolver().url_patterns, ""):
        plain = re.sub(r"<(?:\w+:)?(\w+)>", r"<\1>", route)
        if plain.endswith(("orders/<number>/<noun>/", "orders/<number>/<noun>", "track/order/<noun>/")):
            found |= {plain.replace("<noun>", noun) for noun in NOUNS}
        elif plain.endswith(("<noun>", "<noun>/")):
            found |= {plain.replace("<noun>", noun) for noun in ("approval", "declining")}
        else:
            found.add(plain)
    return found


@dataclass
class World:
    """The small county with an order in each state, a photo, a request to open an identity, and a deputy."""

    orders: dict[str, Order] = field(default_factory=dict)
    names: dict[str, str] = field(default_factory=dict)

    @classmethod
    def make(cls) -> "World":
        make.county(logins=True)
        world = cls()
        for state in {*STATES.values(), S.IN_PROGRESS}:
            world.orders[state] = make.order_in(state)
        world.orders["late"] = make.order_in(S.IN_PROGRESS, make.NOON - timedelta(days=60))
        world.orders["public"] = make.order_in(S.IN_PROGRESS, public=True)
        world.orders["other"] = make.ask(unit="500233002001")
        helped = make.order_in(S.IN_PROGRESS)
        world.orders["helped"] = make.take(helped, "join", "handler", unit=make.node("500233-D02"), note="请配合")
        world.orders["secret"] = make.order_in(S.IN_PROGRESS, confidential=True)
        reveal = revealing.request_reveal(
            world.orders["secret"], reason="核实紧急情况", act=make.act("county-supervisor")
        )
        photo = files.keep(
            picture(), owner=world.orders[S.IN_PROGRESS].subject(), purpose="after", act=make.act("handler")
        )
        make.take(world.orders[S.IN_PROGRESS], "show", "handler", photo=str(photo.pk))
        seat = Seat.objects.get(person=make.person("handler"))
        phrase = phrases.keep(unit_id=seat.unit_id, title="已修好", body="已经修好了", act=make.act("handler"))
        day = make.NOON.date()
        deputy = people.deputise(seat, make.person("handler3"), from_date=day, to_date=day + timedelta(days=9))
        rule = DeadlineRule.objects.filter(stage="reply")[0]
        world.names = {
            "reveal_id": str(reveal.pk), "reveal": str(reveal.pk), "photo_id": str(photo.pk), "photo": str(photo.pk),
            "seat_id": str(deputy.pk), "code": "500233001", "handle": "handler2", "year": "2026", "month": "3", "day": "4",
            "name": "deadlines", "pk": str(rule.pk), "seat": str(seat.pk), "signed": keys.link(world.orders["late"].number),
            "form": "json", "uidb64": "MQ", "token": "x", "phrase_id": str(phrase.pk), "view_id": "1", "export_id": "1",
            "remark": str(Feedback.objects.create(kind="idea", text="加个地图", at=NOW).pk),
            "bundle_id": "00000000-0000-4000-8000-000000000000",
            "imported": str(brought()), "message": str(Message.objects.order_by("pk").values_list("pk", flat=True)[0]),
        }  # fmt: skip
        return world

    def order(self, route: str) -> Order:
        """The order that a route is tried on: one whose state has the step."""
        noun = route.rstrip("/").rpartition("/")[2]
        if "reveal" in route:
            return self.orders["secret"]
        if noun == "support-answer":
            return self.orders["helped"]
        if noun in ("unpublishing", "hiding"):
            return self.orders["public"]
        if noun == "urging":
            return self.orders["late"]
        return self.orders[STATES.get(STEPS.get(noun, ""), S.IN_PROGRESS)]

    def href(self, route: str) -> str:
        """An address of the route."""
        names = {**self.names, "number": self.order(route).number}
        if route.startswith("feedback/"):
            names["pk"] = names["remark"]
        if route.startswith("help/"):
            names["name"] = "handler"
        if route.startswith("govern/messages/"):
            names["pk"] = names["message"]
        if route.startswith("govern/seats/"):
            names["pk"] = names["seat"]
        if route.startswith("govern/people/imports/"):
            names["pk"] = names["imported"]
        return "/" + re.sub(r"<(\w+)>", lambda found: names[found[1]], route)


def brought() -> int:
    """A file of staff that the operator brought: one person who has no password yet."""
    row = {"handle": "newcomer", "name": "新来的", "unit_code": "500233001002", "role": "recorder"}
    act = make.act("operator")
    wish = Wish([(2, row)], act.at.date(), "任职通知")
    return hiring.carry_out(
        lambda: people_of_file.plan(wish, act), people_of_file.plan(wish, act).seen, "staff.csv", act
    )


def picture() -> Any:
    raw = BytesIO()
    Image.new("RGB", (8, 8), "red").save(raw, "PNG")
    return SimpleUploadedFile("a.png", raw.getvalue(), "image/png")


def body(world: World, route: str) -> dict[str, Any]:
    """What a step or an order asks for; other forms come empty and are refused for that, after who may see them."""
    noun = route.rstrip("/").rpartition("/")[2]
    do = STEPS.get(noun, noun.replace("-", "_"))
    if do == "show":
        return {"photo": world.names["photo"]}
    if do == "merge":
        return {"into": world.orders["late"].number}
    if route == "api/v1/orders":
        return {"text": "灯坏了", "unit": "500233001001", "channel": "phone", "consent": True}
    if noun in ("reveals", "reveal"):
        return {"reason": "核实紧急情况"}
    if noun == "reader":
        return {"last4": "1234"}
    return VALUES.get(do, {})


class Caller:
    """One role: a session and a bearer for staff, a cookie and a reader's token for residents."""

    def __init__(self, role: str, world: World) -> None:
        self.role, self.world = role, world
        self.client = Client(raise_request_exception=False)
        self.bearer = ""
        if role in dict((handle, 0) for handle, _role, _unit in make.STAFF):
            self.client.force_login(Account.objects.get(handle=role))
            self.bearer = people.create_token(make.person(role), at=NOW, limit_per_minute=1_000_000)

    def send(self, method: str, route: str) -> str:
        """Ask, take back what it did, and say how it ended in one sign."""
        order = {"owner": self.world.order(route), "other": self.world.orders["other"]}.get(self.role)
        headers = {"Idempotency-Key": secrets.token_hex(8)}
        if order is not None:
            self.client.cookies[COOKIE] = keys.reader(order.number)
        bearer = keys.reader(order.number) if order is not None else self.bearer
        if bearer and route.startswith("api/"):
            headers["Authorization"] = f"Bearer {bearer}"
        with transaction.atomic():
            answer = self._request(method, route, headers)
            transaction.set_rollback(True)
        doors._leases.clear()
        if answer.streaming:  # a file: read to its end, it closes itself
            b"".join(answer.streaming_content)
        if answer.status_code in (301, 302, 303):
            return LEADS.get(answer["Location"].partition("?")[0], "g")
        return SIGNS.get(answer.status_code, str(answer.status_code))

    def _request(self, method: str, route: str, headers: dict[str, str]) -> Any:
        href, values, order = self.world.href(route), body(self.world, route), self.world.order(route)
        if method == "GET":
            return self.client.get(href, headers=headers)
        seen = {"version": str(order.version), "form_token": f"{order.number}.{secrets.token_urlsafe(12)}"}
        if method == "POST" and route.endswith(("/photos", "/photo/")):
            shown = {"photo": picture(), "photos": picture(), "purpose": "evidence"}
            return self.client.post(href, {**seen, **shown}, headers=headers)
        if route.startswith("api/"):
            return self.client.generic(method, href, json.dumps(values), "application/json", headers=headers)
        form = urlencode({**seen, **values}, doseq=True)
        return self.client.generic(method, href, form, "application/x-www-form-urlencoded", headers=headers)


def test_every_address_has_its_rows_and_every_row_its_address() -> None:
    wanted = {(method, route) for route in routes() for method in METHODS}
    absent = {row for row in set(TABLE) - wanted if row[1] in MAY_BE_ABSENT}
    assert wanted - set(TABLE) == set(), "addresses without a row"
    assert set(TABLE) - wanted - absent == set(), "rows without an address"
    assert {len(signs) for signs in TABLE.values()} == {len(ROLES)}


@pytest.mark.parametrize("role", ROLES)
def test_each_role_meets_what_the_table_says(role: str) -> None:
    with time_machine.travel(NOW, tick=False):
        caller, at = Caller(role, World.make()), ROLES.index(role)
        here = routes()
        wrong = {
            row: f"{sign} instead of {signs[at]}"
            for row, signs in TABLE.items()
            if row[1] in here and (sign := caller.send(*row)) != signs[at]
        }
    assert wrong == {}


@pytest.mark.parametrize("method", ["PUT", "PATCH", "DELETE"])
def test_other_methods_do_nothing_for_anybody(method: str) -> None:
    with time_machine.travel(NOW, tick=False):
        world = World.make()
        for role in ("owner", "dispatcher"):
            caller = Caller(role, world)
            signs = {route: caller.send(method, route) for route in routes() - ALIKE}
            assert {route: sign for route, sign in signs.items() if sign not in "s345"} == {}
