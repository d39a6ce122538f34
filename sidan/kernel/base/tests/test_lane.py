"""The hottest door's thread: what goes in comes out, whoever asks waits for the disk, nobody else does."""

import threading
from collections.abc import Iterator
from pathlib import Path

import pytest
from django.db import connection, transaction
from django.utils import translation

from sidan.kernel.base import durable, lane, tx
from sidan.kernel.base.errors import TooMany
from sidan.kernel.base.models import Revision

pytestmark = [
    pytest.mark.django_db(transaction=True),
    pytest.mark.skipif("connection.vendor != 'sqlite'", reason="PostgreSQL has no lane"),
]


@pytest.fixture
def opened() -> Iterator[None]:
    """The lane as a server has it; closed again with its connection."""
    lane.open_lane()
    yield
    lane.run(lambda: connection.close())  # the proxy must be asked there
    lane._jobs = None


def test_work_runs_in_one_thread_of_its_own_and_gives_back_what_it_gives(opened: None) -> None:
    names = {lane.run(lambda: threading.current_thread().name) for _ in range(3)}
    assert names == {"lane"}


def test_without_a_server_it_runs_in_place() -> None:
    assert lane.run(lambda: threading.current_thread().name) == threading.current_thread().name


def test_inside_a_transaction_it_runs_in_place_where_that_transaction_is(opened: None) -> None:
    with transaction.atomic():
        assert lane.run(lambda: threading.current_thread().name) == threading.current_thread().name


def test_a_refusal_reaches_the_one_who_asked_and_the_lane_goes_on(opened: None) -> None:
    def refuse() -> None:
        raise TooMany(retry_after=3)

    with pytest.raises(TooMany):
        lane.run(refuse)
    assert lane.run(lambda: 1) == 1


def test_the_language_of_the_one_who_asks_goes_with_the_work(opened: None) -> None:
    with translation.override("en"):
        assert lane.run(translation.get_language) == "en"


def test_the_one_who_asked_waits_for_the_disk_before_the_answer(
    opened: None, monkeypatch: pytest.MonkeyPatch, settings: object
) -> None:
    settings.SIDAN_SETTLE = True  # type: ignore[attr-defined]
    waited: list[str] = []
    monkeypatch.setattr(durable._Log, "settle", lambda log: waited.append(threading.current_thread().name))

    @tx.writes
    def write() -> str:
        Revision.objects.create(name="lane", value=1)
        return threading.current_thread().name

    assert lane.run(write) == "lane"
    assert waited == [threading.current_thread().name]
    assert Revision.objects.filter(name="lane").exists()


def test_what_failed_owes_the_disk_nothing(opened: None, monkeypatch: pytest.MonkeyPatch, settings: object) -> None:
    settings.SIDAN_SETTLE = True  # type: ignore[attr-defined]
    waited: list[Path] = []
    monkeypatch.setattr(durable._Log, "settle", lambda log: waited.append(log.path))

    @tx.writes
    def write() -> None:
        Revision.objects.create(name="lane", value=1)
        raise TooMany(retry_after=1)

    with pytest.raises(TooMany):
        lane.run(write)
    assert waited == []
