"""The ten main pages as they look, with the demonstration's data: `bin/screens` writes them into docs/screenshots.

With an address it photographs a demonstration that runs already, else it serves one of its own and ends it again.
"""

import io
import os
import socket
import subprocess
import sys
import tempfile
import time
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from PIL import Image

from tests.vendor import ROOT

FOLDER = ROOT / "docs" / "screenshots"
PASSWORD = "sidan-demo-month"
PHONE, DESK = {"width": 390, "height": 844}, {"width": 1366, "height": 900}
SIZES: dict[str, Any] = {"phone": PHONE, "desk": DESK}
START_SECONDS = 600
RESIDENT = ("home", "around", "report", "where", "receipt", "track")
STAFF = (  # the picture's name, who sees the page, and its address or the link that leads there from the page before
    ("desk", "dispatcher", "/desk/"),
    ("dispatch", "dispatcher", "/desk/dispatch/"),
    ("order", "dispatcher", 'a[href^="/desk/orders/"].cases__title'),
    ("figures", "supervisor", "/desk/figures/"),
)


@contextmanager
def demonstration() -> Iterator[str]:
    """A demonstration of its own on a free port, ended by its own id."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    with tempfile.TemporaryDirectory() as folder:
        env = {**os.environ, "SIDAN_DATA": folder, "SIDAN_DEMO": "1", "SIDAN_SECOND_FACTOR": "-"}
        house = subprocess.Popen(
            [sys.executable, "-m", "sidan", "serve", "--demo", "--port", str(port)], cwd=ROOT, env=env
        )
        address = f"http://127.0.0.1:{port}"
        try:
            _wait(f"{address}/readyz", house)
            yield address
        finally:
            house.terminate()
            house.wait()


def _wait(address: str, house: "subprocess.Popen[bytes]") -> None:
    end = time.monotonic() + START_SECONDS
    while time.monotonic() < end and house.poll() is None:
        try:
            urllib.request.urlopen(address, timeout=2).close()
            return
        except OSError:
            time.sleep(1)
    raise SystemExit("the demonstration did not start")


class Camera:
    """One browser of one size."""

    def __init__(self, page: Any, size: str) -> None:
        self.page, self.size = page, size

    def take(self, name: str) -> None:
        """What fits the screen, as a small picture."""
        self.page.evaluate("scrollTo(0, 0)")
        raw = io.BytesIO(self.page.screenshot())
        Image.open(raw).convert("RGB").save(FOLDER / f"{name}-{self.size}.webp", quality=82, method=6)

    def press(self, name: str) -> None:
        with self.page.expect_navigation():
            self.page.get_by_role("button", name=name, exact=True).first.click()


def residents(camera: Camera) -> None:
    """From home to the receipt, and an order that waits to be rated."""
    page = camera.page
    page.goto("/")
    camera.take("home")
    page.goto("/around/")
    camera.take("around")
    page.goto("/report/?unit=500233001001")
    page.get_by_label("您要反映什么事？").fill("五栋一单元楼道的灯坏了三天，老人晚上看不见路，请来修一下。")
    camera.take("report")
    camera.press("下一步")
    camera.take("where")
    camera.press("下一步")
    page.get_by_label("手机号").first.fill("13800001234")
    camera.press("下一步")
    camera.press("提交")
    camera.take("receipt")
    page.goto("/dev/outbox")
    page.goto(page.locator('a[href*="/t/"]').first.get_attribute("href"))
    camera.take("track")


def staff(camera: Camera) -> None:
    """The dispatcher's day, and the figures."""
    page, here = camera.page, ""
    for name, who, where in STAFF:
        if who != here:
            page.context.clear_cookies()
            page.goto("/sign-in/")
            page.get_by_label("账号").fill(who)
            page.get_by_label("密码").fill(PASSWORD)
            camera.press("登录")
            here = who
        page.goto(where if where.startswith("/") else page.locator(where).first.get_attribute("href"))
        camera.take(name)


def photograph(address: str) -> None:
    """Every page in both sizes."""
    from playwright.sync_api import sync_playwright

    from conftest import CHROMIUM

    FOLDER.mkdir(exist_ok=True)
    arguments = ["--no-sandbox"] if os.geteuid() == 0 else []
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=arguments)
        for size, viewport in SIZES.items():
            for walk in (residents, staff):
                context = browser.new_context(base_url=address, viewport=viewport, locale="zh-CN")
                walk(Camera(context.new_page(), size))
                context.close()
        browser.close()


def names() -> list[str]:
    """Every picture that there should be."""
    shown = [*RESIDENT, *(name for name, *_rest in STAFF)]
    return [f"{name}-{size}.webp" for name in shown for size in SIZES]


if __name__ == "__main__":
    if len(sys.argv) > 1:
        photograph(sys.argv[1])
    else:
        with demonstration() as own:
            photograph(own)
    kept = sum(path.stat().st_size for path in FOLDER.iterdir())
    print(f"{len(names())} pictures, {kept // 1024} KB: {FOLDER}")
