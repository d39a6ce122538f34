"""答复模板: the forms of words of the units for which I answer."""

from typing import Any

from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_POST

from sidan.kernel.base.errors import Invalid, KeyReused, NotAllowed
from sidan.kernel.org import queries as org
from sidan.kernel.org.act import Act
from sidan.orders.commands import phrases as verbs
from sidan.orders.models import Phrase
from sidan.orders.queries import phrases as queries
from sidan.orders.views.desk_door import new_token, once, staff_act
from sidan.orders.views.desk_forms import Prefilled
from sidan.web.pages import Ask, form_page, go


@require_http_methods(["GET", "POST"])
def phrases(request: HttpRequest) -> HttpResponse:
    """What my units keep, and the form that adds one. No query beside the frame's.

    Raises:
        NotAllowed: one answers for no unit.
    """
    act = staff_act(request)
    if not queries.units_of(act):
        raise NotAllowed
    if request.method != "POST":
        return _form(request, act, None, {})
    said = {name: request.POST.get(name, "") for name in ("unit", "title", "body")}
    unit_id = int(said["unit"]) if said["unit"].isascii() and said["unit"].isdigit() and len(said["unit"]) < 19 else 0
    try:
        if unit_id not in queries.units_of(act):
            raise Invalid(fields={"unit": _("请选择自己的单位。")})
        once(request, act, lambda: verbs.keep(unit_id=unit_id, title=said["title"], body=said["body"], act=act))
    except Invalid as wrong:
        return _form(request, act, wrong, said)
    except KeyReused:
        return _form(request, act, Invalid(_("这张表已经提交过一次，请核对后再提交。")), said)
    return go(request, reverse("orders:desk-phrases"), _("模板已保存，答复时可以选用。"))


@require_POST
def remove(request: HttpRequest, phrase_id: int) -> HttpResponse:
    """Offer it no more."""
    act = staff_act(request)
    phrase = get_object_or_404(Phrase, pk=phrase_id, unit__in=queries.units_of(act))
    once(request, act, lambda: verbs.put_aside(phrase, act=act))
    return go(request, reverse("orders:desk-phrases"), _("模板已撤下。"))


def _form(request: HttpRequest, act: Act, wrong: Invalid | None, values: dict[str, Any]) -> HttpResponse:
    nodes = org.tree().nodes
    mine = [(unit_id, nodes[unit_id].name) for unit_id in queries.units_of(act) if unit_id in nodes]
    asks = [
        Prefilled("unit", _("哪个单位用"), "choice", choices=mine, value=mine[0][0] if len(mine) == 1 else None),
        Ask("title", _("名称"), help=_("短一点，答复时按它来选，如：路灯已修好"), max_chars=30),
        Ask("body", _("内容"), "longtext", help=_("写给居民看的话；不要写居民的姓名和电话"), max_chars=800),
    ]
    rows = [{"phrase": one, "unit": nodes[one.unit_id].name} for one in queries.of(act) if one.unit_id in nodes]
    return form_page(
        request, "orders/desk/phrases.html", wrong, values,
        heading=_("答复模板"), rows=rows, asks=asks, form_token=new_token(),
    )  # fmt: skip
