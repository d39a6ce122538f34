"""Gives the tests their own data folder and database, before Django reads its settings.

SIDAN_TEST_DB=postgres runs them on a PostgreSQL that is started here, once for all workers, and stopped at the end.
"""

import atexit
import contextlib
import os
import shutil
import tempfile
from collections.abc import Generator
from pathlib import Path

import pytest

from tests.postgres import Cluster, NoPostgres

_cluster: Cluster | None = None


def _forget_the_operators_settings() -> None:
    for name in list(os.environ):
        if name.startswith("SIDAN_") and not name.startswith("SIDAN_TEST_"):
            del os.environ[name]


def _clear_away() -> None:
    global _cluster
    if _cluster is not None:
        with contextlib.suppress(NoPostgres):
            _cluster.stop()
        _cluster = None
    folder = os.environ.pop("SIDAN_TEST_FOLDER", "")
    if folder:
        shutil.rmtree(folder, ignore_errors=True)


def _lay_the_bed() -> None:
    """Settings of this process; the first process starts what its workers then share."""
    global _cluster
    _forget_the_operators_settings()
    worker = os.environ.get("PYTEST_XDIST_WORKER", "")
    if not worker:
        os.environ["SIDAN_TEST_FOLDER"] = tempfile.mkdtemp(prefix="sidan-tests-")
        os.environ.pop("SIDAN_TEST_DATABASE_URL", None)
        atexit.register(_clear_away)
        if os.environ.get("SIDAN_TEST_DB", "sqlite") == "postgres":
            try:
                _cluster = Cluster.start()
            except NoPostgres as missing:
                raise pytest.UsageError(f"SIDAN_TEST_DB=postgres: {missing}") from None
            os.environ["SIDAN_TEST_DATABASE_URL"] = _cluster.url
    os.environ["SIDAN_DATA"] = str(Path(os.environ["SIDAN_TEST_FOLDER"]) / (worker or "main"))
    os.environ["SIDAN_DATABASE_URL"] = os.environ.get("SIDAN_TEST_DATABASE_URL", "")
    # playwright keeps an event loop in the main thread; Django takes that for asynchronous code and refuses queries.
    os.environ["DJANGO_ALLOW_ASYNC_UNSAFE"] = "true"


@pytest.hookimpl(wrapper=True)
def pytest_load_initial_conftests() -> Generator[None, None, None]:
    """Run round pytest-django's own hook, which reads the settings."""
    _lay_the_bed()
    return (yield)


def pytest_unconfigure() -> None:
    """Stop the server and remove the folder, in the first process only."""
    if not os.environ.get("PYTEST_XDIST_WORKER"):
        _clear_away()
