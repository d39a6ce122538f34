"""Recording for a resident: on the telephone, at the window, from house to house, at a meeting."""

from typing import Any

from django.http import HttpRequest, HttpResponse
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_safe

from sidan.kernel.base.errors import Invalid, KeyReused, NotAllowed, NotFound
from sidan.kernel.org import queries as org
from sidan.kernel.org.act import Act, Via
from sidan.orders import menu
from sidan.orders.commands import asking
from sidan.orders.models import Order
from sidan.orders.queries import around, phones, reading
from sidan.orders.rulebook import rulebook
from sidan.orders.views.desk_door import new_token, once, order_href, staff_act
from sidan.orders.views.desk_papers import qr
from sidan.orders.words import Channel, Kind, Urgency
from sidan.web.pages import Ask, form_page, go, page

_SESSION = "desk_receipt"
_TEXTS = ("text", "unit", "kind", "category", "channel", "urgency", "name", "phone", "place")
_FLAGS = ("anonymous", "confidential", "public", "consent")


@require_http_methods(["GET", "POST"])
def record(request: HttpRequest) -> HttpResponse:
    """One form; its receipt has the number, and the 6 digits where there is no telephone.

    Raises:
        NotAllowed: the actor has no seat that records.
    """
    act = staff_act(request)
    if not act.roles() & menu.RECORDERS:
        raise NotAllowed
    if request.method != "POST":
        given = {name: request.GET[name] for name in _TEXTS if name in request.GET}
        return _form(request, act, None, {**_defaults(act), **given})
    values: dict[str, Any] = {name: request.POST.get(name, "") for name in _TEXTS}
    values |= {name: request.POST.get(name) == "true" for name in _FLAGS}
    try:
        made = _draft(values, act)
        first = once(request, act, lambda: asking.ask(made))
    except Invalid as wrong:
        return _form(request, act, wrong, values)
    except KeyReused:
        changed = Invalid(_("这张表已经提交过一次。如果是另一件事，请核对后再提交。"))
        return _form(request, act, changed, values)
    if first:
        request.session[_SESSION] = {"number": made.order.number, "code": made.code, "emergency": made.emergency}
    return go(request, reverse("orders:desk-receipt"))


@require_safe
def receipt(request: HttpRequest) -> HttpResponse:
    """The receipt of what was recorded last, to be read out or printed.

    Raises:
        NotFound: nothing was recorded since signing in.
    """
    act = staff_act(request)
    kept = request.session.get(_SESSION)
    if not isinstance(kept, dict):
        raise NotFound(_("没有刚登记的单。"))
    order: Order = around.at_hand(str(kept["number"]), act).order
    context = {
        "order": order,
        "now": act.at,
        "heading": _("登记好了"),
        "code": kept.get("code", ""),
        "emergency": kept.get("emergency", ""),
        "unit": org.tree().node(order.unit_id).name,
        "rule": reading.rule_words(rulebook().deadline_ids.get(order.answer_rule_id or 0)),
        "phones": phones.on_paper(order.unit_id, act.at),
        "href": order_href(order.number),
        "qr": qr(request.build_absolute_uri("/track/")),
    }
    return page(request, "orders/desk/receipt.html", **context)


def _draft(values: dict[str, Any], act: Act) -> asking.Draft:
    """The wish, cleaned; only places of the actor's own trees and channels of people who record.

    Raises:
        Invalid: every wrong field at once.
    """
    wrong: dict[str, Any] = {}
    if values["channel"] not in asking.PROXY_CHANNELS:
        wrong["channel"] = _("请选择居民是怎样提出的。")
    if values["kind"] not in Kind.values:
        wrong["kind"] = _("请选择类型。")
    if values["unit"] not in {code for code, _label in _places(act)}:
        wrong["unit"] = _("请选择自己辖区的社区（村）。")
    if not values["consent"]:
        wrong["consent"] = _("请先征得居民同意再代录。")
    if values["anonymous"] and values["confidential"]:
        wrong["confidential"] = _("匿名和保密只能选一种。")
    try:
        known = {name: value for name, value in values.items() if name not in wrong or name == "consent"}
        known["consent"] = True  # asked for above; a missing one is told with the other fields
        fallback = {"unit": _places(act)[0][0] if _places(act) else "", "channel": Channel.DESK.value}
        made = asking.draft(asking.Wish(**{**fallback, **known}), act, act.at, Via.PAGE)
    except Invalid as more:
        raise Invalid(fields={**more.details.get("fields", {}), **wrong}) from more
    if wrong:
        raise Invalid(fields=wrong)
    return made


def _places(act: Act) -> list[tuple[str, str]]:
    """The places for which the actor may record."""
    tree = org.tree()
    mine = {
        below for held in act.seats if held.role in menu.RECORDERS for below in tree.descendants(held.unit_id)
    }  # fmt: skip
    nodes = sorted((tree.node(one) for one in mine), key=lambda node: node.code)
    return [(node.code, node.name) for node in nodes if node.level in ("community", "town")]


def _defaults(act: Act) -> dict[str, Any]:
    """What is nearly always so: the place where there is only one, and the usual way to this desk."""
    places, roles = _places(act), act.roles()
    channel = Channel.GRID if "recorder" in roles else Channel.DESK if "community" in roles else Channel.PHONE
    return {
        "unit": places[0][0] if len(places) == 1 else "", "channel": channel.value, "kind": Kind.HELP.value,
        "urgency": Urgency.NORMAL.value,
    }  # fmt: skip


def _form(request: HttpRequest, act: Act, wrong: Invalid | None, values: dict[str, Any]) -> HttpResponse:
    return form_page(
        request, "orders/desk/record.html", wrong, values,
        heading=_("代居民点单"), asks=_asks(act), form_token=new_token(),
    )  # fmt: skip


def _asks(act: Act) -> list[Ask]:
    """The questions, in the order in which one talks."""
    labels = {
        Channel.PHONE: _("电话"),
        Channel.DESK: _("窗口"),
        Channel.GRID: _("上门、网格"),
        Channel.MEETING: _("坝坝会"),
    }
    book = rulebook()
    rows = book.category_choices(org.local_date(act.at))
    names = {row.code: row.name for row in rows}
    categories = [
        (row.code, f"{names.get(row.code[:2], '')} › {row.name}" if len(row.code) > 2 else row.name)
        for row in rows
        if len(row.code) <= 4
    ]
    return [
        Ask("channel", _("居民是怎样提出的"), "choice", choices=[(one.value, label) for one, label in labels.items()]),
        Ask("text", _("居民说了什么"), "longtext", help=_("用居民自己的话写，一件事一张单"), max_chars=4000),
        Ask("unit", _("社区（村）"), "choice", choices=_places(act)),
        Ask("place", _("具体地点"), required=False, help=_("小区、楼栋、路口"), max_chars=120),
        Ask("kind", _("类型"), "choice", choices=Kind.choices),
        Ask("category", _("事项类别"), "choice", required=False, choices=categories, help=_("不确定可以不选")),
        Ask("urgency", _("紧急程度"), "choice", required=False, choices=Urgency.choices),
        Ask("name", _("居民称呼"), required=False, help=_("加密保存"), max_chars=40),
        Ask("phone", _("居民手机号"), "phone", required=False, help=_("加密保存，用来收进度短信；没有就给 6 位查询码")),
        Ask("anonymous", _("匿名：不留姓名和电话"), "flag", required=False),
        Ask("confidential", _("保密：承办人看不到是谁"), "flag", required=False),
        Ask("consent", _("居民已同意由我代为登记"), "flag"),
    ]
