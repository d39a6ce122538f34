"""Staff from a file, set-based: hired and seated all at once, taken back within a day, let in by links."""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

import orjson
from django.db.models import F, Q
from django.utils.translation import gettext as _

from sidan.kernel.base import tx
from sidan.kernel.base.errors import Invalid, NotFound, NotNow
from sidan.kernel.journal import commands as journal
from sidan.kernel.journal import queries as entries
from sidan.kernel.journal.models import Entry
from sidan.kernel.notify import commands as notify
from sidan.kernel.org import commands as people
from sidan.kernel.org import queries as org
from sidan.kernel.org.act import Act
from sidan.kernel.org.models import Account, Contact, Person, Seat
from sidan.orders.commands import seats
from sidan.orders.commands.governing import Changed, lock
from sidan.orders.commands.governing_people import Known, People, SeatRow, by_seat, held_by, known_as, row_of
from sidan.orders.queries import governing
from sidan.web import passwords

UNDO_HOURS = 24
_MANY = 1_000


@tx.writes
def carry_out(planned: Callable[[], People], seen: str, file: str, act: Act) -> int:
    """Do all that was previewed, or nothing; the number of the import. As many statements as thousands of rows, times ten.

    Raises:
        Changed: somebody in the file is not what was previewed.
        Invalid: a row is wrong.
    """
    lock()
    batch = planned()
    if batch.seen != seen:
        raise Changed
    if batch.errors:
        raise Invalid(fields={"file": _("文件里还有 %(n)d 处错误，没有导入任何一行。") % {"n": len(batch.errors)}})
    handles = {one.handle for one in batch.plans} | {one.deputy_for for one in batch.plans if one.deputy_for}
    known = known_as(handles, org.local_date(act.at))
    persons, told = _hire(batch.plans, known)
    given, deputies = _seat(batch.plans, persons, known)
    told += [journal.Told("org.seat.given", f"org.seat:{seat.pk}", seats.said(seat, row.source)) for row, seat in given]
    told += [
        journal.Told("org.seat.deputised", f"org.seat:{seat.pk}", seats.said(seat, row.source))
        for row, seat in deputies
    ]
    entries = journal.write_many(told, act=act)
    said = {
        "file": file[:120], "people": batch.new, "seats": len(batch.plans),
        "first": entries[0].pk if entries else 0, "last": entries[-1].pk if entries else 0,
    }  # fmt: skip
    return journal.write("org.staff.imported", subject(), act=act, data=said).seq


def subject() -> str:
    """The chain of what files did to the staff of this county."""
    return f"org.staff:{org.tree().root().code}"


def _hire(plans: Sequence[SeatRow], known: dict[str, Known]) -> tuple[dict[str, Person], list[journal.Told]]:
    """The persons of all rows; who is new gets a login without a password."""
    persons = {handle: one.person for handle, one in known.items()}
    firsts: dict[str, SeatRow] = {}
    phones: dict[str, str] = {}
    for row in (one for one in plans if one.new):
        firsts.setdefault(row.handle, row)
        phones[row.handle] = phones.get(row.handle) or row.phone
    woken = [persons[handle] for handle in firsts if handle in persons]
    for one in woken:
        one.name = firsts[str(one.handle)].name
    Person.objects.bulk_update(woken, ["name"], batch_size=200)
    for at in range(0, len(woken), _MANY):
        Account.objects.filter(person__in=woken[at : at + _MANY]).update(is_active=True)
    fresh = [
        Person(kind=Person.Kind.STAFF, handle=handle, name=row.name)
        for handle, row in firsts.items()
        if handle not in persons
    ]
    Person.objects.bulk_create(fresh)
    persons |= {str(one.handle): one for one in fresh}
    logins = [Account(handle=str(one.handle), person=one) for one in fresh]
    for login in logins:
        login.set_unusable_password()
    Account.objects.bulk_create(logins)
    Contact.objects.bulk_create([
        Contact(person=persons[handle], **people.contact_columns(persons[handle].pk, phone=phone))
        for handle, phone in phones.items() if phone
    ])  # fmt: skip
    told = [
        journal.Told("org.person.added", f"org.person:{persons[handle].pk}", {"unit": row.unit.id, "login": True, "source": row.source})
        for handle, row in firsts.items()
    ]  # fmt: skip
    return persons, told


_Made = list[tuple[SeatRow, Seat]]


def _seat(plans: Sequence[SeatRow], persons: dict[str, Person], known: dict[str, Known]) -> tuple[_Made, _Made]:
    """The seats, and then those that stand in for them."""
    given = [(row, _made(row, persons)) for row in plans if not row.deputy_for]
    Seat.objects.bulk_create([seat for _row, seat in given])
    of_row = {id(row): seat for row, seat in given}
    firsts = by_seat(plans)
    deputies = []
    for row in (one for one in plans if one.deputy_for):
        here = row_of(row, firsts)
        held = held_by(row, known.get(row.deputy_for)) or (of_row[id(here)] if here else None)
        deputies.append((row, _made(row, persons, held)))
    Seat.objects.bulk_create([seat for _row, seat in deputies])
    return given, deputies


def _made(row: SeatRow, persons: dict[str, Person], held: Seat | None = None) -> Seat:
    return Seat(
        person=persons[row.handle], unit_id=row.unit.id, role=row.role, from_date=row.from_date, to_date=row.to_date,
        deputy_for=held,
    )  # fmt: skip


@dataclass(frozen=True)
class Import:
    """A file of staff that was brought.

    Args:
        number: counts the imports and takings back of this house.
        persons, seats: ids of what it made.
        units: where.
        back: the entry that took it back.
    """

    number: int
    entry: Entry
    file: str
    persons: tuple[int, ...]
    seats: tuple[int, ...]
    units: frozenset[int]
    back: Entry | None

    def open(self, act: Act) -> bool:
        """Whether it can still be taken back."""
        return self.back is None and act.at - self.entry.at <= timedelta(hours=UNDO_HOURS)


def brought(number: int) -> Import:
    """One import. Two statements.

    Raises:
        NotFound: there is none.
    """
    told = entries.entries(subject())
    entry = next((one for one in told if one.seq == number and one.kind == "org.staff.imported"), None)
    if entry is None:
        raise NotFound(_("没有找到这次导入。"))
    said = orjson.loads(entry.data)
    rows = Entry.objects.filter(id__gte=said["first"], id__lte=said["last"], by=entry.by_id, at=entry.at)
    made: dict[str, list[int]] = {"org.person": [], "org.seat": []}
    units = set()
    for about, data in rows.order_by("id").values_list("subject", "data"):
        name, _colon, pk = about.partition(":")
        if name in made:
            made[name].append(int(pk))
            units.add(orjson.loads(data)["unit"])
    back = next((one for one in told if one.kind == "org.staff.import_undone" and _about(one) == number), None)
    return Import(
        number, entry, said["file"], tuple(made["org.person"]), tuple(made["org.seat"]), frozenset(units), back
    )


def _about(entry: Entry) -> int:
    return int(orjson.loads(entry.data)["import"])


def recent() -> list[dict[str, Any]]:
    """The last imports, newest first. Two statements."""
    told = list(Entry.objects.filter(subject=subject()).order_by("-seq")[:20])
    gone = {_about(one) for one in told if one.kind == "org.staff.import_undone"}
    names = org.names(one.by_id for one in told)
    return [
        {"number": one.seq, "at": one.at, "by": names.get(one.by_id, ""), "back": one.seq in gone, **orjson.loads(one.data)}
        for one in told if one.kind == "org.staff.imported"
    ]  # fmt: skip


def refuse_foreign(made: Import, act: Act) -> None:
    """Refuse whoever is not operator of every unit that an import touched.

    Raises:
        NotAllowed: with where the role would have to be held.
    """
    for unit in made.units:
        governing.need(act, unit)


def unseen(made: Import) -> list[int]:
    """Whom an import made who never signed in and sits nowhere else. Two statements for each thousand."""
    mine, found = set(made.seats), []
    for part in _parts(made.persons):
        elsewhere = Seat.objects.filter(Q(to_date=None) | Q(to_date__gt=F("from_date")), person__in=part)
        sits = {person for pk, person in elsewhere.values_list("pk", "person_id") if pk not in mine}
        never = Account.objects.filter(person__in=part, last_login=None, is_active=True)
        found += [one for one in never.values_list("person_id", flat=True) if one not in sits]
    return found


@tx.writes
def take_back(number: int, act: Act) -> Import:
    """End the seats of an import, and shut the logins that it made and that nobody has used. Nothing is unwritten.

    Raises:
        NotAllowed: it touched units where the actor is not operator.
        NotNow: a day has gone by, or it was taken back already.
    """
    lock()
    made = brought(number)
    refuse_foreign(made, act)
    if made.back is not None:
        raise NotNow(_("这次导入已经撤回了。"))
    if not made.open(act):
        raise NotNow(_("导入超过 %(n)d 小时就不能整批撤回了，请逐个结束席位。") % {"n": UNDO_HOURS}, code="too_late")
    shut = unseen(made)
    ended = _end(made, act)
    for part in _parts(shut):
        Account.objects.filter(person__in=part).update(is_active=False)
        Contact.objects.filter(person__in=part).delete()
    told: list[journal.Told] = [journal.Told("org.person.shut", f"org.person:{pk}", {"import": number}) for pk in shut]
    journal.write_many(told, act=act)
    said = {"import": number, "seats": ended, "people": len(shut)}
    journal.write("org.staff.import_undone", subject(), act=act, data=said)
    return made


def _end(made: Import, act: Act) -> int:
    """End what still holds of the seats; one by one only where somebody else stands in for them."""
    today, source, told = org.local_date(act.at), _("撤回导入：%(file)s") % {"file": made.file}, []
    mine, alone = set(made.seats), 0
    for part in _parts(made.seats):
        rows = Seat.objects.filter(Q(to_date=None) | Q(to_date__gt=today), pk__in=part)
        held = {seat.pk: seat for seat in rows if seat.to_date is None or seat.to_date > seat.from_date}
        others = Seat.objects.filter(deputy_for__in=part).exclude(pk__in=mine)
        odd = {pk for pk in others.values_list("deputy_for_id", flat=True) if pk in held}
        alone += len(odd)
        for pk in odd:
            seats.end(held.pop(pk), today, source=source, act=act)
        Seat.objects.filter(pk__in=held, from_date__lte=today).update(to_date=today)
        Seat.objects.filter(pk__in=held, from_date__gt=today).update(to_date=F("from_date"))
        for seat in held.values():
            seat.to_date = max(today, seat.from_date)
            told.append(
                journal.Told("org.seat.ended", f"org.seat:{seat.pk}", {**seats.said(seat, source), "deputies": []})
            )
    journal.write_many(told, act=act)
    return len(told) + alone


@dataclass(frozen=True)
class Door:
    """A line of the sheet that is handed out."""

    handle: str
    name: str
    unit: str
    link: str


def waiting(made: Import, act: Act) -> list[Account]:
    """The logins of an import that have no password yet and that the actor may open. Two statements for each thousand."""
    found: list[Account] = []
    today = org.local_date(act.at)
    for part in _parts(made.persons):
        lasting = Seat.objects.filter(Q(to_date=None) | Q(to_date__gt=today), person__in=part)
        beyond = {
            person
            for person, unit in lasting.values_list("person_id", "unit_id")
            if not act.holds(governing.ROLE, unit)
        }
        logins = Account.objects.filter(person__in=part, is_active=True, last_login=None, password__startswith="!")
        found += [one for one in logins.order_by("handle") if one.person_id not in beyond]
    return sorted(found, key=lambda one: one.handle)


@tx.writes
def open_doors(number: int, act: Act) -> list[Door]:
    """A link for everybody of an import who has no password yet; shown once, and each in the journal.

    Raises:
        NotAllowed: it touched units where the actor is not operator.
    """
    made = brought(number)
    refuse_foreign(made, act)
    logins = waiting(made, act)
    _note(logins, "shown", act)
    names = {node.id: node.name for node in org.tree().nodes.values()}
    sits: dict[int, str] = {}
    for part in _parts(made.seats):
        for person, unit in Seat.objects.filter(pk__in=part).order_by("-pk").values_list("person_id", "unit_id"):
            sits[person] = names.get(unit, "")
    return [
        Door(one.handle, one.person.name, sits.get(one.person_id, ""), passwords.link_for(one, first=True))
        for one in logins
    ]


@tx.writes
def send_doors(number: int, act: Act) -> int:
    """Queue the link for everybody of an import who has no password yet and left a telephone; how many.

    Raises:
        NotAllowed: it touched units where the actor is not operator.
    """
    made = brought(number)
    refuse_foreign(made, act)
    logins = waiting(made, act)
    phones: set[int] = set()
    for part in _parts([one.person_id for one in logins]):
        rows = Contact.objects.filter(person__in=part).exclude(phone_enc=None)
        phones |= set(rows.values_list("person_id", flat=True))
    told = [one for one in logins if one.person_id in phones]
    _note(told, "sent", act)
    at = int(act.at.timestamp())
    notify.send_many([
        notify.Draft(
            passwords.TOPIC, f"org.account:{one.pk}/{at}/password", act.at, one.person_id, data={"account": one.pk}
        )
        for one in told
    ])  # fmt: skip
    return len(told)


def _note(logins: Iterable[Account], how: str, act: Act) -> None:
    journal.write_many(
        [journal.Told("org.person.link_given", f"org.person:{one.person_id}", {"how": how}) for one in logins], act=act
    )


def _parts(ids: Sequence[int]) -> Iterable[Sequence[int]]:
    return (ids[at : at + _MANY] for at in range(0, len(ids), _MANY))
