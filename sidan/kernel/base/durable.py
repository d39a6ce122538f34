"""Group commit for SQLite: a commit is acknowledged when its log is on the disk, and one wait serves several commits.

With `synchronous=FULL` SQLite waits for the disk inside the write lock, once for each commit: on a disk that takes 4 ms
this is 250 orders a second, whatever the processor. So the connection runs with `synchronous=NORMAL` (the log is still
synced before every checkpoint, so the file cannot be damaged), and the writer waits for the log here, outside the lock,
before anybody is told that it was done. What is acknowledged survives a power cut exactly as with FULL.
"""

import os
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from django.conf import settings
from django.db import OperationalError, connection

_sync = getattr(os, "fdatasync", os.fsync)  # macOS and Windows have only the larger one


class _Log:
    """The write-ahead log of one database file, and how much of it is known to be on the disk."""

    def __init__(self, path: Path) -> None:
        self.database, self._first = path, _node(path)
        self.path = path.with_name(path.name + "-wal")
        self._count = threading.Lock()
        self._disk = threading.Lock()
        self._asked = 0
        self._done = 0
        self._file: int | None = None
        self._node: tuple[int, int] | None = None

    def replaced(self) -> bool:
        """Whether another file, or none, has the database's name now: this process still writes to the old one."""
        return _node(self.database) != self._first

    def settle(self) -> None:
        """Return when everything that was committed before this call is on the disk.

        Raises:
            OperationalError: the disk refuses, or the file has no name any more; the commit may be lost and must not be
                acknowledged.
        """
        with self._count:
            self._asked += 1
            mine = self._asked
        with self._disk:
            if self._done >= mine:
                return  # somebody who came later has waited for us too
            if self.replaced():
                raise OperationalError("the database file was moved or replaced; restart the service")
            with self._count:
                upto = self._asked
            _sync(self._open())
            self._done = upto

    def _open(self) -> int:
        """The log's file; opened anew where SQLite has made another one. It carries no locks, so closing it loses none."""
        status = self.path.stat()
        node = status.st_dev, status.st_ino
        if self._file is None or node != self._node:
            if self._file is not None:
                os.close(self._file)
            self._file, self._node = os.open(self.path, os.O_RDWR), node
        return self._file


def _node(path: Path) -> tuple[int, int] | None:
    """Which file has a name now; None where there is none."""
    try:
        status = path.stat()
    except FileNotFoundError:
        return None
    return status.st_dev, status.st_ino


_logs: dict[str, _Log] = {}
_making = threading.Lock()
_later = threading.local()


def _log_of(database: str | Path) -> _Log:
    log = _logs.get(str(database))
    if log is None:
        with _making:
            log = _logs.setdefault(str(database), _Log(Path(database)))
    return log


def replaced(database: str | Path) -> bool:
    """Whether the database file was moved or replaced since this process first asked or wrote."""
    return _log_of(database).replaced()


def settle(database: str | Path) -> None:
    """Wait until the commits of this process to a database file are on the disk; nothing where tests switched it off."""
    if not getattr(settings, "SIDAN_SETTLE", True):
        return
    if getattr(_later, "wanted", False):
        _later.owed = database
        return
    try:
        _log_of(database).settle()
    except FileNotFoundError:
        # No log: it was checkpointed into the file, and synced, when its last connection closed.
        return
    except OSError as error:
        raise OperationalError(f"the log cannot be written to the disk: {error.strerror}") from error


@contextmanager
def later() -> Iterator[list[str | Path]]:
    """Collect what must be waited for instead of waiting: the caller calls `settle` for it before anybody is told."""
    owed: list[str | Path] = []
    _later.wanted, _later.owed = True, None
    try:
        yield owed
    finally:
        _later.wanted = False
        if _later.owed is not None:
            owed.append(_later.owed)


def cut_log() -> None:
    """After an erasure: SQLite's log still has the pages as they were before; write it into the file and empty it.

    Where a reader holds it up this does less and says nothing: the next checkpoint does the rest.
    """
    if connection.vendor == "sqlite":
        with connection.cursor() as cursor:
            cursor.execute("PRAGMA wal_checkpoint(TRUNCATE)")
