"""A community's estates and buildings, and the sheet of their posters."""

from typing import Any

from django.conf import settings
from django.http import HttpRequest, HttpResponse
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from sidan.kernel.base.errors import Invalid, NotAllowed, NotFound
from sidan.kernel.org import queries as org
from sidan.kernel.org.act import Act
from sidan.orders.commands import places as commands
from sidan.orders.queries import places as queries
from sidan.orders.views.desk_door import new_token, once, staff_act
from sidan.orders.views.desk_papers import qr
from sidan.web.pages import Ask, form_page, go, page

_NAMES = ("estate", "buildings", "spot")


def _keeper(request: HttpRequest) -> Act:
    act = staff_act(request)
    if not act.roles() & set(commands.KEEPERS):
        raise NotAllowed
    return act


def _mine(act: Act) -> list[org.Node]:
    """The communities whose places the actor keeps. From memory."""
    tree = org.tree()
    below = {one for held in act.seats if held.role in commands.KEEPERS for one in tree.descendants(held.unit_id)}
    nodes = (tree.nodes[one] for one in below if one in tree.nodes)
    return sorted((node for node in nodes if node.level == "community"), key=lambda node: node.code)


def _chosen(request: HttpRequest, act: Act) -> tuple[org.Node, list[org.Node]]:
    """The community that the page is about, and those to choose from.

    Raises:
        NotFound: none of the actor's.
    """
    mine = _mine(act)
    code = request.POST.get("unit") or request.GET.get("unit", "")
    found = next((node for node in mine if node.code == code), None if code else next(iter(mine), None))
    if found is None:
        raise NotFound(_("没有这个社区（村），或不归您登记。"))
    return found, mine


@require_http_methods(["GET", "POST"])
def places(request: HttpRequest) -> HttpResponse:
    """The list, a form for an estate with its buildings, and the way to the posters. One query for the list."""
    act = _keeper(request)
    unit, mine = _chosen(request, act)
    if request.method != "POST":
        return _show(request, act, unit, mine, None, {})
    values = {name: request.POST.get(name, "")[:2000] for name in _NAMES}
    made: list[int] = []
    try:
        once(request, act, lambda: made.append(commands.add(unit, values, act=act)))
    except Invalid as wrong:
        return _show(request, act, unit, mine, wrong, values)
    said = _("登记了 %(n)d 个地点。") % {"n": made[0]} if made and made[0] else _("这些地点都已经登记过了。")
    return go(request, _href(unit), said)


def _href(unit: org.Node) -> str:
    return f"{reverse('orders:desk-places')}?unit={unit.code}"


def _show(
    request: HttpRequest, act: Act, unit: org.Node, mine: list[org.Node], wrong: Invalid | None, values: dict[str, Any]
) -> HttpResponse:
    rows = queries.of_unit(unit.id, org.local_date(act.at))
    asks = [
        Ask("estate", _("小区、院落或路段"), help=_("比如：江畔花园、三组大院子、临江路"), max_chars=40),
        Ask(
            "buildings", _("楼栋"), "longtext", required=False, help=_("可以一次写几栋，用空格或逗号隔开：1栋 2栋 3栋")
        ),
        Ask("spot", _("张贴点"), required=False, help=_("比如：单元门口、公告栏"), max_chars=30),
    ]
    return form_page(
        request, "orders/desk/places.html", wrong, values, heading=_("地点和海报"), unit=unit, units=mine,
        estates=queries.estates(rows), count=len(rows), asks=asks, form_token=new_token(),
    )  # fmt: skip


@require_POST
def end(request: HttpRequest, code: str) -> HttpResponse:
    """A place ends tomorrow."""
    act = _keeper(request)
    done: list[Any] = []
    once(request, act, lambda: done.append(commands.end(code, act=act)))
    unit = org.tree().node(done[0].unit_id) if done else _mine(act)[0]
    return go(request, _href(unit), _("明天起停用。海报请取下来。"))


@require_safe
def posters(request: HttpRequest) -> HttpResponse:
    """A sheet to print: four posters a page, each with its code, its short address and the telephone of a human. One query.

    `?estate=` narrows it to an estate, `?code=` to one place.
    """
    act = _keeper(request)
    unit, _mine_too = _chosen(request, act)
    estate, code = request.GET.get("estate", ""), request.GET.get("code", "")
    rows = [
        one
        for one in queries.of_unit(unit.id, org.local_date(act.at))
        if (not estate or one.estate == estate) and (not code or one.code == code)
    ]
    base = str(settings.SIDAN_URL)
    # The community's own poster comes first: for its hall, and for whoever lives nowhere in particular.
    shown = [] if estate or code else [{"words": "", "code": unit.code}]
    shown += [{"words": one.words, "code": one.code} for one in rows]
    made = [
        {**one, "qr": qr(f"{base}/p/{one['code']}/"), "address": f"{base.partition('://')[2]}/p/{one['code']}"}
        for one in shown
    ]
    return page(
        request, "orders/desk/posters.html", heading=_("海报"), unit=unit, posters=made, phone=org.duty_phone(unit.id),
        back=_href(unit),
    )  # fmt: skip
