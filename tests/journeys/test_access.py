"""Everybody can read and press every page: axe, boxes for thumbs, and no sideways scroll, in both languages and in large text."""

from collections import defaultdict
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from axe_playwright_python.base import AXE_SCRIPT

from tests import tour
from tests.journeys.conftest import PHONE, SMALL_PHONE

pytestmark = [pytest.mark.browser, pytest.mark.django_db]
WIDE = {"width": 1366, "height": 900}
ZOOMED = {"width": 683, "height": 450}  # the wide window at 200 %
TAGS = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa"]
AXE: dict[str, Any] = {
    "runOnly": {"type": "tag", "values": TAGS},
    "rules": {"target-size": {"enabled": True}},
    "resultTypes": ["violations"],
    "preload": False,
}
CONTRAST: dict[str, Any] = {"runOnly": ["color-contrast"], "resultTypes": ["violations"], "preload": False}
_AUDIT = """options => axe.run(options).then(found => found.violations.flatMap(rule => rule.nodes.map(
  node => `${rule.id}: ${node.target.join(" ")}: ${node.failureSummary.split("\\n")[1]}`)))"""

# What can be pressed and is smaller than it should be; and text that is smaller than it should be.
_MEASURE = """([least, letters]) => {
  const wrong = new Set(), said = one => (one.textContent || one.name || "").trim().slice(0, 20);
  const name = one => `${one.tagName.toLowerCase()}.${one.className} ${said(one)}`;
  for (const one of document.querySelectorAll("a[href], button, summary, select, textarea, input:not([type=hidden])")) {
    const label = one.matches("[type=radio], [type=checkbox]") ? one.closest("label") : null;
    const box = (label || one).getBoundingClientRect(), style = getComputedStyle(one);
    if (!box.width || style.visibility === "hidden" || one.closest(".skip, .unseen") || !one.checkVisibility()) continue;
    // A link inside a sentence is text; seven days of a week cannot each be wider than a seventh of a telephone.
    const alone = one.parentNode.textContent.trim() === one.textContent.trim();
    if (one.tagName === "A" && style.display === "inline" && !alone) continue;
    const wide = one.closest(".month") ? 40 : least;
    if (Math.round(box.height) < least || Math.round(box.width) < wide)
      wrong.add(`box ${Math.round(box.width)}x${Math.round(box.height)}: ${name(one)}`);
  }
  const walk = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
  while (letters && walk.nextNode()) {
    const one = walk.currentNode.parentElement, size = parseFloat(getComputedStyle(one).fontSize);
    if (walk.currentNode.textContent.trim() && size < letters - .1 && one.getClientRects().length && !one.closest(".unseen, option"))
      wrong.add(`text ${size}px: ${name(one)}`);
  }
  return [...wrong];
}"""
# What sticks out: the innermost element that ends beyond the window, where the page scrolls sideways.
_OVER = """() => {
  const wide = document.documentElement.clientWidth;
  if (document.documentElement.scrollWidth <= wide) return "";
  const out = [...document.querySelectorAll("body *")].filter(one => one.getBoundingClientRect().right > wide + 1);
  const last = out.pop();
  return `${document.documentElement.scrollWidth - wide}px too wide: ${last ? last.tagName.toLowerCase() + "." + last.className : "?"}`;
}"""


class Bench:
    """A page under the lamp; what is found is gathered by what is wrong, with the pages that have it."""

    def __init__(self, page: Any) -> None:
        self.page, self.show = page, tour.Show(page)
        self.found: dict[str, list[str]] = defaultdict(list)
        self.name = ""

    def walk(self, stops: list[tour.Stop]) -> Iterator[tour.Stop]:
        for stop in stops:
            self.name = stop.name
            self.page.set_viewport_size(PHONE)
            self.show.open(stop)
            yield stop

    def note(self, what: str) -> None:
        self.found[what].append(self.name)

    def audit(self, options: dict[str, Any]) -> None:
        self.page.evaluate(AXE_SCRIPT)
        for what in self.page.evaluate(_AUDIT, options):
            self.note(what)

    def measure(self, least: int, letters: int = 0) -> None:
        for what in self.page.evaluate(_MEASURE, [least, letters]):
            self.note(what)

    def width(self, size: dict[str, int], text: str = "") -> None:
        """No sideways scroll at a width, with the root text scaled."""
        self.page.set_viewport_size(size)
        if text:
            self.page.evaluate("size => { document.documentElement.style.fontSize = size; }", text)
        over = self.page.evaluate(_OVER)
        if over:
            self.note(f"at {size['width']} px {text}: {over}")

    def verdict(self) -> None:
        assert self.show.faults == []
        assert self.found == {}, "\n".join(f"{what}: {', '.join(names[:6])}" for what, names in self.found.items())


@pytest.fixture
def bench(chromium: Any) -> Iterator[Callable[..., Bench]]:
    contexts = []

    def made(**more: Any) -> Bench:
        context = chromium.new_context(viewport=PHONE, **more)
        contexts.append(context)
        return Bench(context.new_page())

    yield made
    for context in contexts:
        context.close()


def test_every_page_in_chinese_on_a_telephone(bench: Callable[..., Bench]) -> None:
    """Also at 320 px, in a window at 200 %, and with text enlarged by half, as WeChat does."""
    on = bench()
    for _stop in on.walk(tour.all_stops()):
        on.audit(AXE)
        on.measure(44)
        on.width(SMALL_PHONE)
        on.width(ZOOMED)
        on.width(PHONE, "150%")
    on.verdict()


def test_every_page_in_english_and_the_desk_of_staff(bench: Callable[..., Bench]) -> None:
    """Staff sit before wide screens, where their pages have the density of a desk."""
    on = bench()
    for stop in on.walk(tour.all_stops("en")):
        on.measure(44)
        on.width(SMALL_PHONE)
        on.width(WIDE if stop.staff else PHONE)
        on.audit(AXE)
    on.verdict()


def test_every_page_in_large_text(bench: Callable[..., Bench]) -> None:
    on = bench()
    for _stop in on.walk(tour.all_stops(size="big")):
        on.audit(AXE)
        on.measure(60, letters=20)
        on.width(SMALL_PHONE)
        on.width(PHONE, "150%")
    on.verdict()


def test_every_component_in_both_densities_all_sizes_and_in_the_dark(bench: Callable[..., Bench]) -> None:
    """The pattern page holds them all, once as they are and once as a refused form shows them."""
    stops = tour.pattern_stops()
    assert len(stops) == 12
    for scheme in ("light", "dark"):
        on = bench(color_scheme=scheme)
        for stop in on.walk(stops):
            on.audit(AXE if scheme == "light" else CONTRAST)
            big = "size=normal" not in stop.href
            on.measure(60 if big else 44, letters=20 if big else 0)
            on.width(SMALL_PHONE)
        on.verdict()
