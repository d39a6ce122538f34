"""Whether every row is what its journal says: in batches, so that memory does not grow with the house."""

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import groupby
from typing import Any

from sidan.kernel.flow import engine
from sidan.kernel.flow.definition import Flow
from sidan.kernel.flow.models import Flowing
from sidan.kernel.journal.models import Entry
from sidan.orders.flow import ORDER, REVEAL, SUPPORT
from sidan.orders.models import Order, Reveal, Support

FLOWS: tuple[tuple[Flow, type[Flowing], str], ...] = (
    (ORDER, Order, "number"),
    (SUPPORT, Support, "id"),
    (REVEAL, Reveal, "id"),
)
BATCH = 500


@dataclass(frozen=True)
class Difference:
    """A row and its fold do not agree; `row` and `fold` hold the columns that differ."""

    subject: str
    why: str  # differs, no journal, no row
    row: dict[str, Any]
    fold: dict[str, Any]


@dataclass
class Checked:
    """How many items were compared."""

    items: int = 0


def differences(checked: Checked | None = None) -> Iterator[Difference]:
    """Compare everything, as it goes. Two queries for each 500 items, then one for each kind."""
    tally = checked or Checked()
    for flow, model, key in FLOWS:
        before = tally.items
        for rows in _batches(model):
            tally.items += len(rows)
            yield from _compare(flow, rows)
        begun = Entry.objects.filter(seq=1, kind__in=[flow.kind(done) for _state, done in flow.births])
        if begun.count() != tally.items - before:
            yield from _without_row(flow, model, key)


def _batches(model: type[Flowing]) -> Iterator[list[Flowing]]:
    last = 0
    while rows := list(model._default_manager.filter(pk__gt=last).order_by("pk")[:BATCH]):
        yield rows
        last = rows[-1].pk


def _compare(flow: Flow, rows: list[Flowing]) -> Iterator[Difference]:
    entries = Entry.objects.filter(subject__in=[row.subject() for row in rows]).order_by("subject", "seq")
    folds = {
        subject: engine.fold(flow, found)
        for subject, found in groupby(entries.iterator(), key=lambda entry: entry.subject)
    }
    for row in rows:
        fold, stands = folds.get(row.subject()), engine.row_of(flow, row)
        if fold is None:
            yield Difference(row.subject(), "no journal", {}, {})
        elif fold != stands:
            names = [name for name in stands if stands[name] != fold.get(name)]
            yield Difference(
                row.subject(),
                "differs",
                {name: stands[name] for name in names},
                {name: fold.get(name) for name in names},
            )


def _without_row(flow: Flow, model: type[Flowing], key: str) -> Iterator[Difference]:
    """Subjects of the journal whose row is gone."""
    begun = Entry.objects.filter(seq=1, kind__in=[flow.kind(done) for _state, done in flow.births])
    last = 0
    while found := list(begun.filter(id__gt=last).order_by("id").values_list("id", "subject")[:BATCH]):
        last = found[-1][0]
        names = {subject.rpartition(":")[2]: subject for _id, subject in found}
        there = model._default_manager.filter(**{f"{key}__in": list(names)}).values_list(key, flat=True)
        for name in sorted(set(names) - set(map(str, there))):
            yield Difference(names[name], "no row", {}, {})
