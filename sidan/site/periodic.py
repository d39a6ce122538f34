"""What the worker does again and again. These are doors: here the clock is read."""

import time
from datetime import datetime

from django.core.management import call_command
from django.db import connection
from django.utils import timezone

from sidan.kernel.base import doors, durable, tx
from sidan.kernel.base.models import Revision
from sidan.kernel.files import commands as files
from sidan.kernel.journal import commands as journal
from sidan.kernel.notify import commands as notify
from sidan.kernel.notify import relay as relays
from sidan.orders.commands import bulk, clockwork, erasing, exporting, indexing, looking
from sidan.orders.commands import digest as digests
from sidan.orders.views import desk_views
from sidan.orders.views import resident_photos as drafts
from sidan.web import feedback, signing

RELAY_MOST = 100  # messages in a run, every two seconds
INDEX, INDEX_EMBEDDED, REST = 100, 50, 9  # entries at a time, and how many times as long the rest after them is
QUIET_HOUR = 3  # of the night, for what holds SQLite's writer a moment
HEARTBEAT = "clock"  # row of `base_revision` that holds the second of the last tick


def tick() -> None:
    """Let time act on the orders, forget who closed a page, and say that the clock runs."""
    now = timezone.now()
    clockwork.tick(now)
    looking.sweep(now)
    beat(now)


@tx.writes
def beat(now: datetime) -> None:
    """Write down that the clock ran; `doctor` and `/readyz` look at it."""
    row = Revision(name=HEARTBEAT, value=int(now.timestamp()))
    Revision.objects.bulk_create([row], update_conflicts=True, unique_fields=["name"], update_fields=["value"])


def last_tick() -> datetime | None:
    """When the clock last ran. One query."""
    value = Revision.objects.filter(name=HEARTBEAT).values_list("value", flat=True).first()
    return datetime.fromtimestamp(value, timezone.get_default_timezone()) if value else None


def relay() -> None:
    """Send what waits in the outbox, not all at once: it shares the processor with the pages."""
    relays.run(RELAY_MOST)


def index() -> None:
    """Let the search find what was written since, in small portions with rests: whoever places an order goes first."""
    begun = time.perf_counter()

    def rest() -> None:
        nonlocal begun
        time.sleep(REST * (time.perf_counter() - begun))
        begun = time.perf_counter()

    indexing.index_new(INDEX_EMBEDDED if connection.vendor == "sqlite" else INDEX, rest)


def release_held() -> None:
    """Dispatch what was held back for its ten seconds."""
    bulk.release(timezone.now())


def write_exports() -> None:
    """Write the next long list that somebody asked for as a file."""
    exporting.run(timezone.now(), desk_views.table)


def seal() -> None:
    """Seal the journal's new entries."""
    journal.seal_all(at=timezone.now())


def digest() -> None:
    """Tell staff what is new, nearly due and late, once each working morning."""
    digests.send(timezone.now())


def sweep() -> None:
    """Forget what has had its time: doors, old messages, files without a row, photos of drafts, codes, devices, ended sessions."""
    now = timezone.now()
    doors.sweep(now)
    bulk.sweep(now)
    exporting.sweep(now)
    notify.sweep(now)
    files.sweep_orphans(at=now)
    drafts.sweep(now)
    feedback.sweep(now)
    if timezone.localtime(now).hour == QUIET_HOUR:
        indexing.compact()
    signing.sweep(now)
    call_command("clearsessions")


def erase() -> None:
    """Empty ended orders whose retention is over. Looked at each hour: a house that restarts daily would miss a day's span."""
    if erasing.erase_due(timezone.now()):
        durable.cut_log()
