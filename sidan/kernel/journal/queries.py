"""Read the journal, and prove it."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from sidan.kernel.journal import hashing
from sidan.kernel.journal.commands import PRINT, seal_hash, unpack
from sidan.kernel.journal.models import Entry, Seal

_BATCH = 5_000


def entries(subject: str) -> list[Entry]:
    """All that happened to a subject, in order. One query."""
    return list(Entry.objects.filter(subject=subject).order_by("seq"))


def last_id() -> int:
    """The newest entry's id; 0 in an empty journal. One query."""
    return Entry.objects.order_by("-id").values_list("id", flat=True).first() or 0


def moved_since(
    entry_id: int, *, to: Iterable[str], stem: str, not_from: Iterable[str], not_by: int, limit: int = 500
) -> list[str]:
    """Subjects of a kind that came from elsewhere into some states after an entry, moved by others. One query, at most `limit`."""
    rows = Entry.objects.filter(id__gt=entry_id, to__in=list(to), kind__startswith=stem)
    rows = rows.exclude(frm__in=list(not_from)).exclude(by=not_by)
    return list(rows.order_by("-id").values_list("subject", flat=True)[:limit])


@dataclass(frozen=True)
class Finding:
    """The first row that is not what was written."""

    entry_id: int
    subject: str
    seq: int
    why: str  # altered, missing, moved, seal


def head() -> Seal | None:
    """The last seal; its hash is what a county publishes. One query."""
    return Seal.objects.order_by("-last_id").first()


def verify() -> Finding | None:
    """Prove every entry: its hash, its place in the subject's chain, and the seals; the first bad row, or None.

    Reads the whole journal in the order of ids, in batches; memory grows with the number of subjects.
    """
    heads: dict[str, tuple[int, bytes]] = {}
    seals = _Seals()
    for entry in _all():
        found = seals.before(entry)
        if found:
            return found
        prev, stored = bytes(entry.prev), bytes(entry.hash)
        if _real(entry) != stored:
            return Finding(entry.id, entry.subject, entry.seq, "altered")
        seq, last = heads.get(entry.subject, (0, hashing.ZERO))
        if entry.seq != seq + 1:
            return Finding(entry.id, entry.subject, seq + 1, "missing")
        if prev != last:
            return Finding(entry.id, entry.subject, entry.seq, "moved")
        heads[entry.subject] = (entry.seq, stored)
        found = seals.after(entry)
        if found:
            return found
    return seals.end()


def first_holds() -> bool:
    """Whether the oldest entry has its hash: where it has not, SIDAN_HASH may have been changed since. One query."""
    entry = Entry.objects.order_by("id").first()
    return entry is None or _real(entry) == bytes(entry.hash)


def _real(entry: Entry) -> bytes:
    """The hash that an entry should have."""
    return hashing.entry_hash(
        entry.kind, entry.subject, entry.seq, bytes(entry.prev), entry.by_id, entry.at, entry.via, entry.frm, entry.to,
        entry.data,
    )  # fmt: skip


def _all() -> Iterator[Entry]:
    last = 0
    while rows := list(Entry.objects.filter(id__gt=last).order_by("id")[:_BATCH]):
        yield from rows
        last = rows[-1].id


class _Seals:
    """Walks the seals beside the entries."""

    def __init__(self) -> None:
        self._queue = iter(Seal.objects.order_by("last_id").iterator(chunk_size=50))
        self._head = hashing.ZERO
        self._next()

    def _next(self) -> None:
        self._seal: Seal | None = next(self._queue, None)
        self._ids = unpack(bytes(self._seal.ids)) if self._seal else []
        self._prints = bytes(self._seal.prints) if self._seal else b""
        self._rows: list[tuple[int, bytes]] = []

    def before(self, entry: Entry) -> Finding | None:
        """Whether the id is the one that the seal expects here."""
        if self._seal is None:
            return None
        expected = self._ids[len(self._rows)]
        if entry.id == expected:
            at = len(self._rows) * PRINT
            if bytes(entry.hash)[:PRINT] == self._prints[at : at + PRINT]:
                return None
            return Finding(entry.id, entry.subject, entry.seq, "altered")
        if entry.id > expected:
            return Finding(expected, "", 0, "missing")
        return Finding(entry.id, entry.subject, entry.seq, "moved")

    def after(self, entry: Entry) -> Finding | None:
        """Close a seal when its last entry has been read."""
        if self._seal is None:
            return None
        self._rows.append((entry.id, bytes(entry.hash)))
        if entry.id != self._seal.last_id:
            return None
        bad = bytes(self._seal.prev) != self._head or seal_hash(self._head, self._rows) != bytes(self._seal.hash)
        if bad or len(self._rows) != self._seal.count:
            return Finding(self._seal.first_id, "", 0, "seal")
        self._head = bytes(self._seal.hash)
        self._next()
        return None

    def end(self) -> Finding | None:
        """Sealed entries that were not met are missing."""
        if self._seal is None:
            return None
        return Finding(self._ids[len(self._rows)], "", 0, "missing")
