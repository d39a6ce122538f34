"""The import itself: read ahead, look up what is known, write what is new; one transaction, or nothing."""

import gc
import sys
from collections import deque
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from itertools import islice
from pathlib import Path
from time import perf_counter
from typing import NamedTuple, TypeVar

from django.db import connection
from django.utils import translation
from django.utils.translation import gettext as _

from sidan.kernel.base import tx
from sidan.kernel.base.errors import Invalid, NotAllowed
from sidan.kernel.org import queries as org
from sidan.kernel.org.act import Act
from sidan.kernel.org.models import Person
from sidan.orders.importing import mapping, storing
from sidan.orders.importing.building import Builder, Built
from sidan.orders.importing.clocking import Clockwork
from sidan.orders.importing.mapping import Map
from sidan.orders.importing.reading import Broken, Source
from sidan.orders.importing.report import Errors, Report, RowError
from sidan.orders.importing.rows import Mapper, Row
from sidan.orders.models import Batch

CHUNK_ROWS = 4_000
AHEAD = 2  # chunks that are made ready before they are wanted: neither side waits for a slow one of the other's
TURN_SECONDS = 0.0002
SAMPLES, SAMPLED_ROWS = 3, 500

Progress = Callable[[int, int], None]
T = TypeVar("T")


def run(
    path: Path,
    map_path: Path,
    *,
    act: Act,
    preview: bool = False,
    progress: Progress | None = None,
    system: str | None = None,
) -> Report:
    """Bring another system's orders in. Everything is written together or nothing is; what is known already stays as it is.

    Args:
        act: an operator, or a person of the system.
        preview: look only: nothing is written, neither rows nor files.
        progress: called with rows done and rows in all (about).
        system: takes the place of the map's `system`.

    Raises:
        Invalid, TooLarge: the map or the file as a whole cannot be used; single rows are refused in the report.
        NotAllowed: the actor is neither an operator nor the system.
    """
    may(act)
    path = Path(path)
    plan = mapping.load(Path(map_path), system=system)
    with Source(path, delimiter=plan.delimiter, encoding=plan.encoding, sheet=plan.sheet) as source:
        errors = Errors(path, keep_file=not preview)
        job = _Job(plan, source, act, errors, progress or (lambda done, total: None), preview)
        finished = False
        try:
            if preview:
                job.look()
            else:
                job.write()
            finished = True
        finally:
            errors_path = errors.close(keep=finished)
        job.report.refused, job.report.errors, job.report.errors_path = errors.count, errors.first, errors_path
        return job.report


def may(act: Act) -> None:
    """Imports are the operator's.

    Raises:
        NotAllowed: for everybody else.
    """
    if act.by.kind != Person.Kind.SYSTEM and "operator" not in act.roles():
        raise NotAllowed(_("导入和撤销由系统管理员办理。"))


class Chunk(NamedTuple):
    """Some thousand rows: those that can be written, what is wrong with the others, and how many were read."""

    rows: list[Row]
    errors: list[RowError]
    read: int


class Made(NamedTuple):
    """A chunk with its rows ready for the database."""

    chunk: Chunk
    built: Built
    ready: storing.Ready
    wanted: list[str]  # numbers for a chunk to come


class _Job:
    def __init__(self, plan: Map, source: Source, act: Act, errors: Errors, progress: Progress, preview: bool) -> None:
        self.plan, self.source, self.act, self.errors, self.progress = plan, source, act, errors, progress
        self.report = Report(system=plan.system, file=source.path.name, encoding=source.encoding, preview=preview)
        self.clockwork, self.forms = Clockwork(), storing.forms()
        self.records = source.records()
        header = next(self.records, None)
        if header is None or isinstance(header[1], Broken):
            raise Invalid(fields={"file": _("第一行要是表头。")})
        self.mapper = Mapper(plan, header[1], self.clockwork, act.at)

    def look(self) -> None:
        """Count and show, write nothing. A query a chunk."""
        seen: set[int] = set()
        for chunk in self._chunks():
            known = storing.known(self.plan.system, [row.external_number for row in chunk.rows])
            errors = [*chunk.errors]
            for row in chunk.rows:
                mark = hash(row.external_number)
                if row.external_number in known:
                    self.report.known += 1
                elif mark in seen:
                    errors.append(_twice(row))
                else:
                    seen.add(mark)
                    self._count([row])
                    if self.report.created <= SAMPLED_ROWS:
                        self._sample(row)
            self._done(chunk, errors)

    @tx.writes
    def write(self) -> None:
        """Read beside the database where it has a process of its own; on SQLite reading and writing take turns."""
        storing.begin(self.plan.system)
        batch = Batch.objects.create(
            system=self.plan.system, map_name=self.plan.name, file_name=self.source.path.name[:120],
            file_hash=self.source.digest, rows=0, created=0, known=0, refused=0, by=self.act.by, at=self.act.at,
        )  # fmt: skip
        checks = storing.Keys(self.source.rows_about)
        checks.lift()
        issue, known = storing.Issue(), storing.Known(self.plan.system, batch.pk)
        supply = deque(issue.keys(issue.draw(CHUNK_ROWS)) for _ in range(AHEAD + 1))
        build = Builder(
            batch_id=batch.pk, system=self.plan.system, importer=org.system("importer"), at=self.act.at,
            clockwork=self.clockwork, forms=self.forms,
        )  # fmt: skip
        made = (self._made(chunk, build, supply, issue) for chunk in self._chunks())
        with _in_haste():
            for one in _ahead(made) if storing.on_postgres() else made:
                if one.wanted:
                    supply.append(issue.keys(one.wanted))
                self._write(one, known, batch.pk)
        start = perf_counter()
        checks.check()
        self.report.write_seconds += perf_counter() - start
        if self.report.created == 0:
            batch.delete()
            return
        self.report.batch_id = batch.pk
        Batch.objects.filter(pk=batch.pk).update(
            rows=self.report.rows, created=self.report.created, known=self.report.known, refused=self.errors.count
        )
        if storing.on_postgres():
            with connection.cursor() as cursor:
                cursor.execute("SET CONSTRAINTS ALL DEFERRED")

    def _made(
        self, chunk: Chunk, build: Builder, supply: deque[Iterable[tuple[int, str]]], issue: storing.Issue
    ) -> Made:
        built = build(chunk.rows, supply.popleft())
        wanted = issue.draw(CHUNK_ROWS) if chunk.read == CHUNK_ROWS else []  # else this was the last
        return Made(chunk, built, storing.prepare(built, self.forms), wanted)

    def _write(self, one: Made, already: storing.Known, batch_id: int) -> None:
        chunk = one.chunk
        known = already.among([row.external_number for row in chunk.rows])
        errors, ready = [*chunk.errors], one.ready
        if known:
            fresh = [at for at, row in enumerate(chunk.rows) if row.external_number not in known]
            ready = storing.prepare(one.built, self.forms, only=fresh)
            # What this very import has written stands twice in the file.
            errors += [_twice(row) for row in chunk.rows if known.get(row.external_number, -1) == batch_id]
            self.report.known += sum(batch != batch_id for batch in known.values())
            rows = [chunk.rows[at] for at in fresh]
        else:
            rows = chunk.rows
        start = perf_counter()
        storing.write(ready)
        self.report.write_seconds += perf_counter() - start
        self._count(rows)
        self._done(chunk, errors)

    def _chunks(self) -> Iterator[Chunk]:
        while records := list(islice(self.records, CHUNK_ROWS)):
            rows: dict[str, Row] = {}
            errors: list[RowError] = []
            for line, cells in records:
                found = self.mapper(line, cells)
                if isinstance(found, RowError):
                    errors.append(found)
                elif found.external_number in rows:
                    errors.append(_twice(found))
                else:
                    rows[found.external_number] = found
            yield Chunk(list(rows.values()), errors, len(records))

    def _count(self, rows: list[Row]) -> None:
        still_open = [row for row in rows if row.closed is None]
        self.report.created += len(rows)
        self.report.closed += len(rows) - len(still_open)
        for row in still_open:
            coded = row.coded
            lane = self.clockwork.lane(coded.klass, coded.urgency, coded.unit_id)
            clock = self.clockwork.clock(row.asked.at, row.asked.era, lane)
            self.report.unclocked += clock.due_at is None

    def _sample(self, row: Row) -> None:
        tree = org.tree()
        values = {
            "external_number": row.external_number, "text": row.text[:40], "asked_at": f"{row.asked.at.astimezone(org.ZONE):%F %T}",
            "closed_at": f"{row.closed.at.astimezone(org.ZONE):%F %T}" if row.closed else "", "kind": row.coded.kind,
            "klass": row.coded.klass, "urgency": row.coded.urgency, "unit": tree.node(row.coded.unit_id).name,
            "place": row.place, "lat": "" if row.lat is None else f"{row.lat}, {row.lon}",
        }  # fmt: skip
        for name, value in values.items():
            kept = self.report.samples.setdefault(name, []) if value else []
            if value and value not in kept and len(kept) < SAMPLES:
                kept.append(value)

    def _done(self, chunk: Chunk, errors: list[RowError]) -> None:
        self.errors.add(sorted(errors, key=lambda error: error.row))
        self.report.rows += chunk.read
        self.progress(self.report.rows, max(self.report.rows, self.source.rows_about))


@contextmanager
def _in_haste() -> Iterator[None]:
    """Rows make no cycles, so nobody looks for any; and whoever feeds the database does not wait 5 ms for each turn."""
    collecting, turn = gc.isenabled(), sys.getswitchinterval()
    gc.disable()
    sys.setswitchinterval(TURN_SECONDS)
    try:
        yield
    finally:
        sys.setswitchinterval(turn)
        if collecting:
            gc.enable()


def _ahead(steps: Iterator[T]) -> Iterator[T]:
    """Make the next ones in a thread while the caller works on this one."""
    start = (translation.get_language() or "",)
    with ThreadPoolExecutor(1, "sidan-import", initializer=translation.activate, initargs=start) as pool:
        pending = deque(pool.submit(next, steps, None) for _ in range(AHEAD))
        while (done := pending.popleft().result()) is not None:
            pending.append(pool.submit(next, steps, None))
            yield done


def _twice(row: Row) -> RowError:
    what = _("原编号“%(number)s”在本文件里已出现过。") % {"number": row.external_number}
    return RowError(row.line, "external_number", what, _("只收第一次出现的那一行；若是两件事，请改编号。"))
