"""Pages of the working calendar: a year in twelve months, one day set by its notice, a year seeded from the library."""

from datetime import date, timedelta
from typing import Any

from django.http import HttpRequest, HttpResponse
from django.utils.formats import date_format
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_GET, require_http_methods

from sidan.kernel.base.errors import NotFound
from sidan.kernel.flow import fields
from sidan.kernel.org import queries as org
from sidan.kernel.worktime import queries as worktime
from sidan.kernel.worktime.commands import YEARS
from sidan.kernel.worktime.models import CalendarDay, Kind
from sidan.orders.commands import governing_days as commands
from sidan.orders.queries import governing
from sidan.orders.views.governing import HOME, SOURCE, Errand, Shown, operator, run, show

_KIND = fields.Choice("kind", gettext_lazy("这天是"), choices=tuple(Kind.choices))
_NAME = fields.Line("name", gettext_lazy("节日名称"), required=False, max_chars=60)
_MARKS = {Kind.HOLIDAY: gettext_lazy("休"), Kind.MAKEUP: gettext_lazy("班")}
WEEKDAYS = (
    gettext_lazy("一"), gettext_lazy("二"), gettext_lazy("三"), gettext_lazy("四"), gettext_lazy("五"), gettext_lazy("六"),
    gettext_lazy("日"),
)  # fmt: skip


@require_GET
def year(request: HttpRequest, year: int) -> HttpResponse:
    """Twelve months. One query beside the actor's own."""
    act = operator(request)
    if year not in YEARS:
        raise NotFound(_("日历只有 %(a)d 到 %(b)d 年。") % {"a": YEARS[0], "b": YEARS[-1]})
    today = org.local_date(act.at)
    known = {row.date: row for row in worktime.days(year)}
    months = [_month(year, number, known, today) for number in range(1, 13)]
    rows = known.values()
    return show(
        request, "calendar", heading=_("%(year)d 年工作日历") % {"year": year}, year=year, months=months, weekdays=WEEKDAYS,
        mine=act.holds(governing.ROLE, org.tree().root().id), before=year - 1, after=year + 1, seeded=bool(known),
        confirmed=bool(known) and all(row.confirmed for row in rows),
        counts=[
            (_("工作日"), sum(row.kind in (Kind.WORKDAY, Kind.MAKEUP) for row in rows)),
            (_("节假日"), sum(row.kind == Kind.HOLIDAY for row in rows)), (_("调休上班"), sum(row.kind == Kind.MAKEUP for row in rows)),
        ],
    )  # fmt: skip


def _month(year: int, number: int, known: dict[date, CalendarDay], today: date) -> dict[str, Any]:
    first = date(year, number, 1)
    day = first - timedelta(days=first.weekday())
    weeks = []
    while day.month == number or day < first:
        weeks.append([_cell(day + timedelta(days=n), number, known, today) for n in range(7)])
        day += timedelta(days=7)
    return {"name": date_format(first, "F"), "weeks": weeks}


def _cell(day: date, month: int, known: dict[date, CalendarDay], today: date) -> dict[str, Any]:
    if day.month != month:
        return {}
    row = known.get(day)
    kind = row.kind if row else (Kind.WORKDAY if day.weekday() < 5 else Kind.WEEKEND)
    label = [date_format(day, "DATE_FORMAT"), str(Kind(kind).label)]
    if row is not None and row.name and row.name != str(Kind(kind).label):
        label.append(row.name)
    provisional = row is None or not row.confirmed
    if provisional:
        label.append(_("未确认"))
    return {
        "day": day.day, "href": f"{HOME}calendar/{day.year}/{day.month}/{day.day}/", "kind": kind, "mark": _MARKS.get(Kind(kind), ""),
        "label": "，".join(label), "provisional": provisional, "today": day == today, "past": day < today,
    }  # fmt: skip


@require_http_methods(["GET", "POST"])
def day(request: HttpRequest, year: int, month: int, day: int) -> HttpResponse:
    """Say what kind of day a date is."""
    act = operator(request)
    governing.need(act, org.tree().root().id)
    try:
        on = date(year, month, day)
    except ValueError as error:
        raise NotFound(_("没有这一天。")) from error
    row = CalendarDay.objects.filter(date=on).first()
    back = f"{HOME}calendar/{year}/"

    def look(given: dict[str, Any]) -> Shown:
        plan = commands.plan_day(on, given["kind"], given["name"] or "", given["source"], act)
        after = [
            (_("这天是"), str(Kind(plan.kind).label)), (_("节日名称"), plan.name), (_("依据"), plan.source),
            (_("是否确认"), _("已确认")),
        ]  # fmt: skip
        told = _("有 %(n)d 件在办单的期限在这天或以后，保存后按新的日历重新推算。") % {"n": plan.open}
        return Shown(plan.seen, _said(plan.before), after, (told,))

    def do(given: dict[str, Any], seen: str) -> None:
        commands.set_day(on, given["kind"], given["name"] or "", given["source"], seen, act)

    errand = Errand(
        _("%(day)s 是什么日子") % {"day": date_format(on, "DATE_FORMAT")}, back, look, do, lambda: (back, _recounted(act)),
        (_KIND, _NAME, SOURCE), {"kind": row.kind if row else "", "name": row.name if row else ""}, _said(row),
        events=governing.told(f"worktime.day:{on}") if request.method == "GET" else (),
    )  # fmt: skip
    return run(request, act, errand)


def _said(row: CalendarDay | None) -> list[tuple[str, str]]:
    if row is None:
        return []
    return [
        (_("这天是"), str(Kind(row.kind).label)), (_("节日名称"), row.name), (_("依据"), row.source),
        (_("是否确认"), _("已确认") if row.confirmed else _("未确认，通知还没公布")),
    ]  # fmt: skip


def _recounted(act: Any) -> str:
    return _("已保存，重新推算了期限，%(n)d 件单的期限有变。") % {"n": commands.recount(act)}


@require_http_methods(["GET", "POST"])
def sync(request: HttpRequest, year: int) -> HttpResponse:
    """Seed a year from the holidays library; days set by hand stay."""
    act = operator(request)
    governing.need(act, org.tree().root().id)
    back = f"{HOME}calendar/{year}/"

    def look(_given: dict[str, Any]) -> Shown:
        synced = commands.look_ahead(year, act)
        first = date(year, 1, 1)
        warned = (
            []
            if synced.confirmed
            else [_("%(year)d 年的调休安排还没有公布：只有法定节日，期限可能还会变。") % {"year": year}]
        )
        if not synced.changed:
            warned.append(_("没有哪一天的性质会变。"))
        return Shown(
            commands.fingerprint(synced),
            touched=(_("%(n)d 件在办单的期限落在这一年或以后，保存后重新推算。") % {"n": commands.waiting(first)},), warnings=warned,
            lists=(
                (_("会改变的日子（%(n)d 天）") % {"n": len(synced.changed)}, _days(synced.changed)),
                (_("手工设定、保留不动的日子（%(n)d 天）") % {"n": len(synced.kept)}, _days(synced.kept)),
            ),
        )  # fmt: skip

    errand = Errand(
        _("装入 %(year)d 年的节假日") % {"year": year}, back, look, lambda _given, seen: commands.sync(year, seen, act),
        lambda: (back, _recounted(act)),
        lead=_("来源是 holidays 软件包，按国务院办公厅的放假通知整理。手工设定的日子不会被覆盖。"),
    )  # fmt: skip
    return run(request, act, errand)


def _days(days: tuple[date, ...]) -> list[str]:
    shown = [day.isoformat() for day in days[:40]]
    return [*shown, _("还有 %(n)d 天") % {"n": len(days) - 40}] if len(days) > 40 else shown
