"""The chain names the first altered row (T21)."""

import random
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from django.db import DatabaseError, connection, transaction

from sidan.kernel.base import appendonly
from sidan.kernel.journal import commands, hashing, queries
from sidan.kernel.journal.models import Entry, Seal
from sidan.kernel.org import queries as org
from sidan.kernel.org.act import Act, Via

pytestmark = pytest.mark.django_db
START = datetime(2026, 3, 4, 4, 0, tzinfo=UTC)


def written(subjects: int = 6, each: int = 5) -> list[Entry]:
    """Interleaved entries of several subjects, sealed in pieces."""
    by = org.system("shell")
    for seq in range(each):
        for subject in range(subjects):
            act = Act(by, START + timedelta(minutes=seq), Via.CLI)
            commands.write("t.thing.done", f"t.thing:{subject}", act=act, data={"n": seq})
        if seq == each // 2:
            commands.seal(at=START)
    commands.seal_all(at=START)
    return list(Entry.objects.order_by("id"))


def alter(sql: str, values: list[Any]) -> None:
    """What somebody with the database's password could do."""
    with appendonly.allow_flush(), connection.cursor() as cursor:
        cursor.execute(sql, values)


def test_what_was_written_is_proved() -> None:
    written()
    assert queries.verify() is None
    assert queries.head() is not None


@pytest.mark.parametrize("seed", range(34))
def test_a_flipped_byte_names_its_row(seed: int) -> None:
    rows = written()
    luck = random.Random(seed)
    bad = luck.choice(rows)
    column = luck.choice(["data", "kind", "hash", "at", "seq", "via", "frm"])
    value: Any = {
        "data": '{"n":99}', "kind": "t.thing.gone", "hash": bytes(32), "at": START - timedelta(days=1), "seq": 77,
        "via": "page", "frm": "x",
    }[column]  # fmt: skip
    with appendonly.allow_flush():
        Entry.objects.filter(pk=bad.pk).update(**{column: value})
    found = queries.verify()
    assert found is not None
    assert found.entry_id == bad.pk


@pytest.mark.parametrize("seed", range(33))
def test_a_deleted_row_is_named(seed: int) -> None:
    rows = written()
    bad = random.Random(seed).choice(rows)
    alter("DELETE FROM journal_entry WHERE id = %s", [bad.pk])
    found = queries.verify()
    assert found is not None
    assert (found.why, found.entry_id) == ("missing", bad.pk)


@pytest.mark.parametrize("seed", range(33))
def test_two_swapped_rows_name_the_first(seed: int) -> None:
    rows = written()
    one, two = sorted(random.Random(seed).sample(rows, 2), key=lambda row: row.pk)
    columns = ("kind", "subject", "seq", "prev", "hash", "by_id", "at", "via", "frm", "to", "data")
    first = {name: getattr(one, name) for name in columns}
    second = {name: getattr(two, name) for name in columns}
    with appendonly.allow_flush():
        Entry.objects.filter(pk=one.pk).update(seq=9_999)
        Entry.objects.filter(pk=two.pk).update(**first)
        Entry.objects.filter(pk=one.pk).update(**second)
    found = queries.verify()
    assert found is not None
    assert found.entry_id == one.pk


def test_a_forged_seal_is_found() -> None:
    written()
    with appendonly.allow_flush():
        Seal.objects.filter(pk=Seal.objects.order_by("pk").values("pk")[:1]).update(hash=hashing.ZERO)
    found = queries.verify()
    assert found is not None
    assert found.why == "seal"


@pytest.mark.parametrize("verb", ["UPDATE journal_entry SET kind = 'x'", "DELETE FROM journal_entry"])
def test_the_database_refuses_to_alter_an_entry(verb: str) -> None:
    written(1, 1)
    with pytest.raises(DatabaseError, match="append-only"), transaction.atomic(), connection.cursor() as cursor:
        cursor.execute(verb)
    assert Entry.objects.count() == 1
    assert appendonly.missing() == []


def test_sm3_is_a_setting(settings: Any) -> None:
    settings.SIDAN_HASH = "sm3"
    # GB/T 32905-2016, example 1
    assert hashing.digest(b"abc").hex() == "66c7f0f462eeedd9d1f2d46bdc10e4e24167c4875cf2f7a2297da02b8f4ba8e0"
    written(2, 2)
    assert queries.verify() is None


def test_times_are_hashed_to_the_microsecond() -> None:
    at = datetime(2026, 3, 4, 5, 6, 7, 890123, tzinfo=UTC)
    assert hashing.micros(at) == 1_772_600_767_890_123
    one = hashing.canonical("k", "s", 1, hashing.ZERO, 5, at, "cli", "", "", "{}")
    two = hashing.canonical("k", "s", 1, hashing.ZERO, 5, at + timedelta(microseconds=1), "cli", "", "", "{}")
    assert one != two
