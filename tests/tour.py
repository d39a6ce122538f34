"""A walk through every page of the house: each route of the matrix by somebody who may see it, each order in each state.

Pages are drawn by Django's test client in this process; tests read them as they are, or show them in a browser.
"""

import mimetypes
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import time_machine
from django.conf import settings
from django.contrib.staticfiles import finders
from django.test import Client

from sidan.kernel.org.models import Account
from sidan.orders import keys
from sidan.orders.tests import make
from sidan.orders.tests import resident as by
from sidan.orders.views.resident_track import COOKIE
from sidan.orders.words import S
from sidan.web.context import SIZE_COOKIE, SIZES
from sidan.web.patterns import DENSITIES
from tests.matrix_table import ROLES, TABLE
from tests.test_matrix import NOW, World, picture, routes

# Who is asked first where several may see a page; who does the work of an order sees the most of it.
OFFICERS = ("community", "dispatcher", "handler", "checker", "supervisor", "operator", "recorder", "community3")
HOST = "http://testserver"  # what the test client calls the house
LONG = "没有空格的长文字" * 12 + " https://example.org/" + "a" * 90
ELSEWHERE = ("desk/orders/<number>/", "track/order/")  # each order of the world is shown there, not only one


@dataclass(frozen=True)
class Stop:
    """A page as it was sent: by which route, who saw it, where it stands."""

    name: str
    role: str
    href: str
    status: int
    headers: dict[str, str]
    body: str

    @property
    def staff(self) -> bool:
        return 'data-density="desk"' in self.body


class Guide:
    """Asks for pages in one language and one size of text."""

    def __init__(self, world: World, language: str = "zh-hans", size: str = "normal") -> None:
        self.world = world
        self.cookies = {settings.LANGUAGE_COOKIE_NAME: language, SIZE_COOKIE: size}

    def client(self, role: str = "anonymous", number: str = "") -> Client:
        """A browser of somebody of staff, of a resident who proved an order, or of nobody known."""
        client = Client(raise_request_exception=False)
        if role in {handle for handle, _role, _unit in make.STAFF}:
            client.force_login(Account.objects.get(handle=role))
        for name, value in self.cookies.items():
            client.cookies[name] = value
        if number:
            client.cookies[COOKIE] = keys.reader(number)
        return client

    def stops(self) -> list[Stop]:
        """Every page, once."""
        found = [*self._by_route(), *self._orders(), *self._mine(), *self._report(), *self._wrong()]
        assert len({one.name for one in found}) == len(found)
        return found

    def _by_route(self) -> Iterator[Stop]:
        here = routes()
        for (method, route), signs in TABLE.items():
            if method != "GET" or "o" not in signs or route not in here or route in ELSEWHERE or "api/" in route:
                continue
            roles = [role for role, sign in zip(ROLES, signs, strict=True) if sign == "o"]
            role = next((one for one in ("anonymous", "owner", *OFFICERS) if one in roles), roles[0])
            number = self.world.order(route).number if role == "owner" else ""
            yield from stop(self.client(role, number), route or "home", role, self.world.href(route))

    def _orders(self) -> Iterator[Stop]:
        """Each order by the officer who may do the most with it."""
        for name, order in self.world.orders.items():
            seen = [
                one
                for role in OFFICERS
                for one in stop(self.client(role), f"order {name}", role, f"/desk/orders/{order.number}/")
                if one.status == 200
            ]
            yield max(seen, key=lambda one: one.body.count("<form"))

    def _mine(self) -> Iterator[Stop]:
        for name, order in self.world.orders.items():
            client = self.client("owner", order.number)
            yield from stop(client, f"my order {name}", "owner", "/track/order/")
        client = self.client("owner", self.world.orders[S.AWAITING_RATING].number)
        for solved in ("yes", "no"):
            yield from stop(client, f"rating {solved}", "owner", f"/track/order/rating/?solved={solved}")

    def _report(self) -> Iterator[Stop]:
        """The pages of placing an order with something in them, up to the receipt."""
        client = self.client()
        draft = by.fill(client, text=f"{by.TEXT}{LONG}", public="on")
        for step in ("", "where/", "more/", "check/"):
            yield from stop(client, f"report filled {step}", "anonymous", f"/report/{step}")
        client.post("/report/check/", {"form_token": draft})
        yield from stop(client, "receipt filled", "anonymous", "/receipt/")
        client = self.client()
        client.post("/report/", {**by.WHAT, "text": "厨房着火了"})
        client.post("/report/where/", {**by.WHERE, "category": "0301"})
        yield from stop(client, "report emergency", "anonymous", "/report/emergency/")

    def _wrong(self) -> Iterator[Stop]:
        """Pages that say what is wrong, and pages of those who are not let in."""
        client = self.client()
        for href in ("/report/", "/track/", "/sign-in/"):
            yield from posted(client, f"wrong {href}", "anonymous", href)
        yield from stop(client, "not there", "anonymous", "/nowhere/")
        yield from stop(self.client("handler"), "not allowed", "handler", "/desk/dispatch/")
        client, order = self.client("dispatcher"), self.world.orders[S.AWAITING_DISPATCH]
        yield from posted(client, "wrong record", "recorder", "/desk/record/")
        href = f"/desk/orders/{order.number}/return/"
        yield from posted(client, "wrong step", "dispatcher", href, version=str(order.version))
        yield from posted(client, "step too late", "dispatcher", href, version="0", reason="地址不对")


def stop(client: Client, name: str, role: str, href: str) -> Iterator[Stop]:
    """The page at an address; nothing where it is a file or leads on."""
    answer: Any = client.get(href)
    if answer.streaming:
        b"".join(answer.streaming_content)
        return
    yield from _page(answer, name, role, href)


def posted(client: Client, name: str, role: str, href: str, **values: str) -> Iterator[Stop]:
    """The page that answers a form."""
    yield from _page(client.post(href, values), name, role, href)


def _page(answer: Any, name: str, role: str, href: str) -> Iterator[Stop]:
    whole = b"<html" in answer.content[:400]  # not a piece that a script fetches into a page
    if whole and not 300 <= answer.status_code < 400:
        kept = {key: value for key, value in answer.headers.items() if key.lower() != "content-length"}
        yield Stop(name, role, href, answer.status_code, kept, answer.content.decode())


def all_stops(language: str = "zh-hans", size: str = "normal") -> list[Stop]:
    """Every page of the small county, an hour after its noon."""
    with time_machine.travel(NOW, tick=False):
        return Guide(World.make(), language, size).stops()


def pattern_stops() -> list[Stop]:
    """The pattern page in each size and density, once as it is and once with what is wrong."""
    make.county(logins=True)
    client = Client()
    client.force_login(Account.objects.get(handle="handler"))
    hrefs = [f"/_/patterns/?size={size}&density={density}" for size in SIZES for density in DENSITIES]
    found = []
    for href in hrefs:
        found += [*stop(client, href, "handler", href), *posted(client, f"{href} refused", "handler", href)]
    return found


class Show:
    """Shows pages in a browser without a house behind it: each answer is the one that was drawn."""

    def __init__(self, page: Any) -> None:
        self.page = page
        self.now: Stop | None = None
        self.faults: list[str] = []
        page.route("**/*", self._answer)
        page.on("pageerror", lambda error: self._fault(str(error)))
        page.on("console", lambda said: self._fault(said.text) if "Content Security Policy" in said.text else None)

    def _fault(self, what: str) -> None:
        self.faults.append(f"{self.now.name if self.now else ''}: {what}")

    def open(self, stop: Stop) -> Any:
        """Load one page to its end."""
        self.now = stop
        self.page.goto(HOST + stop.href, wait_until="load")
        return self.page

    def _answer(self, route: Any) -> None:
        url, now = str(route.request.url), self.now
        if not url.startswith(HOST):
            self._fault(f"asks {url}")
            route.abort()
        elif route.request.is_navigation_request() and now is not None:
            route.fulfill(status=now.status, headers=now.headers, body=now.body)
        elif url.startswith(f"{HOST}{settings.STATIC_URL}"):
            name = url.removeprefix(f"{HOST}{settings.STATIC_URL}").partition("?")[0]
            found = finders.find(name)
            if found is None:
                self._fault(f"asks for {name}, which is not there")
            route.fulfill(path=found, content_type=mimetypes.guess_type(name)[0]) if found else route.fulfill(
                status=404
            )
        else:
            route.fulfill(body=picture().read(), content_type="image/png")
