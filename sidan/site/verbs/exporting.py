"""Verbs that write rows out as they stream: csv that a spreadsheet may open, or JSON lines."""

import argparse
import csv
import sys
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from datetime import datetime
from typing import Any, TextIO

import orjson

from sidan.kernel.base.sheets import inert
from sidan.kernel.flow.engine import flat
from sidan.kernel.journal.models import Entry
from sidan.orders.models import Order
from sidan.web.logs import masked

# Neither names nor telephones: who may read them does so in the house, where it is written down.
ORDER_COLUMNS = (
    "number", "state", "kind", "category__code", "category__name", "klass", "urgency", "channel", "title", "place",
    "unit__code", "unit__name", "desk_unit__code", "lead_unit__code", "lead_unit__name", "public", "anonymous",
    "confidential", "round", "refusal", "solved", "satisfied", "merged_into__number", "asked_at", "accepted_at",
    "first_contact_at", "dispatched_at", "signed_at", "answered_at", "rated_at", "closed_at", "due_at", "answer_due_at",
    "external_system", "external_number",
)  # fmt: skip
ENTRY_COLUMNS = ("id", "kind", "subject", "seq", "at", "by_id", "via", "frm", "to", "data", "prev", "hash")


def orders(args: argparse.Namespace) -> int:
    """Every order, oldest first."""
    rows = Order.objects.order_by("id").values_list(*ORDER_COLUMNS).iterator(chunk_size=2000)
    return _write(args, [name.replace("__", "_") for name in ORDER_COLUMNS], map(_hidden, rows))


def _hidden(row: tuple[Any, ...]) -> tuple[Any, ...]:
    """A confidential order without the numbers that somebody wrote into its words."""
    if not row[ORDER_COLUMNS.index("confidential")]:
        return row
    return tuple(
        masked(value) if name in ("title", "place") else value for name, value in zip(ORDER_COLUMNS, row, strict=True)
    )


def journal(args: argparse.Namespace) -> int:
    """Every entry of the journal, in the order in which they were written."""
    return _write(args, list(ENTRY_COLUMNS), Entry.objects.order_by("id").values_list(*ENTRY_COLUMNS).iterator(2000))


def _write(args: argparse.Namespace, names: list[str], rows: Iterable[tuple[Any, ...]]) -> int:
    lines = args.format == "jsonl" or (args.format is None and str(args.out or "").endswith(".jsonl"))
    with _out(args.out) as out:
        if lines:
            for row in rows:
                out.write(orjson.dumps(dict(zip(names, map(_plain, row), strict=True))).decode() + "\n")
            return 0
        table = csv.writer(out, lineterminator="\r\n")
        table.writerow(names)
        table.writerows([_cell(value) for value in row] for row in rows)
    return 0


@contextmanager
def _out(path: str | None) -> Iterator[TextIO]:
    if path is None:
        yield sys.stdout
        sys.stdout.flush()
        return
    # The mark at the beginning lets spreadsheets read Chinese.
    encoding = "utf-8-sig" if path.endswith(".csv") else "utf-8"
    with open(path, "w", encoding=encoding, newline="") as out:
        yield out


def _plain(value: Any) -> Any:
    if isinstance(value, bytes | memoryview):
        return bytes(value).hex()
    return flat(value) if isinstance(value, datetime) else value


def _cell(value: Any) -> Any:
    """A text that begins like a formula is a text: spreadsheets run what residents write."""
    value = _plain(value)
    return inert(value) if isinstance(value, str) else value
