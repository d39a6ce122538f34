"""A list named by its page and its address: its rows in portions and its count, for files of it; and its views."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from django.db.models import Q, QuerySet

from sidan.kernel.base import snapshot
from sidan.kernel.base.errors import NotAllowed
from sidan.kernel.org import queries as org
from sidan.kernel.org.act import Act
from sidan.orders.models import Order, SavedView
from sidan.orders.queries import around, figures, lists
from sidan.orders.queries.seeing import visible_to
from sidan.orders.words import ENDS

EVERY = "orders"
PAGES = (EVERY, *lists.DESKS)
# What can be shown beside number and request; the first ones usually are.
COLUMNS = (
    "place",
    "category",
    "state",
    "lead",
    "asked",
    "due",
    "channel",
    "urgency",
    "klass",
    "answer",
    "answered",
    "closed",
)
USUAL = COLUMNS[:6]
KEPT = (*lists.FILTERS, "unit", "lead", "category", "asked_from", "asked_to", "overdue", "hand", "figure", "part")


@dataclass(frozen=True)
class Listing:
    """A list as somebody narrowed it."""

    page: str
    filters: dict[str, Any]
    within: Q | None


def listing(page: str, raw: Mapping[str, str], act: Act) -> Listing:
    """The list behind an address, as far as the act has it.

    Raises:
        NotAllowed: the act has no such desk.
        Invalid: a filter that makes no sense.
    """
    if page not in PAGES or (page != EVERY and lists.waiting(page, act) is None):
        raise NotAllowed
    kept = {name: value for name, value in raw.items() if name in KEPT}
    if len(kept.get("asked_to", "")) == 10:
        kept["asked_to"] += "T23:59:59.999999"
    return Listing(page, lists.clean_filters(kept), _within(page, kept, act))


def _within(page: str, raw: Mapping[str, str], act: Act) -> Q | None:
    """What only one page can be narrowed by: whose hand it is in, or the figure whose records these are."""
    if page == "overdue" and raw.get("hand"):
        node = org.tree().by_code(raw["hand"])
        return around.held_by([node.id]) if node else None
    name = raw.get("figure", "") if page == EVERY else ""
    if name == "unrated":
        return figures.unrated_records()
    if name in {figure.name for figure in figures.figures(act.at)}:
        return figures.records(name, act.at, numerator=raw.get("part") == "n")
    return None


def count(wanted: Listing, act: Act) -> int:
    """How many rows it has. One query."""
    rows: QuerySet[Order]
    if wanted.page == EVERY:
        rows = Order.objects.filter(visible_to(act))
        if wanted.filters.get("overdue"):
            rows = rows.exclude(state__in=ENDS).filter(due_at__lt=act.at)
    else:
        rows = lists.unended().filter(lists.waiting(wanted.page, act) or Q(pk__in=[]))
        if wanted.filters.get("overdue"):
            rows = rows.filter(due_at__lt=act.at)
    return rows.filter(wanted.within or Q(), **lists.conditions(wanted.filters)).count()


def portions(wanted: Listing, act: Act) -> Iterator[list[dict[str, Any]]]:
    """All rows, two hundred at a time, in the order of the page. One query each."""
    after = ""
    while True:
        if wanted.page == EVERY:
            found = lists.orders(act, wanted.filters, within=wanted.within, after=after, limit=lists.PAGE_MOST)
        else:
            found = lists.desk(
                wanted.page, act, wanted.filters, within=wanted.within, after=after, limit=lists.PAGE_MOST
            )
        yield found.rows
        after = found.next
        if not after:
            return


@snapshot.cached("orders.views")
def _views() -> dict[str, tuple[SavedView, ...]]:
    """All views, by page: busy desks have no statement to spare for them. One query when one was kept, none otherwise."""
    found: dict[str, list[SavedView]] = {}
    for view in SavedView.objects.order_by("name", "pk"):
        found.setdefault(view.page, []).append(view)
    return {page: tuple(views) for page, views in found.items()}


def views(page: str, act: Act) -> list[SavedView]:
    """One's own views of a page, and those that somebody shares with a unit in which one sits. No query."""
    units = {held.unit_id for held in act.seats}
    return [one for one in _views().get(page, ()) if one.owner_id == act.by.pk or one.shared_with_id in units][:50]
