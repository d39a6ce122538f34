"""A house that answers on a port, with the small county in it, and telephones to visit it."""

from collections.abc import Callable, Iterator
from typing import Any

import pytest
from django.test import override_settings
from pytest_django.live_server_helper import LiveServer

from sidan.orders.tests import make

PHONE = {"width": 390, "height": 844}
SMALL_PHONE = {"width": 320, "height": 640}


@pytest.fixture
def county(transactional_db: None) -> None:
    """The small county; its staff sign in with `make.PASSWORD`."""
    make.county(logins=True)


@pytest.fixture
def house(live_server: LiveServer, county: None) -> Iterator[str]:
    """The address of the running house."""
    with override_settings(SIDAN_URL=live_server.url, SIDAN_SECOND_FACTOR=()):
        yield live_server.url


@pytest.fixture
def open_page(chromium: Any, house: str) -> Iterator[Callable[..., Any]]:
    """Opens a page in a browser of its own; what the page logs as an error fails the journey.

    Args of what it gives: `size` the viewport, `script` whether JavaScript runs, and whatever a browser context takes.
    """
    contexts: list[Any] = []
    faults: list[str] = []

    def opened(*, size: dict[str, int] | None = None, script: bool = True, **more: Any) -> Any:
        context = chromium.new_context(
            base_url=house, viewport=size or PHONE, java_script_enabled=script, locale="zh-CN", **more
        )
        context.set_default_timeout(10_000)
        contexts.append(context)
        page = context.new_page()
        page.on("pageerror", lambda error: faults.append(str(error)))
        page.on("console", lambda said: faults.append(said.text) if "Content Security Policy" in said.text else None)
        page.on(
            "request",
            lambda asked: None if asked.url.startswith((house, "data:", "blob:")) else faults.append(asked.url),
        )
        return page

    yield opened
    for context in contexts:
        context.close()
    assert faults == []
