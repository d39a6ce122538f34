"""What every bench needs: a house of its own in a temporary folder, the server it measures, and figures on one line each."""

import argparse
import json
import os
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT))


@dataclass
class Figure:
    """One measured value; `limit` is a floor where `more` is better, else a ceiling."""

    name: str
    value: float
    unit: str
    limit: float | None = None
    peer: str | None = None
    more: bool = False

    @property
    def holds(self) -> bool:
        return self.limit is None or (self.value >= self.limit if self.more else self.value <= self.limit)


def arguments(about: str, **extra: Any) -> argparse.Namespace:
    """The words that every bench understands, and its own."""
    parser = argparse.ArgumentParser(description=about)
    parser.add_argument("--json", action="store_true", help="one JSON object a figure")
    parser.add_argument("--db", choices=("sqlite", "postgres", "both"), default="both")
    for name, options in extra.items():
        parser.add_argument(f"--{name}", **options)
    return parser.parse_args()


def show(figures: list[Figure], as_json: bool) -> int:
    """Print the figures; the exit code says whether every limit holds."""
    for one in figures:
        if as_json:
            row = {name: value for name, value in asdict(one).items() if name != "more" and value is not None}
            print(json.dumps({**row, "limit": one.limit}, ensure_ascii=False), flush=True)
        else:
            sign = ">=" if one.more else "<="
            limit = f"{sign} {one.limit:g}" if one.limit is not None else ""
            verdict = "" if one.limit is None else ("ok" if one.holds else "FALLS SHORT")
            print(
                f"{one.name:<52}{one.value:>12,.1f} {one.unit:<8}{limit:<12}{verdict:<12}{one.peer or ''}", flush=True
            )
    return 0 if all(one.holds for one in figures) else 1


def county() -> None:
    """The real county in an empty house."""
    from django.utils import timezone

    from sidan.kernel.org import queries as org
    from sidan.kernel.org.act import Act, Via
    from sidan.orders.commands import county as counties

    counties.load(act=Act(org.system("importer"), timezone.now(), Via.IMPORT))


@contextmanager
def house(database: str) -> Iterator[Path]:
    """An empty, migrated house: `sqlite` or `postgres` (durable, as delivered). Django is set up on it in this process."""
    folder = Path(tempfile.mkdtemp(prefix="sidan-bench-"))
    cluster = None
    os.environ["SIDAN_DATA"] = str(folder)
    os.environ["DJANGO_SETTINGS_MODULE"] = "sidan.site.settings"
    os.environ["SIDAN_LOG_LEVEL"] = "ERROR"
    try:
        if database == "postgres":
            from tests.postgres import Cluster

            cluster = Cluster.start(durable=True)
            os.environ["SIDAN_DATABASE_URL"] = cluster.url
        import django
        from django.core.management import call_command

        django.setup()
        call_command("migrate", verbosity=0)
        yield folder
    finally:
        from django.db import connections

        connections.close_all()
        if cluster:
            cluster.stop()
        shutil.rmtree(folder, ignore_errors=True)


def free_port() -> int:
    """A port that nobody listens on at this moment."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


@contextmanager
def server() -> Iterator[str]:
    """`sidan serve` on the house of `house`, as an installation runs it; yields its address."""
    port = free_port()
    command = [sys.executable, "-m", "sidan", "serve", "--host", "127.0.0.1", "--port", str(port)]
    process = subprocess.Popen(
        command, cwd=ROOT, env={**os.environ, "PYTHONPATH": str(ROOT)}, stdout=subprocess.DEVNULL
    )
    base = f"http://127.0.0.1:{port}"
    try:
        for _ in range(200):
            try:
                urllib.request.urlopen(f"{base}/healthz", timeout=2).read()
                break
            except OSError:
                time.sleep(0.1)
        else:
            raise SystemExit("the server did not start")
        yield base
    finally:
        process.send_signal(signal.SIGTERM)
        try:
            process.wait(20)
        except subprocess.TimeoutExpired:
            process.kill()


def each(database: str, script: str, extra: list[str]) -> int:
    """Run a bench once for each database in a process of its own: settings are read once in a process."""
    status = 0
    for one in ("sqlite", "postgres"):
        status |= subprocess.run([sys.executable, script, "--db", one, *extra], cwd=ROOT, check=False).returncode
    return status
