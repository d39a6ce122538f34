"""A resident's finger: every tap and every page is counted."""

from collections.abc import Callable
from typing import Any

from django.utils import timezone

from sidan.orders.models import Order
from sidan.orders.tests import make

OpenPage = Callable[..., Any]
TEXT = "五栋一单元下水道堵了，院子里全是脏水"
ASKED = "您要反映什么事？"


class Finger:
    """Counts what the resident does.

    Args:
        taps: on buttons, links and choices; focusing a field to write in it is one, too.
        pages: documents shown after the first.
    """

    def __init__(self, page: Any) -> None:
        self.page = page
        self.taps = self.pages = 0
        page.on("domcontentloaded", self._count)

    def _count(self, _page: Any) -> None:
        self.pages += 1

    def start(self, href: str) -> None:
        """Open a page; counting begins after it."""
        self.page.goto(href)
        self.taps = self.pages = 0

    def tap(self, what: Any) -> None:
        what.tap()
        self.taps += 1

    def press(self, name: str) -> None:
        """A button or a link by its words, waiting for the page behind it."""
        found = self.page.get_by_role("button", name=name, exact=True).or_(self.page.get_by_role("link", name=name))
        with self.page.expect_navigation():
            self.tap(found.first)

    def write(self, label: str, words: str) -> None:
        self.page.get_by_label(label).first.fill(words)
        self.taps += 1

    def choose_place(self) -> None:
        self.tap(self.page.locator("summary", has_text="忠州街道"))
        self.tap(self.page.locator("label", has_text="香怡社区"))


def touch(open_page: OpenPage, *, script: bool = False, **more: Any) -> Finger:
    """A telephone."""
    return Finger(open_page(script=script, has_touch=True, is_mobile=True, **more))


def answer(order: Order) -> None:
    """What the staff does until the resident is asked."""
    now = timezone.now()
    make.take(order, "accept", "community", now)
    make.take(order, "pass_on", "community", now)
    make.take(order, "dispatch", "dispatcher", now, lead=make.node("500233-D01"))
    make.take(order, "sign", "handler", now)
    make.take(order, "start", "handler", now)
    make.take(order, "reply", "handler", now, text="已疏通下水道，清洗了院子", contacted=True)
    make.take(order, "check", "checker", now)
