"""Configuration tables, read once per process and refreshed when their revision changes.

Units, catalogues, rules and calendars change a few times a year and are needed by every request.
"""

import secrets
import threading
import time
from collections.abc import Callable
from datetime import date
from typing import Any, TypeVar

from django.db import connection, transaction
from django.utils import timezone

from sidan.kernel.base import tx
from sidan.kernel.base.models import Revision

T = TypeVar("T")

CHECK_SECONDS = 1.0  # another process's change is seen at most this much later

_lock = threading.RLock()
_kept: dict[str, Any] = {}
_seen: tuple[int, date | None] = (-1, None)
_checked: float = float("-inf")


def revision() -> int:
    """The number that every change of configuration draws anew. One query."""
    return Revision.objects.filter(name="config").values_list("value", flat=True).first() or 0


def _refresh() -> None:
    global _seen, _checked
    now = time.monotonic()
    if now - _checked < CHECK_SECONDS:
        return
    # The day as well: what is dated begins and ends at midnight without anybody's change.
    current = (revision(), timezone.localdate())
    if current != _seen:
        _kept.clear()
        _seen = current
    _checked = now


def cached(name: str) -> Callable[[Callable[[], T]], Callable[[], T]]:
    """Keep a loader's value until the configuration changes."""

    def wrap(loader: Callable[[], T]) -> Callable[[], T]:
        def value() -> T:
            with _lock:
                _refresh()
                if name not in _kept:
                    _kept[name] = loader()
                kept: T = _kept[name]
                return kept

        value.__doc__, value.__name__ = loader.__doc__, loader.__name__
        return value

    return wrap


def forget() -> None:
    """Drop what this process keeps (after a rollback, between tests)."""
    global _seen, _checked
    with _lock:
        _kept.clear()
        _seen, _checked = (-1, None), float("-inf")


def bump() -> None:
    """Say that configuration changed; inside the transaction that changes it."""
    tx.insist()
    with connection.cursor() as cursor:
        cursor.execute(
            "INSERT INTO base_revision (name, value) VALUES ('config', %s) "
            "ON CONFLICT (name) DO UPDATE SET value = excluded.value",
            # Drawn, not counted: after a rollback the next change would have the number of the one that never was.
            [secrets.randbelow(2**53 - 1) + 1],
        )
    forget()
    # What other threads load before the commit is the old state: forget once more when it is visible.

    transaction.on_commit(forget)
