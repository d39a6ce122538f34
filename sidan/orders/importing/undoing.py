"""Takes an import back: a step to `withdrawn` for every order that nobody has worked on. Nothing is unwritten."""

from datetime import datetime
from typing import Any

from django.db import connection
from django.utils.translation import gettext as _

from sidan.kernel.base import tx
from sidan.kernel.base.errors import NotFound
from sidan.kernel.flow import engine
from sidan.kernel.journal import hashing
from sidan.kernel.journal.commands import canonical_json
from sidan.kernel.org import queries as org
from sidan.kernel.org.act import Act, Via
from sidan.kernel.org.models import Contact
from sidan.orders.flow import ORDER
from sidan.orders.importing import building, storing
from sidan.orders.importing.report import Report
from sidan.orders.importing.rows import Instant
from sidan.orders.importing.running import may
from sidan.orders.models import Batch, Order

UNLOAD = ORDER.by_do["unload"]
_CHUNK = 4_000
# What an unloaded order no longer has: its clocks, the milestones that figures count, its external number.
_CLEARED: dict[str, Any] = {
    "due_at": None, "due_rule_id": None, "tick_at": None, "rung": 0, "answered_at": None, "external_number": None,
    "external_system": None,
}  # fmt: skip
_READ = ("id", "number", "version", "head", "state", "closed_at", "asked_by_id", *_CLEARED)
_VIA = str(Via.IMPORT)


@tx.writes
def undo(batch_id: int, *, act: Act) -> Report:
    """Unload a batch: its orders leave every list and figure, and their external numbers are free again.

    Orders that somebody has worked on since stay and are listed. Who asked in the unloaded ones is forgotten.

    Raises:
        NotFound: there is no such batch.
        NotAllowed: the actor is neither an operator nor the system.
    """
    may(act)
    batch = Batch.objects.filter(pk=batch_id).first()
    if batch is None:
        raise NotFound(_("没有这个批次。"))
    storing.begin(batch.system)
    report = Report(system=batch.system, file=batch.file_name, batch_id=batch.pk)
    importer = org.system("importer").pk
    last = 0
    while rows := _untouched(batch.pk, last):
        last = rows[-1]["id"]
        _unload(rows, importer, act.at)
        Contact.objects.filter(
            person_id__in=[row["asked_by_id"] for row in rows if row["asked_by_id"] != importer]
        ).delete()
        report.undone += len(rows)
    left = Order.objects.filter(batch_id=batch.pk, external_number__isnull=False).order_by("id")
    report.left = list(left.values_list("number", flat=True))
    Batch.objects.filter(pk=batch.pk, undone_at=None).update(undone_at=act.at)
    return report


def _untouched(batch_id: int, last: int) -> list[dict[str, Any]]:
    """The next orders of the batch that only the import, and the clock, have moved. They are locked until the commit."""
    states = ",".join(["%s"] * len(UNLOAD.frm))
    lock = " FOR UPDATE" if storing.on_postgres() else ""
    with connection.cursor() as cursor:
        cursor.execute(
            f"SELECT {','.join(_READ)} FROM orders_order o WHERE batch_id = %s AND id > %s AND state IN ({states}) "
            "AND external_number IS NOT NULL AND NOT EXISTS (SELECT 1 FROM journal_entry e WHERE e.subject = %s || o.number "
            f"AND e.via NOT IN (%s, %s)) ORDER BY id LIMIT %s{lock}",
            [batch_id, last, *map(str, UNLOAD.frm), f"{ORDER.name}:", _VIA, str(Via.CLOCK), _CHUNK],
        )
        return [dict(zip(_READ, row, strict=True)) for row in cursor.fetchall()]


def _unload(rows: list[dict[str, Any]], importer: int, at: datetime) -> None:
    """An entry for each, then the rows. Two statements on PostgreSQL."""
    digest, micros = building.hasher(), hashing.micros(at)
    kind, to = ORDER.kind(UNLOAD.done), str(UNLOAD.to)
    form, entries = storing.forms(), []
    heads: list[tuple[int, int, bytes]] = []
    when = Instant(at, str(engine.flat(at)), micros, 0)
    for row in rows:
        moved = {name: value for name, value in _CLEARED.items() if row[name] != value}
        data = canonical_json({"set": {**moved, "closed_at": engine.flat(at)}})
        prev, seq, subject = bytes(row["head"]), row["version"] + 1, f"{ORDER.name}:{row['number']}"
        parts = (kind, subject, str(seq), prev.hex(), str(importer), str(micros), _VIA, row["state"], to, data)
        made = digest("\x1f".join(parts).encode()).digest()
        entries.append(form.entry((kind, subject, seq, prev, made, importer, when, _VIA, row["state"], to, data)))
        heads.append((row["id"], row["version"], made))
    storing.write([("journal_entry", building.ENTRY_COLUMNS, form.rows(entries))])
    fixed = {**_CLEARED, "closed_at": storing.stored(at), "state": to}
    storing.update_heads(fixed, heads)
