"""`sidan serve`: the web server with the worker and the clock beside it."""

import hashlib
import logging
import os
import socket
import subprocess
import sys
import threading
from pathlib import Path

from django.conf import settings
from django.contrib.staticfiles.finders import get_finders
from django.core.management import call_command
from django.db import connection, connections
from granian import Granian
from granian.constants import Interfaces
from granian.log import LogLevels

import sidan

log = logging.getLogger(__name__)

THREADS_SQLITE = 8
THREADS_POSTGRES = 4
WORKERS_POSTGRES = 2
KILL_SECONDS = 20
RESTART_SECONDS = 3.0


def serve(host: str, port: int, workers: int | None = None) -> None:
    """Serve until SIGTERM or SIGINT.

    On SQLite everything runs in one process, since its writers queue at a lock inside it; on PostgreSQL there are several
    web processes and one more for the worker and the clock.
    """
    embedded = connection.vendor == "sqlite"
    if embedded and workers not in (None, 1):
        raise SystemExit("On SQLite there is one web process; several need SIDAN_DATABASE_URL=postgresql://...")
    insist_on_free(host, port)
    collect_static()
    # The web processes open their own connections; one that this process held would keep the file or a server's slot.
    connections.close_all()
    server = Granian(
        "sidan.site.wsgi:application",
        address=host,
        port=port,
        interface=Interfaces.WSGI,
        workers=1 if embedded else workers or WORKERS_POSTGRES,
        blocking_threads=THREADS_SQLITE if embedded else THREADS_POSTGRES,
        # A thread that ends takes its database connection with it, and a new connection is dear.
        blocking_threads_idle_timeout=600,
        respawn_failed_workers=True,
        workers_kill_timeout=KILL_SECONDS,
        log_level=LogLevels.error,
    )
    if embedded:
        os.environ["SIDAN_BACKGROUND"] = "1"
        server.serve()
        return
    worker = WorkerProcess()
    server.on_startup(worker.start)
    server.on_shutdown(worker.stop)
    try:
        server.serve()
    finally:
        worker.stop()


def collect_static() -> None:
    """Bring the style sheets and scripts into the data folder, if they changed since the last time."""
    root = Path(settings.STATIC_ROOT)
    stamp = root / ".stamp"
    seen = _static_fingerprint()
    if stamp.is_file() and stamp.read_text() == seen:
        return
    call_command("collectstatic", interactive=False, verbosity=0, clear=True)
    stamp.write_text(seen)


def _static_fingerprint() -> str:
    digest = hashlib.sha256(f"{sidan.__version__} {settings.STORAGES['staticfiles']['BACKEND']}".encode())
    for finder in get_finders():
        for name, storage in sorted(finder.list(None), key=lambda found: found[0]):
            about = os.stat(storage.path(name))
            digest.update(f"{name} {about.st_size} {about.st_mtime_ns}\n".encode())
    return digest.hexdigest()


def insist_on_free(host: str, port: int) -> None:
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    with socket.socket(family) as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((host, port))
        except OSError as error:
            raise SystemExit(
                f"Cannot listen on {host}:{port} ({error.strerror}). Another program may hold the port; "
                "choose one with SIDAN_PORT."
            ) from None


class WorkerProcess:
    """The child process `sidan work`; it is started again when it ends by itself."""

    def __init__(self) -> None:
        self.stopping = threading.Event()
        self.child: subprocess.Popen[bytes] | None = None
        self.watcher: threading.Thread | None = None

    def start(self) -> None:
        """Start the child and watch it."""
        if self.watcher is None:
            self.watcher = threading.Thread(target=self._watch, name="watch the worker", daemon=True)
            self.watcher.start()

    def stop(self) -> None:
        """End the child after what it is doing."""
        self.stopping.set()
        if self.watcher is not None:
            self.watcher.join(KILL_SECONDS)

    def _watch(self) -> None:
        while not self.stopping.is_set():
            environment = {**os.environ, "SIDAN_BACKGROUND": "child"}
            self.child = subprocess.Popen([sys.executable, "-m", "sidan", "work"], env=environment)
            while self.child.poll() is None and not self.stopping.wait(0.2):
                pass
            if self.child.poll() is None:
                self._end()
                return
            if not self.stopping.is_set():
                log.error("the worker ended with status %s; it is started again", self.child.returncode)
                self.stopping.wait(RESTART_SECONDS)

    def _end(self) -> None:
        assert self.child is not None
        self.child.terminate()
        try:
            self.child.wait(KILL_SECONDS / 2)
        except subprocess.TimeoutExpired:
            self.child.kill()
            self.child.wait()
