"""Transactions: only commands open them, kernel verbs insist on one."""

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import wraps
from typing import ParamSpec, TypeVar

from django.db import connection, transaction

from sidan.kernel.base import durable

P = ParamSpec("P")
R = TypeVar("R")

# SQLite has one writer. Writers of this process queue here, fairly and without polling: SQLite's own busy handler
# sleeps between tries (p99 563 ms for two contending writers, 8.5 ms with a lock in front).
_writer = threading.RLock()


@contextmanager
def writing() -> Iterator[None]:
    """One write transaction; nested uses join the outer one."""
    if connection.vendor != "sqlite":
        if connection.in_atomic_block:
            yield
        else:
            with transaction.atomic():
                yield
        return
    if connection.in_atomic_block:
        with _writer:
            yield
        return
    with _writer, transaction.atomic():
        yield
    # Outside the lock: while this thread waits for the disk the next one writes, and one wait serves all who came before it.
    durable.settle(connection.settings_dict["NAME"])


def writes(command: Callable[P, R]) -> Callable[P, R]:
    """Mark a command: its effects happen together or not at all."""

    @wraps(command)
    def run(*args: P.args, **kwargs: P.kwargs) -> R:
        with writing():
            return command(*args, **kwargs)

    return run


def insist() -> None:
    """Refuse to work outside a transaction.

    Raises:
        RuntimeError: a kernel verb was called by something that is not a command.
    """
    if not connection.in_atomic_block:
        raise RuntimeError("this verb belongs inside a command's transaction")
