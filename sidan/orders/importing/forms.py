"""How a database takes many rows: as lines for COPY, or as parameters. One class each, the same methods."""

from datetime import datetime
from itertools import chain
from typing import Any, Protocol

from django.db import connection

from sidan.orders.importing.rows import Instant

Values = tuple[Any, ...]
_REQUEST = "request"


class Forms(Protocol):
    """What the builder needs of a database."""

    def values(self, values: list[Any]) -> Any:
        """A stretch of columns."""

    def row(self, values: list[Any]) -> Any:
        """A whole row."""

    def entry(self, values: Values) -> Any:
        """A journal entry; its moment is an Instant. Entries are added up with `+`."""

    def text(self, order_id: int, body: str, digest: bytes) -> Any:
        """The words of the order's first entry."""

    def order(
        self, prefix: Any, order_id: int, number: str, head: bytes, version: int, state: str, title: str, place: str,
        lat: float | None, lon: float | None, asked_by: int, asked: Instant, closed: Instant | None, clocks: Any,
        external_number: str,
    ) -> Any:  # fmt: skip
        """The order's row, in the order of `building.ORDER_COLUMNS`."""

    def rows(self, made: list[Any]) -> Any:
        """Many rows, as they are handed over."""

    def entries(self, made: list[Any]) -> Any:
        """The entries of many orders, as they are handed over."""


class CopyForms:
    """Lines of PostgreSQL's COPY, in its text format."""

    def values(self, values: list[Any]) -> str:
        return "\t".join(map(_copied, values))

    def row(self, values: list[Any]) -> str:
        return self.values(values) + "\n"

    def entry(self, values: Values) -> str:
        kind, subject, seq, prev, digest, by, at, via, frm, to, data = values
        if "\\" in data:  # canonical JSON has no line feeds and no tabs of its own
            data = data.replace("\\", "\\\\")
        return f"{kind}\t{subject}\t{seq}\t\\\\x{prev.hex()}\t\\\\x{digest.hex()}\t{by}\t{at.flat}\t{via}\t{frm}\t{to}\t{data}\n"

    def text(self, order_id: int, body: str, digest: bytes) -> str:
        return f"{order_id}\t1\t{_REQUEST}\t{_escaped(body)}\t\\\\x{digest.hex()}\tf\n"

    def order(
        self, prefix: str, order_id: int, number: str, head: bytes, version: int, state: str, title: str, place: str,
        lat: float | None, lon: float | None, asked_by: int, asked: Instant, closed: Instant | None, clocks: str,
        external_number: str,
    ) -> str:  # fmt: skip
        ended = closed.flat if closed else "\\N"
        point = "\\N\t\\N" if lat is None else f"{lat!r}\t{lon!r}"
        return (
            f"{prefix}\t{order_id}\t{number}\t\\\\x{head.hex()}\t{version}\t{state}\t{_escaped(title)}\t{_escaped(place)}\t"
            f"{point}\t{asked_by}\t{asked.flat}\t{ended}\t{ended}\t{clocks}\t{_escaped(external_number)}\n"
        )

    def rows(self, made: list[str]) -> bytes:
        return "".join(made).encode()

    entries = rows


class ParameterForms:
    """Tuples for executemany on SQLite."""

    def __init__(self) -> None:
        self._kept: dict[datetime, Any] = {}

    def values(self, values: list[Any]) -> Values:
        return tuple([self._stored(value) if type(value) is datetime else value for value in values])

    row = values

    def entry(self, values: Values) -> list[Values]:
        return [(*values[:6], self._stored(values[6].at), *values[7:])]

    def text(self, order_id: int, body: str, digest: bytes) -> Values:
        return order_id, 1, _REQUEST, body, digest, False

    def order(
        self, prefix: Values, order_id: int, number: str, head: bytes, version: int, state: str, title: str, place: str,
        lat: float | None, lon: float | None, asked_by: int, asked: Instant, closed: Instant | None, clocks: Values,
        external_number: str,
    ) -> Values:  # fmt: skip
        ended = self._stored(closed.at) if closed else None
        return (
            *prefix, order_id, number, head, version, state, title, place, lat, lon, asked_by, self._stored(asked.at),
            ended, ended, *clocks, external_number,
        )  # fmt: skip

    def rows(self, made: list[Values]) -> list[Values]:
        return made

    def entries(self, made: list[list[Values]]) -> list[Values]:
        return list(chain.from_iterable(made))

    def _stored(self, at: datetime) -> Any:
        found = self._kept.get(at)
        if found is None:
            if len(self._kept) > 50_000:
                self._kept.clear()
            found = self._kept[at] = connection.ops.adapt_datetimefield_value(at)
        return found


def _escaped(text: str) -> str:
    if "\\" in text:
        text = text.replace("\\", "\\\\")
    if not text.isprintable():  # line feeds and tabs are all that clean texts have of these
        text = text.replace("\n", "\\n").replace("\t", "\\t").replace("\r", "\\r")
    return text


def _copied(value: Any) -> str:
    if value is None:
        return "\\N"
    if isinstance(value, bool):
        return "t" if value else "f"
    if isinstance(value, bytes):
        return "\\\\x" + value.hex()
    if isinstance(value, datetime):
        return value.isoformat()
    return _escaped(str(value))
