"""What a file of staff and their seats would do, row by row, and the same file from the house."""

import csv
import io
from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import date
from hashlib import sha256

from django.db.models import Q
from django.utils.translation import gettext as _

from sidan.kernel.base import text
from sidan.kernel.base.errors import Invalid, Refusal
from sidan.kernel.org import queries as org
from sidan.kernel.org.act import Act
from sidan.kernel.org.models import Person, Seat
from sidan.orders.commands.governing_files import Wish, day_in, refuse_columns, safe, said_of
from sidan.orders.commands.governing_seats import APART, check_handle
from sidan.orders.queries import governing

COLUMNS = ("handle", "name", "unit_code", "role", "from", "to", "deputy_for", "phone", "source")
NEEDED = COLUMNS[:4]
_MANY = 1_000


@dataclass
class Known:
    """Somebody whom the house has under a handle.

    Args:
        asleep: made by an import that was taken back, and never signed in: a file may bring them again, as if new.
        phone: the hash of the telephone.
    """

    person: Person
    asleep: bool
    phone: bytes
    seats: list[Seat] = field(default_factory=list)


@dataclass(frozen=True)
class SeatRow:
    """One row that will be done: a seat, and its person where the house does not know them."""

    line: int
    handle: str
    name: str
    phone: str
    unit: org.Node
    role: str
    from_date: date
    to_date: date | None
    deputy_for: str
    source: str
    new: bool
    what: str = "added"


@dataclass(frozen=True)
class People:
    """What a file of staff would do.

    Args:
        errors: line of the file and what is wrong with it; nothing is done while there are any.
        same: rows that are as they were.
        warnings: what is allowed but unusual.
    """

    plans: tuple[SeatRow, ...]
    errors: tuple[tuple[int, str], ...]
    same: int
    seen: str
    warnings: tuple[str, ...] = ()

    @property
    def new(self) -> int:
        return len({one.handle for one in self.plans if one.new})


def plan(wish: Wish, act: Act) -> People:
    """What the rows would do. Four statements, whatever their number.

    Raises:
        Invalid: a column is missing, or there is no row.
    """
    refuse_columns(wish.rows, NEEDED)
    known = known_as({raw.get("handle", "") for _line, raw in wish.rows}, org.local_date(act.at))
    errors: list[tuple[int, str]] = []
    plans: list[SeatRow] = []
    names: dict[str, SeatRow] = {}
    same = 0
    for line, raw in wish.rows:
        try:
            one = _row(line, raw, wish, known.get(raw.get("handle", "")), act)
            if _stands(one, raw, known.get(one.handle)):
                same += 1
                continue
            _agree(one, names.setdefault(one.handle, one))
            _refuse_days(one, act)
            plans.append(one)
        except Refusal as refusal:
            errors.append((line, said_of(refusal)))
    errors += [*_overlaps(plans, known), *_deputies(plans, known, act)]
    return People(tuple(plans), tuple(sorted(set(errors))), same, _seen(known), tuple(_warnings(plans, known, act)))


def known_as(handles: set[str], today: date) -> dict[str, Known]:
    """Whom the house has under these handles, with their seats. Two statements for each thousand."""
    found: dict[int, Known] = {}
    wanted = sorted(handles)
    for at in range(0, len(wanted), _MANY):
        rows = Person.objects.filter(handle__in=wanted[at : at + _MANY]).select_related("contact", "account")
        for one in rows:
            account, contact = getattr(one, "account", None), getattr(one, "contact", None)
            asleep = account is not None and not account.is_active and account.last_login is None
            found[one.pk] = Known(one, asleep, bytes(contact.phone_hash or b"") if contact else b"")
    keys = list(found)
    for at in range(0, len(keys), _MANY):
        for seat in Seat.objects.filter(person__in=keys[at : at + _MANY]).select_related("deputy_for__person"):
            found[seat.person_id].seats.append(seat)
    for held in found.values():
        held.asleep = held.asleep and not any(_lasts(seat, today) for seat in held.seats)
    return {str(one.person.handle): one for one in found.values()}


def _lasts(seat: Seat, today: date) -> bool:
    """Whether a seat holds on any day from today on."""
    return seat.to_date is None or (seat.to_date > today and seat.to_date > seat.from_date)


def _row(line: int, raw: dict[str, str], wish: Wish, known: Known | None, act: Act) -> SeatRow:
    """A row in the house's own words."""
    handle, name = raw["handle"], raw["name"]
    wrong: dict[str, str] = {}
    try:
        check_handle(handle)
    except Invalid as refusal:
        wrong |= refusal.details["fields"]
    if not 1 <= len(handle) <= 40 or not 1 <= len(name) <= 40:
        wrong["name"] = _("账号和姓名都要填，最多 40 个字。")
    unit = org.tree().by_code(raw["unit_code"])
    if unit is None:
        wrong["unit_code"] = _("没有代码是 %(code)s 的单位。") % {"code": raw["unit_code"] or "—"}
    role = _role(raw["role"])
    if not role:
        every = "、".join(f"{value}（{label}）" for value, label in Seat.Role.choices)
        wrong["role"] = _("只能是：%(all)s。") % {"all": every}
    new = known is None or known.asleep
    if known is not None and known.person.kind != Person.Kind.STAFF:
        wrong["handle"] = _("这个账号名已有人使用。")
    elif known is not None and not new and name != known.person.name:
        wrong["name"] = _("账号 %(handle)s 是%(name)s的，不能给别人。") % {"handle": handle, "name": known.person.name}
    phone = text.clean_phone(raw["phone"]) if raw.get("phone") else ""
    if phone and known is not None and not new and org.phone_hash(phone) != known.phone:
        wrong["phone"] = _("这个人已经在册，手机号不能用文件改。")
    if wrong or unit is None:
        raise Invalid(fields=wrong)
    governing.need(act, unit.id)
    return SeatRow(
        line, handle, text.clean_text(name, max_chars=40, field="name"), phone, unit, role,
        day_in(raw, "from") or wish.day, day_in(raw, "to"), raw.get("deputy_for", ""), raw.get("source") or wish.source, new,
    )  # fmt: skip


def _role(said: str) -> str:
    """A role by its code or its name."""
    return next((str(value) for value, label in Seat.Role.choices if said in (value, str(label))), "")


def _stands(one: SeatRow, raw: dict[str, str], known: Known | None) -> bool:
    """Whether the house has this very seat; without a first day in the file, one that holds on the day of the import."""
    return known is not None and any(
        seat.unit_id == one.unit.id
        and seat.role == one.role
        and seat.to_date == one.to_date
        and (seat.deputy_for.person.handle if seat.deputy_for else "") == one.deputy_for
        and (seat.from_date == one.from_date if raw.get("from") else seat.from_date <= one.from_date)
        for seat in known.seats
    )


def _agree(one: SeatRow, first: SeatRow) -> None:
    """Refuse a handle that the file gives to two people."""
    if one.name != first.name or (one.phone and first.phone and one.phone != first.phone):
        said = _("账号 %(handle)s 在第 %(line)d 行是另一个人。") % {"handle": one.handle, "line": first.line}
        raise Invalid(fields={"handle": said})


def _refuse_days(one: SeatRow, act: Act) -> None:
    if one.from_date < org.local_date(act.at):
        raise Invalid(fields={"from": _("开始日期不能早于今天；不填就用导入的日期。")})
    if one.to_date is not None and one.to_date <= one.from_date:
        raise Invalid(fields={"to": _("结束日期须晚于开始日期。")})
    if one.deputy_for and one.to_date is None:
        raise Invalid(fields={"to": _("代理要写到哪天为止。")})


def _overlaps(plans: list[SeatRow], known: dict[str, Known]) -> Iterable[tuple[int, str]]:
    """Rows that give a seat to somebody who has it on one of the days, in the house or further up in the file."""
    taken: dict[tuple[str, int, str], list[tuple[date, date | None]]] = {}
    for handle, one in known.items():
        for seat in one.seats:
            if seat.to_date is None or seat.to_date > seat.from_date:
                taken.setdefault((handle, seat.unit_id, seat.role), []).append((seat.from_date, seat.to_date))
    for row in plans:
        days = taken.setdefault((row.handle, row.unit.id, row.role), [])
        for first, last in days:
            if (row.to_date is None or first < row.to_date) and (last is None or row.from_date < last):
                until = last.isoformat() if last else _("一直")
                yield row.line, _("%(name)s从 %(first)s 到 %(last)s 已经有这个席位（在册，或在文件的前面）。") % {
                    "name": row.name, "first": first.isoformat(), "last": until,
                }  # fmt: skip
                break
        days.append((row.from_date, row.to_date))


def _deputies(plans: list[SeatRow], known: dict[str, Known], act: Act) -> Iterable[tuple[int, str]]:
    """Rows of deputies without a seat that they could stand in for."""
    lacking = {one.deputy_for for one in plans if one.deputy_for} - set(known)
    known.update(known_as(lacking, org.local_date(act.at)))
    firsts = by_seat(plans)
    for row in (one for one in plans if one.deputy_for):
        if row.deputy_for == row.handle:
            yield row.line, _("不能代理自己。")
        elif held_by(row, known.get(row.deputy_for)) is None and row_of(row, firsts) is None:
            yield row.line, _("%(handle)s在这段时间没有%(unit)s的这个席位，无从代理。") % {
                "handle": row.deputy_for, "unit": row.unit.name,
            }  # fmt: skip


def _covers(row: SeatRow, first: date, last: date | None) -> bool:
    return first <= row.from_date and (last is None or (row.to_date is not None and row.to_date <= last))


def held_by(row: SeatRow, holder: Known | None) -> Seat | None:
    """The seat in the house that a deputy's row stands in for."""
    return next(
        (
            seat
            for seat in (holder.seats if holder else [])
            if seat.unit_id == row.unit.id
            and seat.role == row.role
            and seat.deputy_for_id is None
            and _covers(row, seat.from_date, seat.to_date)
        ),
        None,
    )


BySeat = dict[tuple[str, int, str], list[SeatRow]]


def by_seat(plans: Iterable[SeatRow]) -> BySeat:
    """The file's rows that a deputy could stand in for."""
    found: BySeat = {}
    for one in plans:
        if not one.deputy_for:
            found.setdefault((one.handle, one.unit.id, one.role), []).append(one)
    return found


def row_of(row: SeatRow, firsts: BySeat) -> SeatRow | None:
    """The seat in the file that a deputy's row stands in for."""
    rows = firsts.get((row.deputy_for, row.unit.id, row.role), [])
    return next((one for one in rows if _covers(row, one.from_date, one.to_date)), None)


def _warnings(plans: list[SeatRow], known: dict[str, Known], act: Act) -> Iterable[str]:
    """What is allowed but should be meant: nobody should check or rule on what they answered themselves."""
    roles: dict[tuple[str, int], set[str]] = {}
    for handle, one in known.items():
        for seat in (seat for seat in one.seats if _lasts(seat, org.local_date(act.at))):
            roles.setdefault((handle, seat.unit_id), set()).add(seat.role)
    for row in plans:
        roles.setdefault((row.handle, row.unit.id), set()).add(row.role)
    touched = {(row.handle, row.unit.id): row for row in plans}
    both = [row.name for key, row in touched.items() if any(pair <= roles[key] for pair in APART)]
    if both:
        yield _("%(n)d 人在同一单位身兼办理、核查、裁定中的两样，最好由不同的人做：%(names)s。") % {
            "n": len(both), "names": "、".join(both[:5]),
        }  # fmt: skip
    if operators := sum(row.role == Seat.Role.OPERATOR for row in plans):
        yield _("有 %(n)d 个系统管理员席位：可以改所在单位及下级的席位、目录和时限。") % {"n": operators}
    if any(row.handle == act.by.handle for row in plans):
        yield _("您在给自己加席位：这会记入日志，请先得到批准。")


def _seen(known: dict[str, Known]) -> str:
    said = [
        (handle, one.person.name, one.asleep, sorted((seat.pk, str(seat.from_date), str(seat.to_date)) for seat in one.seats))
        for handle, one in sorted(known.items())
    ]  # fmt: skip
    return sha256(repr(said).encode()).hexdigest()[:24]


def export(act: Act) -> str:
    """Who sits where, now or later, as a csv file that can be imported again; telephones stay in the house. One statement."""
    today = org.local_date(act.at)
    out = io.StringIO(newline="")
    made = csv.writer(out, lineterminator="\r\n")
    out.write("\ufeff")
    made.writerow(COLUMNS)
    rows = Seat.objects.filter(Q(to_date=None) | Q(to_date__gt=today)).order_by(
        "person__handle", "unit__code", "role", "id"
    )
    mine = [held.unit_id for held in act.seats if held.role == governing.ROLE]
    if org.tree().root().id not in mine:
        rows = rows.filter(unit__in={below for pk in mine for below in org.tree().descendants(pk)})
    for row in rows.values_list(
        "person__handle", "person__name", "unit__code", "role", "from_date", "to_date", "deputy_for__person__handle"
    ):
        if row[5] is None or row[5] > row[4]:
            made.writerow([*(safe("" if cell is None else str(cell)) for cell in row), "", ""])
    return out.getvalue()
