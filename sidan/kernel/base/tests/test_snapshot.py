"""Configuration is read once, and anew when it changed; what was rolled back is not kept."""

from collections.abc import Iterator
from threading import Thread

import pytest
import time_machine
from django.db import connection, transaction

from sidan.kernel.base import snapshot, tx
from sidan.kernel.base.models import Revision

loads: list[int] = []


@snapshot.cached("test.revision")
def kept() -> int:
    loads.append(1)
    return snapshot.revision()


@pytest.fixture(autouse=True)
def _fresh() -> Iterator[None]:
    loads.clear()
    snapshot.forget()
    yield
    snapshot.forget()


@pytest.mark.django_db
def test_a_loader_runs_once_until_something_changes() -> None:
    assert [kept() for _ in range(5)] == [kept()] * 5
    assert len(loads) == 1


@pytest.mark.django_db
def test_a_change_is_seen_at_once_in_this_process() -> None:
    before = kept()
    with tx.writing():
        snapshot.bump()
        assert kept() != before  # also within the transaction
    assert kept() == snapshot.revision() != before


@pytest.mark.django_db(transaction=True)
def test_a_change_that_was_rolled_back_is_forgotten() -> None:
    before = kept()
    with pytest.raises(KeyError), transaction.atomic():
        snapshot.bump()
        assert kept() != before
        raise KeyError
    snapshot._checked -= snapshot.CHECK_SECONDS  # a moment later
    assert kept() == before == snapshot.revision()


@pytest.mark.django_db(transaction=True)
def test_a_change_after_one_that_was_rolled_back_is_not_taken_for_it() -> None:
    with pytest.raises(KeyError), transaction.atomic():
        snapshot.bump()
        wrong = kept()
        raise KeyError

    def another_process() -> None:
        seen, checked, values = snapshot._seen, snapshot._checked, dict(snapshot._kept)
        with tx.writing():
            snapshot.bump()
        snapshot._seen, snapshot._checked = seen, checked  # this process has heard of nothing
        snapshot._kept.update(values)
        connection.close()

    other = Thread(target=another_process)
    other.start()
    other.join()
    snapshot._checked -= snapshot.CHECK_SECONDS
    assert kept() != wrong


@pytest.mark.django_db
def test_a_change_of_another_process_is_seen_within_a_second() -> None:
    before = kept()
    Revision.objects.update_or_create(name="config", defaults={"value": before + 1})
    snapshot._checked -= snapshot.CHECK_SECONDS
    assert kept() == before + 1


@pytest.mark.django_db
def test_the_clock_of_the_wall_does_not_matter() -> None:
    before = kept()
    Revision.objects.update_or_create(name="config", defaults={"value": before + 1})
    with time_machine.travel("2020-01-01", tick=False):
        snapshot._checked -= snapshot.CHECK_SECONDS
        assert kept() == before + 1


@pytest.mark.django_db(transaction=True)
def test_a_change_outside_a_command_is_a_bug() -> None:
    with pytest.raises(RuntimeError):
        snapshot.bump()
