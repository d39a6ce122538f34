"""今天: what waits for me, due first, each with its next press and a telephone; one tap to the order itself."""

from datetime import datetime, time, timedelta
from typing import Any

from django.http import HttpRequest, HttpResponse
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_safe

from sidan.kernel.flow import engine
from sidan.kernel.org import queries as org
from sidan.kernel.org.act import Act
from sidan.orders import menu
from sidan.orders.commands import revealing
from sidan.orders.flow import ORDER
from sidan.orders.models import Order
from sidan.orders.queries import around, lists
from sidan.orders.views import desk_forms
from sidan.orders.views.desk_door import new_token, order_href, staff_act
from sidan.orders.views.desk_rows import cards
from sidan.web.pages import page

# Steps that ask for nothing: one press in the list. The first that the law allows is offered, and whether the list stays.
_PRESSES = (("acceptance", True), ("handling", False), ("signing", True), ("check", True))
_NEEDED = ("unit_id", "desk_unit_id", "lead_unit_id", "about_unit_id", "state", "number", "version", "supports_open",
           "anonymous", "confidential")  # fmt: skip


@require_safe
def home(request: HttpRequest) -> HttpResponse:
    """What is late, due today and later, and which desks I have. Two queries beside the frame's."""
    act = staff_act(request)
    found = menu.counts(request, act)
    tiles = [
        {"href": reverse(f"orders:desk-{name}"), "label": lists.DESKS[name].label, "waiting": waiting, "late": late}
        for name, (waiting, late) in found.items()
    ]
    rows = cards(around.most_urgent(act), act.at) if found else []
    for row in rows:
        row.update(_presses(row, act))
    context: dict[str, Any] = {
        "tiles": tiles,
        "rows": rows,
        "groups": groups(rows, act.at),
        "now": act.at,
        "form_token": new_token(),
        "places": [place for place in menu.desks(request) if place.count is None and place.href != menu.HOME],
    }
    return page(request, "orders/desk/home.html", heading=_("今天"), **context)


def groups(rows: list[dict[str, Any]], at: datetime) -> list[tuple[str, str, list[dict[str, Any]]]]:
    """Name, tone and rows: late, due until tonight, later; what has no clock comes last."""
    tonight = datetime.combine(org.local_date(at) + timedelta(days=1), time(), org.ZONE)
    made: list[tuple[str, str, list[dict[str, Any]]]] = [
        (_("已超期"), "danger", []), (_("今天到期"), "warn", []), (_("以后到期"), "plain", []),
    ]  # fmt: skip
    for row in rows:
        due = row["due_at"]
        made[2 if due is None or due >= tonight else 0 if due < at else 1][2].append(row)
    return [group for group in made if group[2]]


def _presses(row: dict[str, Any], act: Act) -> dict[str, Any]:
    """The next press of a row, and whether the resident may be called from here. No query."""
    order = Order(**{name: row[name] for name in _NEEDED})
    known = [(noun, stays) for noun, stays in _PRESSES if _may(order, noun, act)]
    noun, stays = known[0] if known else ("", False)
    open_to_call = row["has_phone"] and not row["anonymous"] and not row["confidential"]
    return {
        "press_label": ORDER.by_noun[noun].label if noun else "",
        "press_href": desk_forms.href(order.number, noun) if noun else "",
        "stays": stays,
        "reply_href": f"{order_href(order.number)}#move-reply" if not noun and _may(order, "reply", act) else "",
        "may_call": open_to_call and revealing.has_in_hand(order, act),
        "may_note": _may(order, "contact", act),
        "note_href": desk_forms.href(order.number, "contact"),
    }


def _may(order: Order, noun: str, act: Act) -> bool:
    """Whether a step without an exclusion of earlier hands is this act's now."""
    step = ORDER.by_noun[noun]
    return not step.never and engine.check(ORDER, order, step, act) is None
