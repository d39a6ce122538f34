"""The desks, the wall of what is late, and all orders."""

from typing import Any

from django.db.models import Q
from django.http import HttpRequest, HttpResponse
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from django.views.decorators.http import require_safe

from sidan.kernel.base.errors import Invalid, NotAllowed
from sidan.kernel.journal import queries as journal
from sidan.kernel.org import queries as org
from sidan.kernel.org.act import Act
from sidan.orders.queries import around, figures, listing, lists
from sidan.orders.views import desk_tour, desk_views
from sidan.orders.views.desk_door import order_href, staff_act
from sidan.orders.views.desk_forms import KEYS_OF_A_LIST
from sidan.orders.views.desk_rows import bodies_of, filter_fields, list_context, mark, options, query, said
from sidan.orders.views.desk_tour import FROM
from sidan.orders.words import S
from sidan.web.pages import errors_of, page

# What a desk's own list can be narrowed by; its states stand above it as tabs.
_AT_A_DESK = ("kind", "klass", "category", "unit", "overdue")


@require_safe
def desk(request: HttpRequest, name: str) -> HttpResponse:
    """What waits at one desk, soonest due first. Two queries: rows, the newest entry; one more for co-handling.

    With `since` it says only what is new, with `go` and `at` it leads to the order beside a place.

    Raises:
        NotAllowed: the actor has no such desk.
    """
    act = staff_act(request)
    defined = lists.DESKS[name]
    _insist_on(name, act)
    filters, errors = filters_of(request)
    tour = desk_tour.of_list(request, name)
    if "since" in request.GET:
        return _news(request, name, act, filters)
    if "go" in request.GET:
        return desk_tour.follow(request, tour, act)
    found = lists.desk(name, act, filters, after=_after(request))
    tabs = [(_("全部"), query(request, state="", after=""), not request.GET.get("state"))]
    for state in defined.states:
        tabs.append((str(S(state).label), query(request, state=state, after=""), request.GET.get("state") == state))
    context = {
        **list_context(request, found, act, tour),
        **desk_views.context(request, name, act),
        "news_href": query(request, since=str(journal.last_id()), after=""),
        "heading": defined.label,
        "keys": KEYS_OF_A_LIST,
        "desk": defined,
        "tabs": tabs if len(defined.states) > 1 else [],
        "asks": options(filter_fields(act, _AT_A_DESK), request.GET),
        "kept": [("state", request.GET.get("state", ""))],
        "errors": errors,
    }
    if name == "dispatch":
        context |= {"bulk_units": bodies_of(act), "all_href": query(request, all="1"), "carried": [(FROM, tour.said)]}
        context |= {"keys": [*KEYS_OF_A_LIST, ("s", _("选中这一行"))], "all": request.GET.get("all") == "1"}
    if name == "inbox":
        context["supports"] = _supports(act)
    return page(request, "orders/desk/list.html", status=422 if errors else 200, **context)


@require_safe
def wall(request: HttpRequest) -> HttpResponse:
    """超期墙: what is late, the longest overdue first, beside it by unit. Two queries.

    Raises:
        NotAllowed: the actor neither supervises nor dispatches.
    """
    act = staff_act(request)
    _insist_on("overdue", act)
    filters, errors = filters_of(request)
    hand = org.tree().by_code(request.GET.get("hand", ""))
    within = around.held_by([hand.id]) if hand else None
    if "go" in request.GET:
        return desk_tour.follow(request, desk_tour.of_list(request, "overdue"), act)
    found = lists.desk("overdue", act, filters, within=within, after=_after(request))
    units = [
        {"node": late.node, "count": late.count, "due_at": late.due_at, "current": hand == late.node,
         "href": query(request, hand="" if hand == late.node else late.node.code, after="")}
        for late in around.late_by_unit(act)
    ]  # fmt: skip
    context = {
        **list_context(request, found, act, desk_tour.of_list(request, "overdue")),
        **desk_views.context(request, "overdue", act),
        "heading": lists.DESKS["overdue"].label,
        "keys": KEYS_OF_A_LIST,
        "desk": lists.DESKS["overdue"],
        "units": units,
        "hand": hand,
        "asks": options(filter_fields(act, _AT_A_DESK[:-1]), request.GET),
        "kept": [("hand", request.GET.get("hand", ""))],
        "errors": errors,
    }
    return page(request, "orders/desk/wall.html", status=422 if errors else 200, **context)


@require_safe
def every_order(request: HttpRequest) -> HttpResponse:
    """All orders that the actor may see, newest first; or the records behind a figure. One query."""
    act = staff_act(request)
    filters, errors = filters_of(request)
    within, figure = _figure(request, act)
    found = lists.Page([]) if errors else lists.orders(act, filters, within=within, after=_after(request))
    kept = [(name, request.GET.get(name, "")) for name in ("figure", "part")] if figure else []
    context = {
        **list_context(request, found, act),
        **desk_views.context(request, listing.EVERY, act),
        "heading": _("全部工单"),
        "keys": KEYS_OF_A_LIST,
        "figure": figure,
        "asks": options(filter_fields(act), request.GET),
        "kept": kept,
        "errors": errors,
        "every": True,
    }
    return page(request, "orders/desk/list.html", status=422 if errors else 200, **context)


def _news(request: HttpRequest, name: str, act: Act, filters: dict[str, Any]) -> HttpResponse:
    """What came to the desk since the page was made, in words; 204 where nothing did. Two queries beside the frame's."""
    raw = request.GET["since"]
    since = int(raw) if raw.isascii() and raw.isdigit() and len(raw) < 19 else 0
    count = lists.arrived(name, act, filters, since) if since else 0
    if not count:
        return HttpResponse(status=204)
    words = ngettext("%(n)d 件新工单，点这里看", "%(n)d 件新工单，点这里看", count) % {"n": count}
    return HttpResponse(words, content_type="text/plain; charset=utf-8")


def _insist_on(name: str, act: Act) -> None:
    if lists.waiting(name, act) is None:
        raise NotAllowed(_("您没有“%(desk)s”这个岗位。") % {"desk": lists.DESKS[name].label})


def filters_of(request: HttpRequest) -> tuple[dict[str, Any], dict[str, Any]]:
    """The cleaned filters, or what is wrong with them. A day as the end of a span includes that day."""
    raw = request.GET.dict()
    if len(raw.get("asked_to", "")) == 10:
        raw["asked_to"] += "T23:59:59.999999"
    try:
        return lists.clean_filters(raw), {}
    except Invalid as wrong:
        return {}, errors_of(wrong)


def _after(request: HttpRequest) -> str:
    return request.GET.get("after", "")[:200]


def _figure(request: HttpRequest, act: Act) -> tuple[Q | None, dict[str, Any]]:
    """The condition behind a figure, and its words."""
    name, part = request.GET.get("figure", ""), request.GET.get("part", "d")
    if name == "unrated":
        return figures.unrated_records(), {"label": _("未评价"), "part": "", "definition": ""}
    known = {figure.name: figure for figure in figures.figures(act.at)}
    if name not in known:
        return None, {}
    words = {
        "label": known[name].label,
        "definition": known[name].definition,
        "part": _("分子") if part == "n" else _("分母"),
    }
    return figures.records(name, act.at, numerator=part == "n"), words


def _supports(act: Act) -> list[dict[str, Any]]:
    """Co-handling that waits for the actor's unit. One query."""
    nodes = org.tree().nodes
    return [
        {
            "number": row["order__number"],
            "href": f"{order_href(row['order__number'])}#move-support-answer",
            "title": said(row["order__title"], row["order__confidential"]),
            "lead": nodes[row["order__lead_unit_id"]].short_name if row["order__lead_unit_id"] in nodes else "",
            "unit": nodes[row["unit_id"]].short_name if row["unit_id"] in nodes else "",
            "due_at": row["due_at"],
            "css": mark("asked", row["due_at"], act.at),
        }
        for row in lists.supports(act)
    ]
