"""Pages of the tree of units: one unit with what stands below it and who sits there; add, change, end."""

from typing import Any

from django.http import HttpRequest, HttpResponse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_GET, require_http_methods

from sidan.kernel.base.errors import Invalid
from sidan.kernel.flow import fields
from sidan.kernel.org import queries as org
from sidan.kernel.org.act import Act
from sidan.kernel.org.models import Unit
from sidan.orders.commands import governing_units as commands
from sidan.orders.queries import governing
from sidan.orders.queries import governing_units as units
from sidan.orders.queries.governing_columns import AnUnit
from sidan.orders.views.governing import (
    HOME,
    SOURCE,
    Errand,
    Shown,
    dated,
    number_of,
    operator,
    pager,
    run,
    search_of,
    show,
)
from sidan.web.pages import go

_CODE = fields.Line(
    "code",
    gettext_lazy("代码"),
    gettext_lazy("官方区划代码；部门、共建单位、队伍在上级代码后加 -D01、-M01、-T01"),
    max_chars=24,
)
_PARENT = AnUnit("parent", gettext_lazy("上级单位"))
_VALUES: tuple[fields.Field, ...] = (
    fields.Line("name", gettext_lazy("全称"), max_chars=80),
    fields.Line("short_name", gettext_lazy("简称"), gettext_lazy("列表里用，越短越好"), max_chars=40),
)
_POINT = fields.Line(
    "point",
    gettext_lazy("坐标（WGS-84）"),
    gettext_lazy("纬度,经度，例如 30.29493,108.03372"),
    required=False,
    max_chars=40,
)


@require_GET
def root(request: HttpRequest) -> HttpResponse:
    """The tree begins where the operator's own seat is, highest first."""
    act, tree = operator(request), org.tree()
    mine = [tree.node(held.unit_id) for held in act.seats if held.role == governing.ROLE and held.unit_id in tree.nodes]
    top = min(mine, key=lambda node: len(node.path), default=tree.root())
    return go(request, f"{HOME}units/{top.code}/")


@require_GET
def unit(request: HttpRequest, code: str) -> HttpResponse:
    """One unit. Six queries beside the actor's own."""
    act, row = operator(request), units.unit(code)
    search = search_of(request)
    node = org.tree().by_code(code)
    below = units.children(row, act, search, number_of(request))
    return show(
        request, "unit", heading=row.name, unit=row, facts=units.facts(units.cells(row)), crumbs=units.crumbs(node)[:-1],
        below=below.rows, search=search, seats=units.seats([row.pk], act).rows,
        events=governing.told(f"org.unit:{code}"), stands=node is not None, mine=act.holds(governing.ROLE, row.pk),
        kind=Unit.Kind(row.kind).label, may_hold=node is not None and node.level not in ("grid", "body"),
        **pager(request, below),
    )  # fmt: skip


@require_http_methods(["GET", "POST"])
def add(request: HttpRequest, code: str) -> HttpResponse:
    """A new unit below another."""
    act, parent = operator(request), units.unit(code)
    governing.need(act, parent.pk)
    level = parent.level

    def plan(given: dict[str, Any]) -> commands.UnitPlan:
        if Unit.objects.filter(code=given["code"]).exists():
            raise Invalid(fields={"code": _("这个代码已经有单位用过。")})
        if not given["code"].isascii() or not given["code"].replace("-", "").isalnum():
            raise Invalid(fields={"code": _("代码只用数字、大写字母和 -。")})
        values = _values(given, code)
        return commands.plan_put(values, given["code"], given["valid_from"], given["source"], act)

    kinds = tuple(
        (kind.value, kind.label) for kind in Unit.Kind if level in units.ABOVE.get(units.level_of(kind.value), ())
    )
    asked = (_CODE, *_VALUES, fields.Choice("kind", _("类别"), choices=kinds), _POINT, *dated(act, _("从哪天起设立")))
    errand = Errand(
        _("%(unit)s：新增下级单位") % {"unit": parent.name}, f"{HOME}units/{code}/", lambda given: shown(plan(given)),
        lambda given, seen: commands.carry_out(lambda: plan(given), seen, act),
        lambda: (f"{HOME}units/{code}/", _("已增加单位。接着请给它安排席位。")), asked,
        {"code": f"{code}-D" if level != "grid" else "", "valid_from": org.local_date(act.at).isoformat()},
    )  # fmt: skip
    return run(request, act, errand)


@require_http_methods(["GET", "POST"])
def change(request: HttpRequest, code: str) -> HttpResponse:
    """Rename a unit or put it elsewhere in the tree."""
    act, row = operator(request), units.unit(code)
    governing.need(act, row.pk)
    cells, level = units.cells(row), units.level_of(row.kind)
    is_root = row.parent_id is None
    today = org.local_date(act.at)

    def plan(given: dict[str, Any]) -> commands.UnitPlan:
        parent = given["parent"].code if not is_root else ""
        return commands.plan_put(_values(given, parent), code, today, given["source"], act)

    kinds = tuple((kind.value, kind.label) for kind in Unit.Kind if units.level_of(kind.value) == level)
    asked = (
        *_VALUES, fields.Choice("kind", _("类别"), choices=kinds), *(() if is_root else (_PARENT,)), _POINT, SOURCE,
    )  # fmt: skip
    errand = Errand(
        _("改名或改隶属：%(unit)s") % {"unit": row.name}, f"{HOME}units/{code}/", lambda given: shown(plan(given)),
        lambda given, seen: commands.carry_out(lambda: plan(given), seen, act),
        lambda: (f"{HOME}units/{code}/", _("已保存。")), asked,
        {**cells, "point": f"{cells['lat']},{cells['lon']}" if cells["lat"] else ""}, [(_("代码"), code)],
        lead=_("改动从今天起生效；原来的名称和隶属记在日志里。"),
    )  # fmt: skip
    return run(request, act, errand)


@require_http_methods(["GET", "POST"])
def end(request: HttpRequest, code: str) -> HttpResponse:
    """A unit is no more from a day on, once nothing hangs on it."""
    act, row = operator(request), units.unit(code)
    governing.need(act, row.pk)
    asked = dated(act, _("从哪天起停用"), _("可以是今天，不能更早"))
    errand = Errand(
        _("停用单位：%(unit)s") % {"unit": row.name}, f"{HOME}units/{code}/",
        lambda given: shown(commands.plan_end(code, given["valid_from"], given["source"], act)),
        lambda given, seen: commands.carry_out(
            lambda: commands.plan_end(code, given["valid_from"], given["source"], act), seen, act
        ),
        lambda: (f"{HOME}units/{code}/", _("已安排停用。")), asked, {"valid_from": org.local_date(act.at).isoformat()},
        units.facts(units.cells(row)), danger=True,
    )  # fmt: skip
    return run(request, act, errand)


def _values(given: dict[str, Any], parent: str) -> dict[str, Any]:
    lat, lon = _point(given["point"])
    return {
        "name": given["name"], "short_name": given["short_name"], "kind": given["kind"], "parent": parent, "lat": lat,
        "lon": lon,
    }  # fmt: skip


def _point(raw: str | None) -> tuple[float | None, float | None]:
    if not raw:
        return None, None
    try:
        lat, lon = (float(part) for part in raw.replace("，", ",").split(","))
    except ValueError as error:
        raise Invalid(fields={"point": _("坐标请写成 30.29493,108.03372 这样。")}) from error
    if not (-90 <= lat <= 90 and -180 <= lon <= 180):
        raise Invalid(fields={"point": _("坐标超出范围：先写纬度，再写经度。")})
    return lat, lon


def shown(plan: commands.UnitPlan) -> Shown:
    """A unit's plan as a preview."""
    after = units.facts(plan.after) if plan.after else []
    after += [(_("从哪天起") if plan.after else _("从哪天起停用"), plan.day.isoformat()), (_("依据"), plan.source)]
    before = units.facts(plan.before) if plan.before else []
    if plan.after is None:
        return Shown(plan.seen, [], after, plan.touched, plan.warnings, plan.ties, ended=before)
    return Shown(plan.seen, before, after, plan.touched, plan.warnings, plan.ties)


def need_unit(act: Act, code: str) -> Unit:
    """A unit of the operator's own tree."""
    row = units.unit(code)
    governing.need(act, row.pk)
    return row
