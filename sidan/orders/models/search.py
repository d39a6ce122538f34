"""The index of the search: each order's tokens. FTS5 on SQLite, tsvector with GIN on PostgreSQL; made by a migration of its own."""

from datetime import UTC, datetime

from django.db import models

_ID_BITS = 31


class Indexed(models.Model):
    """The tokens of one order that has not been erased.

    Both databases walk the key downwards, so it begins with the minute in which the order was asked: newest first costs no sort.
    """

    key = models.BigIntegerField(primary_key=True, db_column="rowid")
    tokens = models.TextField()  # tsvector on PostgreSQL

    class Meta:
        db_table = "orders_search"


ORDER_OF_KEY = f"(orders_search.rowid & {2**_ID_BITS - 1})"  # in SQL


def key_of(asked_at: datetime, order_id: int) -> int:
    """The row of an order: it sorts by minute and then by id."""
    return first_key(asked_at) | order_id


def first_key(asked_at: datetime) -> int:
    """The least key of a minute."""
    return int(asked_at.astimezone(UTC).timestamp() // 60) << _ID_BITS
