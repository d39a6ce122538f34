"""What every test gets: quick passwords and files, seals lifted for the flush, and Chromium where it is present."""

import os
import shutil
from collections.abc import Iterator
from typing import Any

import pytest

QUICK = {
    "SIDAN_SETTLE": False,  # no test cuts the power
    "PASSWORD_HASHERS": ["django.contrib.auth.hashers.MD5PasswordHasher"],
    "STORAGES": {
        "default": {"BACKEND": "django.core.files.storage.FileSystemStorage"},
        "staticfiles": {"BACKEND": "django.contrib.staticfiles.storage.StaticFilesStorage"},
    },
    # The manifest of hashed names is made by `sidan serve`; tests serve the sources.
    "WHITENOISE_USE_FINDERS": True,
    "WHITENOISE_AUTOREFRESH": True,
}
CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")


def _quicken() -> None:
    from django.conf import settings

    for name, value in QUICK.items():
        setattr(settings, name, value)
    options = settings.DATABASES["default"].get("OPTIONS", {})
    if "init_command" in options:
        options["init_command"] = options["init_command"].replace("synchronous=NORMAL", "synchronous=OFF")


def _lift_seals_for_the_flush() -> None:
    """Append-only tables refuse the flush that ends a test with real transactions."""
    from django.test import TransactionTestCase

    from sidan.kernel.base import appendonly

    flush = TransactionTestCase._fixture_teardown  # type: ignore[attr-defined]

    def unsealed(self: TransactionTestCase) -> None:
        with appendonly.allow_flush():
            flush(self)

    TransactionTestCase._fixture_teardown = unsealed  # type: ignore[attr-defined]


def pytest_configure() -> None:
    """Before the first test; Django is set up by then."""
    _quicken()
    _lift_seals_for_the_flush()


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Say why a journey, or a test of the other database, does not run."""
    on_postgres = os.environ.get("SIDAN_TEST_DB", "sqlite") == "postgres"
    for item in items:
        if item.get_closest_marker("browser") and not CHROMIUM:
            item.add_marker(pytest.mark.skip(reason="no Chromium; mend with: apt-get install chromium"))
        if item.get_closest_marker("postgres") and not on_postgres:
            item.add_marker(pytest.mark.skip(reason="runs on PostgreSQL only: bin/test postgres"))


@pytest.fixture(scope="session")
def chromium() -> Any:
    """A browser for the whole session; each journey opens a context of its own."""
    from playwright.sync_api import sync_playwright

    arguments = ["--no-sandbox"] if os.geteuid() == 0 else []
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=arguments)
        yield browser
        browser.close()


@pytest.fixture(autouse=True)
def _in_the_language_of_the_house() -> Iterator[None]:
    """A browser that spoke English in one test does not make the next one speak it."""
    yield
    from django.utils import translation

    translation.deactivate()
