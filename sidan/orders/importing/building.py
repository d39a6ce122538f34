"""Makes the rows of the tables: the order, its words, its first journal entry, with the hash that the chain begins with.

What rows have in common is reckoned once, from an Order as the engine would see it; so the entry is what the engine would have
written. The inner path is plain string work, because it is walked a million times.
"""

import hashlib
import re
from collections.abc import Callable
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
from sidan.orders.importing.forms import Forms, Values
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
# In the order of the JSON's keys: clocks, answered, asked, closed, clocks, the number, clocks.
_BEFORE, _BETWEEN, _AFTER = (
    ("answer_due_at", "answer_from", "answer_rule_id"), ("dispatch_due_at", "due_at", "due_rule_id"), ("tick_at",),
)  # fmt: skip
_HOLES = ("answered_at", "asked_at", "asked_by_id", "closed_at", "external_number")


class Built(NamedTuple):
    """The rows of one order, each in the database's form; person and contact only where one is known."""

    order: Any
    text: Any
    entry: Any
    person: Any
    contact: Any


class _Face(NamedTuple):
    """A clock in the forms in which it is needed."""

    running: tuple[str, ...]  # names of the columns that are not null
    before: Values  # for the JSON
    between: Values
    after: Values
    columns: Any


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
        self._shared: dict[tuple[Coded, bool, tuple[str, ...]], tuple[str, Any]] = {}
        self._faces: dict[tuple[int, bool], tuple[Clock, _Face]] = {}
        self._hash = hasher()
        self._submitted, self._closed = (
            (str(state), ORDER.kind(dict(ORDER.births)[state])) for state in (S.SUBMITTED, S.CLOSED)
        )
        self._root = self._tree.root().id

    def __call__(self, row: Row, order_id: int, number: str) -> Built:
        """All rows of one order."""
        forms, coded, asked, closed = self._forms, row.coded, row.asked, row.closed
        face = self._face(self._clockwork.clock(asked.at, asked.era, coded.klass, coded.urgency, coded.unit_id), closed)
        person = contact = None
        asked_by = self._by
        if row.phone or row.name:
            asked_by, person, contact = self._contact(row)
        form, shared = self._common(coded, closed is not None, face)
        raw = row.text.encode()
        text = hashlib.sha256(raw)
        (state, kind), at = (self._closed, self._now) if closed else (self._submitted, asked)
        ended = (closed.flat,) if closed else ()
        data = form % (
            *face.before, *ended, asked.flat, asked_by, *ended, *face.between, quoted(row.external_number), *face.after,
            text.hexdigest(),
        )  # fmt: skip
        subject = f"{ORDER.name}:{number}"
        head = self._hash(
            f"{kind}\x1f{subject}\x1f1\x1f{_ZERO}\x1f{self._by}\x1f{at.micros}\x1f{VIA}\x1f\x1f{state}\x1f{data}".encode()
        ).digest()
        entry = forms.entry((kind, subject, 1, hashing.ZERO, head, self._by, at, VIA, "", state, data))
        order = forms.order(
            shared, order_id, number, head, texts.first_line(row.text), row.place, row.lat, row.lon, asked_by, asked, closed,
            face.columns, row.external_number,
        )  # fmt: skip
        return Built(order, forms.text(order_id, row.text, raw, text.digest()), entry, person, contact)

    def _face(self, clock: Clock, closed: Instant | None) -> _Face:
        key = id(clock), closed is not None
        kept = self._faces.get(key)
        if kept is None:
            if len(self._faces) > _KEPT_MOST:
                self._faces.clear()
            # The clock is kept with it, so that its id is not given to another.
            kept = self._faces[key] = clock, self._make_face(replace(clock, **_STILL) if closed else clock)
        return kept[1]

    def _make_face(self, clock: Clock) -> _Face:
        flat = {name: engine.flat(getattr(clock, name)) for name in _CLOCK}
        before, between, after = (
            tuple([flat[name] for name in part if flat[name] is not None]) for part in (_BEFORE, _BETWEEN, _AFTER)
        )
        running = tuple(name for name in _CLOCK if flat[name] is not None)
        columns = self._forms.columns(Order, _CLOCK, [getattr(clock, name) for name in _CLOCK])
        return _Face(running, before, between, after, columns)

    def _common(self, coded: Coded, closed: bool, face: _Face) -> tuple[str, Any]:
        key = (coded, closed, face.running)
        found = self._shared.get(key)
        if found is None:
            if len(self._shared) > _KEPT_MOST:
                self._shared.clear()
            found = self._shared[key] = self._make_common(coded, closed, face)
        return found

    def _make_common(self, coded: Coded, closed: bool, face: _Face) -> tuple[str, Any]:
        """The first entry's JSON with holes, and the columns of the row that all such rows share."""
        desk = self._tree.ancestor(coded.unit_id, "town")
        order = Order(
            unit_id=coded.unit_id, desk_unit_id=desk.id if desk else self._root, kind=coded.kind,
            category_id=coded.category_id, klass=coded.klass, urgency=coded.urgency, channel=Channel.IMPORT,
            batch_id=self._batch_id, external_system=self._system, state=S.CLOSED if closed else S.SUBMITTED, version=1,
        )  # fmt: skip
        values = [_plain(getattr(order, name)) for name in SHARED]
        shared = self._forms.row(Order, SHARED, values, len(ORDER_COLUMNS))
        folded = {name: engine.flat(getattr(order, name)) for name in ORDER.folded}
        holes = [name for name in _HOLES if closed or name not in ("answered_at", "closed_at")]
        folded.update({name: _hole(name) for name in (*face.running, *holes)})
        said = {"set": {name: value for name, value in folded.items() if value is not None}, "text": _hole("text")}
        parts = re.split(r'"\\u0001(\w+)\\u0001"', canonical_json(said))
        # Times and the digest come bare, numbers are numbers, and the external number brings its own quotes.
        bare = [name for name in parts[1::2] if name.endswith("_id") or name == "external_number"]
        marks = ["%s" if name in bare else '"%s"' for name in parts[1::2]]
        literals = [part.replace("%", "%%") for part in parts[0::2]]
        form = literals[0] + "".join(mark + literal for mark, literal in zip(marks, literals[1:], strict=True))
        return form, shared

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
