"""Pages of persons and seats: who sits where, from when to when, who stands in, and the link to set a password."""

from typing import Any

from django.db.models import Count, Q
from django.http import HttpRequest, HttpResponse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from sidan.kernel.base import doors, tx
from sidan.kernel.base.errors import NotAllowed, NotNow
from sidan.kernel.flow import fields
from sidan.kernel.notify import commands as notify
from sidan.kernel.org import queries as org
from sidan.kernel.org.models import Account, Factor, Person, Seat
from sidan.orders.commands import governing_hiring as hiring
from sidan.orders.commands import governing_seats as commands
from sidan.orders.commands import seats
from sidan.orders.queries import governing
from sidan.orders.queries import governing_units as units
from sidan.orders.views.governing import (
    HOME,
    SOURCE,
    Errand,
    Shown,
    number_of,
    operator,
    pager,
    run,
    search_of,
    show,
)
from sidan.orders.views.governing_units import need_unit
from sidan.web import passwords
from sidan.web.pages import go

_HANDLE = fields.Line(
    "handle", gettext_lazy("账号"), gettext_lazy("已有工作人员的登录账号，可以在“人员”里查"), max_chars=40
)
_ROLE = fields.Choice("role", gettext_lazy("岗位"), choices=tuple(Seat.Role.choices))
_FROM = fields.Day("from_date", gettext_lazy("从哪天起"))
_TO = fields.Day("to_date", gettext_lazy("到哪天为止（不含这天）"), gettext_lazy("不填就是一直任职"), required=False)
_PERSON: tuple[fields.Field, ...] = (
    fields.Line("handle", gettext_lazy("账号"), gettext_lazy("登录用，小写字母和数字，定了不再改"), max_chars=40),
    fields.Line("name", gettext_lazy("姓名"), max_chars=40),
    fields.Line(
        "phone",
        gettext_lazy("手机号"),
        gettext_lazy("用来接收提醒和设置密码的链接，加密保存"),
        required=False,
        max_chars=20,
    ),
)
LINKS_PER_HOUR = 30


@require_GET
def people(request: HttpRequest) -> HttpResponse:
    """Staff by handle or name: all for the county's operator, else those who sit in one's own tree. Three queries."""
    act, tree = operator(request), org.tree()
    today = org.local_date(act.at)
    now = Q(seats__to_date=None, seats__id__isnull=False) | Q(seats__to_date__gt=today)
    rows = Person.objects.filter(kind=Person.Kind.STAFF)
    if not act.holds(governing.ROLE, tree.root().id):
        mine = [held.unit_id for held in act.seats if held.role == governing.ROLE]
        below = {pk for unit in mine for pk in tree.descendants(unit)}
        rows = rows.filter(pk__in=Seat.objects.filter(unit__in=below).values("person"))
    search = search_of(request)
    if not search:  # whoever was brought by a file that was taken back, and never came, is found by name only
        rows = rows.exclude(account__is_active=False, account__last_login=None)
    else:
        rows = rows.filter(Q(handle__contains=search) | Q(name__contains=search))
    rows = rows.annotate(seats_now=Count("seats", filter=now)).order_by("handle")
    page = governing.paged(rows.values("handle", "name", "seats_now"), number_of(request))
    return show(
        request,
        "people",
        heading=_("人员"),
        rows=page.rows,
        search=search,
        imports=hiring.recent(),
        **pager(request, page),
    )


@require_GET
def person(request: HttpRequest, handle: str) -> HttpResponse:
    """One member of staff: seats and sign-in. Four queries beside the actor's own."""
    act, who = operator(request), units.person(handle)
    return show(request, "person", **_person(act, who))


def _person(act: Any, who: Person) -> dict[str, Any]:
    today = org.local_date(act.at)
    seats = list(
        Seat.objects.filter(person=who).select_related("unit", "deputy_for__person").order_by("-from_date", "-id")[:100]
    )
    login = units.has_logins([who.pk])
    return {
        "heading": who.name or who.handle, "person": who, "has_login": who.pk in login, "last_login": login.get(who.pk),
        "may_open": units.may_keep(act, who), "has_phone": org.phone_of(who.pk) is not None,
        "has_second": Factor.objects.filter(account__person=who).exists(),
        "seats": [
            {
                "seat": seat, "role": Seat.Role(seat.role).label, "deputy_for": seat.deputy_for.person.name if seat.deputy_for else "",
                "status": "ended" if seat.to_date and seat.to_date <= today else "coming" if seat.from_date > today else "now",
                "mine": act.holds(governing.ROLE, seat.unit_id),
            }
            for seat in seats
        ],
    }  # fmt: skip


@require_http_methods(["GET", "POST"])
def give(request: HttpRequest, code: str) -> HttpResponse:
    """Give a role in a unit to somebody who is known."""
    act = operator(request)
    unit = need_unit(act, code)

    def plan(given: dict[str, Any]) -> commands.SeatPlan:
        return commands.plan_give(
            given["handle"], code, given["role"], given["from_date"], given["to_date"], given["source"], act
        )

    errand = Errand(
        _("%(unit)s：安排席位") % {"unit": unit.name}, f"{HOME}units/{code}/", lambda given: shown(plan(given)),
        lambda given, _seen: commands.carry_out(lambda: plan(given), act), lambda: (f"{HOME}units/{code}/", _("席位已安排。")),
        (_HANDLE, _ROLE, _FROM, _TO, SOURCE),
        {"handle": request.GET.get("handle", "")[:40], "from_date": org.local_date(act.at).isoformat()},
    )  # fmt: skip
    return run(request, act, errand)


@require_http_methods(["GET", "POST"])
def hire(request: HttpRequest, code: str) -> HttpResponse:
    """A new member of staff with a first seat."""
    act = operator(request)
    unit = need_unit(act, code)

    @tx.writes
    def do(given: dict[str, Any], _seen: str) -> None:
        commands.add_person(given["handle"], given["name"], given["phone"], code, given["source"], act)
        commands.carry_out(
            lambda: commands.plan_give(
                given["handle"], code, given["role"], given["from_date"], given["to_date"], given["source"], act
            ),
            act,
        )

    def look(given: dict[str, Any]) -> Shown:
        commands.check_new(given["handle"], given["phone"])
        after = [
            (_("账号"), given["handle"]), (_("姓名"), given["name"]), (_("手机号"), given["phone"] or ""), (_("单位"), unit.name),
            (_("岗位"), str(Seat.Role(given["role"]).label)), *_days(given["from_date"], given["to_date"]), (_("依据"), given["source"]),
        ]  # fmt: skip
        return Shown("", [], after, warnings=(_("新账号没有密码：保存以后，请在人员页面生成设置密码的链接交给本人。"),))

    handle = request.POST.get("handle", "").strip()
    errand = Errand(
        _("%(unit)s：新增人员") % {"unit": unit.name}, f"{HOME}units/{code}/", look, do,
        lambda: (f"{HOME}people/{handle}/", _("人员已增加。请生成设置密码的链接交给本人。")),
        (*_PERSON, _ROLE, _FROM, _TO, SOURCE), {"from_date": org.local_date(act.at).isoformat()},
    )  # fmt: skip
    return run(request, act, errand)


@require_http_methods(["GET", "POST"])
def end(request: HttpRequest, pk: int) -> HttpResponse:
    """End a seat; what is open stays with the unit."""
    act, held = operator(request), units.seat(pk)
    governing.need(act, held.unit_id)
    asked = (fields.Day("valid_from", _("从哪天起不再任职"), _("可以是今天")), SOURCE)
    back = f"{HOME}units/{held.unit.code}/"
    errand = Errand(
        _("结束席位：%(name)s") % {"name": held.person.name}, back,
        lambda given: shown(commands.plan_end(pk, given["valid_from"], given["source"], act)),
        lambda given, _seen: commands.carry_out(lambda: commands.plan_end(pk, given["valid_from"], given["source"], act), act),
        lambda: (back, _("席位已结束。")), asked, {"valid_from": org.local_date(act.at).isoformat()}, _facts(held), danger=True,
    )  # fmt: skip
    return run(request, act, errand)


@require_http_methods(["GET", "POST"])
def deputise(request: HttpRequest, pk: int) -> HttpResponse:
    """Let somebody stand in for a seat."""
    act, held = operator(request), units.seat(pk)
    governing.need(act, held.unit_id)
    back = f"{HOME}units/{held.unit.code}/"
    until = fields.Day("to_date", _("到哪天为止（不含这天）"))

    def plan(given: dict[str, Any]) -> commands.SeatPlan:
        return commands.plan_deputy(pk, given["handle"], given["from_date"], given["to_date"], given["source"], act)

    errand = Errand(
        _("安排代理：%(name)s") % {"name": held.person.name}, back, lambda given: shown(plan(given)),
        lambda given, _seen: commands.carry_out(lambda: plan(given), act), lambda: (back, _("代理已安排。")),
        (_HANDLE, _FROM, until, SOURCE), {"from_date": org.local_date(act.at).isoformat()}, _facts(held),
    )  # fmt: skip
    return run(request, act, errand)


@require_POST
def link(request: HttpRequest, handle: str) -> HttpResponse:
    """A one-time link to set a password: shown once here, or sent to the telephone on record."""
    act, who = operator(request), units.person(handle)
    how = "sent" if request.POST.get("how") == "sent" else "shown"
    if not units.may_keep(act, who):
        raise NotAllowed(_("%(name)s还在别的单位有席位，要由上级的系统管理员来办。") % {"name": who.name})
    doors.throttle(f"govern:link:{act.by.pk}", LINKS_PER_HOUR, 3600, act.at)
    if how == "sent":
        if org.phone_of(who.pk) is None:
            raise NotNow(_("没有登记手机号，请当面交给本人。"))
        _send(request, act, who)
        return go(request, f"{HOME}people/{handle}/", _("链接已发到登记的手机上，一小时内有效。"))
    account = commands.open_door(who, how, act)
    return show(request, "person", link=passwords.link_for(account), **_person(act, who))


@require_POST
def reset_second(request: HttpRequest, handle: str) -> HttpResponse:
    """The telephone is lost, the recovery codes too: the owner sets a second factor up anew at the next sign-in."""
    act, who = operator(request), units.person(handle)
    if not units.may_keep(act, who):
        raise NotAllowed(_("%(name)s还在别的单位有席位，要由上级的系统管理员来办。") % {"name": who.name})
    seats.reset_factors(who, act=act)
    return go(request, f"{HOME}people/{handle}/", _("已清除，登录的设备都已退出。请先当面确认是本人。"))


@tx.writes
def _send(request: HttpRequest, act: Any, who: Person) -> Account:
    account = commands.open_door(who, "sent", act)
    key = f"org.account:{account.pk}/{int(act.at.timestamp())}/password"
    notify.send(passwords.TOPIC, to_person=who.pk, data={"account": account.pk}, key=key, act_at=act.at)
    return account


def _facts(held: Seat) -> list[tuple[str, str]]:
    return [
        (_("姓名"), held.person.name), (_("账号"), str(held.person.handle)), (_("单位"), held.unit.name),
        (_("岗位"), str(Seat.Role(held.role).label)), *_days(held.from_date, held.to_date),
    ]  # fmt: skip


def _days(first: Any, last: Any) -> list[tuple[str, str]]:
    return [(_("从哪天起"), first.isoformat()), (_("到哪天为止（不含）"), last.isoformat() if last else _("一直"))]


def shown(plan: commands.SeatPlan) -> Shown:
    """A seat's plan as a preview."""
    before = _facts(plan.held) if plan.held is not None else []
    after = [
        (_("姓名"), plan.person.name), (_("账号"), str(plan.person.handle)), (_("单位"), plan.unit.name),
        (_("岗位"), str(Seat.Role(plan.role).label)), *_days(plan.from_date, plan.to_date), (_("依据"), plan.source),
    ]  # fmt: skip
    if plan.what == "deputised" and plan.held is not None:
        after.append((_("代理谁"), plan.held.person.name))
        before = []
    return Shown("", before, after, plan.touched, plan.warnings)
