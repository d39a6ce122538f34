"""Keep who sits where: persons, seats that begin and end, deputies, and the link with which somebody sets a password."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import date

from django.db.models import Q
from django.utils.translation import gettext as _

from sidan.kernel.base import text, tx
from sidan.kernel.base.errors import Invalid, NotAllowed, NotNow
from sidan.kernel.journal import commands as journal
from sidan.kernel.org import queries as org
from sidan.kernel.org.act import Act
from sidan.kernel.org.models import Account, Person, Seat, Unit
from sidan.orders.commands import seats
from sidan.orders.commands.governing import lock
from sidan.orders.queries import governing
from sidan.orders.queries import governing_units as units

# Who answers does not check, and who checks does not rule on it: allowed in a small unit, but said.
APART = ({"handler", "checker"}, {"handler", "supervisor"}, {"checker", "supervisor"})
RESERVED = ("import", "imports", "export")  # pages beside those of persons


@dataclass(frozen=True)
class SeatPlan:
    """A change of a seat that is not made yet."""

    what: str
    person: Person
    unit: Unit
    role: str
    from_date: date
    to_date: date | None
    source: str
    held: Seat | None = None
    touched: tuple[str, ...] = ()
    warnings: tuple[str, ...] = ()


def plan_give(
    handle: str, code: str, role: str, from_date: date, to_date: date | None, source: str, act: Act
) -> SeatPlan:
    """What giving a role in a unit would mean.

    Raises:
        NotAllowed, Invalid: nobody has this handle, the days are wrong, or the seat is held already.
    """
    unit = units.unit(code)
    governing.need(act, unit.pk)
    who = _staff(handle)
    _days(from_date, to_date, act)
    if _held(who, unit.pk, role, from_date, to_date):
        raise Invalid(fields={"role": _("%(name)s在这段时间已经有这个席位。") % {"name": who.name}})
    roles = set(
        Seat.objects.filter(Q(to_date=None) | Q(to_date__gt=from_date), person=who, unit=unit).values_list(
            "role", flat=True
        )
    )
    warned = [
        _("%(name)s在同一单位还是%(other)s：办理、核查、裁定最好由不同的人做。")
        % {"name": who.name, "other": Seat.Role(next(iter(pair - {role}))).label}
        for pair in APART
        if role in pair and pair - {role} <= roles
    ]
    if who.pk == act.by.pk:
        warned.append(_("您在给自己加席位：这会记入日志，请先得到批准。"))
    if role == Seat.Role.OPERATOR:
        warned.append(_("系统管理员可以改这个单位及下级的席位、目录和时限。"))
    if not Account.objects.filter(person=who, is_active=True).exists():
        warned.append(_("%(name)s还没有登录密码：给了席位以后，请再交给他设置密码的链接。") % {"name": who.name})
    return SeatPlan("given", who, unit, role, from_date, to_date, source, warnings=tuple(warned))


def plan_deputy(pk: int, handle: str, from_date: date, to_date: date, source: str, act: Act) -> SeatPlan:
    """What letting somebody stand in for a seat would mean."""
    held = units.seat(pk)
    governing.need(act, held.unit_id)
    who = _staff(handle)
    _days(from_date, to_date, act)
    if held.deputy_for_id is not None:
        raise NotNow(_("这是代理席位，不能再由别人代理。请给原席位另找代理人。"))
    if who.pk == held.person_id:
        raise Invalid(fields={"handle": _("不能代理自己。")})
    if held.to_date is not None and to_date > held.to_date:
        raise Invalid(fields={"to_date": _("原席位 %(day)s 就结束了，代理不能更长。") % {"day": held.to_date}})
    if _held(who, held.unit_id, held.role, from_date, to_date):
        raise Invalid(fields={"handle": _("%(name)s在这段时间已经有这个席位。") % {"name": who.name}})
    n = units.work(held.unit_id, held.role)
    return SeatPlan(
        "deputised", who, held.unit, held.role, from_date, to_date, source, held,
        (_("这个席位上现有 %(n)d 件在办，代理人都能办。") % {"n": n},),
    )  # fmt: skip


def plan_end(pk: int, day: date, source: str, act: Act) -> SeatPlan:
    """What ending a seat would leave behind. Five statements."""
    held = units.seat(pk)
    governing.need(act, held.unit_id)
    today = org.local_date(act.at)
    if held.to_date is not None and held.to_date <= today:
        raise NotNow(_("这个席位已经结束了。"))
    if day < today:
        raise Invalid(fields={"valid_from": _("结束日期不能早于今天。")})
    if held.to_date is not None and day > held.to_date:
        raise Invalid(fields={"valid_from": _("这个席位 %(day)s 就结束了。") % {"day": held.to_date}})
    n, (here, above) = units.work(held.unit_id, held.role), units.holders(held, day)
    touched = [_("这个席位上有 %(n)d 件在办：它们属于单位，由同岗位的人继续办，不会丢。") % {"n": n}]
    warned = []
    role = Seat.Role(held.role).label
    if here == 0 and above:
        warned.append(
            _("结束以后%(unit)s没有人任%(role)s，要由上级的 %(n)d 人代办。")
            % {"unit": held.unit.name, "role": role, "n": above}
        )
    elif here == 0:
        warned.append(
            _("结束以后%(unit)s和上级都没有%(role)s：单子会没人办。请先安排接任的人。")
            % {"unit": held.unit.name, "role": role}
        )
    if Seat.objects.filter(deputy_for=held).filter(Q(to_date=None) | Q(to_date__gt=day)).exists():
        warned.append(_("代理席位同一天一起结束。"))
    return SeatPlan(
        "ended", held.person, held.unit, held.role, held.from_date, day, source, held, tuple(touched), tuple(warned)
    )


@tx.writes
def carry_out(planned: Callable[[], SeatPlan], act: Act) -> SeatPlan:
    """Make a change of a seat. Whatever the plan refuses is refused here again, under the lock."""
    lock()
    plan = planned()
    if plan.what == "given":
        seats.give(
            plan.person, plan.unit, plan.role, from_date=plan.from_date, to_date=plan.to_date, source=plan.source, act=act
        )  # fmt: skip
    elif plan.what == "deputised" and plan.held is not None and plan.to_date is not None:
        seats.deputise(
            plan.held, plan.person, from_date=plan.from_date, to_date=plan.to_date, source=plan.source, act=act
        )  # fmt: skip
    elif plan.held is not None and plan.to_date is not None:
        seats.end(plan.held, plan.to_date, source=plan.source, act=act)
    else:
        raise ValueError(plan.what)
    return plan


@tx.writes
def add_person(handle: str, name: str, phone: str | None, code: str, source: str, act: Act) -> Person:
    """A new member of staff, with a login that has no password yet.

    Raises:
        NotAllowed: the actor is not operator of the unit for which the person is added.
        Invalid: the handle is taken or has other characters than small letters, digits, - and _.
    """
    unit = units.unit(code)
    governing.need(act, unit.pk)
    check_new(handle, phone)
    made = seats.add(handle, name, phone=phone, unit_id=unit.pk, source=source, act=act)
    Account.objects.create_user(handle, None, made)
    return made


def check_new(handle: str, phone: str | None) -> None:
    """Whether somebody can be added under this handle. One query.

    Raises:
        Invalid: it is taken or has other characters, or the number is no mobile number.
    """
    check_handle(handle)
    if Person.objects.filter(handle=handle).exists():
        raise Invalid(fields={"handle": _("这个账号名已有人使用。")})
    if phone:
        text.clean_phone(phone)


def check_handle(handle: str) -> None:
    """Whether a handle is written as one. No query.

    Raises:
        Invalid: it has other characters, or is the name of a page.
    """
    if not handle.isascii() or not handle.replace("-", "").replace("_", "").isalnum() or handle != handle.lower():
        raise Invalid(fields={"handle": _("账号只用小写字母、数字、- 和 _。")})
    if handle in RESERVED:
        raise Invalid(fields={"handle": _("这个账号名已有人使用。")})


@tx.writes
def open_door(who: Person, how: str, act: Act) -> Account:
    """Let somebody set a new password; the page makes the link, or queues it.

    Args:
        how: shown (the operator hands it over) or sent.

    Raises:
        NotAllowed: the person also sits where the actor is not operator.
    """
    if not units.may_keep(act, who):
        raise NotAllowed(_("%(name)s还在别的单位有席位，要由上级的系统管理员来办。") % {"name": who.name})
    account = Account.objects.filter(person=who).first() or Account.objects.create_user(str(who.handle), None, who)
    if not account.is_active:
        raise NotNow(_("这个账号已停用。"))
    journal.write("org.person.link_given", f"org.person:{who.pk}", act=act, data={"how": how})
    return account


def _staff(handle: str) -> Person:
    found = Person.objects.filter(handle=handle, kind=Person.Kind.STAFF).first()
    if found is None:
        raise Invalid(
            fields={"handle": _("没有账号叫 %(handle)s 的工作人员。请先新增人员。") % {"handle": handle[:40]}}
        )
    return found


def _days(first: date, last: date | None, act: Act) -> None:
    if first < org.local_date(act.at):
        raise Invalid(fields={"from_date": _("开始日期不能早于今天。")})
    if last is not None and last <= first:
        raise Invalid(fields={"to_date": _("结束日期须晚于开始日期。")})


def _held(who: Person, unit_id: int, role: str, first: date, last: date | None) -> bool:
    rows = Seat.objects.filter(Q(to_date=None) | Q(to_date__gt=first), person=who, unit=unit_id, role=role)
    return (rows.filter(from_date__lt=last) if last else rows).exists()
