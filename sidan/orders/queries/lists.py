"""Lists of orders as dict rows, paged by key. Every list: one statement for the rows, whatever their number."""

import base64
import binascii
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

import orjson
from django.db.models import Count, F, Q, QuerySet, Value
from django.utils.functional import Promise
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from sidan.kernel.base import text as texts
from sidan.kernel.base.errors import Invalid
from sidan.kernel.journal import queries as journal
from sidan.kernel.org import queries as org
from sidan.kernel.org.act import Act
from sidan.orders.models import Order, Support
from sidan.orders.queries import bundles, presence
from sidan.orders.queries.seeing import visible_to
from sidan.orders.words import ENDS, Channel, Kind, Klass, S, Urgency

PAGE = 50
PAGE_MOST = 200
FIRST_YEAR, LAST_YEAR = 1900, 9000
COLUMNS = (
    "id", "number", "state", "kind", "klass", "urgency", "channel", "title", "place", "unit_id", "desk_unit_id",
    "lead_unit_id", "about_unit_id", "category_id", "due_rule_id",
    "due_at", "answer_due_at", "asked_at", "answered_at", "closed_at", "round", "rung",
    "solved", "satisfied", "public", "anonymous", "confidential", "refusal", "supports_open", "version",
)  # fmt: skip


@dataclass(frozen=True)
class Desk:
    """A list of work: which orders wait for whom.

    Args:
        roles: who has this desk.
        states: what waits there.
        at: the row's field that must name a unit of one's tree.
        passes: other people's work passes through: once an order has left, the next one opens.
    """

    name: str
    label: str | Promise
    roles: tuple[str, ...]
    states: tuple[str, ...]
    at: str
    empty: str | Promise = ""
    passes: bool = False


DESKS = {
    desk.name: desk
    for desk in (
        Desk("community", gettext_lazy("社区接单"), ("community",),
             (S.SUBMITTED, S.ACCEPTED, S.COMMUNITY_HANDLING), "unit", gettext_lazy("没有等着接的单。居民提交后会出现在这里。")),
        Desk("dispatch", gettext_lazy("派单"), ("dispatcher",),
             (S.AWAITING_DISPATCH, S.REOPENED, S.ESCALATED), "desk_unit", gettext_lazy("没有待派的单。"), True),
        Desk("inbox", gettext_lazy("承办"), ("handler", "community"),
             (S.DISPATCHED, S.SIGNED, S.IN_PROGRESS, S.SUSPENDED), "lead_unit", gettext_lazy("没有要办的单。派来后会出现在这里。")),
        Desk("checks", gettext_lazy("核查与回访"), ("checker",), (S.REPLIED, S.AWAITING_RATING), "unit",
             gettext_lazy("没有待核查的答复。"), True),
        Desk("disputes", gettext_lazy("退单裁定"), ("supervisor",), (S.DISPUTED,), "desk_unit", gettext_lazy("没有待裁定的退单。"),
             True),
        Desk("overdue", gettext_lazy("超期墙"), ("supervisor", "dispatcher"),
             tuple(state for state in S if state not in (*ENDS, S.AWAITING_RATING, S.NEED_INFO)), "unit",
             gettext_lazy("没有超期的单。")),
    )
}  # fmt: skip


@dataclass(frozen=True)
class Page:
    """Some rows, and the key of the next page; empty where it was the last."""

    rows: list[dict[str, Any]]
    next: str = ""
    filters: dict[str, Any] = field(default_factory=dict)


def unended() -> QuerySet[Order]:
    """Orders that somebody must still act on, by the partial indexes made for them.

    The states stand in the statement as words: SQLite takes a partial index for words only, not for bound values.
    """
    ends = ", ".join(f"'{state.value}'" for state in ENDS)
    return Order.objects.extra(where=[f"NOT (orders_order.state IN ({ends}))"])


def desk(
    name: str,
    act: Act,
    filters: dict[str, Any] | None = None,
    *,
    within: Q | None = None,
    after: str = "",
    limit: int = PAGE,
) -> Page:
    """What waits at a desk for this act, soonest due first. One statement (and the actor's seats), at most 200 rows.

    Args:
        filters: as cleaned by `clean_filters`.
        within: a further condition.
    """
    condition = waiting(name, act)
    if condition is None:
        return Page([])
    rows = unended().filter(condition).filter(within or Q(), **conditions(filters or {}))
    if (filters or {}).get("overdue"):
        rows = rows.filter(due_at__lt=act.at)
    return _soonest(rows.annotate(watched_by=presence.watcher(act), held=bundles.held()), after, limit)


def beside(name: str, act: Act, filters: dict[str, Any], key: str, *, back: bool = False) -> str:
    """The number of the order that stands after a row of a desk (or before it), round the end; empty where there is none.

    At most two queries.

    Args:
        key: the row's place, as `place_of` gives it; it may have left the desk since.
    """
    condition = waiting(name, act)
    if condition is None:
        return ""
    rows = unended().filter(condition).filter(**conditions(filters))
    if filters.get("overdue"):
        rows = rows.filter(due_at__lt=act.at)
    at, row_id = opened(key)
    if back:
        rows = rows.order_by(F("due_at").desc(nulls_first=True), "-id")
        sooner = (
            Q(due_at__lt=at) | Q(due_at=at, id__lt=row_id) if at else Q(due_at=None, id__lt=row_id) | ~Q(due_at=None)
        )
        near = rows.filter(sooner)
    else:
        rows = rows.order_by(F("due_at").asc(nulls_last=True), "id")
        near = rows.filter(_behind(at, row_id))
    found = near.values_list("number", flat=True).first()
    return found or rows.exclude(pk=row_id).values_list("number", flat=True).first() or ""


def arrived(name: str, act: Act, filters: dict[str, Any], since: int) -> int:
    """How many orders came to a desk after an entry of the journal, moved there by others. Two queries; a hint, no figure:

    what another process commits late under an earlier number is told with the next ones.
    """
    condition, defined = waiting(name, act), DESKS[name]
    if condition is None:
        return 0
    to = (*defined.states, S.SUBMITTED) if name == "dispatch" else defined.states
    stem = "orders.order."
    moved = journal.moved_since(since, to=to, stem=stem, not_from=defined.states, not_by=act.by.pk)
    if not moved:
        return 0
    numbers = {subject.partition(":")[2] for subject in moved}
    return unended().filter(condition, number__in=numbers).filter(**conditions(filters)).count()


def place_of(due_at: datetime | None, row_id: int) -> str:
    """Where a row stands at a desk: the key of a page that would begin after it."""
    return key_of(due_at, row_id)


def waiting(name: str, act: Act) -> Q | None:
    """The condition of a desk for an act; None where the act has no such desk. No query but the actor's seats."""
    defined = DESKS[name]
    tree = org.tree()
    mine = [held.unit_id for held in act.seats if held.role in defined.roles and held.unit_id in tree.nodes]
    if not mine:
        return None
    condition = Q(state__in=defined.states)
    root = tree.root().id
    if root not in mine:
        condition &= Q(**{f"{defined.at}__in": sorted({below for unit in mine for below in tree.descendants(unit)})})
    elif defined.at == "desk_unit" and set(mine) == {root}:
        condition &= Q(desk_unit=root)  # the county's desk has what was escalated to it; the streets have theirs
    if name == "dispatch":
        condition |= _without_a_community(mine, root)
    if name == "overdue":
        condition &= Q(due_at__lt=act.at)
    sat_in = {above for held in act.seats if held.unit_id in tree.nodes for above in tree.node(held.unit_id).path}
    return condition & (Q(about_unit=None) | ~Q(about_unit__in=sat_in))


def _without_a_community(mine: list[int], root: int) -> Q:
    """What a desk takes on itself because no community can: see `seeing.no_community`."""
    tree = org.tree()
    condition = Q(state__in=(S.SUBMITTED, S.ACCEPTED))
    if set(mine) == {root}:
        return condition & Q(desk_unit=root)
    below = sorted({below for unit in mine for below in tree.descendants(unit)})
    places = [unit for unit in below if not tree.node(unit).is_body]
    return condition & Q(desk_unit__in=below) & (Q(unit=F("desk_unit")) | Q(about_unit__in=places))


def supports(act: Act, *, limit: int = PAGE) -> list[dict[str, Any]]:
    """Co-handling that waits for the actor's unit, soonest due first. One statement."""
    tree = org.tree()
    mine = [
        below
        for held in act.seats
        if held.role in ("handler", "community") and held.unit_id in tree.nodes
        for below in tree.descendants(held.unit_id)
    ]
    rows = Support.objects.filter(unit__in=mine, state="asked").order_by("due_at", "id")
    found = rows.values(
        "id", "unit_id", "due_at", "order__number", "order__title", "order__confidential", "order__lead_unit_id"
    )[:limit]
    return [dict(row) for row in found]


def counts(act: Act) -> dict[str, tuple[int, int]]:
    """For each desk that the act has: how many wait, and how many of them are late. One statement for all desks.

    One count for each desk in it, so that each goes by its own index: together they had to look at every open order.
    """
    late = Q(due_at__lt=act.at)
    parts = {
        name: unended()
        .filter(condition)
        .annotate(desk=Value(name))
        .values("desk")
        .annotate(all=Count("pk"), late=Count("pk", filter=late))
        .order_by()
        for name in DESKS
        if (condition := waiting(name, act)) is not None
    }
    if not parts:
        return {}
    first, *others = parts.values()
    found = {row["desk"]: (row["all"], row["late"]) for row in (first.union(*others, all=True) if others else first)}
    return {name: found.get(name, (0, 0)) for name in parts}


def orders(act: Act, filters: dict[str, Any], *, within: Q | None = None, after: str = "", limit: int = PAGE) -> Page:
    """All orders that an act may see, newest first, filtered. One statement.

    Args:
        filters: as cleaned by `clean_filters`.
        within: a further condition: the records behind a figure.
        after: the key of the page before.
    """
    rows = Order.objects.filter(visible_to(act)).filter(within or Q(), **conditions(filters))
    if filters.get("overdue"):
        rows = rows.exclude(state__in=ENDS).filter(due_at__lt=act.at)
    limit = max(1, min(limit, PAGE_MOST))
    if after:
        at, key = opened(after)
        moment = at or datetime.min.replace(year=FIRST_YEAR, tzinfo=UTC)
        rows = rows.filter(Q(asked_at__lt=moment) | Q(asked_at=moment, id__lt=key))
    found = list(rows.order_by("-asked_at", "-id").values(*COLUMNS)[: limit + 1])
    last = found[limit - 1] if len(found) > limit else None
    return Page(found[:limit], key_of(last["asked_at"], last["id"]) if last else "", filters)


FILTERS: dict[str, tuple[str, ...]] = {
    "state": tuple(S.values),
    "kind": tuple(Kind.values),
    "klass": tuple(Klass.values),
    "urgency": tuple(Urgency.values),
    "channel": tuple(Channel.values),
}


def clean_filters(raw: dict[str, Any]) -> dict[str, Any]:
    """Filters of a query string: state, kind, klass, urgency, channel, unit, lead, category, asked_from, asked_to, overdue.

    Raises:
        Invalid: a value that the list does not know; other names are ignored.
    """
    clean: dict[str, Any] = {}
    wrong: dict[str, Any] = {}
    for name, known in FILTERS.items():
        values = [one for one in str(raw.get(name) or "").split(",") if one]
        if any(value not in known for value in values):
            wrong[name] = _("只能是：%(all)s。") % {"all": "、".join(known)}
        elif values:
            clean[name] = values
    for name in ("unit", "lead"):
        if raw.get(name):
            node = org.tree().by_code(str(raw[name]))
            if node is None:
                wrong[name] = _("没有这个单位，请从列表里选。")
            else:
                clean[name] = node.id
    if raw.get("category"):
        clean["category"] = texts.clean_digits(raw["category"])[:6].replace("\0", "")
    for name in ("asked_from", "asked_to"):
        if raw.get(name):
            try:
                clean[name] = _moment(str(raw[name]).replace(" ", "+"))
            except ValueError:
                wrong[name] = _("请写成 2026-03-31 这样的日期。")
    if str(raw.get("overdue") or "") in ("1", "true", "yes"):
        clean["overdue"] = True
    if wrong:
        raise Invalid(fields=wrong)
    return clean


def conditions(filters: dict[str, Any]) -> dict[str, Any]:
    """Cleaned filters as look-ups."""
    made = {f"{name}__in": filters[name] for name in FILTERS if name in filters}
    if "unit" in filters:
        made["unit__in"] = org.tree().descendants(filters["unit"])
    if "lead" in filters:
        made["lead_unit__in"] = org.tree().descendants(filters["lead"])
    if "category" in filters:
        made["category__code__startswith"] = filters["category"]
    if "asked_from" in filters:
        made["asked_at__gte"] = filters["asked_from"]
    if "asked_to" in filters:
        made["asked_at__lte"] = filters["asked_to"]
    return made


def _soonest(rows: Any, after: str, limit: int) -> Page:
    """Rows by their clock, each with who has it open and whether it is on its way out; those without a clock come last."""
    limit = max(1, min(limit, PAGE_MOST))
    if after:
        rows = rows.filter(_behind(*opened(after)))
    found = list(
        rows.order_by(F("due_at").asc(nulls_last=True), "id").values(*COLUMNS, "watched_by", "held")[: limit + 1]
    )
    last = found[limit - 1] if len(found) > limit else None
    return Page(found[:limit], key_of(last["due_at"], last["id"]) if last else "")


def _behind(at: datetime | None, row_id: int) -> Q:
    """What stands after a place; rows without a clock come last."""
    if at is None:
        return Q(due_at=None, id__gt=row_id)
    return Q(due_at__gt=at) | Q(due_at=at, id__gt=row_id) | Q(due_at=None)


def key_of(at: datetime | None, row_id: int) -> str:
    """A row's place in an order by time, for the address of the next page."""
    raw = orjson.dumps([at.isoformat() if at else None, row_id])
    return base64.urlsafe_b64encode(raw).decode().rstrip("=")


def _moment(raw: str) -> datetime:
    """A moment with its zone, far enough from the ends of the calendar for every zone and database."""
    moment = datetime.fromisoformat(raw)
    if not FIRST_YEAR <= moment.year <= LAST_YEAR:
        raise ValueError("beyond the calendar")
    return moment if moment.tzinfo else moment.replace(tzinfo=org.ZONE)


def opened(key: str) -> tuple[datetime | None, int]:
    """The place that a key names.

    Raises:
        Invalid: it names none.
    """
    try:
        at, row_id = orjson.loads(base64.urlsafe_b64decode(key + "=" * (-len(key) % 4)))
        return None if at is None else _moment(at), int(row_id)
    except (ValueError, TypeError, OverflowError, binascii.Error) as error:
        raise Invalid(fields={"next": wrong_place()}) from error


def wrong_place() -> str:
    """What a pager's key that is none gets for an answer."""
    return _("翻页的位置不对，请从第一页重新开始。")
