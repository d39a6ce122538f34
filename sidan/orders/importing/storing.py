"""Writes many rows at once: COPY on PostgreSQL, executemany on SQLite; inside the import's one transaction."""

from collections import deque
from collections.abc import Iterable, Sequence
from datetime import datetime
from threading import Lock
from typing import Any

from django.db import connection

from sidan.kernel.base import tx
from sidan.orders import keys
from sidan.orders.importing import building
from sidan.orders.importing.building import Built
from sidan.orders.importing.forms import CopyForms, Forms, ParameterForms

TABLES = (
    ("org_person", building.PERSON_COLUMNS),
    ("org_contact", building.CONTACT_COLUMNS),
    ("orders_order", building.ORDER_COLUMNS),
    ("orders_text", building.TEXT_COLUMNS),
    ("journal_entry", building.ENTRY_COLUMNS),
)

SEEN_MOST = 500_000  # external numbers in memory: some 60 MB
LIFT_LEAST = 10_000  # rows from which a check of whole tables is cheaper than one a row
_OURS = "conrelid IN ('orders_order'::regclass, 'orders_text'::regclass)"
_DRAWN_MOST = 8  # stretches of numbers in memory; those that were drawn longer ago stand in the table
CACHE_KIB = 65_536  # of SQLite's pages while an import runs
_LOCAL = {
    "lock_timeout": "0", "statement_timeout": "0", "jit": "off", "enable_seqscan": "off",
}  # fmt: skip


def on_postgres() -> bool:
    return connection.vendor == "postgresql"


def begin(system: str) -> None:
    """One import of a system at a time: the second waits here and then sees what the first brought.

    Foreign keys are checked statement by statement: left to the commit, a million rows' checks would wait in memory.
    """
    tx.insist()
    if not on_postgres():  # the writers' lock has one import wait for the other
        with connection.cursor() as cursor:
            cursor.execute(f"PRAGMA cache_size = -{CACHE_KIB}")
        return
    with connection.cursor() as cursor:
        # The planner takes a table that fills in this very transaction for an empty one: it would read all of it each time.
        cursor.execute(
            f"SELECT {', '.join(f'set_config({name!r}, {value!r}, true)' for name, value in _LOCAL.items())}"
        )
        cursor.execute("SELECT pg_advisory_xact_lock(hashtextextended(%s, 311))", [f"sidan.import:{system}"])
        cursor.execute("SET CONSTRAINTS ALL IMMEDIATE")


def known(system: str, numbers: Sequence[str]) -> dict[str, int | None]:
    """External numbers that are there already, each with its batch. One query."""
    with connection.cursor() as cursor:
        if on_postgres():
            cursor.execute(
                # The limit keeps each number a look-up of its own in the unique index, whatever the planner believes.
                "SELECT n.number, found.batch_id FROM unnest(string_to_array(%s, chr(31))) AS n(number), "
                "LATERAL (SELECT batch_id FROM orders_order WHERE external_system = %s AND external_number = n.number "
                "LIMIT 1) AS found",
                ["\x1f".join(numbers), system],
            )
            return dict(cursor.fetchall())
        sql = (
            "SELECT external_number, batch_id FROM orders_order "
            "WHERE external_system = %s AND external_number IS NOT NULL AND external_number IN"
        )
        found: dict[str, int | None] = {}
        for at in range(0, len(numbers), 900):
            part = list(numbers[at : at + 900])
            cursor.execute(f"{sql} ({','.join(['%s'] * len(part))})", [system, *part])
            found.update(cursor.fetchall())
        return found


class Keys:
    """The checks of foreign keys on the order's tables: row by row as ever, or all at once at the end of a first load.

    PostgreSQL's manual advises the latter for populating a database: it is a join instead of a look-up for each row and key.
    Its price is a lock on these tables and on those that they point to, until the commit.
    """

    def __init__(self, rows_about: int) -> None:
        self._lifted: list[tuple[str, str, str]] = []
        self._pays = on_postgres() and rows_about >= LIFT_LEAST and self._mostly_new(rows_about) and self._own()

    def lift(self) -> None:
        """Drop them inside the transaction. A statement for each."""
        if not self._pays:
            return
        with connection.cursor() as cursor:
            cursor.execute(
                "SELECT conrelid::regclass::text, quote_ident(conname), pg_get_constraintdef(oid) FROM pg_constraint "
                f"WHERE contype = 'f' AND {_OURS} ORDER BY conrelid, conname"
            )
            self._lifted = cursor.fetchall()
            for table, name, _definition in self._lifted:
                cursor.execute(f"ALTER TABLE {table} DROP CONSTRAINT {name}")

    def check(self) -> None:
        """Make them again as they were: each checks the whole table. A statement for each.

        Raises:
            IntegrityError: a row points to nothing; the transaction is lost.
        """
        if not self._lifted:
            return
        with connection.cursor() as cursor:
            cursor.execute("SET LOCAL enable_seqscan = on")
            for table, name, definition in self._lifted:
                cursor.execute(f"ALTER TABLE {table} ADD CONSTRAINT {name} {definition}")

    def _mostly_new(self, rows_about: int) -> bool:
        with connection.cursor() as cursor:
            cursor.execute("SELECT count(*) FROM (SELECT 1 FROM orders_order LIMIT %s) AS there", [rows_about // 2 + 1])
            return bool(cursor.fetchone()[0] * 2 < rows_about)

    def _own(self) -> bool:
        """Whether these tables, and those that they point to, are ours to alter."""
        with connection.cursor() as cursor:
            cursor.execute(
                "SELECT coalesce(bool_and(pg_has_role(a.relowner, 'USAGE') AND pg_has_role(b.relowner, 'USAGE')), false) "
                "FROM pg_constraint JOIN pg_class a ON a.oid = conrelid JOIN pg_class b ON b.oid = confrelid "
                f"WHERE contype = 'f' AND {_OURS}"
            )
            return bool(cursor.fetchone()[0])


class Known:
    """The external numbers that a system's orders have already. One query to make it.

    Of a system that brings its first orders nothing but this import's own can be known: these are kept, up to a number.
    """

    def __init__(self, system: str, batch_id: int) -> None:
        self._system, self._batch_id = system, batch_id
        with connection.cursor() as cursor:
            cursor.execute(
                "SELECT 1 FROM orders_order WHERE external_system = %s AND external_number IS NOT NULL LIMIT 1",
                [system],
            )
            self._seen: set[str] | None = None if cursor.fetchone() else set()

    def among(self, numbers: Sequence[str]) -> dict[str, int | None]:
        """Those of the next rows that are there already, each with its batch. One query at most."""
        if self._seen is None or len(self._seen) > SEEN_MOST:
            self._seen = None
            return known(self._system, numbers)
        found = self._seen.intersection(numbers)
        self._seen.update(numbers)
        return dict.fromkeys(found, self._batch_id)


class Issue:
    """Keys for orders to come: ids of the table's sequence and numbers that no order has."""

    def __init__(self) -> None:
        self._last = 0
        self._lock = Lock()
        self._out: deque[set[str]] = deque(maxlen=_DRAWN_MOST)

    def draw(self, count: int) -> list[str]:
        """Numbers that are not on their way into the table already. No statement: it may run beside the connection's thread."""
        with self._lock:
            numbers: set[str] = set()
            while len(numbers) < count:
                numbers |= set(keys.new_numbers(count - len(numbers))).difference(*self._out)
            self._out.append(numbers)
            # In their order: neighbours in the file become neighbours in the indexes.
            return sorted(numbers)

    def keys(self, numbers: list[str]) -> Iterable[tuple[int, str]]:
        """An id for each of the drawn numbers, of which those that an order has are replaced. Two queries."""
        fresh = numbers
        while taken := self._taken(fresh):
            fresh = self.draw(len(taken))
            numbers = sorted({*numbers, *fresh} - taken)
        return zip(self._ids(len(numbers)), numbers, strict=True)

    def _taken(self, numbers: list[str]) -> set[str]:
        found: set[str] = set()
        with connection.cursor() as cursor:
            if on_postgres():
                cursor.execute(
                    "SELECT n.number FROM unnest(string_to_array(%s, ',')) AS n(number), "
                    "LATERAL (SELECT 1 FROM orders_order WHERE number = n.number LIMIT 1) AS found",
                    [",".join(numbers)],
                )
                return {row[0] for row in cursor.fetchall()}
            for at in range(0, len(numbers), 900):
                part = numbers[at : at + 900]
                cursor.execute(
                    f"SELECT number FROM orders_order WHERE number IN ({','.join(['%s'] * len(part))})", part
                )
                found |= {row[0] for row in cursor.fetchall()}
        return found

    def _ids(self, count: int) -> Sequence[int]:
        with connection.cursor() as cursor:
            if on_postgres():
                # Nearly always a stretch of its own, which need not be sent one by one. The sequence is looked up once, in a
                # subquery: named in the call it would be looked up for every id.
                cursor.execute(
                    "SELECT min(id), CASE WHEN max(id) - min(id) <> %s - 1 THEN array_agg(id) END FROM "
                    "(SELECT nextval((SELECT pg_get_serial_sequence('orders_order', 'id')::regclass)) AS id "
                    "FROM generate_series(1, %s)) AS n",
                    [count, count],
                )
                first, scattered = cursor.fetchone()
                return scattered or range(first, first + count)
            if not self._last:
                # The writers' lock is held, so nobody else takes one; AUTOINCREMENT never gives an id twice.
                cursor.execute("SELECT seq FROM sqlite_sequence WHERE name = 'orders_order'")
                row = cursor.fetchone()
                self._last = row[0] if row else 0
            first, self._last = self._last + 1, self._last + count
            return range(first, first + count)


Ready = list[tuple[str, Sequence[str], Any]]


def forms() -> Forms:
    """How this database takes rows."""
    return CopyForms() if on_postgres() else ParameterForms()


def prepare(built: Built, form: Forms, only: Sequence[int] | None = None) -> Ready:
    """Rows as they are handed over, or some of them. No statement: it may run beside the connection's thread."""
    picked: Iterable[list[Any]] = built if only is None else [[rows[at] for at in only] for rows in built]
    given = [form.rows([row for row in rows if row is not None]) for rows in picked]
    return [(table, columns, rows) for (table, columns), rows in zip(TABLES, given, strict=True) if rows]


def write(ready: Ready) -> None:
    """A statement a table."""
    tx.insist()
    with connection.cursor() as cursor:
        for table, columns, rows in ready:
            names = ",".join(f'"{name}"' for name in columns)
            if on_postgres():
                with cursor.copy(f"COPY {table} ({names}) FROM STDIN (FORMAT binary)") as copy:
                    copy.write(rows)
            else:
                cursor.executemany(f"INSERT INTO {table} ({names}) VALUES ({','.join(['%s'] * len(columns))})", rows)


def stored(at: datetime) -> Any:
    """A moment as a parameter."""
    return connection.ops.adapt_datetimefield_value(at)


def update_heads(fixed: dict[str, Any], rows: list[tuple[int, int, bytes]]) -> None:
    """Set the same columns on many orders, and on each its version and head.

    Args:
        rows: id, the version that is left behind, the new head.
    """
    tx.insist()
    sets = ", ".join(f"{name} = %s" for name in fixed)
    with connection.cursor() as cursor:
        if on_postgres():
            cursor.execute(
                f"UPDATE orders_order o SET {sets}, version = o.version + 1, head = n.head "
                "FROM unnest(%s::bigint[], %s::int[], %s::bytea[]) AS n(id, version, head) "
                "WHERE o.id = n.id AND o.version = n.version",
                [*fixed.values(), *map(list, zip(*rows, strict=True))],
            )
        else:
            cursor.executemany(
                f"UPDATE orders_order SET {sets}, version = version + 1, head = %s WHERE id = %s AND version = %s",
                [(*fixed.values(), head, number, version) for number, version, head in rows],
            )
        if cursor.rowcount != len(rows):
            raise RuntimeError("an order moved while it was locked")
