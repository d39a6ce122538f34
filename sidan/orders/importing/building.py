"""Makes the rows of the tables: the order, its words, its one or two journal entries, with the hashes of the chain.

What rows have in common is reckoned once, from an Order as the engine would see it; so the entry is what the engine would have
written. The inner path is plain string work, because it is walked a million times.
"""

import hashlib
import re
from collections.abc import Callable
from dataclasses import fields
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
from sidan.kernel.org.models import Person, new_id
from sidan.orders.flow import ORDER
from sidan.orders.importing.clocking import Clock, Clockwork
from sidan.orders.importing.forms import Forms, Values
from sidan.orders.importing.rows import Coded, Row
from sidan.orders.models import Order, Text
from sidan.orders.words import Channel, S

SETTLE = ORDER.by_do["settle"]
VIA = str(Via.IMPORT)
_KEPT_MOST = 20_000
_CLOCK = tuple(one.name for one in fields(Clock))
# Columns that differ from row to row; the others are one prefix for all rows that share their words.
OWN = (
    "id", "number", "head", "version", "state", "title", "place", "lat", "lon", "asked_by_id", "asked_at",
    "closed_at", "answered_at", *_CLOCK, "external_number",
)  # fmt: skip
TEXT_COLUMNS = ("order_id", "seq", "kind", "body", "digest", "staff_only")
ENTRY_COLUMNS = ("kind", "subject", "seq", "prev", "hash", "by_id", "at", "via", "frm", "to", "data")
PERSON_COLUMNS = ("id", "kind", "name")
CONTACT_COLUMNS = ("person_id", "name_enc", "phone_enc", "phone_hash", "last4_hash", "code_hash")
SHARED = tuple(one.attname for one in Order._meta.concrete_fields if one.attname not in OWN)
ORDER_COLUMNS = (*SHARED, *OWN)
# In the order of the JSON's keys: clocks, the asking, clocks, the number, clocks.
_BEFORE, _BETWEEN, _AFTER = (
    ("answer_due_at", "answer_from", "answer_rule_id"), ("dispatch_due_at", "due_at", "due_rule_id"), ("tick_at",),
)  # fmt: skip


class Built(NamedTuple):
    """The rows of one order, each in the database's form; person and contact only where one is known."""

    order: Any
    text: Any
    entries: Any
    person: Any
    contact: Any


class _Face(NamedTuple):
    """A clock in the forms in which it is needed."""

    running: tuple[str, ...]  # names of the columns that are not null
    before: Values  # for the JSON
    between: Values
    after: Values
    columns: Any
    quiet: Any  # the same once the order is settled
    quieted: str  # and what the second entry says about it


class Builder:
    """Builds orders of one batch. Pure once it is made.

    Args:
        forms: how the database takes rows.
    """

    def __init__(self, *, batch_id: int, system: str, importer: Person, clockwork: Clockwork, forms: Forms) -> None:
        self._batch_id, self._system, self._by, self._forms = batch_id, system, importer.pk, forms
        self._clockwork, self._tree = clockwork, org.tree()
        self._shared: dict[tuple[Coded, tuple[str, ...]], tuple[str, Any]] = {}
        self._faces: dict[int, tuple[Clock, _Face]] = {}
        self._hash = hasher()
        self._asked, self._settled = ORDER.kind(dict(ORDER.births)[S.SUBMITTED]), ORDER.kind(SETTLE.done)
        self._submitted, self._closed = str(S.SUBMITTED), str(SETTLE.to)
        self._root = self._tree.root().id

    def __call__(self, row: Row, order_id: int, number: str) -> Built:
        """All rows of one order."""
        forms, coded, asked, closed = self._forms, row.coded, row.asked, row.closed
        clock = self._clockwork.clock(asked.at, asked.era, coded.klass, coded.urgency, coded.unit_id)
        kept = self._faces.get(id(clock))
        face = kept[1] if kept else self._face(clock)
        person = contact = None
        asked_by = self._by
        if row.phone or row.name:
            asked_by, person, contact = self._contact(row)
        form, prefix = self._common(coded, face)
        text = hashlib.sha256(row.text.encode())
        given = (
            *face.before,
            asked.flat,
            asked_by,
            *face.between,
            quoted(row.external_number),
            *face.after,
            text.hexdigest(),
        )
        data = form % given
        subject = f"{ORDER.name}:{number}"
        first = self._hash(
            f"{self._asked}\x1f{subject}\x1f1\x1f{_ZERO}\x1f{self._by}\x1f{asked.micros}\x1f{VIA}\x1f\x1f"
            f"{self._submitted}\x1f{data}".encode()
        )
        entries = forms.entry(
            (self._asked, subject, 1, hashing.ZERO, first.digest(), self._by, asked, VIA, "", self._submitted, data)
        )
        head, version, state, clocks = first, 1, self._submitted, face.columns
        if closed is not None:
            data = f'{{"set":{{"answered_at":"{closed.flat}","closed_at":"{closed.flat}"{face.quieted}}}}}'
            head, version, state, clocks = self._hash(
                f"{self._settled}\x1f{subject}\x1f2\x1f{first.hexdigest()}\x1f{self._by}\x1f{closed.micros}\x1f{VIA}\x1f"
                f"{self._submitted}\x1f{self._closed}\x1f{data}".encode()
            ), 2, self._closed, face.quiet  # fmt: skip
            entries += forms.entry((
                self._settled, subject, 2, first.digest(), head.digest(), self._by, closed, VIA, self._submitted,
                self._closed, data,
            ))  # fmt: skip
        title = texts.first_line(row.text)
        order = forms.order(
            prefix, order_id, number, head.digest(), version, state, title, row.place, row.lat, row.lon, asked_by, asked,
            closed, clocks, row.external_number,
        )  # fmt: skip
        return Built(order, forms.text(order_id, row.text, text.digest()), entries, person, contact)

    def _face(self, clock: Clock) -> _Face:
        if len(self._faces) > _KEPT_MOST:
            self._faces.clear()
        flat = {name: engine.flat(getattr(clock, name)) for name in _CLOCK}
        quiet = [name for name in ("due_at", "due_rule_id", "tick_at") if flat[name] is not None]
        after = {**{name: getattr(clock, name) for name in _CLOCK}, **dict.fromkeys(quiet)}
        before, between, last = (
            tuple([flat[name] for name in part if flat[name] is not None]) for part in (_BEFORE, _BETWEEN, _AFTER)
        )
        face = _Face(
            tuple(name for name in _CLOCK if flat[name] is not None),
            before,
            between,
            last,
            self._forms.values([getattr(clock, name) for name in _CLOCK]),
            self._forms.values([after[name] for name in _CLOCK]),
            "".join(f',"{name}":null' for name in quiet),
        )
        self._faces[id(clock)] = clock, face  # the clock is kept with it, so that its id is not given to another
        return face

    def _common(self, coded: Coded, face: _Face) -> tuple[str, Any]:
        key = (coded, face.running)
        found = self._shared.get(key)
        if found is None:
            if len(self._shared) > _KEPT_MOST:
                self._shared.clear()
            found = self._shared[key] = self._make_common(coded, face)
        return found

    def _make_common(self, coded: Coded, face: _Face) -> tuple[str, Any]:
        """The first entry's JSON with holes, and the columns of the row that all such rows share."""
        desk = self._tree.ancestor(coded.unit_id, "town")
        order = Order(
            unit_id=coded.unit_id, desk_unit_id=desk.id if desk else self._root, kind=coded.kind,
            category_id=coded.category_id, klass=coded.klass, urgency=coded.urgency, channel=Channel.IMPORT,
            batch_id=self._batch_id, external_system=self._system,
        )  # fmt: skip
        prefix = self._forms.values([_plain(getattr(order, name)) for name in SHARED])
        values = {name: engine.flat(getattr(order, name)) for name in ORDER.folded}
        values.update({name: _hole(name) for name in (*face.running, "asked_at", "asked_by_id", "external_number")})
        said = {"set": {name: value for name, value in values.items() if value is not None}, "text": _hole("text")}
        parts = re.split(r'"\\u0001(\w+)\\u0001"', canonical_json(said))
        # Times and the digest come bare, numbers are numbers, and the external number brings its own quotes.
        bare = [name for name in parts[1::2] if name.endswith("_id") or name == "external_number"]
        holes = ["%s" if name in bare else '"%s"' for name in parts[1::2]]
        literals = [part.replace("%", "%%") for part in parts[0::2]]
        form = literals[0] + "".join(hole + literal for hole, literal in zip(holes, literals[1:], strict=True))
        return form, prefix

    def _contact(self, row: Row) -> tuple[int, Any, Any]:
        """A person of this order only: nobody is joined to anybody by a telephone number that nobody proved."""
        person_id = new_id()
        columns = people.contact_columns(person_id, name=row.name or None, phone=row.phone or None)
        person = self._forms.row([person_id, Person.Kind.RESIDENT.value, ""])
        return person_id, person, self._forms.row([person_id, *[columns[name] for name in CONTACT_COLUMNS[1:]]])


_ZERO = hashing.ZERO.hex()
REQUEST = Text.Kind.REQUEST.value


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
