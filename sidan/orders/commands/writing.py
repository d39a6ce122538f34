"""Rows of a new order, straight to the database: one insert a row on SQLite, one writable CTE on PostgreSQL.

Model instances and their field preparation cost more than everything else of this door together, so rows are plain.
"""

from datetime import datetime
from enum import Enum
from functools import cache
from typing import Any

from django.db import connection

from sidan.kernel.base import doors
from sidan.orders.models import Order

Row = tuple[str, dict[str, Any]]  # table, column -> value; nulls and an automatic key are left out
Shape = tuple[
    str, tuple[str, ...], tuple[str, ...]
]  # table, columns, and what stands for each: a hole or the value itself

_ORDER = tuple((field.attname, field.column or field.name) for field in Order._meta.concrete_fields)
_AS_IT_IS = frozenset((str, int, bytes, bool, float))


def order_row(order: Order) -> Row:
    """An order's columns that are not null."""
    held = order.__dict__
    given = ((column, held[attname]) for attname, column in _ORDER)
    return "orders_order", {column: value for column, value in given if value is not None}


def write(before: list[Row], order: Row, words: Row, after: list[Row], claim: doors.Claim | None = None) -> int | None:
    """Insert everything; `words` gets the order's key.

    Args:
        claim: an idempotency key that is taken with the rows.

    Returns:
        The order's key; None, and nothing is written, where the claim's key was not free.

    Raises:
        InFlight: somebody else is using the claim's key at this moment.
    """
    if connection.vendor == "postgresql":
        return _write_at_once([*before, *after], order, words, claim)
    plain = _Plain()
    with connection.cursor() as cursor:
        if claim is not None:
            cursor.execute(claim.SQL, claim.values())
            if cursor.rowcount != 1:
                return None
        for row in before:
            _insert(cursor, row, plain)
        _insert(cursor, order, plain)
        key = int(cursor.lastrowid)
        words[1]["order_id"] = key
        for row in (words, *after):
            _insert(cursor, row, plain)
    return key


def _write_at_once(rows: list[Row], order: Row, words: Row, claim: doors.Claim | None) -> int | None:
    plain = _Plain()
    parts = [(table, tuple(columns), plain.all(columns)) for table, columns in (*rows, order, words)]
    shape = tuple(
        (table, names, tuple(_hole((table, name), value) for name, value in zip(names, values, strict=True)))
        for table, names, values in parts
    )
    given = claim.values() if claim is not None else []
    for (_table, _columns, holes), (_same, _names, values) in zip(shape, parts, strict=True):
        given += [value for hole, value in zip(holes, values, strict=True) if hole == "%s"]
    with doors.patience(), connection.cursor() as cursor:
        cursor.execute(_one_statement(shape, claim is not None), given)
        found = cursor.fetchone()
    return int(found[0]) if found else None


# Words that are the same in nearly every order. No column that holds what somebody typed: each value makes a statement of its own.
_SAME = frozenset(
    (
        ("org_person", "kind"),
        ("orders_text", "kind"),
        ("journal_entry", "kind"),
        ("journal_entry", "via"),
        ("journal_entry", "to"),
        ("notify_message", "topic"),
        ("notify_message", "state"),
    )
)


def _hole(column: tuple[str, str], value: Any) -> str:
    """What nearly every order shares stands in the statement: the driver keeps statements of at most 50 holes."""
    if column in _SAME:
        return f"'{value}'"
    if value is True or value is False:
        return "TRUE" if value else "FALSE"
    if type(value) is int and value in (0, 1):
        return str(value)
    return "''" if value == "" else "%s"


class _Plain(dict[Any, Any]):
    """Values as the driver takes them; a moment stands in several rows and is adapted once."""

    def all(self, columns: dict[str, Any]) -> list[Any]:
        return [value if type(value) in _AS_IT_IS else self[value] for value in columns.values()]

    def __missing__(self, value: Any) -> Any:
        if isinstance(value, datetime):
            plain = self[value] = connection.ops.adapt_datetimefield_value(value)
            return plain
        return value.value if isinstance(value, Enum) else value


def _insert(cursor: Any, row: Row, plain: _Plain) -> None:
    table, columns = row
    cursor.execute(_insert_sql(table, tuple(columns)), plain.all(columns))


@cache
def _insert_sql(table: str, columns: tuple[str, ...]) -> str:
    holes = ",".join(["%s"] * len(columns))
    return f"INSERT INTO {table} ({_names(columns)}) VALUES ({holes})"


@cache
def _one_statement(shape: tuple[Shape, ...], claimed: bool) -> str:
    """One statement for one shape of rows, always the same text, so that it is prepared once; the order and its words come last.

    Foreign keys are checked at its end, so the order of the parts is free. With a claim every part hangs on it: where the key
    was not free, nothing is written.
    """
    given = " FROM c" if claimed else ""
    parts = [f"c AS ({doors.Claim.SQL} RETURNING 1)"] if claimed else []
    *rows, order, words = shape
    for at, (table, columns, holes) in enumerate(rows):
        parts.append(f"w{at} AS (INSERT INTO {table} ({_names(columns)}) SELECT {','.join(holes)}{given})")
    table, columns, holes = order
    parts.append(f"o AS (INSERT INTO {table} ({_names(columns)}) SELECT {','.join(holes)}{given} RETURNING id)")
    table, columns, holes = words
    parts.append(f"t AS (INSERT INTO {table} (order_id, {_names(columns)}) SELECT o.id, {','.join(holes)} FROM o)")
    return f"WITH {', '.join(parts)} SELECT id FROM o"


def _names(columns: tuple[str, ...]) -> str:
    return ",".join(f'"{name}"' for name in columns)
