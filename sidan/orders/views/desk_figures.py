"""The rates of the units that I oversee: numerator, denominator, how sure, and the orders behind every number."""

from typing import Any
from urllib.parse import urlencode

from django.db.models import Q
from django.http import HttpRequest, HttpResponse
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_safe

from sidan.kernel.base.errors import Invalid, NotAllowed, NotFound
from sidan.kernel.org import queries as org
from sidan.kernel.org.act import Act
from sidan.orders import menu
from sidan.orders.queries import around, figures, lists
from sidan.orders.queries.seeing import visible_to
from sidan.orders.views.desk_door import staff_act
from sidan.orders.views.desk_rows import filter_fields, options
from sidan.web.pages import errors_of, page


@require_safe
def figures_page(request: HttpRequest) -> HttpResponse:
    """The rates of one unit, and of each unit just below it. Three queries.

    Raises:
        NotAllowed: the actor oversees nothing.
        NotFound: the unit lies outside the actor's trees.
    """
    act = staff_act(request)
    mine = _overseen(act)
    if not mine:
        raise NotAllowed
    node = org.tree().by_code(request.GET.get("unit", "")) if request.GET.get("unit") else mine[0]
    if node is None or not any(org.tree().is_above(held.id, node.id) for held in mine):
        raise NotFound(_("没有找到这个单位。"))
    filters, errors = _days(request)
    within = visible_to(act) & _of(node) & Q(**filters)
    days = {name: request.GET[name] for name in ("asked_from", "asked_to") if request.GET.get(name)}
    unrated = figures.unrated(within)
    context = {
        "heading": _("三率"),
        "node": node,
        "mine": [(one.code, one.name, one == node) for one in mine],
        "rates": [_rate(one, node, days) for one in figures.rates(act.at, within)],
        "unrated": unrated,
        "unrated_href": _records("unrated", "d", node, days),
        "below": _below(node, act, within, days),
        "asks": [one for one in options(filter_fields(act, ("asked_from", "asked_to")), request.GET) if one["day"]],
        "errors": errors,
        "small": figures.SMALL,
        "now": act.at,
    }
    return page(request, "orders/desk/figures.html", status=422 if errors else 200, **context)


def _overseen(act: Act) -> list[org.Node]:
    """The units of the actor's seats that have figures, the highest first."""
    tree = org.tree()
    found = {held.unit_id for held in act.seats if held.role in menu.OVERSEERS and held.unit_id in tree.nodes}
    return sorted((tree.node(one) for one in found), key=lambda node: (len(node.path), node.code))


def _of(node: org.Node) -> Q:
    """The orders that count for a unit: asked in a place, or led by a body."""
    below = org.tree().descendants(node.id)
    return Q(lead_unit__in=below) if node.is_body else Q(unit__in=below)


def _days(request: HttpRequest) -> tuple[dict[str, Any], dict[str, Any]]:
    raw = {"asked_from": request.GET.get("asked_from", ""), "asked_to": request.GET.get("asked_to", "")}
    if len(raw["asked_to"]) == 10:
        raw["asked_to"] += "T23:59:59.999999"
    try:
        clean = lists.clean_filters(raw)
    except Invalid as wrong:
        return {}, errors_of(wrong)
    made = {"asked_from": "asked_at__gte", "asked_to": "asked_at__lte"}
    return {made[name]: value for name, value in clean.items()}, {}


def _records(name: str, part: str, node: org.Node, days: dict[str, str]) -> str:
    """The address of the orders behind a number."""
    where = {"lead" if node.is_body else "unit": node.code}
    return f"{reverse('orders:desk-orders')}?{urlencode({'figure': name, 'part': part, **where, **days})}"


def _rate(rate: figures.Rate, node: org.Node, days: dict[str, str]) -> dict[str, Any]:
    interval = rate.interval()
    name = rate.figure.name
    return {
        "name": name,
        "label": rate.figure.label,
        "definition": rate.figure.definition,
        "numerator": rate.numerator,
        "denominator": rate.denominator,
        "percent": None if rate.rate is None else f"{rate.rate * 100:.1f}%",
        "width": 0 if rate.rate is None else round(rate.rate * 100),
        "least": f"{interval[0] * 100:.1f}%" if interval else "",
        "most": f"{interval[1] * 100:.1f}%" if interval else "",
        "small": rate.small,
        "numerator_href": _records(name, "n", node, days),
        "denominator_href": _records(name, "d", node, days),
    }


def _below(node: org.Node, act: Act, within: Q, days: dict[str, str]) -> list[dict[str, Any]]:
    """Each place just below, in the order of codes: it is no ranking. One query; none where nothing lies below."""
    tree = org.tree()
    children = [child for child in tree.children(node.id) if not child.is_body and child.level != "grid"]
    if not children:
        return []
    fold = {below: child.id for child in children for below in tree.descendants(child.id)}
    found = around.rates_by_unit(act.at, within, fold)
    return [
        {
            "node": child,
            "href": f"{reverse('orders:desk-figures')}?{urlencode({'unit': child.code, **days})}",
            "rates": [_rate(one, child, days) for one in found[child.id]],
        }
        for child in children
        if child.id in found
    ]
