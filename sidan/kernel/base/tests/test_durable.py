"""A commit is acknowledged after its log is on the disk, and one wait serves several."""

import threading
import time
from pathlib import Path
from typing import Any

import pytest
from django.db import OperationalError

from sidan.kernel.base import durable


@pytest.fixture
def log(tmp_path: Path, settings: Any, monkeypatch: pytest.MonkeyPatch) -> Path:
    settings.SIDAN_SETTLE = True
    monkeypatch.setattr(durable, "_logs", {})
    (tmp_path / "s.sqlite3-wal").write_bytes(b"x")
    return tmp_path / "s.sqlite3"


def test_one_wait_for_the_disk_serves_all_who_came_before_it(log: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    waits: list[float] = []

    def slow(_file: int) -> None:
        waits.append(time.monotonic())
        time.sleep(0.05)

    monkeypatch.setattr(durable, "_sync", slow)
    threads = [threading.Thread(target=durable.settle, args=(log,)) for _ in range(16)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert 1 <= len(waits) <= 4


def test_nobody_returns_before_a_wait_that_began_after_their_commit(log: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    began: list[float] = []

    def slow(_file: int) -> None:
        began.append(time.monotonic())
        time.sleep(0.02)

    monkeypatch.setattr(durable, "_sync", slow)
    wrong: list[float] = []

    def writer() -> None:
        for _ in range(10):
            committed = time.monotonic()
            durable.settle(log)
            if not any(start >= committed for start in began):
                wrong.append(committed)

    threads = [threading.Thread(target=writer) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert wrong == []


def test_a_disk_that_refuses_is_no_acknowledgement(log: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def broken(_file: int) -> None:
        raise OSError(5, "Input/output error")

    monkeypatch.setattr(durable, "_sync", broken)
    with pytest.raises(OperationalError, match="log"):
        durable.settle(log)


def test_a_new_log_is_opened_anew(log: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    seen: list[int] = []
    monkeypatch.setattr(durable, "_sync", lambda file: seen.append(file))
    durable.settle(log)
    wal = log.with_name("s.sqlite3-wal")
    wal.unlink()
    durable.settle(log)  # nothing to wait for
    wal.write_bytes(b"y")
    durable.settle(log)
    assert len(seen) == 2


def test_a_commit_to_a_file_that_was_replaced_is_not_acknowledged(log: Path) -> None:
    log.write_bytes(b"the first")
    durable.settle(log)
    assert not durable.replaced(log)
    log.rename(log.with_name("old"))
    log.write_bytes(b"another")
    assert durable.replaced(log)
    with pytest.raises(OperationalError, match="moved or replaced"):
        durable.settle(log)
