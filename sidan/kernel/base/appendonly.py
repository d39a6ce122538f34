"""Tables whose rows are never altered: triggers refuse UPDATE and DELETE (and TRUNCATE on PostgreSQL)."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from django.db import connections, models
from django.db.backends.base.base import BaseDatabaseWrapper

_tables: dict[str, type[models.Model]] = {}


def register(model: type[models.Model]) -> type[models.Model]:
    """Class decorator: this model's table is written once and read for ever."""
    _tables[model._meta.db_table] = model
    return model


def tables() -> list[str]:
    """The append-only tables of this house."""
    return sorted(_tables)


def seal_after_migrate(sender: Any, using: str = "default", **_: Any) -> None:
    """Set the triggers again after any app's migration (it may have rebuilt a table)."""
    connection = connections[using]
    present = set(connection.introspection.table_names())
    for table in tables():
        if table in present:
            _seal(connection, table)


def missing(using: str = "default") -> list[str]:
    """Append-only tables whose triggers are not there: a finding for `doctor`."""
    connection = connections[using]
    with connection.cursor() as cursor:
        if connection.vendor == "sqlite":
            cursor.execute("SELECT name FROM sqlite_master WHERE type = 'trigger'")
        else:
            cursor.execute("SELECT tgname FROM pg_trigger WHERE NOT tgisinternal AND tgenabled <> 'D'")
        names = {row[0] for row in cursor.fetchall()}
    return [table for table in tables() if not {f"sealed_{table}_update", f"sealed_{table}_delete"} <= names]


@contextmanager
def allow_flush(using: str = "default") -> Iterator[None]:
    """Lift the seals for a test database's flush and put them back."""
    connection = connections[using]
    for table in tables():
        _unseal(connection, table)
    try:
        yield
    finally:
        for table in tables():
            _seal(connection, table)


def _seal(connection: BaseDatabaseWrapper, table: str) -> None:
    with connection.cursor() as cursor:
        if connection.vendor == "sqlite":
            for verb in ("update", "delete"):
                cursor.execute(
                    f"CREATE TRIGGER IF NOT EXISTS sealed_{table}_{verb} BEFORE {verb.upper()} ON {table} "
                    f"BEGIN SELECT RAISE(ABORT, 'sealed: {table} is append-only'); END"
                )
            return
        # Citus moves tables between workers: the function touches no table and only raises.
        cursor.execute(
            "CREATE OR REPLACE FUNCTION sidan_sealed() RETURNS trigger LANGUAGE plpgsql AS "
            "$$ BEGIN RAISE EXCEPTION 'sealed: % is append-only', TG_TABLE_NAME; END $$"
        )
        for verb in ("update", "delete", "truncate"):
            each = "STATEMENT" if verb == "truncate" else "ROW"
            cursor.execute(
                f"CREATE OR REPLACE TRIGGER sealed_{table}_{verb} BEFORE {verb.upper()} ON {table} "
                f"FOR EACH {each} EXECUTE FUNCTION sidan_sealed()"
            )


def _unseal(connection: BaseDatabaseWrapper, table: str) -> None:
    with connection.cursor() as cursor:
        for verb in ("update", "delete", "truncate"):
            if connection.vendor == "sqlite":
                cursor.execute(f"DROP TRIGGER IF EXISTS sealed_{table}_{verb}")
            else:
                cursor.execute(f"DROP TRIGGER IF EXISTS sealed_{table}_{verb} ON {table}")
