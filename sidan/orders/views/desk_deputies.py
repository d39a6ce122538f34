"""One's own seats, and who stands in for them: named for some days, ended at any time."""

from datetime import timedelta
from typing import Any

from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_http_methods, require_POST

from sidan.kernel.base.errors import Invalid, KeyReused
from sidan.kernel.flow import fields
from sidan.kernel.org import queries as org
from sidan.kernel.org.act import Act
from sidan.kernel.org.models import Person, Seat
from sidan.orders.commands import seats as verbs
from sidan.orders.queries import around
from sidan.orders.views.desk_door import new_token, once, staff_act
from sidan.orders.views.desk_forms import Prefilled
from sidan.web.pages import Ask, form_page, go

_DAYS = (
    fields.Day("from_date", gettext_lazy("从哪天起")),
    fields.Day("to_date", gettext_lazy("到哪天为止（含当天）")),
)


@require_http_methods(["GET", "POST"])
def deputies(request: HttpRequest) -> HttpResponse:
    """My seats with their deputies, and the form that names one. Three queries.

    Work that is open belongs to the unit: whoever holds the seat finds it at the desk.
    """
    act = staff_act(request)
    if request.method != "POST":
        return _form(request, act, None, {})
    seats, colleagues = around.own_seats(act), around.colleagues(act)
    try:
        seat, person, days = _read(request, act, seats, colleagues)
        last = days["to_date"] + timedelta(days=1)  # a seat names the first day without it
        once(
            request, act,
            lambda: verbs.deputise(seat, person, from_date=days["from_date"], to_date=last, act=act),
        )  # fmt: skip
    except Invalid as wrong:
        return _form(request, act, wrong, request.POST.dict())
    except KeyReused:
        return _form(request, act, Invalid(_("这张表已经提交过一次，请核对后再提交。")), request.POST.dict())
    told = _("已请%(who)s代理%(role)s。") % {"who": person.name, "role": Seat.Role(seat.role).label}
    return go(request, reverse("orders:desk-deputies"), told)


@require_POST
def end(request: HttpRequest, seat_id: int) -> HttpResponse:
    """End a deputy's seat today. Only by the one it stands in for."""
    act = staff_act(request)
    seat = get_object_or_404(Seat, pk=seat_id, deputy_for__person=act.by)
    once(request, act, lambda: verbs.end(seat, org.local_date(act.at), act=act))
    return go(request, reverse("orders:desk-deputies"), _("代理已结束，从现在起不再有这个岗位的权限。"))


def _read(
    request: HttpRequest, act: Act, seats: list[Seat], colleagues: list[Person]
) -> tuple[Seat, Person, dict[str, Any]]:
    """The form's values.

    Raises:
        Invalid: every wrong field at once.
    """
    wrong: dict[str, Any] = {}
    seat = next((one for one in _own(seats) if str(one.pk) == request.POST.get("seat")), None)
    person = next((one for one in colleagues if one.handle == request.POST.get("person")), None)
    if seat is None:
        wrong["seat"] = _("请选择自己的岗位。")
    if person is None:
        wrong["person"] = _("请从列表里选一位同事。")
    days: dict[str, Any] = {}
    try:
        days = fields.clean(_DAYS, request.POST.dict())
        if days["from_date"] < org.local_date(act.at):
            wrong["from_date"] = _("不能早于今天。")
        if days["to_date"] < days["from_date"]:
            wrong["to_date"] = _("不能早于开始的那天。")
        elif days["to_date"] - days["from_date"] > timedelta(days=366):
            wrong["to_date"] = _("一次最多一年。")
    except Invalid as more:
        wrong |= more.details["fields"]
    if wrong or seat is None or person is None:
        raise Invalid(fields=wrong)
    return seat, person, days


def _own(seats: list[Seat]) -> list[Seat]:
    """Seats of one's own right: what one holds for somebody else is not handed on."""
    return [seat for seat in seats if seat.deputy_for_id is None]


def _form(request: HttpRequest, act: Act, wrong: Invalid | None, values: dict[str, Any]) -> HttpResponse:
    seats, day = around.own_seats(act), org.local_date(act.at)
    rows = [
        {
            "seat": seat,
            "role": Seat.Role(seat.role).label,
            "unit": seat.unit.name,
            "stands_in": seat.deputy_for_id is not None,
            "deputies": [
                {"id": one.pk, "name": one.person.name, "from": one.from_date, "last": one.to_date - timedelta(days=1),
                 "now": one.from_date <= day}
                for one in seat.deputies.all()
                if one.to_date is not None and one.to_date > day
            ],
        }
        for seat in seats
    ]  # fmt: skip
    mine = [(seat.pk, f"{Seat.Role(seat.role).label} · {seat.unit.name}") for seat in _own(seats)]
    named = [(one.handle, f"{one.name}（{one.handle}）") for one in around.colleagues(act)]
    asks = [
        Prefilled("seat", _("代理哪个岗位"), "choice", choices=mine, value=mine[0][0] if len(mine) == 1 else None),
        Ask("person", _("由谁代理"), "choice", choices=named),
        Prefilled("from_date", _DAYS[0].label, "day", value=day.isoformat()),
        Ask("to_date", _DAYS[1].label, "day"),
    ]
    return form_page(
        request, "orders/desk/deputies.html", wrong, values,
        heading=_("岗位与代理"), rows=rows, asks=asks, may_name=bool(mine and named), form_token=new_token(), now=act.at,
    )  # fmt: skip
