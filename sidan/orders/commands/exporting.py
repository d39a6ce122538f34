"""A list as a file: asked for, written by the worker where it is long, kept for a day for whoever asked."""

import csv
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import xlsxwriter
from django.conf import settings
from django.http import QueryDict
from django.utils import translation

from sidan.kernel.base import tx
from sidan.kernel.base.errors import Refusal
from sidan.kernel.base.sheets import inert
from sidan.kernel.journal import commands as journal
from sidan.kernel.org.act import Act, Via
from sidan.orders.models import Export
from sidan.orders.queries import listing

AT_ONCE = 5_000  # longer lists are written by the worker
KEEP = timedelta(days=1)
Cells = Callable[[dict[str, Any]], list[str]]
Table = Callable[[Export], tuple[list[str], Cells]]


@tx.writes
def ask(*, page: str, query: str, columns: str, form: str, language: str, act: Act) -> Export:
    """Ask for a list as a file; the journal says who took out how many rows of which list.

    Raises:
        NotAllowed, Invalid: as the list itself.
    """
    wanted = listing.listing(page, QueryDict(query).dict(), act)
    export = Export.objects.create(
        owner=act.by, page=page, query=query, columns=columns, form=form, language=language, made_at=act.at,
        rows=listing.count(wanted, act), expires_at=act.at + KEEP,
    )  # fmt: skip
    journal.write(
        "orders.export.asked", f"orders.export:{export.pk}", act=act, data={"page": page, "rows": export.rows, "form": form}
    )  # fmt: skip
    return export


def make(export: Export, table: Table, now: datetime) -> None:
    """Write the file with the eyes of its owner at this moment; progress is written down as it goes."""
    act = Act(export.owner, now, Via.PAGE)
    folder().mkdir(mode=0o700, parents=True, exist_ok=True)
    draft = path_of(export).with_suffix(".part")
    with translation.override(export.language):
        heads, cells = table(export)
        try:
            wanted = listing.listing(export.page, QueryDict(export.query).dict(), act)
            with _WRITERS[export.form](draft) as write:
                write(heads)
                done = 0
                for rows in listing.portions(wanted, act):
                    for row in rows:
                        write([inert(cell) for cell in cells(row)])
                    done += len(rows)
                    _progress(export, done)
        except Refusal:
            draft.unlink(missing_ok=True)
            _end(export, now, failed=True)
            return
    draft.replace(path_of(export))
    _end(export, now, failed=False)


def run(now: datetime, table: Table) -> int:
    """Write the next file that waits; the worker calls it. How many were written."""
    export = Export.objects.filter(ready_at=None, failed=False).select_related("owner").order_by("pk").first()
    if export is None or export.expires_at <= now:
        return 0
    make(export, table, now)
    return 1


def sweep(now: datetime) -> int:
    """Forget files whose day is over, with their rows."""
    gone = list(Export.objects.filter(expires_at__lte=now)[:1000])
    for export in gone:
        path_of(export).unlink(missing_ok=True)
    with tx.writing():
        return Export.objects.filter(pk__in=[export.pk for export in gone]).delete()[0]


def folder() -> Path:
    """Where files lie until their day is over; readable by the service's user alone."""
    return Path(settings.SIDAN_DATA) / "exports"


def path_of(export: Export) -> Path:
    return folder() / f"{export.pk}.{export.form}"


@tx.writes
def _progress(export: Export, done: int) -> None:
    Export.objects.filter(pk=export.pk).update(written=done)


@tx.writes
def _end(export: Export, now: datetime, *, failed: bool) -> None:
    export.ready_at, export.failed = None if failed else now, failed
    Export.objects.filter(pk=export.pk).update(ready_at=export.ready_at, failed=failed)


Write = Callable[[Iterable[str]], object]


@contextmanager
def _csv(path: Path) -> Iterator[Write]:
    # The mark at the beginning lets spreadsheets read Chinese.
    with path.open("w", encoding="utf-8-sig", newline="") as out:
        yield csv.writer(out, lineterminator="\r\n").writerow


@contextmanager
def _xlsx(path: Path) -> Iterator[Write]:
    plain = {
        "constant_memory": True,
        "strings_to_formulas": False,
        "strings_to_urls": False,
        "strings_to_numbers": False,
    }
    book = xlsxwriter.Workbook(str(path), plain)
    sheet = book.add_worksheet()
    lines = iter(range(1_048_576))

    def write(cells: Iterable[str]) -> None:
        sheet.write_row(next(lines), 0, list(cells))

    yield write
    book.close()


_WRITERS = {"csv": _csv, "xlsx": _xlsx}
