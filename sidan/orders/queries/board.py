"""The public board: what authors made public in their place, without what they could be known by, and open figures."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from django.db.models import Count, Q

from sidan.kernel.base import crypto, personal
from sidan.kernel.base.errors import Invalid
from sidan.kernel.org import queries as org
from sidan.kernel.org.models import Contact
from sidan.orders.models import Order, Text
from sidan.orders.queries import figures, lists
from sidan.orders.words import ENDS, PUBLIC_KINDS, S

PAGE = 20
LISTED, COUNTED = timedelta(days=365), timedelta(days=90)
CHARS = 400  # of a public text; the author sees the same beginning
LEAST = 5  # a figure over fewer orders could tell of one of them, and is not shown
_ANSWERED = (S.AWAITING_RATING, S.CLOSED)  # a checker let the reply through
_UNSHOWN = (S.WITHDRAWN, S.MERGED, S.NOT_ACCEPTED)


@dataclass(frozen=True)
class Shown:
    """One order as everybody may read it. No number, no place within the community, no photo, no name."""

    key: str
    text: str
    state: str
    asked_at: datetime
    answered_at: datetime | None
    due_at: datetime | None
    unit_id: int
    category_id: int | None
    reply: str


@dataclass(frozen=True)
class Open:
    """A figure as everybody may read it; the numbers are None where they are too few."""

    figure: figures.Figure
    numerator: int | None
    denominator: int | None


@dataclass(frozen=True)
class Town:
    """A town on the map: how many orders lately and how many of them are not ended; None where they are few."""

    node: org.Node
    asked: int | None
    waiting: int | None


def words(text: str, names: Iterable[str] = ()) -> str:
    """A text as everybody may read it: the author's preview and the board are this same function.

    Args:
        names: how the author is called; hidden wherever they stand.
    """
    shown = personal.hide(text)
    for name in names:
        if len(name.strip()) >= 2:
            shown = shown.replace(name.strip(), "某")
    return shown if len(shown) <= CHARS else f"{shown[: CHARS - 1]}…"


def on_board(at: datetime) -> Q:
    """The orders that everybody may read: made public, of such a kind, taken on by somebody who looked at them, kept."""
    return Q(
        public=True, confidential=False, kind__in=PUBLIC_KINDS, about_unit=None, accepted_at__isnull=False,
        asked_at__gt=at - LISTED,
    ) & ~Q(state__in=_UNSHOWN) & ~Q(title="")  # fmt: skip


def recent(node: org.Node, at: datetime, *, after: str = "", limit: int = PAGE) -> tuple[list[Shown], str]:
    """The newest public orders of a place, and the key of the next page. Three queries, whatever their number.

    Raises:
        Invalid: the key is none.
    """
    rows = Order.objects.filter(on_board(at), unit__in=org.tree().descendants(node.id))
    if after:
        moment, key = lists.opened(after)
        if moment is None:
            raise Invalid(fields={"next": lists.wrong_place()})
        rows = rows.filter(Q(asked_at__lt=moment) | Q(asked_at=moment, id__lt=key))
    columns = ("id", "asked_by_id", "state", "asked_at", "answered_at", "answer_due_at", "unit_id", "category_id")
    found = list(rows.order_by("-asked_at", "-id").values(*columns)[: limit + 1])
    last = found[limit - 1] if len(found) > limit else None
    said, names = _texts([row["id"] for row in found[:limit]]), _names({row["asked_by_id"] for row in found[:limit]})
    made = []
    for row in found[:limit]:
        own = names.get(row["asked_by_id"], "")
        asked, reply = said.get(row["id"], ("", ""))
        made.append(
            Shown(
                str(row["id"]), words(asked, [own]), row["state"], row["asked_at"], row["answered_at"], row["answer_due_at"],
                row["unit_id"], row["category_id"], words(reply, [own]) if row["state"] in _ANSWERED else "",
            )
        )  # fmt: skip
    return made, lists.key_of(last["asked_at"], last["id"]) if last else ""


def _texts(order_ids: list[int]) -> dict[int, tuple[str, str]]:
    """For each order what was asked, and the last reply. One query."""
    found: dict[int, tuple[str, str]] = {}
    kinds = (Text.Kind.REQUEST, Text.Kind.REPLY)
    rows = Text.objects.filter(order__in=order_ids, kind__in=kinds, erased_at=None).order_by("order_id", "seq")
    for order_id, kind, body in rows.values_list("order_id", "kind", "body"):
        asked, reply = found.get(order_id, ("", ""))
        found[order_id] = (asked or body, reply) if kind == Text.Kind.REQUEST else (asked, body)
    return found


def _names(person_ids: set[int]) -> dict[int, str]:
    """How the authors are called, so that it can be hidden. One query."""
    rows = Contact.objects.filter(person__in=person_ids, name_enc__isnull=False).values_list("person_id", "name_enc")
    return {person_id: crypto.open_text(bytes(sealed)) for person_id, sealed in rows if sealed}


def open_figures(node: org.Node, at: datetime) -> tuple[int, list[Open]]:
    """How many orders a place had lately, and its rates with numerator and denominator. Two queries."""
    within = Q(unit__in=org.tree().descendants(node.id), asked_at__gt=at - COUNTED)
    made = []
    for rate in figures.rates(at, within):
        told = rate.denominator >= LEAST
        made.append(Open(rate.figure, rate.numerator if told else None, rate.denominator if told else None))
    return Order.objects.filter(within).exclude(state__in=_UNSHOWN).count(), made


def towns(at: datetime) -> list[Town]:
    """The county's towns with what was asked lately. One query over the orders of that time."""
    tree = org.tree()
    rows: Any = (
        Order.objects.filter(asked_at__gt=at - COUNTED)
        .exclude(state__in=_UNSHOWN)
        .values("unit_id")
        .annotate(asked=Count("pk"), waiting=Count("pk", filter=~Q(state__in=ENDS)))
        .order_by()
    )
    sums: dict[int, tuple[int, int]] = {}
    for row in rows:
        town = tree.ancestor(row["unit_id"], "town") if row["unit_id"] in tree.nodes else None
        if town is not None:
            asked, waiting = sums.get(town.id, (0, 0))
            sums[town.id] = asked + row["asked"], waiting + row["waiting"]
    found = []
    for node in tree.children(tree.root().id):
        if node.level == "town":
            asked, waiting = sums.get(node.id, (0, 0))
            told = asked >= LEAST
            found.append(Town(node, asked if told or not asked else None, waiting if told or not asked else None))
    return found
