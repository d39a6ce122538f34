"""One thread, and with it one connection, for the hottest door on SQLite.

Every commit of one connection empties the page cache of all others: eight threads that place orders in turn read the
same pages again and again from the log, and take twice the processor's time of one thread (measured: 310 orders a second
from one client with eight threads, 610 with one). So the server hands this door's requests to one thread. The wait for
the disk stays with the thread that asked, so that one wait serves several (see `durable`).
"""

import queue
import threading
from collections.abc import Callable
from contextvars import copy_context
from pathlib import Path
from typing import Any, TypeVar

from django.conf import settings
from django.db import connection
from django.utils import translation

from sidan.kernel.base import durable

T = TypeVar("T")


class _Job:
    def __init__(self, work: Callable[[], Any]) -> None:
        self.work, self.context = work, copy_context()  # the request's number goes with it
        self.language = translation.get_language() or settings.LANGUAGE_CODE
        self.done = threading.Event()
        self.result: Any = None
        self.error: BaseException | None = None
        self.owed: list[str | Path] = []

    def run(self) -> None:
        try:
            with durable.later() as self.owed:
                self.result = self.context.run(self._spoken)
        except BaseException as error:
            self.error = error  # raised where it was asked for
            connection.close_if_unusable_or_obsolete()
        finally:
            self.done.set()

    def _spoken(self) -> Any:
        translation.activate(self.language)  # Django keeps it by thread
        return self.work()


_jobs: queue.SimpleQueue[_Job] | None = None


def open_lane() -> None:
    """Start the thread; the server of an installation on SQLite calls it once. Elsewhere `run` works in place."""
    global _jobs
    if _jobs is None and connection.vendor == "sqlite":
        _jobs = queue.SimpleQueue()
        threading.Thread(target=_serve, args=(_jobs,), name="lane", daemon=True).start()


def run(work: Callable[[], T]) -> T:
    """Do it in the lane and give back what it gives or raises; in place where there is no lane.

    Only short work belongs here: everybody else's waits behind it.
    """
    if _jobs is None or connection.in_atomic_block:
        return work()
    job = _Job(work)
    _jobs.put(job)
    job.done.wait()
    for database in job.owed:
        durable.settle(database)
    if job.error is not None:
        raise job.error
    result: T = job.result
    return result


def _serve(jobs: queue.SimpleQueue[_Job]) -> None:
    while True:
        jobs.get().run()
