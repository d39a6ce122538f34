"""Makes the rows of the tables: the order, its words, its first journal entry, with the hash that the chain begins with.

What rows have in common is reckoned once, from an Order as the engine would see it; so the entry is what the engine would have
written. The inner path is plain string work, because it is walked a million times.
"""

import hashlib
import re
from collections.abc import Callable, Iterable
from dataclasses import fields, replace
from datetime import datetime
from functools import partial
from typing import Any, NamedTuple

from django.conf import settings

from sidan.kernel.base import text as texts
from sidan.kernel.flow import engine
from sidan.kernel.journal import hashing
from sidan.kernel.journal.commands import canonical_json
from sidan.kernel.org import commands as people
from sidan.kernel.org import queries as org
from sidan.kernel.org.act import Via
from sidan.kernel.org.models import Contact, Person, new_id
from sidan.orders.flow import ORDER
from sidan.orders.importing.clocking import Clock, Clockwork
from sidan.orders.importing.forms import Forms
from sidan.orders.importing.rows import Coded, Instant, Row
from sidan.orders.models import Order
from sidan.orders.words import Channel, S

VIA = str(Via.IMPORT)
_KEPT_MOST = 20_000
_CLOCK = tuple(one.name for one in fields(Clock))
# Columns that differ from row to row; the others are one prefix for all rows that share their words.
OWN = (
    "id", "number", "head", "title", "place", "lat", "lon", "asked_by_id", "asked_at", "closed_at", "answered_at", *_CLOCK,
    "external_number",
)  # fmt: skip
TEXT_COLUMNS = ("order_id", "seq", "kind", "body", "digest", "staff_only")
ENTRY_COLUMNS = ("kind", "subject", "seq", "prev", "hash", "by_id", "at", "via", "frm", "to", "data")
PERSON_COLUMNS = ("id", "kind", "name")
CONTACT_COLUMNS = ("person_id", "name_enc", "phone_enc", "phone_hash", "last4_hash", "code_hash")
_GIVEN = (*OWN, "category_id", "batch_id", "external_system")
# What an import never gives is null and is not named at all.
_COLUMNS = [one.attname for one in Order._meta.concrete_fields if not one.null or one.attname in _GIVEN]
SHARED = tuple(name for name in _COLUMNS if name not in OWN)
ORDER_COLUMNS = (*SHARED, *OWN)
# Clocks that stand side by side in the order of the JSON's keys.
_STRETCHES = (
    ("answer_due_at", "answer_from", "answer_rule_id"),
    ("dispatch_due_at", "due_at", "due_rule_id"),
    ("tick_at",),
)
_ABOUT = f"{ORDER.name}:"


class Built(NamedTuple):
    """The rows of many orders, each in the database's form; None in place of a person and contact that nobody knows."""

    persons: list[Any]
    contacts: list[Any]
    orders: list[Any]
    texts: list[Any]
    entries: list[Any]


class _Common(NamedTuple):
    """What orders share that say the same in words and are closed or not."""

    form: str  # of the first entry's JSON
    shared: Any  # columns of the order
    lane: int


class _Face(NamedTuple):
    """What orders share that were asked at the same moment, have the same rules, and are closed or not."""

    stretches: tuple[str, ...]  # of the JSON: its clocks
    clocks: Any  # columns of the order
    frame: Any  # of the first entry's row
    hashed: tuple[bytes, bytes]  # what the hash is over, before and after the number


class Builder:
    """Builds orders of one batch. Pure once it is made.

    Args:
        at: the moment of the import, at which the house learns of what was closed elsewhere.
        forms: how the database takes rows.
    """

    def __init__(
        self, *, batch_id: int, system: str, importer: Person, at: datetime, clockwork: Clockwork, forms: Forms
    ) -> None:
        self._batch_id, self._system, self._by, self._forms = batch_id, system, importer.pk, forms
        self._now = Instant(at, str(engine.flat(at)), hashing.micros(at), 0)
        self._clockwork, self._tree = clockwork, org.tree()
        self._commons: dict[tuple[Coded, bool], _Common] = {}
        self._faces: dict[tuple[int, Instant, bool], _Face] = {}
        self._hash = hasher()
        self._submitted, self._closed = (
            (str(state), ORDER.kind(dict(ORDER.births)[state])) for state in (S.SUBMITTED, S.CLOSED)
        )
        self._root = self._tree.root().id

    def __call__(self, rows: Iterable[Row], keys: Iterable[tuple[int, str]]) -> Built:
        """All rows of these orders, each with an id and a number."""
        forms, commons, faces, sha256, digest = self._forms, self._commons, self._faces, hashlib.sha256, self._hash
        built = Built([], [], [], [], [])
        for row, (order_id, number) in zip(rows, keys, strict=False):
            coded, asked, closed, body, external = row.coded, row.asked, row.closed, row.text, row.external_number
            still_open = closed is None
            form, shared, lane = commons.get((coded, still_open)) or self._common(coded, still_open)
            face = faces.get((lane, asked, still_open)) or self._face(lane, asked, still_open)
            (before, between, after), clocks, frame, hashed = face
            asked_by, person, contact = self._contact(row) if row.phone or row.name else (self._by, None, None)
            raw, name = body.encode(), number.encode()
            text = sha256(raw).digest()
            if closed is None:
                data = form % (before, asked.flat, asked_by, between, quoted(external), after, text.hex())
            else:
                ended = closed.flat
                data = form % (
                    before, ended, asked.flat, asked_by, ended, between, quoted(external), after, text.hex(),
                )  # fmt: skip
            said = data.encode()
            head = digest(b"".join((hashed[0], name, hashed[1], said))).digest()
            built.persons.append(person)
            built.contacts.append(contact)
            built.orders.append(
                forms.order(
                    shared, order_id, number, head, texts.first_line(body), row.place, row.lat, row.lon, asked_by, asked,
                    closed, clocks, external,
                )
            )  # fmt: skip
            built.texts.append(forms.text(order_id, body, raw, text))
            built.entries.append(forms.first(frame, number, head, data, said))
        return built

    def _face(self, lane: int, asked: Instant, still_open: bool) -> _Face:
        if len(self._faces) > _KEPT_MOST:
            self._faces.clear()
        clock = self._clockwork.clock(asked.at, asked.era, lane)
        if not still_open:
            clock = replace(clock, **_STILL)
        flat = {name: engine.flat(getattr(clock, name)) for name in _CLOCK}
        running = [{name: flat[name] for name in part if flat[name] is not None} for part in _STRETCHES]
        (state, kind), at = (self._submitted, asked) if still_open else (self._closed, self._now)
        found = self._faces[lane, asked, still_open] = _Face(
            tuple([f"{canonical_json(part)[1:-1]}," if part else "" for part in running]),
            self._forms.columns(Order, _CLOCK, [getattr(clock, name) for name in _CLOCK]),
            self._forms.frame(kind, _ABOUT, self._by, at, VIA, state),
            (
                f"{kind}\x1f{_ABOUT}".encode(),
                f"\x1f1\x1f{_ZERO}\x1f{self._by}\x1f{at.micros}\x1f{VIA}\x1f\x1f{state}\x1f".encode(),
            ),
        )
        return found

    def _common(self, coded: Coded, still_open: bool) -> _Common:
        if len(self._commons) > _KEPT_MOST:
            self._commons.clear()
        form, shared = self._make_common(coded, still_open)
        lane = self._clockwork.lane(coded.klass, coded.urgency, coded.unit_id)
        found = self._commons[coded, still_open] = _Common(form, shared, lane)
        return found

    def _make_common(self, coded: Coded, still_open: bool) -> tuple[str, Any]:
        """The first entry's JSON with holes, and the columns of the row that all such rows share."""
        desk = self._tree.ancestor(coded.unit_id, "town")
        order = Order(
            unit_id=coded.unit_id, desk_unit_id=desk.id if desk else self._root, kind=coded.kind,
            category_id=coded.category_id, klass=coded.klass, urgency=coded.urgency, channel=Channel.IMPORT,
            batch_id=self._batch_id, external_system=self._system, state=S.SUBMITTED if still_open else S.CLOSED, version=1,
        )  # fmt: skip
        values = [_plain(getattr(order, name)) for name in SHARED]
        shared = self._forms.row(Order, SHARED, values, len(ORDER_COLUMNS))
        folded = {name: engine.flat(getattr(order, name)) for name in ORDER.folded}
        holes = ["asked_at", "asked_by_id", "external_number", *([] if still_open else ["answered_at", "closed_at"])]
        folded.update({name: _hole(name) for name in (*holes, *[part[0] for part in _STRETCHES])})
        said = {"set": {name: value for name, value in folded.items() if value is not None}, "text": _hole("text")}
        form = canonical_json(said).replace("%", "%%")
        for part in _STRETCHES:  # each brings its names and a comma; the object ends with the urgency
            form = form.replace(f'"{part[0]}":"\\u0001{part[0]}\\u0001",', "%s")
        # Numbers are numbers, and the external number brings its own quotes.
        for name in ("asked_by_id", "external_number"):
            form = form.replace(f'"\\u0001{name}\\u0001"', "%s")
        return re.sub(r"\\u0001\w+\\u0001", "%s", form), shared

    def _contact(self, row: Row) -> tuple[int, Any, Any]:
        """A person of this order only: nobody is joined to anybody by a telephone number that nobody proved."""
        person_id = new_id()
        columns = people.contact_columns(person_id, name=row.name or None, phone=row.phone or None)
        person = self._forms.row(Person, PERSON_COLUMNS, [person_id, Person.Kind.RESIDENT.value, ""])
        values = [person_id, *[columns[name] for name in CONTACT_COLUMNS[1:]]]
        return person_id, person, self._forms.row(Contact, CONTACT_COLUMNS, values)


_ZERO = hashing.ZERO.hex()
# The clocks that stand still once an order is closed.
_STILL: dict[str, Any] = {"due_at": None, "due_rule_id": None, "tick_at": None}


def hasher() -> Callable[[bytes], Any]:
    """The house's hash function, looked up once."""
    name = settings.SIDAN_HASH
    return hashlib.sha256 if name == "sha256" else partial(hashlib.new, name)


def quoted(value: str) -> str:
    """A text as the journal's JSON has it."""
    if value.isascii() and value.isprintable() and '"' not in value and "\\" not in value:
        return f'"{value}"'
    return canonical_json({"v": value})[5:-1]


def _hole(name: str) -> str:
    return f"\x01{name}\x01"


def _plain(value: Any) -> Any:
    """Words of a TextChoices as plain text."""
    return str(value) if isinstance(value, str) else value
