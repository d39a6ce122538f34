"""Rows of a new order, straight to the database: one insert a row on SQLite, one writable CTE on PostgreSQL.

Model instances and their field preparation cost more than everything else of this door together, so rows are plain.
"""

from datetime import datetime
from enum import Enum
from functools import cache
from typing import Any

from django.db import connection

from sidan.orders.models import Order

Row = tuple[str, dict[str, Any]]  # table, column -> value; nulls and an automatic key are left out

_ORDER = tuple((field.attname, field.column or field.name) for field in Order._meta.concrete_fields)


def order_row(order: Order) -> Row:
    """An order's columns that are not null."""
    given = ((column, getattr(order, attname)) for attname, column in _ORDER)
    return "orders_order", {column: value for column, value in given if value is not None}


def write(before: list[Row], order: Row, words: Row, after: list[Row]) -> int:
    """Insert everything; `words` gets the order's key. Returns that key."""
    rows = [*before, *after]
    if connection.vendor == "postgresql":
        shape = tuple((table, tuple(columns)) for table, columns in rows)
        sql = _one_statement(shape, (order[0], tuple(order[1])), (words[0], tuple(words[1])))
        values = [_plain(value) for _table, columns in (*rows, order, words) for value in columns.values()]
        with connection.cursor() as cursor:
            cursor.execute(sql, values)
            return int(cursor.fetchone()[0])
    with connection.cursor() as cursor:
        for row in before:
            _insert(cursor, row)
        _insert(cursor, order)
        key = int(cursor.lastrowid)
        words[1]["order_id"] = key
        for row in (words, *after):
            _insert(cursor, row)
    return key


def _insert(cursor: Any, row: Row) -> None:
    table, columns = row
    cursor.execute(_insert_sql(table, tuple(columns)), [_plain(value) for value in columns.values()])


def _plain(value: Any) -> Any:
    """A value as the driver takes it."""
    if isinstance(value, datetime):
        return connection.ops.adapt_datetimefield_value(value)
    return value.value if isinstance(value, Enum) else value


@cache
def _insert_sql(table: str, columns: tuple[str, ...]) -> str:
    holes = ",".join(["%s"] * len(columns))
    return f"INSERT INTO {table} ({_names(columns)}) VALUES ({holes})"


@cache
def _one_statement(
    rows: tuple[tuple[str, tuple[str, ...]], ...],
    order: tuple[str, tuple[str, ...]],
    words: tuple[str, tuple[str, ...]],
) -> str:
    """One statement for one shape of rows, always the same text, so that it is prepared once.

    Foreign keys are checked at the end of the transaction, so the order of the parts is free.
    """
    parts = [f"w{at} AS ({_insert_sql(table, columns)})" for at, (table, columns) in enumerate(rows)]
    parts.append(f"o AS ({_insert_sql(*order)} RETURNING id)")
    table, columns = words
    holes = ",".join(["%s"] * len(columns))
    parts.append(f"t AS (INSERT INTO {table} (order_id, {_names(columns)}) SELECT o.id, {holes} FROM o)")
    return f"WITH {', '.join(parts)} SELECT id FROM o"


def _names(columns: tuple[str, ...]) -> str:
    return ",".join(f'"{name}"' for name in columns)
