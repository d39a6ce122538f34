"""Keeps the index of the search: the worker reads in the journal which orders have new words, and makes their tokens anew."""

from collections.abc import Callable, Iterable

from django.db import connection

from sidan.kernel.base import snapshot, tx
from sidan.kernel.base.models import Revision
from sidan.kernel.journal.models import Entry
from sidan.kernel.org import queries as org
from sidan.orders import tokens
from sidan.orders.flow import ORDER
from sidan.orders.models import Indexed, Order, Text
from sidan.orders.models.search import key_of

READ_MOST, WRITE_MOST = 2_000, 500  # entries at a time; rows in a transaction, because SQLite has one writer
_MARK, _AHEAD, _XID = (f"search.{name}.{tokens.VERSION}" for name in ("mark", "ahead", "xid"))
# What an entry's data names when the words change: a text, or a unit whose name can be searched for.
_TELLING = ('"text":', '"unit_id":', '"lead_unit_id":')
_SUBJECT = "orders.order:"
_NONE: set[str] = set()
_ERASED = ORDER.kind("erased")

_done: set[int] = set()  # entries beyond the mark whose orders are indexed


def index_new(read_most: int = READ_MOST, rest: Callable[[], None] = lambda: None) -> int:
    """Index what the journal tells and the index does not know yet; returns how many orders.

    Args:
        read_most: entries at a time; on SQLite they are one transaction, for which everybody else waits.
        rest: called after each of them.

    On PostgreSQL an entry of a transaction that lasts long becomes visible after entries with higher ids. The mark therefore
    moves only to an id that was the last one before every transaction that runs now; what lies beyond it is looked at again.
    """
    made, last = 0, _settled()
    while True:
        rows = list(
            Entry.objects.filter(id__gt=last).order_by("id").values_list("id", "kind", "subject", "data")[:read_most]
        )
        if not rows:
            return made
        last = rows[-1][0]
        numbers = {
            subject.removeprefix(_SUBJECT)
            for key, kind, subject, data in rows
            if key not in _done
            and subject.startswith(_SUBJECT)
            and (kind == _ERASED or any(map(data.__contains__, _TELLING)))
        }
        made += index(numbers)
        _done.update(row[0] for row in rows)
        if connection.vendor == "sqlite":  # one writer: what is visible is all there is
            _keep(**{_MARK: last})
            _done.clear()
        rest()


def index(numbers: Iterable[str]) -> int:
    """Make the tokens of some orders; an erased one loses its row. Two queries and a transaction for each 500."""
    wanted = sorted(numbers)
    for at in range(0, len(wanted), WRITE_MOST):
        _index(wanted[at : at + WRITE_MOST])
    return len(wanted)


@tx.writes
def forget(order: Order) -> None:
    """Take an order out of the index. One statement."""
    Indexed.objects.filter(key=key_of(order.asked_at, order.pk)).delete()


@tx.writes
def compact() -> None:
    """Bring SQLite's index into one piece: what was taken out of it is then nowhere in the file. PostgreSQL's vacuum does the like."""
    if connection.vendor == "sqlite":
        with connection.cursor() as cursor:
            cursor.execute("INSERT INTO orders_search (orders_search) VALUES ('optimize')")


def _index(numbers: list[str]) -> None:
    columns = ("id", "number", "asked_at", "place", "unit_id", "lead_unit_id", "external_number")
    orders = list(Order.objects.filter(number__in=numbers).values_list(*columns))
    said: dict[int, list[str]] = {}
    for order_id, body in Text.objects.filter(order__in=[row[0] for row in orders], erased_at=None).values_list(
        "order_id", "body"
    ):
        said.setdefault(order_id, []).append(body)
    rows, gone, names = [], [], _names()
    for order_id, number, asked_at, place, unit_id, lead_id, external in orders:
        key = key_of(asked_at, order_id)
        if order_id not in said:
            gone.append(key)
            continue
        found = tokens.open_tokens(place, *said[order_id]) | names.get(unit_id, _NONE) | names.get(lead_id or 0, _NONE)
        rows.append((key, " ".join(sorted(found | tokens.tokens(number, external or "")))))
    _write(rows, gone)


@snapshot.cached("orders.search.names")
def _names() -> dict[int, set[str]]:
    """The words for each place and body: its names and their initials, with those of the places above it but the county."""
    tree = org.tree()
    own = {
        node.id: tokens.tokens(node.name, node.short_name)
        | ({tokens.plain_initials(node.name), tokens.plain_initials(node.short_name)} - {""})
        for node in tree.nodes.values()
    }
    return {
        node.id: set().union(*(own[above] for above in node.path[1:] if above in own)) for node in tree.nodes.values()
    }


@tx.writes
def _write(rows: list[tuple[int, str]], gone: list[int]) -> None:
    if gone:
        Indexed.objects.filter(key__in=gone).delete()
    if not rows:
        return
    with connection.cursor() as cursor:
        if connection.vendor == "postgresql":
            cursor.execute(
                "INSERT INTO orders_search (rowid, tokens) "
                "SELECT key, array_to_tsvector(string_to_array(words, ' ')) FROM unnest(%s::bigint[], %s::text[]) AS n(key, words) "
                "ON CONFLICT (rowid) DO UPDATE SET tokens = excluded.tokens",
                [[key for key, _words in rows], [words for _key, words in rows]],
            )
        else:
            cursor.executemany("INSERT OR REPLACE INTO orders_search (rowid, tokens) VALUES (%s, %s)", rows)


def _settled() -> int:
    """The last entry before which none can still appear. One query on SQLite; three on PostgreSQL, four when it moves."""
    known = dict(Revision.objects.filter(name__in=(_MARK, _AHEAD, _XID)).values_list("name", "value"))
    mark = known.get(_MARK, 0)
    if connection.vendor == "sqlite":
        return mark
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT pg_snapshot_xmin(now)::text::bigint, pg_snapshot_xmax(now)::text::bigint, "
            "(SELECT coalesce(max(id), 0) FROM journal_entry) FROM pg_current_snapshot() AS now"
        )
        oldest, next_xid, ahead = cursor.fetchone()
    if oldest < known.get(_XID, 0):  # one that ran when we looked last still runs
        return mark
    settled = known.get(_AHEAD, mark)
    if (settled, ahead) != (mark, known.get(_AHEAD)):
        _keep(**{_MARK: settled, _AHEAD: ahead, _XID: next_xid})
    for key in [key for key in _done if key <= settled]:
        _done.discard(key)
    return settled


@tx.writes
def _keep(**values: int) -> None:
    rows = [Revision(name=name, value=value) for name, value in values.items()]
    Revision.objects.bulk_create(rows, update_conflicts=True, unique_fields=["name"], update_fields=["value"])
