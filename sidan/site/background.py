"""The worker and the clock: runs what `wiring.PERIODIC` lists, each entry in a thread of its own, until told to stop."""

import atexit
import logging
import os
import signal
import threading
from collections.abc import Callable
from types import FrameType

from django.db import close_old_connections, connections
from django.utils.module_loading import import_string

log = logging.getLogger(__name__)

LONGEST_PAUSE_SECONDS = 300.0
JOIN_SECONDS = 10.0


class Background:
    """A set of threads; each calls its function, waits, and calls it again."""

    def __init__(self, jobs: tuple[tuple[float, str], ...]) -> None:
        self.jobs = jobs
        self.stopping = threading.Event()
        self.threads: list[threading.Thread] = []

    def start(self) -> None:
        """Start one thread a job."""
        for seconds, dotted in self.jobs:
            call = import_string(dotted)
            thread = threading.Thread(target=self._loop, args=(seconds, dotted, call), name=dotted, daemon=True)
            thread.start()
            self.threads.append(thread)

    def stop(self) -> None:
        """Ask all threads to end after what they are doing, and wait a little for it."""
        self.stopping.set()
        for thread in self.threads:
            thread.join(JOIN_SECONDS)

    def _loop(self, seconds: float, dotted: str, call: Callable[[], object]) -> None:
        failures = 0
        while not self.stopping.wait(min(seconds * 2**failures, max(seconds, LONGEST_PAUSE_SECONDS))):
            failures = 0 if run_once(dotted, call) else min(failures + 1, 20)


def run_once(dotted: str, call: Callable[[], object]) -> bool:
    """Call it with a fresh database connection; a failure is logged and must not end the thread that serves the rest."""
    close_old_connections()
    try:
        call()
    except Exception:
        log.exception("background job %s failed; it is tried again", dotted)
        return False
    finally:
        connections.close_all()
    return True


_running: Background | None = None


def start() -> Background:
    """Start the jobs inside this process, once."""
    from sidan.site import wiring

    global _running
    if _running is None:
        _running = Background(tuple(wiring.PERIODIC))
        _running.start()
        atexit.register(_running.stop)
    return _running


def run_forever() -> None:
    """Be the worker: run until SIGTERM or SIGINT, or until the server that started this process is gone."""
    if hasattr(os, "nice"):
        os.nice(10)  # pages go first where the processor is short
    running = start()
    parent = os.getppid() if os.environ.get("SIDAN_BACKGROUND") == "child" else None

    def stop(number: int, frame: FrameType | None) -> None:
        running.stopping.set()

    signal.signal(signal.SIGTERM, stop)
    signal.signal(signal.SIGINT, stop)
    while not running.stopping.wait(2):
        if parent is not None and os.getppid() != parent:
            break
    running.stop()
