"""What tests of the resident's pages share: the four pages in one line, a browser that has proved an order."""

import re
from datetime import datetime
from typing import Any

import time_machine
from django.http import HttpResponse
from django.test import Client
from django.utils import timezone

from sidan.kernel.files.tests import samples
from sidan.orders import keys
from sidan.orders.models import Order
from sidan.orders.tests import make
from sidan.orders.views import resident_track as track

TEXT = "五栋一单元下水道堵了，院子里全是脏水"
COMMUNITY = "500233001001"
WHAT = {"text": TEXT, "kind": "help"}
WHERE = {"unit": COMMUNITY, "place": "三栋二单元", "category": ""}
MORE = {"phone": "13800001234", "name": "王阿姨", "identity": "open"}


def fill(client: Client, **changes: Any) -> str:
    """Fill in the pages before the last one; returns the draft's token from the check page."""
    for href, values, extra in (
        ("/report/", WHAT, ()),
        ("/report/where/", WHERE, ()),
        ("/report/more/", MORE, ("public", "about", "photos", "for_other")),
    ):
        asked = (*values, *extra)
        answer = client.post(href, {**values, **{name: value for name, value in changes.items() if name in asked}})
        assert answer.status_code == 303, (href, said(answer))
    return token(client.get("/report/check/"))


def send(client: Client, **changes: Any) -> Order:
    """Place an order by the pages."""
    answer = client.post("/report/check/", {"form_token": fill(client, **changes)})
    assert (answer.status_code, answer["Location"]) == (303, "/receipt/"), said(answer)
    return Order.objects.latest("id")


def token(answer: Any) -> str:
    """The form's token in a page."""
    found = re.search(r'name="form_token" value="([^"]+)"', text(answer))
    assert found is not None, said(answer)
    return found[1]


def text(answer: Any) -> str:
    """A page's HTML."""
    assert isinstance(answer, HttpResponse)
    return answer.content.decode()


def said(answer: Any) -> str:
    """A page's words in `main`, without tags."""
    html = text(answer)
    main = html[html.find("<main") : html.find("</main>")] if "<main" in html else html
    return " ".join(re.sub(r"<[^>]+>", " ", main).split())


def reader(order: Order, at: datetime | None = None) -> Client:
    """A browser that has proved an order."""
    client = Client()
    if at is None:
        client.cookies[track.COOKIE] = keys.reader(order.number)
    else:
        with time_machine.travel(at, tick=False):
            client.cookies[track.COOKIE] = keys.reader(order.number)
    return client


def now_in(state: Any, **wish: Any) -> Order:
    """An order that reached a state just now."""
    return make.order_in(state, timezone.now(), **wish)


def jpeg(number: int = 0) -> bytes:
    """A photo as a telephone makes it, with its place inside; each number another one."""
    return samples.picture(gps=True, size=(640 + 16 * number, 480))


def fetch(client: Client, href: str) -> tuple[int, bytes]:
    """A photo's status and bytes; the file is closed again."""
    answer: Any = client.get(href)
    if not answer.streaming:
        return answer.status_code, answer.content
    data = b"".join(answer.streaming_content)
    for close in answer._resource_closers:  # closing the answer itself would end the test's connection to the database
        close()
    return answer.status_code, data
