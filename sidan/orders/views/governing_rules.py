"""Pages of the dated tables: list, history, a change, an end, a taking back, and the overview of all of them."""

from datetime import date
from typing import Any

from django.http import HttpRequest, HttpResponse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_http_methods

from sidan.kernel.base.errors import Invalid
from sidan.kernel.flow import fields
from sidan.kernel.org import queries as org
from sidan.kernel.org.act import Act
from sidan.kernel.org.models import DutyPhone
from sidan.orders.commands import governing as commands
from sidan.orders.queries import governing
from sidan.orders.queries.governing import Plan
from sidan.orders.queries.governing_effects import touched, warnings
from sidan.orders.queries.governing_tables import PLACES, TABLES, Table
from sidan.orders.rulebook import rulebook
from sidan.orders.views.governing import (
    HOME,
    Errand,
    Shown,
    dated,
    number_of,
    operator,
    pager,
    run,
    search_of,
    show,
    tomorrow,
)

_GET_POST = ["GET", "POST"]


@require_GET
def home(request: HttpRequest) -> HttpResponse:
    """How many rows each table has, and what will change when. Three queries beside the actor's own."""
    act = operator(request)
    today = org.local_date(act.at)
    places = governing.holding_now(PLACES, today).count()
    tiles, coming = [], []
    for name, rows in _all_rows(today).items():
        of = TABLES[name]
        stands = [governing.status(row, today) for row in rows]
        number = places if of is PLACES else sum(one in ("now", "ending") for one in stands)
        tiles.append({"table": of, "count": number})
        for row, status in zip(rows, stands, strict=True):
            if status in ("coming", "ending"):
                coming.append(
                    {
                        "day": row.valid_from if status == "coming" else row.valid_to, "status": status, "table": of,
                        "title": of.title(of.cells(row)), "id": row.pk, "source": row.source,
                    }
                )  # fmt: skip
    # An end at which a new version begins is one change, not two.
    begins = {(one["table"].name, one["title"], one["day"]) for one in coming if one["status"] == "coming"}
    shown = [
        one
        for one in coming
        if one["status"] == "coming" or (one["table"].name, one["title"], one["day"]) not in begins
    ]
    shown.sort(key=lambda one: (one["day"], one["table"].name, one["title"]))
    return show(
        request, "home", heading=_("单位、目录和规则"), tiles=tiles, coming=shown[:50], more=max(0, len(shown) - 50)
    )


def _all_rows(today: date) -> dict[str, list[Any]]:
    """Every row from memory; of the places, which are many, only those that begin or end later."""
    book = rulebook()
    kept: dict[str, Any] = {
        "categories": book.categories, "catalogue": book.dispatch, "duties": book.duties, "deadlines": book.deadlines,
        "ladder": book.ladder, "refusals": book.refusals,
    }  # fmt: skip
    return {
        **{name: [row for rows in found.values() for row in rows] for name, found in kept.items()},
        "phones": list(DutyPhone.objects.all()),
        "places": list(governing.coming(PLACES, today)),
    }


@require_GET
def rules(request: HttpRequest, name: str) -> HttpResponse:
    """One table. One query for its rows."""
    act, of = operator(request), governing.table(name)
    when = request.GET.get("when", "now")
    when = when if when in governing.WHEN else "now"
    search = search_of(request)
    found = governing.listed(of, act, search=search, when=when, number=number_of(request))
    return show(
        request, "rules", heading=of.label, table=of, rows=found.rows, when=when, search=search, **pager(request, found)
    )


@require_GET
def history(request: HttpRequest, name: str, pk: int) -> HttpResponse:
    """Every version of a row, and what was done to it. Four queries."""
    act, of = operator(request), governing.table(name)
    found = governing.row(of, pk)
    today = org.local_date(act.at)
    mine = act.holds(governing.ROLE, of.unit_id(of.cells(found)))
    told = governing.history(of, found, today)
    open_ended = any(one["status"] in ("now", "coming") for one in told.versions)
    return show(
        request, "history", heading=told.title, table=of, pk=pk, history=told, mine=mine, can_end=open_ended,
    )  # fmt: skip


@require_http_methods(_GET_POST)
def add(request: HttpRequest, name: str) -> HttpResponse:
    """A new row."""
    act, of = operator(request), governing.table(name)
    asked = (*of.key_fields, *of.value_fields, *dated(act))
    values = {field.name: request.GET.get(field.name, "") for field in of.key_fields}
    errand = Errand(
        _("%(table)s：新增") % {"table": of.label}, _href(of), lambda given: shown(_changed(of, given, given, act)),
        lambda given, seen: commands.carry_out(lambda: _changed(of, given, given, act), seen, act),
        lambda: (f"{_href(of)}?when=coming", _("已增加。")), asked, {**values, "valid_from": tomorrow(act)}, lead=str(of.lead),
        choices=_choices(of),
    )  # fmt: skip
    return run(request, act, errand)


@require_http_methods(_GET_POST)
def change(request: HttpRequest, name: str, pk: int) -> HttpResponse:
    """A new version of a row."""
    act, of = operator(request), governing.table(name)
    found = governing.row(of, pk)
    cells = of.cells(found)
    governing.need(act, of.unit_id(cells))
    key = fields.clean(of.key_fields, of.raw(cells)) if request.method == "POST" else {}
    href = f"{_href(of)}{pk}/"
    errand = Errand(
        _("修改：%(title)s") % {"title": of.title(cells)}, href, lambda given: shown(_changed(of, given, {**key, **given}, act)),
        lambda given, seen: commands.carry_out(lambda: _changed(of, given, {**key, **given}, act), seen, act),
        lambda: (href, _("已保存。生效以前可以撤回。")), (*of.value_fields, *dated(act)),
        {**of.raw(cells), "valid_from": tomorrow(act)}, [one for one in of.facts({name: cells[name] for name in of.key}) if one[1]],
        lead=_("已经生效的版本不会被改写：从生效日起用新的一版，以前的单仍按以前的规定。"),
    )  # fmt: skip
    return run(request, act, errand)


@require_http_methods(_GET_POST)
def end(request: HttpRequest, name: str, pk: int) -> HttpResponse:
    """A row holds no more from a day on."""
    act, of = operator(request), governing.table(name)
    found = governing.row(of, pk)
    cells = of.cells(found)
    governing.need(act, of.unit_id(cells))
    href = f"{_href(of)}{pk}/"

    def plan(given: dict[str, Any]) -> Plan:
        return commands.plan_withdrawal(of, pk, given["valid_from"], given["source"], act)

    asked = dated(act, _("从哪天起停用"))
    errand = Errand(
        _("停用：%(title)s") % {"title": of.title(cells)}, href, lambda given: shown(plan(given)),
        lambda given, seen: commands.carry_out(lambda: plan(given), seen, act), lambda: (href, _("已安排停用。到期以前可以撤回。")),
        asked, {"valid_from": tomorrow(act)}, of.facts(cells), danger=True,
    )  # fmt: skip
    return run(request, act, errand)


@require_http_methods(_GET_POST)
def back(request: HttpRequest, name: str, pk: int) -> HttpResponse:
    """Undo what has not begun."""
    act, of = operator(request), governing.table(name)
    title = of.title(of.cells(governing.row(of, pk)))
    errand = Errand(
        _("撤回：%(title)s") % {"title": title}, f"{_href(of)}{pk}/", lambda _given: shown(commands.plan_taking_back(of, pk, act)),
        lambda _given, seen: commands.carry_out(lambda: commands.plan_taking_back(of, pk, act), seen, act),
        lambda: (_after_back(of, pk), _("已撤回，按原来的继续。")),
    )  # fmt: skip
    return run(request, act, errand)


def _after_back(of: Table, pk: int) -> str:
    """The row's own page where it is still there: a coming version is gone, an end that was taken back is not."""
    return f"{_href(of)}{pk}/" if of.model.objects.filter(pk=pk).exists() else _href(of)


def _changed(of: Table, given: dict[str, Any], values: dict[str, Any], act: Act) -> Plan:
    """The plan of a form's cleaned values."""
    if wrong := of.wrong(values):
        raise Invalid(fields=wrong)
    stored = {column.name: column.stored(values[column.name]) for column in of.columns}
    return commands.plan_change(of, stored, given["valid_from"], given["source"], act)


def shown(plan: Plan) -> Shown:
    """A plan as a preview."""
    of = plan.table
    before = _side(of, plan.before, plan.before_source)
    after = _side(of, plan.after, plan.source)
    if plan.what == "taken_back" and plan.before is None:
        return Shown(
            plan.seen, [*after, (_("从哪天起停用"), plan.day.isoformat())], after, touched(plan), warnings(plan)
        )
    if plan.after is not None:
        after.append((_("从哪天起"), plan.day.isoformat()))
        if plan.until:
            after.append((_("到哪天为止（不含）"), plan.until.isoformat()))
    else:
        stops = [(_("从哪天起停用"), plan.day.isoformat()), (_("依据"), plan.source)]
        if plan.what == "taken_back":
            stops = [(_("撤回的版本"), _("%(day)s 起的一版不再生效") % {"day": plan.day})]
        return Shown(plan.seen, [], stops, touched(plan), warnings(plan), ended=before)
    return Shown(plan.seen, before, after, touched(plan), warnings(plan))


def _side(of: Table, cells: dict[str, str] | None, source: str) -> list[tuple[str, str]]:
    return [] if cells is None else [*of.facts(cells), (_("依据"), source)]


def _choices(of: Table) -> dict[str, Any]:
    """Areas are places: departments and teams are left out of the long list."""
    if of.place not in ("area", "unit") or of.model is DutyPhone:
        return {}
    nodes = sorted(org.tree().nodes.values(), key=lambda node: node.code)
    return {
        of.place: [
            (node.code, f"{node.name}（{node.code}）") for node in nodes if not node.is_body and node.level != "grid"
        ]
    }


def _href(of: Table) -> str:
    return f"{HOME}{of.name}/"
