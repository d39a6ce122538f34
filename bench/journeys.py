"""Seconds of the main journeys on a weak telephone: Chromium at 4x CPU throttle and slow 4G, against `sidan serve`.

What is measured is how long the machine lets one wait. Where a promise counts the person too, a tap is reckoned with 2 seconds
and a character with half a second; for elders, in big mode, with twice as much. Needs Chromium.
"""

import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import ground

TAP, CHAR = 2.0, 0.5
CPU, LATENCY, DOWN, UP = 4, 150, 1_600_000 / 8, 750_000 / 8  # slow 4G: milliseconds, bytes a second
PHONE = {"width": 390, "height": 844}
TEXT = "五栋一单元下水道堵了，院子里全是脏水"
TIMES = 3

# The largest paint so far; how soon a pressed button changes; from choosing a photo to sending it, and its size.
WATCH = """
new PerformanceObserver((list) => { for (const one of list.getEntries()) { window.largest = one.startTime; } })
  .observe({ type: "largest-contentful-paint", buffered: true });
document.addEventListener("click", (event) => {
  const button = event.target.closest("button");
  if (!button) { return; }
  const from = performance.now();
  new MutationObserver(() => { sessionStorage.answered = performance.now() - from; }).observe(button, { attributes: true });
}, true);
document.addEventListener("change", () => { window.chosen = performance.now(); }, true);
const send = XMLHttpRequest.prototype.send;
XMLHttpRequest.prototype.send = function (body) {
  window.sent = window.sent || [(performance.now() - window.chosen) / 1000, body.get("photo").size / 1024];
  return send.call(this, body);
};
"""


class Phone:
    """A weak telephone that counts taps, characters and the seconds of waiting."""

    def __init__(self, context: Any) -> None:
        self.page = context.new_page()
        self.page.add_init_script(WATCH)
        wire = context.new_cdp_session(self.page)
        wire.send("Network.enable")
        wire.send("Emulation.setCPUThrottlingRate", {"rate": CPU})
        wire.send(
            "Network.emulateNetworkConditions",
            {"offline": False, "latency": LATENCY, "downloadThroughput": DOWN, "uploadThroughput": UP},
        )
        self.waited, self.taps, self.chars = 0.0, 0, 0

    def open(self, href: str) -> None:
        start = time.perf_counter()
        self.page.goto(href)
        self.waited += time.perf_counter() - start

    def press(self, name: str) -> None:
        """A button or a link, until the page behind it stands."""
        found = self.page.get_by_role("button", name=name, exact=True).or_(self.page.get_by_role("link", name=name))
        start = time.perf_counter()
        with self.page.expect_navigation():
            found.first.tap()
        self.waited += time.perf_counter() - start
        self.taps += 1

    def tap(self, selector: str, words: str) -> None:
        self.page.locator(selector, has_text=words).first.tap()
        self.taps += 1

    def write(self, label: str, words: str) -> None:
        self.page.get_by_label(label).first.fill(words)
        self.taps += 1
        self.chars += len(words)

    def seconds(self, slowly: float = 1.0) -> float:
        return self.waited + slowly * (self.taps * TAP + self.chars * CHAR)

    def largest_paint(self) -> float:
        self.page.wait_for_load_state("networkidle")
        return float(self.page.evaluate("() => window.largest || 0")) / 1000


@contextmanager
def phone(browser: Any, base: str, **more: Any) -> Iterator[Phone]:
    """A telephone that was never here before."""
    context = browser.new_context(base_url=base, viewport=PHONE, locale="zh-CN", has_touch=True, is_mobile=True, **more)
    try:
        yield Phone(context)
    finally:
        context.close()


def r1(one: Phone) -> None:
    one.open("/")
    one.press("我要点单")
    one.write("您要反映什么事？", TEXT)
    one.press("下一步")
    one.tap("summary", "忠州街道")
    one.tap("label", "香怡社区")
    one.press("下一步")
    one.press("下一步")
    one.press("提交")


def r2(one: Phone) -> None:
    one.open("/p/XY2345/")
    one.write("您要反映什么事？", TEXT)
    for word in ("下一步", "下一步", "提交"):
        one.press(word)


def r7(one: Phone, number: str) -> None:
    one.open("/track/")
    one.write("编号", number)
    one.write("手机号后四位，或回执上的 6 位数字", "1234")
    one.press("查进度")


def r8(one: Phone, link: str) -> None:
    one.open(f"/t/{link}/")
    one.press("解决了")
    one.press("满意")


def photo(browser: Any, base: str, file: Path) -> tuple[float, float]:
    """Seconds from choosing a photo of 12 megapixels to its upload's beginning, and the upload's kilobytes."""
    with phone(browser, base) as one:
        r2_to_photos(one)
        one.page.locator("input[type=file]").set_input_files(str(file))
        one.page.locator("photo-picker li[data-name]").wait_for(timeout=60_000)
        waited, size = one.page.evaluate("() => window.sent")
        return waited, size


def r2_to_photos(one: Phone) -> None:
    one.open("/p/XY2345/")
    one.write("您要反映什么事？", TEXT)
    one.press("下一步")


def orders() -> dict[str, Any]:
    """The small county with what the journeys need; cookies and links by name."""
    from django.contrib.auth import BACKEND_SESSION_KEY, HASH_SESSION_KEY, SESSION_KEY
    from django.contrib.sessions.backends.db import SessionStore
    from django.utils import timezone

    from sidan.orders import keys
    from sidan.orders.tests import make
    from sidan.orders.words import S

    make.county(logins=True)
    now = timezone.now()
    rated = [make.order_in(S.AWAITING_RATING, now) for _again in range(TIMES * 2)]
    for _again in range(40):
        make.ask(now)
    account = make.person("community").account
    session = SessionStore()
    session[SESSION_KEY], session[BACKEND_SESSION_KEY] = str(account.pk), "django.contrib.auth.backends.ModelBackend"
    session[HASH_SESSION_KEY] = account.get_session_auth_hash()
    session.save()
    return {
        "numbers": [one.number for one in rated],
        "links": [keys.link(one.number) for one in rated],
        "cookie": session.session_key,
    }


def middle(values: list[float]) -> float:
    return sorted(values)[len(values) // 2]


def measured(browser: Any, base: str, made: dict[str, Any], file: Path) -> list[ground.Figure]:
    """Every figure is the middle of three."""
    figures: list[ground.Figure] = []

    def note(name: str, values: list[float], unit: str, limit: float) -> None:
        figures.append(ground.Figure(name, middle(values), unit, limit))

    for href in ("/", "/report/", "/p/XY2345/", "/track/"):
        paints = []
        for _again in range(TIMES):
            with phone(browser, base) as one:
                one.open(href)
                paints.append(one.largest_paint())
        note(f"X1 largest paint of {href}, first visit", paints, "s", 2)
    for name, walk, adult, elder in (("R1 home to receipt", r1, 60, 120), ("R2 poster to receipt", r2, 40, 80)):
        ways = []
        for _again in range(TIMES):
            with phone(browser, base) as one:
                walk(one)
                ways.append(
                    (
                        one.waited,
                        one.seconds(),
                        one.seconds(2),
                        float(one.page.evaluate("() => +sessionStorage.answered")),
                    )
                )
        note(f"{name}: waiting", [way[0] for way in ways], "s", adult)
        note(f"{name}: with the person", [way[1] for way in ways], "s", adult)
        note(f"{name}: with an elder", [way[2] for way in ways], "s", elder)
        note(f"X6 {name[:2]} pressed button answers", [way[3] for way in ways], "ms", 400)
    tries = [photo(browser, base, file) for _again in range(TIMES)]
    note("R4 a photo of 12 megapixels made small", [one[0] for one in tries], "s", 2)
    note("R4 a photo as it is sent", [one[1] for one in tries], "KB", 301)
    for name, walk2, given, limit in (
        ("R7 number and tail", r7, made["numbers"], 15),
        ("R8 link to rated", r8, made["links"], 10),
    ):
        both = []
        for at in range(TIMES):
            with phone(browser, base) as one:
                walk2(one, given[at])
                both.append((one.waited, one.seconds()))
        note(f"{name}: waiting", [one[0] for one in both], "s", limit)
        note(f"{name}: with the person", [one[1] for one in both], "s", limit)
    desks = []
    for _again in range(TIMES):
        with phone(browser, base) as one:
            one.page.context.add_cookies([{"name": "sidan", "value": made["cookie"], "url": base}])
            one.open("/desk/")
            desks.append(one.largest_paint())
    note("C1 the community's desk on the telephone", desks, "s", 1.5)
    return figures


def main() -> int:
    asked = ground.arguments(__doc__ or "")
    import shutil

    found = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
    if not found:
        raise SystemExit("no Chromium; mend with: apt-get install chromium")
    with ground.house("sqlite"), tempfile.TemporaryDirectory() as folder:
        from PIL import Image
        from playwright.sync_api import sync_playwright

        made = orders()
        file = Path(folder) / "photo.jpg"
        grain = Image.effect_noise((4000, 3000), 24).convert("RGB")
        Image.blend(grain, Image.radial_gradient("L").resize((4000, 3000)).convert("RGB"), 0.6).save(file, quality=92)
        from django.db import connections

        connections.close_all()
        with ground.server() as base, sync_playwright() as playwright:
            browser = playwright.chromium.launch(executable_path=found, args=["--no-sandbox"])
            figures = measured(browser, base, made, file)
            browser.close()
    return ground.show(figures, asked.json)


if __name__ == "__main__":
    sys.exit(main())
