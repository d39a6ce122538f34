"""From one order of a desk to the next: the list that somebody came from goes with the pages and forms that they open."""

from dataclasses import dataclass, field
from typing import Any
from urllib.parse import urlencode

from django.db.models import Q
from django.http import HttpRequest, HttpResponse, QueryDict
from django.urls import reverse
from django.utils.html import format_html
from django.utils.safestring import SafeString
from django.utils.translation import gettext as _

from sidan.kernel.base.errors import Invalid
from sidan.kernel.org.act import Act
from sidan.orders.models import Order
from sidan.orders.queries import lists
from sidan.orders.views.desk_door import order_href
from sidan.web.pages import Words, go

FROM, BACK = "from", "back"
_NOT_A_FILTER = ("after", "go", "at", "since", "all", FROM)


@dataclass(frozen=True)
class Tour:
    """A desk as somebody filtered it."""

    name: str
    query: str = ""
    filters: dict[str, Any] = field(default_factory=dict)

    @property
    def said(self) -> str:
        """How it stands in an address and in a form."""
        return f"{self.name}?{self.query}" if self.query else self.name

    @property
    def href(self) -> str:
        """The list's own address."""
        href = reverse(f"orders:desk-{self.name}")
        return f"{href}?{self.query}" if self.query else href

    def order(self, number: str) -> str:
        """An order's address that remembers the list."""
        return f"{order_href(number)}?{urlencode({FROM: self.said})}"

    def beside(self, order: Order, way: str) -> str:
        """The address that leads to the next order or the previous one; which that is, is looked up when it is followed."""
        more = urlencode({"go": way, "at": lists.place_of(order.due_at, order.pk)})
        return f"{self.href}{'&' if self.query else '?'}{more}"


def of_list(request: HttpRequest, name: str) -> Tour:
    """The list that is shown."""
    return _made(name, request.GET)


def of_order(request: HttpRequest) -> Tour | None:
    """The list that an order's page or form came from; nothing where what is said makes no sense."""
    said = str(request.POST.get(FROM) or request.GET.get(FROM) or "")[:600]
    name, _mark, query = said.partition("?")
    return _made(name, QueryDict(query)) if name in lists.DESKS else None


def _made(name: str, raw: QueryDict) -> Tour:
    kept = {key: ",".join(raw.getlist(key)) for key, value in raw.items() if value and key not in _NOT_A_FILTER}
    try:
        filters = lists.clean_filters(kept)
    except Invalid:
        kept, filters = {}, {}
    return Tour(name, urlencode(kept), filters)


def follow(request: HttpRequest, tour: Tour, act: Act) -> HttpResponse:
    """Lead from a place in the list to the order after it or before it."""
    number = lists.beside(
        tour.name, act, tour.filters, request.GET.get("at", "")[:200], back=request.GET.get("go") == "back"
    )
    return go(request, tour.order(number) if number else tour.href)


def onward(request: HttpRequest, order: Order, key: str, act: Act, words: Words) -> HttpResponse:
    """After a step: the next order of the desk where this one has left it, with a way back; else the same page.

    Three queries.


    Args:
        key: the place at which the order stood before the step.
    """
    tour = of_order(request)
    if request.POST.get(BACK):  # pressed in a list: the list stays
        row = f"#row-{order.number}"
        return go(request, (tour.href if tour else reverse("orders:desk-home")) + row, _told(order, words))
    if tour is None:
        return go(request, order_href(order.number), words)
    condition = lists.waiting(tour.name, act)
    passes = lists.DESKS[tour.name].passes and condition is not None
    if not passes or lists.unended().filter(condition or Q(), pk=order.pk).exists():
        return go(request, tour.order(order.number), words)
    number = lists.beside(tour.name, act, tour.filters, key)
    return go(request, tour.order(number) if number else tour.href, _told(order, words))


def _told(order: Order, words: Words) -> SafeString:
    """What was done to which order, with the way back to it."""
    return format_html(
        '{}{} <a class="notice__link" href="{}" data-key="b">{}</a>',
        words, _("（%(number)s）") % {"number": order.number}, order_href(order.number), _("回到这一单"),
    )  # fmt: skip
