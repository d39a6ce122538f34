"""What stands around one order and one desk: orders like it, who is late, identities to be opened, deputies."""

import unicodedata
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.db.models import Case, Count, Exists, F, Min, OuterRef, Q, Subquery, When
from django.utils.translation import gettext as _

from sidan.kernel.base.errors import NotFound
from sidan.kernel.org import queries as org
from sidan.kernel.org.act import Act
from sidan.kernel.org.models import Contact, Person, Seat
from sidan.orders.models import Order, Reveal
from sidan.orders.queries import figures, lists, presence
from sidan.orders.queries.seeing import TAKEN_ON, in_hand, visible_to
from sidan.orders.words import ENDS, S

_AT_DESK = (S.AWAITING_DISPATCH, S.REOPENED, S.ESCALATED, S.DISPUTED)
_HELD_BY = ("state", "unit_id", "desk_unit_id", "lead_unit_id", "about_unit_id")  # what `in_hand` looks at


@dataclass(frozen=True)
class AtHand:
    """An order with what its page must know beside the row.

    Args:
        has_phone: a telephone number is kept (not which).
        into: number of the order it was merged into.
        reveal_until: until when the reader may see the confidential identity.
        reveal_asked: somebody's request to see it waits for a second person.
        watched_by: somebody else who has its page open now.
    """

    order: Order
    has_phone: bool
    into: str
    reveal_until: datetime | None
    reveal_asked: bool
    watched_by: str = ""

    @property
    def hint(self) -> str:
        """Whether the resident can be reached, without saying where."""
        if self.order.confidential:
            return _("保密：身份对承办人隐藏")
        if self.order.anonymous:
            return _("匿名：没有联系方式，请在单上留言")
        return _("留有手机号") if self.has_phone else _("没有手机号，请在单上留言")


def at_hand(number: str, act: Act) -> AtHand:
    """One order for its staff page. One query.

    Raises:
        NotFound: it does not exist, or not for this reader: the two look the same.
    """
    opened = Reveal.objects.filter(
        order=OuterRef("pk"), requested_by=act.by.pk, state="approved", open_until__gt=act.at
    ).order_by("-open_until")
    phones = Contact.objects.filter(person_id=OuterRef("asked_by_id"), phone_enc__isnull=False)
    asked = Reveal.objects.filter(order=OuterRef("pk"), state="requested")
    rows = Order.objects.filter(visible_to(act), number=clean_number(number)).annotate(
        has_phone=Exists(phones),
        into=F("merged_into__number"),
        reveal_until=Subquery(opened.values("open_until")[:1]),
        reveal_asked=Exists(asked),
        watched_by=presence.watcher(act),
    )
    order = rows.first()
    if order is None:
        raise NotFound(_("没有找到这一单。"))
    return AtHand(
        order, order.has_phone, order.into or "", order.reveal_until, order.reveal_asked, order.watched_by or ""
    )


def clean_number(raw: str) -> str:
    """A number as somebody typed it: full-width, small letters, with blanks or hyphens."""
    return "".join(mark for mark in unicodedata.normalize("NFKC", raw).upper() if mark.isalnum())[:12]


def alike(order: Order, act: Act, *, limit: int = 40) -> tuple[list[dict[str, Any]], list[dict[str, Any]]]:
    """Open orders of the same unit and category, and those merged into this one. One query."""
    condition = Q(merged_into=order.pk)
    if order.category_id is not None:
        condition |= Q(unit=order.unit_id, category=order.category_id) & ~Q(state__in=ENDS)
    rows = Order.objects.filter(condition).filter(visible_to(act)).exclude(pk=order.pk)
    # Not sorted by the database: with a limit it would walk the index of dates to find these few.
    names = (
        "number",
        "title",
        "place",
        "confidential",
        "state",
        "asked_at",
        "due_at",
        "lead_unit_id",
        "merged_into_id",
    )
    found: list[dict[str, Any]] = [dict(row) for row in rows.values(*names)[:limit]]
    found.sort(key=lambda row: row["asked_at"], reverse=True)
    merged = [row for row in found if row["merged_into_id"] == order.pk]
    return [row for row in found if row["merged_into_id"] != order.pk], merged


def held_by(unit_ids: Iterable[int]) -> Q:
    """The orders that units have in hand now; the same rule as `in_hand`, for lists."""
    units = sorted(unit_ids)
    about_above = Q(about_unit=F("unit")) | Q(about_unit=F("unit__parent")) | Q(about_unit=F("unit__parent__parent"))
    untaken = Q(state__in=TAKEN_ON) & (Q(unit=F("desk_unit")) | Q(about_unit__isnull=False) & about_above)
    at_desk = (Q(state__in=_AT_DESK) | untaken) & Q(desk_unit__in=units)
    elsewhere = ~Q(state__in=(*_AT_DESK, S.REPLIED)) & ~untaken
    leading = elsewhere & Q(lead_unit__in=units)
    at_home = elsewhere & Q(lead_unit=None, unit__in=units)
    return at_desk | _checked_by(units) | leading | at_home


def _checked_by(units: list[int]) -> Q:
    """Answers that wait for a check: at the street of the place, else at the desk."""
    tree = org.tree()
    streets = {node.id for node in tree.nodes.values() if node.level == "town"}
    below = sorted({one for unit in streets.intersection(units) for one in tree.descendants(unit)})
    passed_over = Q(about_unit__isnull=False, about_unit__level="town", about_unit__parent=F("desk_unit"))
    at_street = Q(unit__in=below) & (Q(about_unit=None) | ~passed_over)
    at_desk = Q(desk_unit__in=units) & (passed_over | Q(unit=tree.root().id))
    return Q(state=S.REPLIED) & (at_street | at_desk)


@dataclass(frozen=True)
class Late:
    """How many late orders a unit has in hand, and since when the latest of them is due."""

    node: org.Node
    count: int
    due_at: datetime


def late_by_unit(act: Act) -> list[Late]:
    """Who has what is late in the actor's tree, the longest overdue first. One query."""
    condition = lists.waiting("overdue", act)
    if condition is None:
        return []
    rows = lists.unended().filter(condition).values(*_HELD_BY).annotate(n=Count("pk"), first=Min("due_at")).order_by()
    found: dict[int, tuple[int, datetime]] = {}
    for row in rows:
        unit_id, _role = in_hand(Order(**{name: row[name] for name in _HELD_BY}))
        count, first = found.get(unit_id, (0, row["first"]))
        found[unit_id] = (count + row["n"], min(first, row["first"]))
    nodes = org.tree().nodes
    late = [Late(nodes[unit_id], count, first) for unit_id, (count, first) in found.items() if unit_id in nodes]
    return sorted(late, key=lambda one: (one.due_at, one.node.code))


def most_urgent(act: Act, *, limit: int = 30) -> list[dict[str, Any]]:
    """What waits at any of the actor's own desks, soonest due first; the wall only repeats it. One query.

    Each row also says whether a telephone number is kept (not which), and whether the resident was contacted.
    """
    wanted = [lists.waiting(name, act) for name in lists.DESKS if name != "overdue"]
    condition = Q()
    for one in wanted:
        if one is not None:
            condition |= one
    if not condition:
        return []
    rows = lists.unended().filter(condition).order_by(F("due_at").asc(nulls_last=True), "id")
    phones = Contact.objects.filter(person_id=OuterRef("asked_by_id"), phone_enc__isnull=False)
    rows = rows.annotate(has_phone=Exists(phones))
    return list(rows.values(*lists.COLUMNS, "has_phone", "first_contact_at")[:limit])


def rates_by_unit(at: datetime, within: Q, fold: dict[int, int]) -> dict[int, list[figures.Rate]]:
    """The rates of several units at once. One query.

    Args:
        fold: which unit an order's own unit counts for.
    """
    defined = figures.figures(at)
    parts = {
        f"{one.name}_{part}": Count("pk", filter=figures.records(one.name, at, numerator=part == "n"))
        for one in defined
        for part in "nd"
    }
    sums: dict[int, dict[str, int]] = {}
    rows = Order.objects.filter(within).values("unit_id").annotate(**parts).order_by()
    for row in [dict[str, Any](one) for one in rows]:
        unit_id = fold.get(row["unit_id"])
        if unit_id is not None:
            mine = sums.setdefault(unit_id, dict.fromkeys(parts, 0))
            for name in parts:
                mine[name] += row[name]
    return {
        unit_id: [figures.Rate(one, mine[f"{one.name}_n"], mine[f"{one.name}_d"]) for one in defined]
        for unit_id, mine in sums.items()
    }


def reveals(act: Act, *, limit: int = 100) -> list[Reveal]:
    """Requests to see an identity that the actor made or may decide, undecided first. One query."""
    tree = org.tree()
    mine = [held.unit_id for held in act.seats if held.role == "supervisor" and held.unit_id in tree.nodes]
    below = sorted({unit for held in mine for unit in tree.descendants(held)})
    sat_in = {above for held in act.seats if held.unit_id in tree.nodes for above in tree.node(held.unit_id).path}
    rows = Reveal.objects.filter(Q(requested_by=act.by) | Q(unit__in=below)).exclude(order__about_unit__in=sat_in)
    return list(
        rows.select_related("order", "requested_by", "decided_by").order_by(
            Case(When(state="requested", then=0), default=1), "-requested_at", "pk"
        )[:limit]
    )


def own_seats(act: Act) -> list[Seat]:
    """The seats that are the actor's own, with those who stand in for them. Two queries."""
    day = org.local_date(act.at)
    rows = Seat.objects.filter(Q(to_date=None) | Q(to_date__gt=day), person=act.by, from_date__lte=day)
    return list(rows.select_related("unit").prefetch_related("deputies__person").order_by("id"))


def colleagues(act: Act, *, limit: int = 300) -> list[Person]:
    """Staff who sit in the actor's units, beside or just above them: who might stand in. One query."""
    tree = org.tree()
    near: set[int] = set()
    for held in act.seats:
        node = tree.nodes.get(held.unit_id)
        if node is None:
            continue
        near.add(node.id)
        near |= {child.id for child in tree.children(node.id) if child.is_body}
        if node.parent_id is not None:
            near.add(node.parent_id)
            near |= {one.id for one in tree.children(node.parent_id) if one.kind == node.kind}
    day = org.local_date(act.at)
    rows = Person.objects.filter(
        Q(seats__to_date=None) | Q(seats__to_date__gt=day), seats__unit__in=near, kind=Person.Kind.STAFF
    )
    return list(rows.exclude(pk=act.by.pk).distinct().order_by("name", "handle")[:limit])
