"""How a database takes many rows: as PostgreSQL's binary COPY, or as parameters. One class each, the same methods.

Binary, because its server only copies what it would otherwise parse: half the work for a row of an order.
"""

from collections.abc import Sequence
from datetime import UTC, datetime
from functools import cache
from struct import Struct
from typing import Any, Protocol

from django.db import connection, models

from sidan.kernel.journal import hashing
from sidan.orders.importing.rows import Instant

Values = tuple[Any, ...]
_REQUEST = "request"


class Forms(Protocol):
    """What the builder needs of a database."""

    def columns(self, model: type[models.Model], names: Sequence[str], values: Sequence[Any]) -> Any:
        """A stretch of a row's columns."""

    def row(self, model: type[models.Model], names: Sequence[str], values: Sequence[Any], of: int = 0) -> Any:
        """A whole row, or the beginning of one of `of` columns."""

    def entry(self, values: Values) -> Any:
        """A journal entry, in the order of `building.ENTRY_COLUMNS`; its moment is an Instant."""

    def frame(self, kind: str, about: str, by: int, at: Instant, via: str, to: str) -> Any:
        """What first entries share; their subject is `about` and a number."""

    def first(self, frame: Any, number: str, head: bytes, data: str, said: bytes) -> Any:
        """A first entry in its frame; `said` is its data in UTF-8."""

    def text(self, order_id: int, body: str, raw: bytes, digest: bytes) -> Any:
        """The words of the order's first entry; `raw` is the body in UTF-8."""

    def order(
        self, shared: Any, order_id: int, number: str, head: bytes, title: str, place: str, lat: float | None,
        lon: float | None, asked_by: int, asked: Instant, closed: Instant | None, clocks: Any, external_number: str,
    ) -> Any:  # fmt: skip
        """The order's row, in the order of `building.ORDER_COLUMNS`."""

    def rows(self, made: list[Any]) -> Any:
        """Many rows, as they are handed over; false where there is none."""


_COPY_HEAD, _COPY_TAIL = b"PGCOPY\n\xff\r\n\0" + bytes(8), b"\xff\xff"
_NULL = b"\xff\xff\xff\xff"
_NOWHERE = _NULL + _NULL
_DIGEST = b"\0\0\0\x20"
_NUMBER, _HEAD = "\0number\0", b"\0\xff" * 16  # where a frame is open; nothing else in it has these bytes
_EPOCH = hashing.micros(datetime(2000, 1, 1, tzinfo=UTC))  # PostgreSQL counts from here
_size, _count = Struct(">i").pack, Struct(">h").pack
_small, _whole, _big, _real, _flag = (Struct(form).pack for form in (">ih", ">ii", ">iq", ">id", ">i?"))
# Each value stands behind its size in bytes.
_order_key, _asked, _point, _entry, _text = (
    Struct(form).pack for form in (">iqi8si32si", ">iqiq", ">idid", ">iii32si32siqiq", ">hiqii")
)
_SIZED = [_size(size) for size in range(4096)]  # looked up faster than packed
_SIZES = {
    "PositiveSmallIntegerField": (_small, 2), "PositiveIntegerField": (_whole, 4), "BigIntegerField": (_big, 8),
    "BigAutoField": (_big, 8), "FloatField": (_real, 8), "BooleanField": (_flag, 1),
}  # fmt: skip


class CopyForms:
    """Rows of PostgreSQL's COPY, in its binary format: the number of columns, then each value behind its size."""

    def __init__(self) -> None:
        self._ends: dict[tuple[str, str, str], bytes] = {}

    def columns(self, model: type[models.Model], names: Sequence[str], values: Sequence[Any]) -> bytes:
        return b"".join([_binary(kind, value) for kind, value in zip(_kinds(model, tuple(names)), values, strict=True)])

    def row(self, model: type[models.Model], names: Sequence[str], values: Sequence[Any], of: int = 0) -> bytes:
        return _count(of or len(names)) + self.columns(model, names, values)

    def entry(self, values: Values) -> bytes:
        kind, subject, seq, prev, digest, by, at, via, frm, to, data = values
        ends = self._ends.get((via, frm, to))
        if ends is None:
            ends = self._ends[via, frm, to] = b"".join(map(_sized, (via, frm, to)))
        name, about, said = kind.encode(), subject.encode(), data.encode()
        return b"".join((
            b"\0\x0b", _size(len(name)), name, _size(len(about)), about,
            _entry(4, seq, 32, prev, 32, digest, 8, by, 8, at.micros - _EPOCH), ends, _size(len(said)), said,
        ))  # fmt: skip

    def frame(self, kind: str, about: str, by: int, at: Instant, via: str, to: str) -> tuple[bytes, bytes, bytes]:
        whole = self.entry((kind, f"{about}{_NUMBER}", 1, hashing.ZERO, _HEAD, by, at, via, "", to, ""))
        before, _, rest = whole.partition(_NUMBER.encode())
        between, _, after = rest.partition(_HEAD)
        return before, between, after[:-4]

    def first(self, frame: tuple[bytes, bytes, bytes], number: str, head: bytes, data: str, said: bytes) -> bytes:
        size = len(said)
        return b"".join((
            frame[0], number.encode(), frame[1], head, frame[2], _SIZED[size] if size < 4096 else _size(size), said,
        ))  # fmt: skip

    def text(self, order_id: int, body: str, raw: bytes, digest: bytes) -> bytes:
        return b"".join((_text(6, 8, order_id, 4, 1), _KIND, _size(len(raw)), raw, _DIGEST, digest, _NOT_STAFF))

    def order(
        self, shared: bytes, order_id: int, number: str, head: bytes, title: str, place: str, lat: float | None,
        lon: float | None, asked_by: int, asked: Instant, closed: Instant | None, clocks: bytes, external_number: str,
    ) -> bytes:  # fmt: skip
        name, where, other = title.encode(), place.encode(), external_number.encode()
        ended = _NULL if closed is None else _big(8, closed.micros - _EPOCH)
        return b"".join((
            shared, _order_key(8, order_id, 8, number.encode(), 32, head, len(name)), name, _SIZED[len(where)], where,
            _NOWHERE if lat is None or lon is None else _point(8, lat, 8, lon),
            _asked(8, asked_by, 8, asked.micros - _EPOCH), ended, ended, clocks, _SIZED[len(other)], other,
        ))  # fmt: skip

    def rows(self, made: list[bytes]) -> bytes:
        return b"".join([_COPY_HEAD, *made, _COPY_TAIL]) if made else b""


class ParameterForms:
    """Tuples for executemany on SQLite."""

    def __init__(self) -> None:
        self._kept: dict[datetime, Any] = {}

    def columns(self, model: type[models.Model], names: Sequence[str], values: Sequence[Any]) -> Values:
        return tuple([self._stored(value) if type(value) is datetime else value for value in values])

    def row(self, model: type[models.Model], names: Sequence[str], values: Sequence[Any], of: int = 0) -> Values:
        return self.columns(model, names, values)

    def entry(self, values: Values) -> Values:
        return (*values[:6], self._stored(values[6].at), *values[7:])

    def frame(self, kind: str, about: str, by: int, at: Instant, via: str, to: str) -> Values:
        return kind, about, by, self._stored(at.at), via, to

    def first(self, frame: Values, number: str, head: bytes, data: str, said: bytes) -> Values:
        kind, about, by, at, via, to = frame
        return kind, f"{about}{number}", 1, hashing.ZERO, head, by, at, via, "", to, data

    def text(self, order_id: int, body: str, raw: bytes, digest: bytes) -> Values:
        return order_id, 1, _REQUEST, body, digest, False

    def order(
        self, shared: Values, order_id: int, number: str, head: bytes, title: str, place: str, lat: float | None,
        lon: float | None, asked_by: int, asked: Instant, closed: Instant | None, clocks: Values, external_number: str,
    ) -> Values:  # fmt: skip
        ended = self._stored(closed.at) if closed else None
        return (
            *shared, order_id, number, head, title, place, lat, lon, asked_by, self._stored(asked.at), ended, ended,
            *clocks, external_number,
        )  # fmt: skip

    def rows(self, made: list[Values]) -> list[Values]:
        return made

    def _stored(self, at: datetime) -> Any:
        found = self._kept.get(at)
        if found is None:
            if len(self._kept) > 50_000:
                self._kept.clear()
            found = self._kept[at] = connection.ops.adapt_datetimefield_value(at)
        return found


@cache
def _kinds(model: type[models.Model], names: tuple[str, ...]) -> list[str]:
    """What each column holds; of a foreign key, what its target's key is."""
    by_name = {one.attname: one for one in model._meta.concrete_fields}
    fields = [by_name[name] for name in names]
    targets = [one.target_field if isinstance(one, models.ForeignKey) else one for one in fields]
    return [one.get_internal_type() for one in targets]


def _binary(kind: str, value: Any) -> bytes:
    """A value as COPY has it.

    Raises:
        KeyError: a kind of column that no import writes.
    """
    if value is None:
        return _NULL
    if isinstance(value, str):
        return _sized(value)
    if isinstance(value, bytes):
        return _size(len(value)) + value
    if isinstance(value, datetime):
        return _big(8, hashing.micros(value) - _EPOCH)
    pack, size = _SIZES[kind]
    return pack(size, value)


def _sized(text: str) -> bytes:
    raw = text.encode()
    return _size(len(raw)) + raw


_KIND, _NOT_STAFF = _sized(_REQUEST), _flag(1, False)
