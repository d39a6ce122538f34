"""Several orders to one unit: picked in the list, looked at once more, held for ten seconds with a way back."""

from typing import Any
from uuid import UUID

from django.http import HttpRequest, HttpResponse
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST, require_safe

from sidan.kernel.base.errors import Invalid, NotAllowed, NotFound, NotNow, Refusal
from sidan.kernel.org import queries as org
from sidan.kernel.org.act import Act
from sidan.orders.commands import bulk, dispatching
from sidan.orders.models import Order
from sidan.orders.queries import bundles, lists
from sidan.orders.views import desk_forms, desk_tour
from sidan.orders.views.desk_door import new_token, once, order_href, staff_act
from sidan.orders.views.desk_rows import bodies_of, said
from sidan.web.pages import go, page


@require_POST
def preview(request: HttpRequest) -> HttpResponse:
    """What would go where, and what would not; with `confirm` it is held. Six queries however many were picked.

    Raises:
        NotAllowed: the actor does not dispatch.
        Invalid: nothing was picked, or no unit.
        NotNow: somebody moved one of them since the list was shown.
    """
    act = staff_act(request)
    if lists.waiting("dispatch", act) is None:
        raise NotAllowed
    seen = _picks(request)
    lead = org.tree().by_code(request.POST.get("lead", ""))
    tour = desk_tour.of_order(request) or desk_tour.Tour("dispatch")
    if not seen or lead is None or len(seen) > bulk.MOST:
        wrong = _("请先选中要派的单。") if not seen else _("请选择派给哪个单位。")
        return go(request, tour.href, wrong if len(seen) <= bulk.MOST else _("一次最多 %(n)d 件。") % {"n": bulk.MOST})
    orders = bundles.picked(seen, act)
    rows = [_row(order, seen[order.number], lead, act) for order in orders]
    going = [row for row in rows if not row["why"]]
    if request.POST.get("confirm") and going and len(going) == len(seen):
        made: list[UUID] = []
        wanted = [(order, seen[order.number]) for order in orders]
        first = once(request, act, lambda: made.append(bulk.hold(wanted, lead=lead, act=act)))
        return go(request, reverse("orders:desk-bundle", args=[made[0]]) if first else tour.href)
    context: dict[str, Any] = {
        "heading": _("派给%(unit)s") % {"unit": lead.name},
        "lead": lead,
        "going": going,
        "staying": [row for row in rows if row["why"]],
        "now": act.at,
        "seconds": bulk.HOLD_SECONDS,
        "tour": tour,
        "carried": [(desk_tour.FROM, tour.said)],
        "form_token": new_token(),
    }
    return page(request, "orders/desk/bulk.html", **context)


@require_safe
def bundle(request: HttpRequest, bundle_id: UUID) -> HttpResponse:
    """What is held and for how long yet; afterwards what came of each. One query beside the frame's.

    Raises:
        NotFound: it was taken back, or is somebody else's.
    """
    act = staff_act(request)
    rows = bundles.bundle(bundle_id, act)
    if not rows:
        raise NotFound(_("没有找到这一批。可能已经撤回。"))
    waiting = [one for one in rows if one.done_at is None]
    lead = org.tree().nodes.get(rows[0].lead_id)
    name = lead.name if lead else ""
    left = max(0, int((rows[0].due_at - act.at).total_seconds()) + 1)
    context: dict[str, Any] = {
        "heading": _("正在派给%(unit)s") % {"unit": name} if waiting else _("已派给%(unit)s") % {"unit": name},
        "bundle_id": bundle_id,
        "waiting": len(waiting),
        "left": left,
        "done": sum(one.done_at is not None and not one.refused for one in rows),
        "refused": [one for one in rows if one.refused],
        "rows": [{"held": one, "title": said(one.order.title, one.order.confidential),
                  "href": order_href(one.order.number)} for one in rows],
        "form_token": new_token(),
    }  # fmt: skip
    return page(request, "orders/desk/bundle.html", **context)


@require_POST
def undo(request: HttpRequest, bundle_id: UUID) -> HttpResponse:
    """Take it back while it is held.

    Raises:
        NotFound: somebody else's, or taken back before.
        NotNow: too late.
    """
    act, gone = staff_act(request), [0]
    try:
        first = once(request, act, lambda: gone.append(bulk.take_back(bundle_id, act=act)))
    except NotNow as late:
        return go(request, reverse("orders:desk-bundle", args=[bundle_id]), str(late))
    told = _("已撤回 %(n)d 件，什么都没有发出。") % {"n": gone[-1]} if first else _("已撤回。")
    return go(request, reverse("orders:desk-dispatch"), told)


def units(act: Act) -> list[tuple[str, str]]:
    """The units that several orders may be sent to at once."""
    return bodies_of(act)


def _picks(request: HttpRequest) -> dict[str, int]:
    """Number and version of what was picked; what makes no sense is left out."""
    found: dict[str, int] = {}
    for raw in request.POST.getlist("pick")[:500]:
        number, _dot, version = raw.partition(".")
        if version.isascii() and version.isdigit() and len(version) < 10 and len(number) <= 12:
            found[number] = int(version)
    return found


def _row(order: Order, seen: int, lead: org.Node, act: Act) -> dict[str, Any]:
    """An order of the preview: where the catalogue would send it, and why it stays."""
    suggested = desk_forms.suggestion(order, act)
    return {
        "order": order,
        "title": said(order.title, order.confidential),
        "href": order_href(order.number),
        "other": suggested.lead.name if suggested and suggested.lead.id != lead.id else "",
        "pick": f"{order.number}.{seen}",
        "why": _why(order, seen, lead, act),
    }


def _why(order: Order, seen: int, lead: org.Node, act: Act) -> str:
    if order.version != seen:
        return _("刚刚已有人处理")
    try:
        dispatching.refuse_early(order, lead, act)
    except Invalid as wrong:
        return "；".join(str(why) for why in wrong.details.get("fields", {}).values()) or str(wrong)
    except Refusal as refusal:
        return str(refusal)
    return ""
