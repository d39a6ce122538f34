"""Keep the tree of units: add, rename, move, end. A unit's row is one; what it was stands in the journal."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import date
from hashlib import sha256
from typing import Any

from django.utils.translation import gettext as _

from sidan.kernel.base import snapshot, tx
from sidan.kernel.base.errors import Invalid, NotNow
from sidan.kernel.journal import commands as journal
from sidan.kernel.org import commands as people
from sidan.kernel.org import queries as org
from sidan.kernel.org.act import Act
from sidan.kernel.org.models import Unit
from sidan.orders.commands.governing import Changed, lock
from sidan.orders.queries import governing
from sidan.orders.queries import governing_units as units

Cells = dict[str, str]


@dataclass(frozen=True)
class UnitPlan:
    """A change of a unit that is not made yet; `ties` hold it back."""

    what: str
    code: str
    before: Cells | None
    after: Cells | None
    day: date
    source: str
    seen: str
    touched: tuple[str, ...] = ()
    warnings: tuple[str, ...] = ()
    ties: tuple[str, ...] = ()

    @property
    def subject(self) -> str:
        return f"org.unit:{self.code}"


def plan_put(
    values: dict[str, Any], code: str, day: date, source: str, act: Act, *, known: frozenset[str] = frozenset()
) -> UnitPlan:
    """What adding a unit (its code is new) or changing one would do.

    Args:
        values: name, short_name, kind, parent (a code), lat, lon (numbers or None).
        known: codes that the same file adds.

    Raises:
        NotAllowed, Invalid: an unfit parent, a circle, a change that is not of today.
    """
    row = Unit.objects.select_related("parent").filter(code=code).first()
    before = units.cells(row) if row else None
    after = units.cells_of(code, values)
    if row is not None:
        governing.need(act, row.pk if row.pk in org.tree().nodes else org.tree().root().id)
        if row.valid_to is not None and row.valid_to <= org.local_date(act.at):
            raise Invalid(fields={"code": _("这个单位已停用，代码不能再用。")})
        if units.level_of(row.kind) != units.level_of(after["kind"]):
            raise Invalid(fields={"kind": _("不能改成另一级的单位。请新建一个，再停用这个。")})
        if before == after:
            raise Invalid(fields={"": _("没有改动。")})
    _fits(after, row, act, known)
    if row is None and day < org.local_date(act.at):
        raise Invalid(fields={"valid_from": _("设立日期不能早于今天。")})
    touched, warned = [], []
    if row is not None and before is not None and before["parent"] != after["parent"]:
        touched.append(_("本单位和下级有 %(n)d 件正在办的单，会随它到新上级名下。") % {"n": units.open_below(row)})
        warned.append(_("改隶属后，原上级的派单员、核查员看不到这些单，新上级的看得到。"))
    return UnitPlan(
        "changed" if row else "added", code, before, after, day, source, _seen(row), tuple(touched), tuple(warned)
    )


def _fits(after: Cells, row: Unit | None, act: Act, known: frozenset[str]) -> None:
    """Whether a unit may stand where it is put."""
    tree, level = org.tree(), units.level_of(after["kind"])
    if not after["parent"]:
        if row is None or row.parent_id is not None:
            raise Invalid(fields={"parent": _("请选上级单位。只有县没有上级。")})
        return
    if after["parent"] in known and tree.by_code(after["parent"]) is None:
        governing.need(act, tree.root().id)  # its parent comes with the same file
        return
    parent = tree.by_code(after["parent"])
    if parent is None:
        raise Invalid(fields={"parent": _("没有代码为 %(code)s 的上级单位，或已停用。") % {"code": after["parent"]}})
    governing.need(act, parent.id)
    if row is not None and row.pk in parent.path:
        raise Invalid(fields={"parent": _("不能放到自己或自己的下级下面。")})
    if parent.level not in units.ABOVE.get(level, ()):
        raise Invalid(
            fields={
                "parent": _("%(kind)s不能放在%(parent)s下面。")
                % {"kind": Unit.Kind(after["kind"]).label, "parent": parent.name}
            }
        )


def plan_end(code: str, day: date, source: str, act: Act) -> UnitPlan:
    """What ending a unit would need. Nine statements at most."""
    row = units.unit(code)
    governing.need(act, row.pk if row.pk in org.tree().nodes else org.tree().root().id)
    if row.parent_id is None:
        raise NotNow(_("县是整棵树的根，不能停用。"))
    if row.valid_to is not None:
        raise NotNow(_("这个单位已经定于 %(day)s 停用。") % {"day": row.valid_to})
    if day < org.local_date(act.at):
        raise Invalid(fields={"valid_from": _("停用日期不能早于今天。")})
    return UnitPlan(
        "ended", code, units.cells(row), None, day, source, _seen(row), ties=tuple(units.ties(row, day)),
        warnings=(_("停用以后代码不能再用，也不能恢复；已办结的单仍然记在它名下。"),),
    )  # fmt: skip


@tx.writes
def carry_out(planned: Callable[[], UnitPlan], seen: str, act: Act) -> UnitPlan:
    """Make a change of a unit as it was previewed.

    Raises:
        Changed: somebody else changed the unit.
        NotNow: work, seats or rules still hang on it.
    """
    lock()
    plan = planned()
    if plan.seen != seen:
        raise Changed
    if plan.ties:
        raise NotNow(" ".join(plan.ties))
    write(plan, act)
    snapshot.forget()
    return plan


def write(plan: UnitPlan, act: Act) -> None:
    """Put a plan into the row and say so in the journal."""
    if plan.after is None:
        people.put_unit(plan.code, on=plan.day, source=plan.source, valid_to=plan.day)
    else:
        values = {name: plan.after[name] for name in ("name", "short_name", "kind")}
        parent = Unit.objects.filter(code=plan.after["parent"]).first()
        people.put_unit(
            plan.code, on=plan.day, source=plan.source, **values, level=units.level_of(values["kind"]), parent=parent,
            lat=_number(plan.after["lat"]), lon=_number(plan.after["lon"]),
        )  # fmt: skip
    journal.write(
        f"org.unit.{plan.what}",
        plan.subject,
        act=act,
        data={"day": plan.day.isoformat(), "before": plan.before, "values": plan.after, "source": plan.source},
    )


def _number(cell: str) -> float | None:
    return float(cell) if cell else None


def _seen(row: Unit | None) -> str:
    said = f"{units.cells(row)}{row.valid_to}{row.source}" if row else ""
    return sha256(said.encode()).hexdigest()[:24]
