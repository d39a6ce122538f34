"""Write entries, and seal them."""

import zlib
from collections.abc import Sequence
from datetime import datetime
from itertools import pairwise
from typing import Any, NamedTuple

import orjson
from django.db import connection

from sidan.kernel.base import tx
from sidan.kernel.base.rows import fresh
from sidan.kernel.journal import hashing
from sidan.kernel.journal.models import Entry, Seal
from sidan.kernel.org.act import Act

SEAL_MOST = 20_000  # entries under one seal
MANY = 1_000  # subjects or entries in one statement
PRINT = 4  # bytes of a hash that a seal remembers to name a row; its proof is the seal's own hash


def canonical_json(data: dict[str, Any]) -> str:
    """The text that is stored and hashed: sorted keys, no blanks, UTC times ending in Z."""
    return orjson.dumps(data, option=orjson.OPT_SORT_KEYS | orjson.OPT_UTC_Z).decode()


def prepare(
    kind: str,
    subject: str,
    *,
    seq: int,
    prev: bytes,
    act: Act,
    frm: str = "",
    to: str = "",
    data: dict[str, Any] | None = None,
) -> Entry:
    """An entry with its hash, not yet written: the flow engine puts the hash on the row first."""
    text = canonical_json(data or {})
    digest = hashing.entry_hash(kind, subject, seq, prev, act.by.pk, act.at, act.via, frm, to, text)
    return fresh(
        Entry, id=None, kind=kind, subject=subject, seq=seq, prev=prev, hash=digest, by_id=act.by.pk, at=act.at, via=act.via,
        frm=frm, to=to, data=text,
    )  # fmt: skip


def write(
    kind: str, subject: str, *, act: Act, frm: str = "", to: str = "", data: dict[str, Any] | None = None
) -> Entry:
    """Append to a subject that has no flow (a seat, a rule, a reading). Two statements.

    Raises:
        IntegrityError: somebody else wrote to the same subject at the same moment.
    """
    tx.insist()
    last = Entry.objects.filter(subject=subject).order_by("-seq").values_list("seq", "hash").first()
    seq, prev = (last[0] + 1, bytes(last[1])) if last else (1, hashing.ZERO)
    entry = prepare(kind, subject, seq=seq, prev=prev, act=act, frm=frm, to=to, data=data)
    entry.save(force_insert=True)
    return entry


class Told(NamedTuple):
    """An entry of many, before it is written."""

    kind: str
    subject: str
    data: dict[str, Any]


def write_many(told: Sequence[Told], *, act: Act) -> list[Entry]:
    """Append to many subjects that have no flow, in this order; two statements for each thousand.

    Raises:
        IntegrityError: somebody else wrote to one of the subjects at the same moment.
    """
    tx.insist()
    heads: dict[str, tuple[int, bytes]] = {}
    subjects = list({one.subject for one in told})
    for at in range(0, len(subjects), MANY):
        rows = Entry.objects.filter(subject__in=subjects[at : at + MANY]).order_by("seq")
        heads |= {subject: (seq, bytes(head)) for subject, seq, head in rows.values_list("subject", "seq", "hash")}
    made = []
    for kind, subject, data in told:
        seq, prev = heads.get(subject, (0, hashing.ZERO))
        entry = prepare(kind, subject, seq=seq + 1, prev=prev, act=act, data=data)
        heads[subject] = (seq + 1, bytes(entry.hash))
        made.append(entry)
    return Entry.objects.bulk_create(made, batch_size=MANY)


@tx.writes
def seal(*, at: datetime) -> Seal | None:
    """Seal what is not sealed yet, at most 20,000 entries; None where there is nothing.

    Entries are taken by id, never by `at` (imports bring old dates). On PostgreSQL a transaction may still hold a lower
    id than one that is already visible, so the table is locked against writers for the moment in which the last safe id is read.
    """
    if connection.vendor == "postgresql":
        with connection.cursor() as cursor:
            cursor.execute("LOCK TABLE journal_entry IN SHARE MODE")
    last = Seal.objects.order_by("-last_id").first()
    rows = list(
        Entry.objects.filter(id__gt=last.last_id if last else 0).order_by("id").values_list("id", "hash")[:SEAL_MOST]
    )
    if not rows:
        return None
    prev = bytes(last.hash) if last else hashing.ZERO
    return Seal.objects.create(
        first_id=rows[0][0],
        last_id=rows[-1][0],
        count=len(rows),
        ids=pack([row[0] for row in rows]),
        prints=b"".join(bytes(row[1])[:PRINT] for row in rows),
        prev=prev,
        hash=seal_hash(prev, [(row[0], bytes(row[1])) for row in rows]),
        at=at,
    )


def seal_all(*, at: datetime) -> int:
    """Seal until nothing is left; how many seals were set."""
    made = 0
    while seal(at=at) is not None:
        made += 1
    return made


def seal_hash(prev: bytes, rows: list[tuple[int, bytes]]) -> bytes:
    """The head: the last head, then each entry's id and hash in the order of ids."""
    return hashing.digest(prev + b"".join(number.to_bytes(8, "big") + entry for number, entry in rows))


def pack(ids: list[int]) -> bytes:
    """Ids as compressed differences."""
    steps = [ids[0], *(b - a for a, b in pairwise(ids))]
    return zlib.compress(",".join(map(str, steps)).encode())


def unpack(packed: bytes) -> list[int]:
    """The ids again."""
    out: list[int] = []
    total = 0
    for step in zlib.decompress(packed).split(b","):
        total += int(step)
        out.append(total)
    return out
