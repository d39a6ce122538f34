"""Search over the orders that an act may see: newest first, by tokens; and the places and staff that a word may mean."""

import re
from dataclasses import dataclass, field
from typing import Any

from django.db import connection
from django.db.models import Q
from django.utils.html import format_html_join
from django.utils.safestring import SafeString

from sidan.kernel.base import personal, snapshot
from sidan.kernel.base.errors import Invalid
from sidan.kernel.org import queries as org
from sidan.kernel.org.act import Act
from sidan.kernel.org.models import Person, Seat
from sidan.orders import keys, tokens
from sidan.orders.models import Order, Text
from sidan.orders.models.search import ORDER_OF_KEY, first_key
from sidan.orders.queries import lists
from sidan.orders.queries.seeing import visible_to
from sidan.orders.words import ENDS
from sidan.web.logs import masked

PAGE = 30
BEFORE, AFTER = 18, 70  # characters of an excerpt round its first hit
OFFERED_MOST = 6
_NUMBER = re.compile(f"[{keys.ALPHABET}]{{8}}")


@dataclass(frozen=True)
class Offer:
    """A place, a body or a member of staff that a typed word may mean, and the words that are left without it."""

    name: str
    at: str
    param: str  # unit, lead or staff
    value: str
    rest: str


@dataclass(frozen=True)
class Hits:
    """A page of hits, and what else the words may mean. `excerpts`: order id to where the words stand."""

    page: lists.Page
    excerpts: dict[int, tuple[str, SafeString]] = field(default_factory=dict)
    offers: list[Offer] = field(default_factory=list)


def number_in(typed: str) -> str:
    """The number of an order, where that is what somebody typed; else empty."""
    one = "".join(mark for mark in tokens.regular(typed[:40]).upper() if mark.isalnum())
    return one if _NUMBER.fullmatch(one) else ""


def is_personal(typed: str) -> bool:
    """Whether somebody looks for a resident by what the index does not hold."""
    return bool(personal.find(typed, (personal.PHONE, personal.IDENTITY)))


def search(
    typed: str, act: Act, filters: dict[str, Any] | None = None, *, staff: str = "", after: str = "", limit: int = PAGE
) -> Hits:
    """Orders that hold all the words, newest first. Four statements, whatever is found.

    Args:
        filters: as cleaned by `lists.clean_filters`.
        staff: handle of who dispatched, signed, replied or recorded.
        after: key of the page before.

    Raises:
        Invalid: the key is none.
    """
    words, chosen = tokens.terms(typed), filters or {}
    page = _page(tokens.wanted(words), act, chosen, _handled_by(staff), after, limit)
    return Hits(page, _excerpts(page.rows, words), _offers(words, act))


def _page(wanted: tokens.Wanted, act: Act, filters: dict[str, Any], within: Q, after: str, limit: int) -> lists.Page:
    """One statement. The index is walked from its newest row, and ends with the page."""
    where = [f"orders_order.id = {ORDER_OF_KEY}"]
    values: list[str | int] = []
    if wanted:
        where.append("tokens @@ %s::tsquery" if connection.vendor == "postgresql" else "orders_search MATCH %s")
        values.append(_match(wanted))
    if after:
        where.append("orders_search.rowid < %s")
        values.append(_opened(after))
    if "asked_from" in filters:
        where.append("orders_search.rowid >= %s")
        values.append(first_key(filters["asked_from"]))
    rows = Order.objects.filter(visible_to(act)).filter(within, **lists.conditions(filters))
    if filters.get("overdue"):
        rows = rows.exclude(state__in=ENDS).filter(due_at__lt=act.at)
    rows = rows.extra(
        select={"key": "orders_search.rowid"}, tables=["orders_search"], where=where, params=values,
        order_by=["-orders_search.rowid"],
    )  # fmt: skip
    found: list[dict[str, Any]] = [dict(row) for row in rows.values("key", *lists.COLUMNS)[: limit + 1]]
    return lists.Page(found[:limit], str(found[limit - 1]["key"]) if len(found) > limit else "", filters)


def _match(wanted: tokens.Wanted) -> str:
    """The words in the language of the index. Tokens hold letters and digits only, so nothing in them is a sign of it."""
    if connection.vendor == "postgresql":
        return " & ".join([*(f"'{one}'" for one in wanted.whole), *(f"'{one}':*" for one in wanted.begun)])
    return " AND ".join([*(f'"{one}"' for one in wanted.whole), *(f'"{one}"*' for one in wanted.begun)])


def _opened(after: str) -> int:
    if not re.fullmatch(r"-?[0-9]{1,19}", after, re.ASCII) or abs(int(after)) >= 2**63:
        raise Invalid(fields={"next": lists.wrong_place()})
    return int(after)


def _handled_by(handle: str) -> Q:
    """What a member of staff had to do with. One statement."""
    if not handle:
        return Q()
    person = Person.objects.filter(handle=handle[:80], kind=Person.Kind.STAFF).values_list("pk", flat=True).first()
    names = ("dispatched_by", "signed_by", "replied_by", "recorded_by")
    return Q(*((name, person or 0) for name in names), _connector=Q.OR)


def name_of(handle: str) -> str:
    """The name of a member of staff; the handle where there is none. One statement."""
    return (
        Person.objects.filter(handle=handle[:80], kind=Person.Kind.STAFF).values_list("name", flat=True).first()
        or handle
    )


def _excerpts(rows: list[dict[str, Any]], words: list[str]) -> dict[int, tuple[str, SafeString]]:
    """For each row the kind of the first text that holds a word, and the words there. One statement."""
    hidden = {row["id"]: row["confidential"] for row in rows}
    pattern = _pattern(words)
    found: dict[int, tuple[str, SafeString]] = {}
    texts = Text.objects.filter(order__in=list(hidden), erased_at=None).order_by("order_id", "seq")
    for order_id, kind, body in texts.values_list("order_id", "kind", "body"):
        said = masked(body) if hidden[order_id] else body
        if pattern is None or order_id in found or not (first := pattern.search(said)):
            continue
        found[order_id] = kind, marked(_round(said, first.start()), words)
    return found


def marked(text: str, words: list[str]) -> SafeString:
    """A text with the words marked in it, safe to show."""
    pattern = _pattern(words)
    if pattern is None:
        return format_html_join("", "{}", [(text,)])
    parts = [(part, at % 2) for at, part in enumerate(pattern.split(text))]
    joined = [format_html_join("", "<mark>{}</mark>" if hit else "{}", [(part,)]) for part, hit in parts if part]
    return SafeString("".join(joined))


def _round(text: str, at: int) -> str:
    start, end = max(0, at - BEFORE), at + AFTER
    line = " ".join(text[start:end].split())
    return f"{'…' if start else ''}{line}{'…' if end < len(text) else ''}"


def _pattern(words: list[str]) -> re.Pattern[str] | None:
    """The words as they were typed; where one does not stand so, its pairs."""
    parts = {word for word in words if tokens.wanted([word])}
    for word in words:
        parts.update(tokens.wanted([word]).whole)
    if not parts:
        return None
    return re.compile(f"({'|'.join(map(re.escape, sorted(parts, key=len, reverse=True)))})", re.IGNORECASE)


@snapshot.cached("orders.search.units")
def _units() -> list[org.Node]:
    """Places and bodies in the order of their codes."""
    return sorted(
        (node for node in org.tree().nodes.values() if node.parent_id is not None), key=lambda node: node.code
    )


def _offers(words: list[str], act: Act) -> list[Offer]:
    """Places, bodies and staff that a word may mean: by a part of the name or by its initials. One statement."""
    nodes, day = org.tree().nodes, org.local_date(act.at)
    seats = Seat.objects.filter(
        Q(to_date=None) | Q(to_date__gt=day), from_date__lte=day, person__kind=Person.Kind.STAFF
    ).order_by("person__handle", "id")
    staff = [
        (handle or "", name, unit)
        for handle, name, unit in seats.values_list("person__handle", "person__name", "unit_id")
    ]
    found: list[Offer] = []
    for at, word in enumerate(words):
        rest = " ".join([*words[:at], *words[at + 1 :]])
        places = (node for node in _units() if tokens.named(node.short_name, word) or tokens.named(node.name, word))
        for node in _first(places):
            above = nodes.get(node.parent_id or 0)
            param = "lead" if node.is_body else "unit"
            found.append(Offer(node.short_name, above.short_name if above else "", param, node.code, rest))
        known: dict[str, Offer] = {}
        for handle, name, unit_id in staff:
            if len(known) < OFFERED_MOST and (tokens.named(name, word) or handle.casefold() == word):
                unit = nodes.get(unit_id)
                known.setdefault(handle, Offer(name, unit.short_name if unit else "", "staff", handle, rest))
        found += known.values()
    return found


def _first(places: Any) -> list[org.Node]:
    return [node for _at, node in zip(range(OFFERED_MOST), places, strict=False)]
