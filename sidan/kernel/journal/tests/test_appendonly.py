"""What is written once is not altered, on both databases, also after a table was rebuilt."""

from datetime import UTC, datetime

import pytest
from django.core.management import call_command
from django.db import DatabaseError, connection, models, transaction

from sidan.kernel.base import appendonly, tx
from sidan.kernel.journal import commands as journal
from sidan.kernel.journal.models import Entry
from sidan.kernel.org.act import Act, Via
from sidan.kernel.org.models import Person

NOON = datetime(2026, 3, 4, 4, 0, tzinfo=UTC)


@tx.writes
def entry() -> Entry:
    # The flush after a test with real transactions takes the system's persons with it.
    clock, _made = Person.objects.get_or_create(handle="clock", kind=Person.Kind.SYSTEM)
    return journal.write("test.thing.done", "test.thing:1", act=Act(clock, NOON, Via.CLOCK))


def refused(sql: str) -> None:
    with pytest.raises(DatabaseError, match="append-only"), transaction.atomic(), connection.cursor() as cursor:
        cursor.execute(sql)


def test_the_journal_is_among_the_tables_that_are_sealed() -> None:
    assert {"journal_entry", "journal_seal"} <= set(appendonly.tables())


@pytest.mark.django_db
@pytest.mark.parametrize("table", appendonly.tables())
def test_every_sealed_table_refuses_change_and_deletion(table: str) -> None:
    assert appendonly.missing() == []
    entry()
    journal.seal_all(at=NOON)
    column = appendonly._tables[table]._meta.concrete_fields[-1].column
    refused(f"UPDATE {table} SET {column} = {column}")
    refused(f"DELETE FROM {table}")
    if connection.vendor == "postgresql":
        with connection.cursor() as cursor:
            cursor.execute("SET CONSTRAINTS ALL IMMEDIATE")  # or the truncation is refused for another reason
        refused(f"TRUNCATE {table} CASCADE")


@pytest.mark.django_db
def test_the_orm_cannot_alter_an_entry() -> None:
    written = entry()
    written.data = '{"set":{}}'
    for alter in (written.save, written.delete, lambda: Entry.objects.update(to="closed")):
        with pytest.raises(DatabaseError, match="append-only"), transaction.atomic():
            alter()
    assert Entry.objects.get().data == entry().data


@pytest.mark.django_db(transaction=True)
def test_a_rebuilt_table_is_sealed_again_after_migrating() -> None:
    field = Entry._meta.get_field("frm")
    wider = models.CharField(max_length=25, default="", blank=True)
    wider.set_attributes_from_name("frm")
    wider.model = Entry
    with connection.schema_editor() as editor:
        editor.alter_field(Entry, field, wider)
        editor.alter_field(Entry, wider, field)
    if connection.vendor == "sqlite":  # the rebuilt table has lost its triggers without a word
        assert appendonly.missing() == ["journal_entry"]
    call_command("migrate", verbosity=0)
    assert appendonly.missing() == []
    entry()
    refused("DELETE FROM journal_entry")


@pytest.mark.django_db
def test_a_seal_that_is_gone_is_named() -> None:
    with connection.cursor() as cursor:
        on = "" if connection.vendor == "sqlite" else " ON journal_seal"
        cursor.execute(f"DROP TRIGGER sealed_journal_seal_update{on}")
    assert appendonly.missing() == ["journal_seal"]


@pytest.mark.postgres
@pytest.mark.django_db
def test_a_seal_that_was_switched_off_is_named() -> None:
    with connection.cursor() as cursor:
        cursor.execute("ALTER TABLE journal_entry DISABLE TRIGGER sealed_journal_entry_delete")
    assert appendonly.missing() == ["journal_entry"]


@pytest.mark.django_db(transaction=True)
def test_the_flush_of_a_test_lifts_the_seals_and_puts_them_back() -> None:
    entry()
    with pytest.raises(KeyError), appendonly.allow_flush():
        Entry.objects.all().delete()
        raise KeyError
    assert not Entry.objects.exists()
    assert appendonly.missing() == []
