"""What is wrong with this installation, each finding with the command that mends it. At most a few seconds."""

import os
import shutil
import sqlite3
import stat
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

from cryptography.exceptions import InvalidTag
from django.apps import apps
from django.conf import settings
from django.db import DatabaseError, OperationalError, connection, transaction
from django.db.migrations.executor import MigrationExecutor
from django.db.models import Exists, ForeignKey, OuterRef, Q

from sidan.kernel.base import appendonly, crypto
from sidan.kernel.files import storage
from sidan.kernel.files.models import Photo
from sidan.kernel.journal import queries as journal
from sidan.kernel.journal.models import Entry
from sidan.kernel.notify import channels
from sidan.kernel.notify import queries as notify
from sidan.kernel.org import queries as org
from sidan.kernel.org.models import Contact, Seat
from sidan.kernel.worktime.models import CalendarDay
from sidan.orders.models import DispatchRule
from sidan.site import periodic, ways
from sidan.web import drawing

OLDEST_SQLITE = (3, 35)
LEAST_FREE_BYTES = 1024**3
LONGEST_WITHOUT_TICK = timedelta(minutes=3)
LONGEST_UNSEALED = timedelta(minutes=10)
LONGEST_IN_OUTBOX = timedelta(minutes=15)
PHOTOS_LOOKED_AT = 300
LONGEST_LOOK = timedelta(seconds=2)  # at keys that the database does not check
NAMED = 5  # examples in a sentence


@dataclass(frozen=True)
class Finding:
    """One look: `level` is ok, note (somebody should know) or problem."""

    name: str
    level: str
    said: str
    mend: str = ""


def examine(now: datetime | None = None) -> list[Finding]:
    """Look at everything; without a database the rest is still looked at."""
    now = now or datetime.now(UTC)
    found = [*_python(), *_folder(), *_space(), *_font(), *_left_behind()]
    if not settings.CONFIG.postgres and not Path(settings.DATABASES["default"]["NAME"]).exists():
        return [*found, Finding("database", "problem", "there is none yet", "sidan migrate")]
    try:
        if waiting := _waiting():
            return [*found, Finding("migrations", "problem", f"{waiting} are not applied", "sidan migrate")]
        found.append(Finding("migrations", "ok", "all applied"))
        looks: tuple[Callable[[datetime], Iterator[Finding]], ...] = (
            _key, _seals, _clock, _outbox, _channels, _unsealed, _calendar, _desks, _catalogue, _photos, _keys,
        )  # fmt: skip
        for look in looks:
            found += look(now)
    except DatabaseError as error:
        found.append(Finding("database", "problem", str(error).strip().splitlines()[0], "see SIDAN_DATABASE_URL"))
    return found


def _python() -> Iterator[Finding]:
    version = ".".join(map(str, sys.version_info[:3]))
    good = (3, 11) <= sys.version_info[:2] <= (3, 14)
    yield Finding("python", "ok" if good else "problem", version, "" if good else "use Python 3.11 to 3.14")
    if not settings.CONFIG.postgres:
        good = sqlite3.sqlite_version_info >= OLDEST_SQLITE
        yield Finding(
            "sqlite", "ok" if good else "problem", sqlite3.sqlite_version, "" if good else "use a newer Python"
        )


def _folder() -> Iterator[Finding]:
    data = Path(settings.SIDAN_DATA)
    open_to_others = [
        path
        for path in (data, crypto.key_path(), data / "django.key", data / ".env", data / "photos")
        if path.exists() and stat.S_IMODE(path.stat().st_mode) & 0o077
    ]
    if not open_to_others:
        yield Finding("data folder", "ok", str(data))
    for path in open_to_others:
        yield Finding("data folder", "problem", f"{path} is open to other users", f"chmod go= {path}")


def _space() -> Iterator[Finding]:
    free = shutil.disk_usage(settings.SIDAN_DATA).free
    few = free < LEAST_FREE_BYTES
    said = f"{free / 1024**3:.1f} GiB free"
    yield Finding("disk", "problem" if few else "ok", said, "make room where SIDAN_DATA lies" if few else "")


def _font() -> Iterator[Finding]:
    found = drawing.face()
    said = (
        str(found) if found else "none with Chinese letters: no receipt as a picture, no posters from the command line"
    )
    mend = "" if found else "apt-get install fonts-wqy-microhei, or put a font into fonts/ of the data folder"
    yield Finding("font", "ok" if found else "note", said, mend)


def _left_behind() -> Iterator[Finding]:
    """Processes of this user that still write to a database file that was removed or replaced; seen where there is /proc."""
    if settings.CONFIG.postgres:
        return
    # A file that was moved aside first is found under its later name in the same folder.
    folder = str(Path(settings.DATABASES["default"]["NAME"]).resolve().parent)
    found: set[str] = set()
    for link in Path("/proc").glob("[0-9]*/fd/*"):
        with suppress(OSError):  # the process has ended, or is another user's
            place, name = os.path.split(os.readlink(link))
            if place == folder and ".sqlite3" in name and name.endswith(" (deleted)"):
                found.add(link.parts[2])
    if found:
        said = f"process {', '.join(sorted(found))} writes to a database file that was removed or replaced"
        yield Finding("database file", "problem", said, "restart it; what it wrote since then is lost")


def _waiting() -> int:
    executor = MigrationExecutor(connection)
    return len(executor.migration_plan(executor.loader.graph.leaf_nodes()))


def _key(now: datetime) -> Iterator[Finding]:
    """The key ring is there, and is the one with which contacts were sealed."""
    sealed = Contact.objects.exclude(phone_enc=None).values_list("phone_enc", flat=True).first()
    path = crypto.key_path()
    if not path.exists():
        if sealed is None:
            yield Finding("key ring", "ok", "is made when it is first needed")
        else:
            yield Finding(
                "key ring", "problem", f"{path} is missing; no contact can be read", "bring it from the backup"
            )
        return
    try:
        crypto.open_text(crypto.seal_text("?"))
        if sealed is not None:
            crypto.open_text(bytes(sealed))
    except (InvalidTag, KeyError, ValueError, OSError) as error:
        said = f"{path} does not open what is stored ({type(error).__name__})"
        yield Finding("key ring", "problem", said, "bring the right one from the backup")
    else:
        yield Finding("key ring", "ok", "readable")


def _seals(now: datetime) -> Iterator[Finding]:
    bare = appendonly.missing()
    if bare:
        yield Finding("append-only", "problem", f"no triggers on {', '.join(bare)}", "sidan migrate")
    else:
        yield Finding("append-only", "ok", "triggers are set")
    if not journal.first_holds():
        said = f"the journal's first entry does not hold under {settings.SIDAN_HASH}"
        yield Finding("hash", "problem", said, "set SIDAN_HASH as it was at first; then sidan verify")


def _clock(now: datetime) -> Iterator[Finding]:
    last, mend = periodic.last_tick(), "sidan serve, or sidan work beside other web servers"
    if last is None:
        yield Finding("clock", "note", "has never run: deadlines do not act", mend)
    elif now - last > LONGEST_WITHOUT_TICK:
        yield Finding("clock", "problem", f"last ran {_span(now - last)} ago: deadlines do not act", mend)
    else:
        yield Finding("clock", "ok", f"ran {_span(now - last)} ago")


def _outbox(now: datetime) -> Iterator[Finding]:
    waits = notify.backlog(now)
    oldest = waits["oldest_at"]
    if waits["given_up"]:
        yield Finding(
            "given up",
            "note",
            f"{waits['given_up']} messages could not be sent",
            "see /govern/messages/, send them again there",
        )
    if oldest is not None and now - oldest > LONGEST_IN_OUTBOX:
        said = f"{waits['waiting']} messages wait, the oldest since {_span(now - oldest)}"
        yield Finding("outbox", "problem", said, "see clock above, and the channel's settings")
    else:
        yield Finding("outbox", "ok", f"{waits['waiting']} messages wait")


def _channels(now: datetime) -> Iterator[Finding]:
    """The ways by which messages go: their files are closed to others, and the groups' units stand."""
    path = Path(settings.SIDAN_DATA) / ways.NAME
    if path.exists() and stat.S_IMODE(path.stat().st_mode) & 0o077:
        yield Finding("channels", "problem", f"{path} holds secrets and is open to other users", f"chmod go= {path}")
        return
    gone = [code for code in settings.SIDAN_BOTS if org.tree().by_code(code) is None]
    used = dict.fromkeys([*channels.chain(staff=False), *channels.chain(staff=True)])
    if gone:
        yield Finding("channels", "problem", f"bots of units that do not stand: {_some(gone)}", f"mend {path}")
    elif list(used) == ["console"] and not settings.SIDAN_DEMO:
        yield Finding(
            "channels", "note", "messages stay in the house: nobody is told", "see SIDAN_CHANNEL in docs/settings.md"
        )
    else:
        said = ", ".join(used) + (f", {len(settings.SIDAN_BOTS)} groups" if settings.SIDAN_BOTS else "")
        yield Finding("channels", "ok", said)


def _unsealed(now: datetime) -> Iterator[Finding]:
    head = journal.head()
    open_entries = Entry.objects.filter(id__gt=head.last_id if head else 0)
    first = open_entries.order_by("id").values_list("at", flat=True).first()
    since = max(first, head.at) if first and head else first
    if since is not None and now - since > LONGEST_UNSEALED:
        said = f"{open_entries.count()} entries wait for a seal since {_span(now - since)}"
        yield Finding("seals", "problem", said, "sidan serve or sidan work seals them within a minute")
    else:
        yield Finding("seals", "ok", f"sealed to entry {head.last_id}" if head else "nothing to seal")


def _calendar(now: datetime) -> Iterator[Finding]:
    day = org.local_date(now)
    years = {day.year, (day + timedelta(days=45)).year}
    wrong = False
    for year in sorted(years):
        rows = CalendarDay.objects.filter(date__year=year)
        level = "problem" if year == day.year else "note"
        if rows.count() < 365:
            wrong = True
            yield Finding("calendar", level, f"{year} is not loaded", f"sidan calendar sync {year}")
        elif rows.filter(confirmed=False).exists():
            wrong = True
            said = f"{year} is provisional: its notice was not known when it was loaded"
            yield Finding("calendar", "note", said, f"sidan calendar sync {year}, when the notice is published")
    if not wrong:
        yield Finding("calendar", "ok", "confirmed")


def _desks(now: datetime) -> Iterator[Finding]:
    """Every community and village has somebody who accepts, there or above."""
    day = org.local_date(now)
    held = set(
        Seat.objects.filter(Q(to_date=None) | Q(to_date__gt=day), role="community", from_date__lte=day).values_list(
            "unit_id", flat=True
        )
    )
    places = [node for node in org.tree().nodes.values() if node.kind in ("community", "village")]
    empty = sorted((node for node in places if not held & set(node.path)), key=lambda node: node.code)
    if empty:
        said = f"nobody accepts orders in {len(empty)} units: {_some([f'{node.code} {node.name}' for node in empty])}"
        yield Finding("desks", "problem", said, f"sidan person seat HANDLE community {empty[0].code}")
    else:
        yield Finding("desks", "ok", f"{len(places)} communities and villages have somebody who accepts")


def _catalogue(now: datetime) -> Iterator[Finding]:
    """Rows of the dispatch catalogue that send to a unit that is no more."""
    tree, day = org.tree(), org.local_date(now)
    rows = DispatchRule.objects.filter(Q(valid_to=None) | Q(valid_to__gt=day), valid_from__lte=day)
    ended = [
        f"{code}@{area or '?'}"
        for code, area_id, area, lead_id, supports in rows.values_list(
            "category_code", "area_id", "area__code", "lead_id", "supports"
        )
        if lead_id not in tree.nodes
        or area_id not in tree.nodes
        or any(one not in tree.codes for one in supports.split(";") if one)
    ]
    if ended:
        said = f"{len(ended)} rows name units that have ended: {_some(ended)}"
        yield Finding("dispatch catalogue", "problem", said, "give them a new version on the operator's pages")
    else:
        yield Finding("dispatch catalogue", "ok", f"{rows.count()} rows name living units")


def _photos(now: datetime) -> Iterator[Finding]:
    newest = Photo.objects.filter(removed_at=None).order_by("-at")[:PHOTOS_LOOKED_AT]
    lost = [str(photo.pk) for photo in newest if not storage.path(photo.pk).is_file()]
    if lost:
        said = f"the files of {len(lost)} of the newest photos are gone: {_some(lost)}"
        yield Finding("photos", "problem", said, f"bring {storage.root()} from the backup")
    else:
        yield Finding("photos", "ok", f"the newest {min(PHOTOS_LOOKED_AT, len(newest))} have their files")


def _keys(now: datetime) -> Iterator[Finding]:
    """Foreign keys that the database does not check (decision 16) point to something."""
    unchecked = [
        (model, one)
        for model in apps.get_models()
        for one in model._meta.concrete_fields
        if isinstance(one, ForeignKey) and not one.db_constraint  # type: ignore[attr-defined]
    ]
    lost: list[str] = []
    try:
        with _at_most(LONGEST_LOOK):
            for model, one in unchecked:
                targets = Exists(one.related_model._base_manager.filter(pk=OuterRef(one.attname)))
                stray = model._base_manager.filter(~targets, **{f"{one.attname}__isnull": False})
                keys = stray.order_by().values_list("pk", flat=True)[:NAMED]
                lost += [f"{model._meta.db_table}.{one.column} of {key}" for key in keys]
    except OperationalError:
        said = f"{len(unchecked)} columns are more than {LONGEST_LOOK.seconds} s can look through; found so far: {len(lost)}"
        yield Finding("keys", "problem" if lost else "note", said, "sidan rebuild --check compares rows and journal")
        return
    if lost:
        yield Finding(
            "keys", "problem", f"they point to nothing: {_some(lost)}", "bring the backup; sidan rebuild --check"
        )
    else:
        yield Finding("keys", "ok", f"{len(unchecked)} columns that the database does not check")


@contextmanager
def _at_most(span: timedelta) -> Iterator[None]:
    """Break off with OperationalError what takes longer; on PostgreSQL a single statement."""
    with transaction.atomic():
        if connection.vendor == "postgresql":
            with connection.cursor() as cursor:
                cursor.execute(f"SET LOCAL statement_timeout = {int(span.total_seconds() * 1000)}")
            yield
            return
        end = time.monotonic() + span.total_seconds()
        connection.connection.set_progress_handler(lambda: time.monotonic() > end, 10_000)
        try:
            yield
        finally:
            connection.connection.set_progress_handler(None, 0)


def _some(names: list[str]) -> str:
    return ", ".join(names[:NAMED]) + (" ..." if len(names) > NAMED else "")


def _span(span: timedelta) -> str:
    seconds = int(span.total_seconds())
    for size, word in ((86_400, "d"), (3600, "h"), (60, "min")):
        if seconds >= size:
            return f"{seconds // size} {word}"
    return f"{max(seconds, 0)} s"
