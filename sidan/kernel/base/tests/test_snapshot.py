"""Configuration is read once, and anew when it changed; what was rolled back is not kept."""

import time
from collections.abc import Iterator

import pytest
import time_machine
from django.db import transaction

from sidan.kernel.base import snapshot, tx
from sidan.kernel.base.models import Revision

loads: list[int] = []


@snapshot.cached("test.rows")
def kept() -> list[str]:
    """A small configuration: the names of the rows there are."""
    loads.append(1)
    return sorted(Revision.objects.exclude(name="config").values_list("name", flat=True))


@tx.writes
def add(name: str) -> None:
    Revision.objects.create(name=name)
    snapshot.bump()


@pytest.fixture(autouse=True)
def _fresh() -> Iterator[None]:
    loads.clear()
    snapshot.forget()
    yield
    snapshot.forget()


@pytest.mark.django_db
def test_a_loader_runs_once_until_something_changes() -> None:
    assert [kept() for _ in range(5)] == [[]] * 5
    assert len(loads) == 1
    add("one")
    assert [kept() for _ in range(5)] == [["one"]] * 5
    assert len(loads) == 2


@pytest.mark.django_db
def test_a_change_is_seen_at_once_in_this_process() -> None:
    assert kept() == []
    with tx.writing():
        add("one")
        assert kept() == ["one"]  # also within the transaction
    assert kept() == ["one"]


@pytest.mark.django_db(transaction=True)
def test_a_change_that_was_rolled_back_is_forgotten_within_a_second() -> None:
    assert kept() == []
    with pytest.raises(KeyError), transaction.atomic():
        add("never")
        assert kept() == ["never"]
        raise KeyError
    snapshot._checked -= snapshot.CHECK_SECONDS
    assert kept() == []


@pytest.mark.django_db(transaction=True)
def test_a_change_after_one_that_was_rolled_back_is_not_taken_for_it() -> None:
    with pytest.raises(KeyError), transaction.atomic():
        add("never")
        kept()
        raise KeyError
    mine = snapshot._seen, snapshot._checked, dict(snapshot._kept)
    add("other")  # by another process: this one hears of nothing
    snapshot._seen, snapshot._checked = mine[:2]
    snapshot._kept.update(mine[2])
    snapshot._checked -= snapshot.CHECK_SECONDS
    assert kept() == ["other"]


@pytest.mark.django_db
def test_a_change_of_another_process_is_seen_within_a_second() -> None:
    assert kept() == []
    mine = snapshot._seen, snapshot._checked
    add("other")
    snapshot._seen, snapshot._checked = mine
    snapshot._kept["test.rows"] = []
    assert kept() == []
    snapshot._checked -= snapshot.CHECK_SECONDS
    assert kept() == ["other"]


@pytest.mark.django_db
def test_the_clock_on_the_wall_does_not_matter() -> None:
    with time_machine.travel("2026-03-04", tick=False):
        kept()
    mine = snapshot._seen
    add("other")
    snapshot._seen, snapshot._checked = mine, time.monotonic() - snapshot.CHECK_SECONDS
    with time_machine.travel("2020-01-01", tick=False):
        assert kept() == ["other"]


@pytest.mark.django_db(transaction=True)
def test_a_change_outside_a_command_is_a_bug() -> None:
    with pytest.raises(RuntimeError):
        snapshot.bump()
