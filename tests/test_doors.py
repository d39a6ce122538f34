"""Doors under trouble, over real sockets: the same write sent three times at once (T7), and an answer that got lost (T8)."""

import json
import secrets
import socket
import socketserver
import threading
from collections import Counter
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.client import HTTPConnection, RemoteDisconnected
from io import BytesIO
from typing import Any

import pytest
from django.utils import timezone
from PIL import Image

from sidan.kernel.files.models import Photo
from sidan.kernel.journal import queries as journal
from sidan.kernel.journal.models import Entry
from sidan.kernel.org import commands as people
from sidan.orders.models import Order, Reveal, Support
from sidan.orders.tests import make
from sidan.orders.words import S

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.slow]

ORDERS = "/api/v1/orders"
KEYS, TIMES = 200, 3


@dataclass
class Write:
    """One POST of some client, with its key; `other` is a body that says something else."""

    href: str
    bearer: str
    body: bytes
    other: bytes
    key: str = field(default_factory=lambda: secrets.token_hex(8))
    kind: str = "application/json"

    def send(self, host: str, body: bytes | None = None) -> tuple[int, bytes]:
        connection = HTTPConnection(host, timeout=60)
        headers = {"Idempotency-Key": self.key, "Content-Type": self.kind, "Connection": "close"}
        if self.bearer:
            headers["Authorization"] = f"Bearer {self.bearer}"
        try:
            connection.request("POST", self.href, self.body if body is None else body, headers)
            answer = connection.getresponse()
            return answer.status, answer.read()
        finally:
            connection.close()


@pytest.fixture
def bearers() -> dict[str, str]:
    """The small county, and a bearer for each member of staff."""
    make.county()
    return {
        handle: people.create_token(make.person(handle), at=timezone.now(), limit_per_minute=1_000_000)
        for handle, _role, _unit in make.STAFF
    }


@pytest.fixture
def host(live_server: Any) -> str:
    return str(live_server.url).removeprefix("http://")


def asking(bearer: str, count: int) -> list[Write]:
    """Orders that are placed; each text is its own."""
    wish = {"unit": "500233001001", "category": "0101", "consent": True, "contact": {"phone": "13800001234"}}

    def body(text: str) -> bytes:
        return json.dumps({**wish, "text": text}).encode()

    return [Write(ORDERS, bearer, body(f"第{n}盏灯"), body("另一件事")) for n in range(count)]


def step(order: Order, noun: str, bearer: str, **values: Any) -> Write:
    body = json.dumps(values).encode()
    return Write(f"{ORDERS}/{order.number}/{noun}", bearer, body, body[:-1] + b" }")


def photo(order: Order, bearer: str) -> Write:
    def form(colour: str) -> bytes:
        picture = BytesIO()
        Image.new("RGB", (8, 8), colour).save(picture, "PNG")
        head = b'--edge\r\nContent-Disposition: form-data; name="photo"; filename="a.png"\r\n\r\n'
        return head + picture.getvalue() + b"\r\n--edge--\r\n"

    href = f"{ORDERS}/{order.number}/photos"
    return Write(href, bearer, form("red"), form("blue"), kind="multipart/form-data; boundary=edge")


def steps(bearers: dict[str, str]) -> list[Write]:
    """Every other kind of POST, each on an order of its own."""
    found = [step(make.ask(), "acceptance", bearers["community"]) for _n in range(30)]
    found += [step(make.ask(), "question", bearers["community"], text="哪一栋？") for _n in range(20)]
    found += [photo(make.ask(), bearers["community"]) for _n in range(8)]
    found += [
        step(make.ask(confidential=True), "reveals", bearers["supervisor"], reason="核实紧急情况") for _n in range(8)
    ]
    for _n in range(6):
        order = make.order_in(S.IN_PROGRESS)
        make.take(order, "join", "handler", unit=make.node("500233-D02"), note="请查线路")
        found.append(step(order, "support-answer", bearers["handler2"], text="线路已查"))
    return found


def at_once(write: Write, host: str) -> list[tuple[int, bytes]]:
    gate = threading.Barrier(TIMES)

    def send() -> tuple[int, bytes]:
        gate.wait()
        return write.send(host)

    with ThreadPoolExecutor(TIMES) as pool:
        return [one.result() for one in [pool.submit(send) for _n in range(TIMES)]]


def test_a_write_sent_three_times_at_once_happens_once_and_is_answered_alike(
    bearers: dict[str, str], host: str
) -> None:
    writes = [*asking(bearers["community"], 120), *asking("", 8), *steps(bearers)]
    assert len(writes) == KEYS
    entries, orders = Entry.objects.count(), Order.objects.count()
    with ThreadPoolExecutor(3) as pool:
        answers = list(pool.map(lambda write: at_once(write, host), writes))
    for write, said in zip(writes, answers, strict=True):
        assert {status for status, _body in said} <= {200, 201}, (write.href, said)
        assert len({body for _status, body in said}) == 1, write.href
    assert Order.objects.count() == orders + 128
    # A co-handler's answer is an entry of its own part and one of the order.
    assert Entry.objects.count() == entries + KEYS + 6
    assert (Photo.objects.count(), Reveal.objects.count(), Support.objects.filter(state="answered").count()) == (
        8,
        8,
        6,
    )
    assert journal.verify() is None
    numbers = [json.loads(said[0][1])["number"] for said in answers[:128]]
    assert len(set(numbers)) == 128

    bearing = [write for write in writes if write.bearer]  # without a bearer the address has had its share by now
    with ThreadPoolExecutor(6) as pool:
        others = list(pool.map(lambda write: write.send(host, write.other), bearing))
    assert Counter(status for status, _body in others) == {422: len(bearing)}
    assert {json.loads(body)["code"] for _status, body in others} == {"key_reused"}
    assert Entry.objects.count() == entries + KEYS + 6


class Cutting(socketserver.ThreadingTCPServer):
    """A proxy that lets every request through and keeps the answer to itself while it is told to cut."""

    daemon_threads, allow_reuse_address = True, True

    def __init__(self, upstream: str) -> None:
        name, _colon, port = upstream.rpartition(":")
        self.upstream, self.cutting, self.lost = (name, int(port)), True, 0
        super().__init__(("127.0.0.1", 0), CutHandler)

    @property
    def host(self) -> str:
        return f"127.0.0.1:{self.server_address[1]}"


class CutHandler(socketserver.StreamRequestHandler):
    """One request, which ends its connection."""

    server: Cutting

    def handle(self) -> None:
        head = b""
        length = 0
        while (line := self.rfile.readline()) not in (b"\r\n", b""):
            head += line
            if line.lower().startswith(b"content-length:"):
                length = int(line.split(b":")[1])
        with socket.create_connection(self.server.upstream) as upstream:
            upstream.sendall(head + b"\r\n" + self.rfile.read(length))
            answer = b"".join(iter(lambda: upstream.recv(65536), b""))
        if self.server.cutting:
            assert answer.startswith(b"HTTP/1.1 20"), answer[:200]  # it was done: only the answer is lost
            self.server.lost += 1
        else:
            self.wfile.write(answer)


@contextmanager
def proxy(host: str) -> Iterator[Cutting]:
    server = Cutting(host)
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    try:
        yield server
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


@pytest.mark.parametrize(
    "made",
    [
        lambda bearers: asking("", 1)[0],
        lambda bearers: asking(bearers["community"], 1)[0],
        lambda bearers: step(make.ask(), "acceptance", bearers["community"]),
        lambda bearers: photo(make.ask(), bearers["community"]),
    ],
    ids=["order", "order-with-bearer", "step", "photo"],
)
def test_an_answer_that_got_lost_is_had_by_asking_again(
    made: Callable[[dict[str, str]], Write], bearers: dict[str, str], host: str
) -> None:
    write = made(bearers)
    before = Entry.objects.count()
    with proxy(host) as between:
        for _try in range(2):
            with pytest.raises((RemoteDisconnected, ConnectionError)):
                write.send(between.host)
        between.cutting = False
        status, body = write.send(between.host)
    assert between.lost == 2
    assert status in (200, 201)
    assert Entry.objects.count() == before + 1
    if write.href == ORDERS:
        assert Order.objects.get().number == json.loads(body)["number"]
    elif write.href.endswith("photos"):
        assert str(Photo.objects.get().pk) == json.loads(body)["id"]
    else:
        assert json.loads(body)["state"] == Order.objects.get().state == S.ACCEPTED
