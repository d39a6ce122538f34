"""What every address of the API shares: who calls, what was sent, and the answer that is given once."""

import json
import re
import unicodedata
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import orjson
from django.db import connection
from django.http import HttpRequest, HttpResponse
from django.utils.translation import gettext as _

from sidan.kernel.base import doors, tx
from sidan.kernel.base.doors import Answer
from sidan.kernel.base.errors import BadRequest, LengthMissing, NotFound, NotSignedIn, TooLarge
from sidan.kernel.base.rows import fresh
from sidan.kernel.org import queries as org
from sidan.kernel.org.act import Act, Held, Via
from sidan.kernel.org.models import Person
from sidan.orders import keys
from sidan.orders.models import Order
from sidan.orders.queries import reading
from sidan.web.client import address

JSON_BYTES_MOST = 1024 * 1024  # 100,000 characters still get a sentence about their number
NUMBER = re.compile(f"[{keys.ALPHABET}]{{8}}")

# The counts of proofs and of steps are one with the pages'.
ASKS, ASK_SECONDS = 100, 3600  # orders without a bearer, from one address
READER_TRIES, READER_SECONDS = 60, 900  # proofs from one address, over all numbers
NUMBER_TRIES, NUMBER_SECONDS = 10, 3600  # proofs for one number, from all addresses: 10,000 tails are not tried out
DAY_TRIES, DAY_SECONDS = 40, 86_400
READER_WRITES, READER_WRITE_SECONDS = 60, 3600  # steps by the reader of one order

# The token, its person and the seats held today in one statement.
_BEARER = (
    "SELECT t.limit_per_minute, p.id, p.kind, p.handle, p.name, s.unit_id, s.role "
    "FROM org_token t JOIN org_person p ON p.id = t.person_id LEFT JOIN org_account a ON a.person_id = p.id "
    "LEFT JOIN org_seat s ON s.person_id = p.id AND s.from_date <= %s AND (s.to_date IS NULL OR s.to_date > %s) "
    "WHERE t.hash = %s AND t.revoked_at IS NULL AND (t.expires_at IS NULL OR t.expires_at > %s) "
    "AND (a.id IS NULL OR a.is_active) ORDER BY s.id"
)


@dataclass(frozen=True)
class Caller:
    """Who calls.

    Args:
        name: whose idempotency keys these are.
        order: the one order that a reader's token opens; None for a person's bearer.
    """

    name: str
    act: Act
    order: Order | None = None


def caller(request: HttpRequest, now: datetime) -> Caller | None:
    """Who stands behind the Authorization header; None without one. One statement, and one in many for the limit.

    Raises:
        NotSignedIn: the bearer is unknown, altered, expired or revoked.
        TooMany: above the token's own limit.
    """
    header = request.META.get("HTTP_AUTHORIZATION", "")
    if not header:
        return None
    scheme, _blank, value = header.partition(" ")
    value = value.strip()
    if scheme.lower() != "bearer" or not value or len(value) > 500:
        raise NotSignedIn(_("请出示有效的令牌。"))
    return _reader(value, now) if value.startswith("r.") else _person(value, now)


def signed(request: HttpRequest, now: datetime) -> Caller:
    """Like `caller`, for addresses that need a bearer."""
    found = caller(request, now)
    if found is None:
        raise NotSignedIn(_("请出示有效的令牌。"))
    return found


def _reader(value: str, now: datetime) -> Caller:
    try:
        number = keys.reader_number(value)
    except NotFound as error:
        raise NotSignedIn(_("查询凭证已失效，请重新验证。")) from error
    order = Order.objects.select_related("asked_by").filter(number=number).first()
    if order is None:
        raise NotSignedIn(_("查询凭证已失效，请重新验证。"))
    return Caller(f"reader:{number}", Act(order.asked_by, now, Via.API), order)


def _person(value: str, now: datetime) -> Caller:
    day = connection.ops.adapt_datefield_value(org.local_date(now))
    digest = org.token_hash(value)
    with connection.cursor() as cursor:
        cursor.execute(_BEARER, [day, day, digest, connection.ops.adapt_datetimefield_value(now)])
        rows = cursor.fetchall()
    if not rows:
        raise NotSignedIn(_("请出示有效的令牌。"))
    limit, person_id, kind, handle, name = rows[0][:5]
    person = fresh(Person, id=person_id, kind=kind, handle=handle, name=name)
    person._state.adding, person._state.db = False, "default"
    act = Act(person, now, Via.API)
    seats = tuple(Held(row[5], row[6]) for row in rows if row[5] is not None)
    act.__dict__["seats"] = seats if kind == Person.Kind.STAFF else ()  # what the cached property would read by itself
    doors.lease(f"token:{digest.hex()}", limit, 60, now)
    return Caller(f"person:{person_id}", act)


def plain_number(raw: str) -> str:
    """A number as it is printed, from what was typed; empty where it cannot be one."""
    value = unicodedata.normalize("NFKC", raw).strip().upper().replace("-", "").replace(" ", "")
    return value if NUMBER.fullmatch(value) else ""


def order_of(who: Caller, raw: str) -> Order:
    """The order of an address, for its caller.

    Raises:
        NotFound: it does not exist, or not for this caller.
    """
    number = plain_number(raw)
    if not number or (who.order is not None and who.order.number != number):
        raise NotFound(_("没有找到这一单。"))
    return who.order if who.order is not None else reading.by_number(number, who.act)


def write_limit(who: Caller, now: datetime) -> None:
    """A reader without an account writes under a limit of their order; a person's bearer has its own."""
    if who.order is not None:
        doors.throttle(f"write:{who.order.number}", READER_WRITES, READER_WRITE_SECONDS, now)


def ask_limit(request: HttpRequest, now: datetime) -> None:
    """Orders without a bearer are counted by address. One statement."""
    doors.throttle(f"ask:api:{address(request)}", ASKS, ASK_SECONDS, now)


def proof_limit(request: HttpRequest, raw: str, now: datetime) -> None:
    """Proofs are counted by address and by number, whether or not there is such a number. Three statements."""
    number = plain_number(raw) or raw[:40]
    doors.throttle(f"reader:address:{address(request)}", READER_TRIES, READER_SECONDS, now)
    doors.throttle(f"reader:{number}", NUMBER_TRIES, NUMBER_SECONDS, now)
    doors.throttle(f"reader:day:{number}", DAY_TRIES, DAY_SECONDS, now)


def body_of(request: HttpRequest, most: int = JSON_BYTES_MOST) -> bytes:
    """The request's bytes.

    Raises:
        TooLarge: it says that it is larger than `most`; it is not read then.
    """
    refuse_large(request, most)
    if request.META.get("CONTENT_LENGTH", "") == "" and request.META.get("HTTP_TRANSFER_ENCODING"):
        raise LengthMissing
    raw = request.body
    if len(raw) > most:
        raise TooLarge(limit_bytes=most)
    return raw


def refuse_large(request: HttpRequest, most: int) -> None:
    """Look at the length that is announced, before anything is read."""
    length = str(request.META.get("CONTENT_LENGTH") or "0")
    if length.isascii() and length.isdigit() and (len(length) > 15 or int(length) > most):
        raise TooLarge(limit_bytes=most)


def json_of(raw: bytes) -> dict[str, Any]:
    """A JSON object; nothing at all counts as an empty one.

    Raises:
        BadRequest: no JSON (RFC 8259), nested too deeply, not an object, or a name stands in it twice.
    """
    if not raw.strip():
        return {}
    try:
        found = orjson.loads(raw)
        # orjson keeps the last of equal names in silence: two readers of one body could then see two different orders.
        json.loads(raw, object_pairs_hook=_each_once, parse_int=str, parse_float=str)
    except (ValueError, RecursionError) as error:
        raise BadRequest(_("内容不是规范的 JSON，请检查后再试。")) from error
    if not isinstance(found, dict):
        raise BadRequest(_("内容应是一个 JSON 对象。"))
    return found


def _each_once(pairs: list[tuple[str, Any]]) -> None:
    if len({name for name, _value in pairs}) != len(pairs):
        raise ValueError("a name stands twice")


def claim(request: HttpRequest, name: str, now: datetime, body: bytes, answer: Answer | None = None) -> doors.Claim:
    """The request's Idempotency-Key, to be taken with its effect.

    Args:
        name: whose key it is.
        body: what the request says; with its address it must be the same when the key comes again.
        answer: what will be answered, where it is known.

    Raises:
        BadRequest: `key_missing`.
    """
    key = doors.checked_key(request.META.get("HTTP_IDEMPOTENCY_KEY"))
    return doors.Claim(name, key, f"{request.method} {request.path}\n".encode() + body, now, answer)


def once(request: HttpRequest, name: str, now: datetime, body: bytes, work: Callable[[], Answer]) -> Answer:
    """Do a write once for each Idempotency-Key; its answer is kept in the same transaction, so a refusal burns no key.

    Args:
        name, body: as for `claim`.
        work: the command; gives the answer.

    Raises:
        BadRequest: `key_missing`.
        KeyReused: the same key with something else.
        InFlight: the first request has not ended.
    """
    wanted = claim(request, name, now, body)
    with tx.writing():
        kept = doors.claim(wanted)
        if kept is not None:
            return kept
        answer = work()
        doors.keep(name, wanted.key, answer)
    return answer


def dump(value: object) -> bytes:
    """JSON bytes; moments as RFC 3339, lazy texts in the caller's language."""
    return orjson.dumps(value, default=str)


def reply(answer: Answer) -> HttpResponse:
    """An answer as it was kept, byte for byte."""
    return HttpResponse(answer.body, status=answer.status, content_type="application/json")


def told(value: object, status: int = 200) -> HttpResponse:
    """A value as a JSON answer."""
    return HttpResponse(dump(value), status=status, content_type="application/json")
