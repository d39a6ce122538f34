"""A command's effects happen together or not at all."""

import threading

import pytest
from django.db import connection, transaction
from django.test.utils import CaptureQueriesContext

from sidan.kernel.base import tx
from sidan.kernel.base.models import Revision

pytestmark = pytest.mark.django_db(transaction=True)


@tx.writes
def put(name: str) -> None:
    tx.insist()
    Revision.objects.create(name=name)


@tx.writes
def put_two(*, fail: bool) -> None:
    put("one")
    put("two")
    if fail:
        raise KeyError


def names() -> list[str]:
    return sorted(Revision.objects.exclude(name="config").values_list("name", flat=True))


def test_a_kernel_verb_outside_a_command_is_a_bug() -> None:
    with pytest.raises(RuntimeError):
        tx.insist()
    with transaction.atomic():
        tx.insist()


def test_commands_within_a_command_share_its_fate() -> None:
    with pytest.raises(KeyError):
        put_two(fail=True)
    assert names() == []
    put_two(fail=False)
    assert names() == ["one", "two"]


def test_a_command_within_a_command_opens_no_savepoint() -> None:
    with CaptureQueriesContext(connection) as said:
        put_two(fail=False)
    assert not [query for query in said.captured_queries if "SAVEPOINT" in query["sql"]]


def test_the_lock_is_given_back_after_a_failure() -> None:
    with pytest.raises(KeyError):
        put_two(fail=True)

    def other() -> None:
        put("three")
        connection.close()

    thread = threading.Thread(target=other, daemon=True)
    thread.start()
    thread.join(timeout=10)
    assert not thread.is_alive()
    assert names() == ["three"]


def test_writers_of_one_process_take_turns() -> None:
    def write(number: int) -> None:
        for turn in range(10):
            put(f"{number}-{turn}")
        connection.close()

    threads = [threading.Thread(target=write, args=(number,)) for number in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(names()) == 60
