"""Lists of orders as their tables show them, and the filters above them."""

from collections.abc import Iterable
from datetime import datetime, timedelta
from typing import Any

from django.http import HttpRequest, QueryDict
from django.utils.translation import gettext as _

from sidan.kernel.org import queries as org
from sidan.kernel.org.act import Act
from sidan.orders.queries import lists
from sidan.orders.rulebook import rulebook
from sidan.orders.views.desk_door import order_href
from sidan.orders.views.desk_tour import Tour
from sidan.orders.words import ENDS, RUNGS, Channel, Kind, Klass, Rung, S, Satisfied, Solved, Urgency
from sidan.web.logs import masked
from sidan.web.pages import Ask

SOON = timedelta(hours=24)
# In these a date is not somebody's deadline at work: it waits for the resident, or for a day of its own.
_WAITING = (S.NEED_INFO, S.AWAITING_RATING, S.SUSPENDED)


def cards(rows: Iterable[dict[str, Any]], at: datetime, tour: Tour | None = None) -> list[dict[str, Any]]:
    """Rows with words, links and marks; the links remember the list. No query."""
    made = [card(row, at) for row in rows]
    if tour is not None:
        for one in made:
            one["href"] = tour.order(one["number"])
    return made


def card(row: dict[str, Any], at: datetime) -> dict[str, Any]:
    """One row of a list as its template shows it."""
    nodes, category = org.tree().nodes, rulebook().category_ids.get(row["category_id"] or 0)
    rule = rulebook().deadline_ids.get(row["due_rule_id"] or 0)
    lead, unit = nodes.get(row["lead_unit_id"] or 0), nodes.get(row["unit_id"])
    return {
        **row,
        "title": said(row["title"], row["confidential"]),
        "href": order_href(row["number"]),
        "unit": unit.short_name if unit else "",
        "lead": lead.short_name if lead else "",
        "category": category.name if category else "",
        "kind_label": Kind(row["kind"]).label,
        "klass_label": Klass(row["klass"]).label,
        "channel_label": Channel(row["channel"]).label,
        "urgency_label": Urgency(row["urgency"]).label,
        "due_measure": rule.measure if rule else "",
        "ended": row["state"] in ENDS,
        "css": mark(row["state"], row["due_at"], at),
        "flags": flags(row, at),
        "rated": rated(row),
    }


def said(text: str, confidential: bool) -> str:
    """What somebody wrote; where the one who asked is hidden, so are numbers by which they could be called."""
    if not text:  # an order's words are never empty before they are erased
        return _("（已按规定删除）")
    return masked(text) if confidential else text


def mark(state: str, due_at: datetime | None, at: datetime) -> str:
    """The row's colour at its edge: late, soon, or none."""
    if due_at is None or state in ENDS or state in _WAITING:
        return ""
    return "row--over" if due_at < at else "row--soon" if due_at - at <= SOON else ""


def flags(row: dict[str, Any], at: datetime) -> list[tuple[str, str]]:
    """Word and tone of what a dispatcher must see at a glance."""
    found = []
    if row["urgency"] == Urgency.URGENT:
        found.append((str(Urgency.URGENT.label), "danger"))
    elif row["urgency"] == Urgency.TIMED:
        found.append((str(Urgency.TIMED.label), "warn"))
    if row["klass"] in (Klass.DANGER, Klass.UTILITIES):
        found.append((str(Klass(row["klass"]).label), "danger" if row["klass"] == Klass.DANGER else "warn"))
    if row["round"] > 1:
        found.append((_("第%(n)d次办理") % {"n": row["round"]}, "warn"))
    if row["rung"] and row["state"] not in ENDS:
        rung = rung_of(row["klass"], row["rung"], at)
        found.append((str(rung.label), "warn" if rung == Rung.REMIND else "danger"))
    if row["confidential"]:
        found.append((_("保密"), "plain"))
    if row["anonymous"]:
        found.append((_("匿名"), "plain"))
    if row["supports_open"]:
        found.append((_("待协办反馈 %(n)d") % {"n": row["supports_open"]}, "plain"))
    return found


def rung_of(klass: str, rung: int, at: datetime) -> Rung:
    """The last rung of the ladder that was climbed."""
    rules = rulebook().rungs(klass, org.local_date(at))
    code = rules[min(rung, len(rules)) - 1].rung if rules else RUNGS[min(rung, len(RUNGS)) - 1]
    return Rung(code)


def rated(row: dict[str, Any]) -> str:
    """What the resident said of it: solved, and satisfied."""
    if row["solved"] is None or row["satisfied"] is None:
        return _("未评价") if row["state"] == S.CLOSED and row["answered_at"] else ""
    return f"{Solved(row['solved']).label} · {Satisfied(row['satisfied']).label}"


def filter_fields(act: Act, only: Iterable[str] = ()) -> list[Ask]:
    """The filters of a list; with `only` those that make sense there."""
    day = org.local_date(act.at)
    categories = [
        (row.code, row.name) for row in rulebook().category_choices(day) if len(row.code) <= (2 if not only else 4)
    ]
    fields = [
        Ask("state", _("状态"), "choice", required=False, choices=S.choices),
        Ask("kind", _("类型"), "choice", required=False, choices=Kind.choices),
        Ask("klass", _("时限类别"), "choice", required=False, choices=Klass.choices),
        Ask("urgency", _("紧急程度"), "choice", required=False, choices=Urgency.choices),
        Ask("channel", _("渠道"), "choice", required=False, choices=Channel.choices),
        Ask("category", _("事项类别"), "choice", required=False, choices=categories),
        Ask("unit", _("社区（村）"), "choice", required=False, choices=places_of(act)),
        Ask("lead", _("主办单位"), "choice", required=False, choices=bodies_of(act)),
        Ask("asked_from", _("提交日期从"), "day", required=False),
        Ask("asked_to", _("提交日期到"), "day", required=False),
        Ask("overdue", _("时限"), "choice", required=False, choices=[("1", _("只看超期"))]),
    ]
    wanted = set(only)
    return [field for field in fields if not wanted or field.name in wanted]


def options(fields: Iterable[Ask], values: QueryDict | dict[str, Any]) -> list[dict[str, Any]]:
    """Filters as small selects, with what is chosen."""
    return [
        {
            "name": field.name,
            "label": field.label,
            "day": field.kind == "day",
            "value": values.get(field.name, ""),
            "choices": [(str(code), label) for code, label, *_more in field.choices],
        }
        for field in fields
        if field.kind == "day" or field.choices
    ]


def places_of(act: Act) -> list[tuple[str, str]]:
    """Places of the actor's trees: towns, then their communities."""
    tree = org.tree()
    mine = {below for held in act.seats for below in tree.descendants(held.unit_id)}
    nodes = sorted((tree.node(one) for one in mine), key=lambda node: node.code)
    return [
        (node.code, node.short_name if node.level == "town" else f"　{node.short_name}")
        for node in nodes
        if node.level in ("town", "community")
    ]


def bodies_of(act: Act) -> list[tuple[str, str]]:
    """Bodies that serve the actor's places: those below the units held and those below the units above them."""
    tree = org.tree()
    near = {above for held in act.seats if held.unit_id in tree.nodes for above in tree.node(held.unit_id).path}
    mine = {below for held in act.seats for below in tree.descendants(held.unit_id)}
    nodes = [node for node in tree.nodes.values() if node.is_body and (node.parent_id in near or node.id in mine)]
    return [(node.code, node.short_name) for node in sorted(nodes, key=lambda node: node.code)]


def query(request: HttpRequest, **changes: str) -> str:
    """The address of the same list with some of its parameters changed; an empty value takes one away."""
    values = request.GET.copy()
    for name, value in changes.items():
        if value:
            values[name] = value
        else:
            values.pop(name, None)
    for name in [name for name, value in values.items() if not value]:
        values.pop(name, None)
    encoded = values.urlencode()
    return f"{request.path}?{encoded}" if encoded else request.path


def list_context(request: HttpRequest, page: lists.Page, act: Act, tour: Tour | None = None) -> dict[str, Any]:
    """What every list page gives its template: rows and the pager's links. No query."""
    rows = cards(page.rows, act.at, tour)
    return {
        "rows": rows,
        "now": act.at,
        "next_href": query(request, after=page.next) if page.next else "",
        "first_href": query(request, after="") if request.GET.get("after") else "",
        "filtered": any(value for name, value in request.GET.items() if name not in ("after", "all", "cols")),
        "fresh_href": query(request, after=""),
        "clear_href": request.path,
    }
