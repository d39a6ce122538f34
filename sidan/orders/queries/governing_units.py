"""Units as the operator keeps them: what stands below, who sits there, what would be left without a home."""

from collections.abc import Iterable
from datetime import date
from typing import Any

from django.db.models import Count, Q
from django.utils.translation import gettext as _

from sidan.kernel.base.errors import NotFound
from sidan.kernel.org import queries as org
from sidan.kernel.org.act import Act
from sidan.kernel.org.models import Account, DutyPhone, Person, Seat, Unit
from sidan.orders.models import DeadlineRule, DispatchRule, Duty, Order, Support
from sidan.orders.queries import governing
from sidan.orders.queries.lists import DESKS
from sidan.orders.words import ENDS

LEVELS = {"county": "county", "street": "town", "town": "town", "township": "town", "community": "community",
          "village": "community", "grid": "grid"}  # fmt: skip
# What a unit of a level may stand under; a body serves any place.
ABOVE = {"town": ("county",), "community": ("town",), "grid": ("community",), "body": ("county", "town", "community")}


def level_of(kind: str) -> str:
    """The level of a kind of unit."""
    return LEVELS.get(kind, "body")


def unit(code: str) -> Unit:
    """A unit by its code, ended and coming ones as well. One query.

    Raises:
        NotFound: no unit ever had this code.
    """
    found = Unit.objects.select_related("parent").filter(code=code).first()
    if found is None:
        raise NotFound(_("没有这个单位。"))
    return found


def cells(row: Unit) -> dict[str, str]:
    """A unit as its csv row has it."""
    return {
        "code": row.code, "name": row.name, "short_name": row.short_name, "kind": row.kind,
        "parent": row.parent.code if row.parent else "", "lat": "" if row.lat is None else str(row.lat),
        "lon": "" if row.lon is None else str(row.lon),
    }  # fmt: skip


def cells_of(code: str, values: dict[str, Any]) -> dict[str, str]:
    """The same for values that are not a row yet."""
    names = ("name", "short_name", "kind", "parent", "lat", "lon")
    return {"code": code, **{name: "" if values[name] is None else str(values[name]) for name in names}}


def children(row: Unit, act: Act, search: str = "", number: int = 1) -> governing.Page:
    """The units right below one, or all below whose name or code has a text. One statement."""
    today = org.local_date(act.at)
    rows = Unit.objects.filter(Q(valid_to=None) | Q(valid_to__gt=today))
    if search:
        below = org.tree().descendants(row.pk)
        rows = rows.filter(Q(name__contains=search) | Q(code__contains=search), pk__in=below)
    else:
        rows = rows.filter(parent=row)
    page = governing.paged(rows.order_by("code").values("id", "code", "name", "kind", "valid_from", "valid_to"), number)
    tree = org.tree()
    for one in page.rows:
        one["kind"] = Unit.Kind(one["kind"]).label
        one["below"] = len(tree.descendants(one["id"])) - 1
    return page


def seats(units: Iterable[int], act: Act, *, search: str = "", number: int = 1) -> governing.Page:
    """Seats that hold now or later, by role. One statement."""
    today = org.local_date(act.at)
    rows = Seat.objects.filter(Q(to_date=None) | Q(to_date__gt=today), unit__in=list(units))
    if search:
        rows = rows.filter(Q(person__name__contains=search) | Q(person__handle__contains=search))
    page = governing.paged(
        rows.order_by("unit__code", "role", "from_date", "id").values(
            "id", "role", "from_date", "to_date", "unit__code", "unit__name", "person__handle", "person__name",
            "deputy_for__person__name",
        ),
        number,
    )  # fmt: skip
    for one in page.rows:
        one["role_words"] = Seat.Role(one["role"]).label
        one["coming"] = one["from_date"] > today
    return page


def seat(pk: int) -> Seat:
    """A seat with its person and unit. One query."""
    found = Seat.objects.select_related("person", "unit").filter(pk=pk).first()
    if found is None:
        raise NotFound(_("没有找到这个席位。"))
    return found


def person(handle: str) -> Person:
    """A member of staff. One query."""
    found = Person.objects.filter(handle=handle, kind=Person.Kind.STAFF).first()
    if found is None:
        raise NotFound(_("没有这个账号的工作人员。"))
    return found


def may_keep(act: Act, who: Person) -> bool:
    """Whether the actor may open somebody's door: operator above every seat they hold or will hold, else above their past ones.

    A street's operator must not reach the account of somebody who also sits in the county. One query.
    """
    today = org.local_date(act.at)
    held = list(Seat.objects.filter(person=who).values_list("unit_id", "to_date"))
    units = (
        {pk for pk, end in held if end is None or end > today} or {pk for pk, _end in held} or {org.tree().root().id}
    )
    return all(act.holds(governing.ROLE, pk) for pk in units)


def holders(row: Seat, day: date) -> tuple[int, int]:
    """How many others hold the seat's role on a day: in its unit, and above it. One statement."""
    node = org.tree().nodes.get(row.unit_id)
    rows = Seat.objects.filter(
        Q(to_date=None) | Q(to_date__gt=day), role=row.role, from_date__lte=day,
        unit__in=node.path if node else [row.unit_id],
    ).exclude(Q(pk=row.pk) | Q(deputy_for=row))  # fmt: skip
    got = rows.aggregate(here=Count("pk", filter=Q(unit=row.unit_id)), all=Count("pk"))
    return got["here"], got["all"] - got["here"]


def work(unit_id: int, role: str) -> int:
    """How many open orders wait for a role in a unit. One statement."""
    waiting = Q(pk__in=[])
    for desk in DESKS.values():
        if role in desk.roles and desk.name != "overdue":
            waiting |= Q(**{f"{desk.at}__in": org.tree().descendants(unit_id)}, state__in=desk.states)
    return Order.objects.filter(waiting).count()


def ties(row: Unit, day: date) -> list[str]:
    """What must be done before a unit can end on a day, in words. Seven statements at most."""
    still = Q(valid_to=None) | Q(valid_to__gt=day)
    found = (
        (Order.objects.filter(~Q(state__in=ENDS)).filter(Q(unit=row) | Q(desk_unit=row) | Q(lead_unit=row)).count(),
         _("还有 %(n)d 件单没有办结：请先办完，或改派给别的单位。")),
        (Support.objects.filter(unit=row, state="asked").count(), _("还有 %(n)d 件协办没有反馈：请先反馈或改派。")),
        (Seat.objects.filter(Q(to_date=None) | Q(to_date__gt=day), unit=row).count(), _("还有 %(n)d 个席位：请先结束这些席位。")),
        (Unit.objects.filter(still, parent=row).count(), _("下面还有 %(n)d 个单位：请先改隶属或停用。")),
        (DispatchRule.objects.filter(still).filter(Q(lead=row) | Q(area=row) | _helps(row.code)).count(),
         _("派单目录里有 %(n)d 条用到它：请先改主办、协办或停用这些条目。")),
        (DeadlineRule.objects.filter(still, unit=row).count() + Duty.objects.filter(still, holder=row.code).count(),
         _("时限和职责清单里有 %(n)d 条专门为它定的：请先停用。")),
        (DutyPhone.objects.filter(still, unit=row).count(), _("它有 %(n)d 条值班电话：请先停用。")),
    )  # fmt: skip
    return [words % {"n": n} for n, words in found if n]


def _helps(code: str) -> Q:
    """A cell of co-handlers that names this code, and not one that only begins like it."""
    return (
        Q(supports=code) | Q(supports__startswith=f"{code};") | Q(supports__endswith=f";{code}")
        | Q(supports__contains=f";{code};")
    )  # fmt: skip


def open_below(row: Unit) -> int:
    """Open orders of a unit and everything below it. One statement."""
    below = org.tree().descendants(row.pk)
    return Order.objects.filter(~Q(state__in=ENDS)).filter(Q(unit__in=below) | Q(lead_unit__in=below)).count()


def crumbs(node: org.Node | None) -> list[org.Node]:
    """The way from the county down to a unit. From memory."""
    return [org.tree().node(pk) for pk in node.path] if node else []


def facts(values: dict[str, str]) -> list[tuple[str, str]]:
    """A unit's values with their labels."""
    parent = org.tree().by_code(values.get("parent", ""))
    point = f"{values['lat']}, {values['lon']}" if values.get("lat") and values.get("lon") else ""
    return [
        (_("代码"), values["code"]), (_("全称"), values["name"]), (_("简称"), values["short_name"]),
        (_("类别"), str(Unit.Kind(values["kind"]).label)), (_("上级"), parent.name if parent else values.get("parent", "")),
        (_("坐标（WGS-84）"), point),
    ]  # fmt: skip


def has_logins(people: list[int]) -> dict[int, Any]:
    """Last sign-in by person, for those who have a login. One query."""
    return dict(Account.objects.filter(person__in=people).values_list("person_id", "last_login"))
