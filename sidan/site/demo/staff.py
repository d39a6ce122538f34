"""The staff of the demonstration county, from people.toml: the ready accounts, and a person for every other seat."""

import tomllib
from collections import defaultdict
from datetime import date
from functools import cache
from hashlib import sha256
from pathlib import Path
from typing import Any

from django.contrib.auth.hashers import make_password

from sidan.kernel.base import tx
from sidan.kernel.org import queries as org
from sidan.kernel.org.models import Account, Person, Seat, Unit
from sidan.orders.commands import county

PASSWORD = "sidan-demo-month"  # known to everybody: `config.py` refuses the demonstration where strangers can reach it


@cache
def people(folder: Path = county.FOLDER) -> dict[str, Any]:
    """The file as it stands."""
    return tomllib.loads((folder / "people.toml").read_text(encoding="utf-8"))


def accounts() -> list[dict[str, Any]]:
    """The ready accounts: handle, name, unit, roles, does."""
    return list(people()["account"])


def name_of(handle: str) -> str:
    """A name that follows from the handle alone."""
    digest, names = sha256(handle.encode()).digest(), people()["names"]
    surname = names["surnames"][int.from_bytes(digest[:2], "big") % len(names["surnames"])]
    given = names["given_names"][int.from_bytes(digest[2:4], "big") % len(names["given_names"])]
    return f"{surname}{given}"


@tx.writes
def hire(since: date) -> int:
    """Write persons, seats and the ready accounts' logins; how many seats. Six statements."""
    units = {unit.code: unit for unit in Unit.objects.all()}
    begun = min(since, people()["from_date"])
    persons: dict[str, Person] = {}
    seats: list[Seat] = []
    deputies: list[tuple[Seat, str]] = []
    for row in accounts():
        persons[row["handle"]] = Person(kind=Person.Kind.STAFF, handle=row["handle"], name=row["name"])
        for role in row["roles"]:
            seat = Seat(person=persons[row["handle"]], unit=units[row["unit"]], role=role, from_date=begun)
            if "deputy_for" in row:
                deputies.append((seat, row["deputy_for"]))
            else:
                seats.append(seat)
    for unit in units.values():
        for rule in people()["seat_rule"]:
            if unit.kind in rule["kinds"]:
                handle = rule["handle"].format(code=unit.code.lower().replace("-", ""))
                person = persons.setdefault(handle, Person(kind=Person.Kind.STAFF, handle=handle, name=name_of(handle)))
                seats += [Seat(person=person, unit=unit, role=role, from_date=begun) for role in rule["roles"]]
    Person.objects.bulk_create(persons.values())
    Seat.objects.bulk_create(seats)
    for seat, handle in deputies:
        seat.deputy_for = next(s for s in seats if s.person is persons[handle] and s.role == seat.role)
    Seat.objects.bulk_create([seat for seat, _handle in deputies])
    # One hash for all: each would cost a fifth of a second, and everybody knows the password anyway.
    password = make_password(PASSWORD)
    Account.objects.bulk_create(
        Account(handle=row["handle"], person=persons[row["handle"]], password=password) for row in accounts()
    )
    return len(seats) + len(deputies)


class Cast:
    """Who plays a role in a unit: whoever holds it there, else the nearest above."""

    def __init__(self) -> None:
        self.holders: dict[tuple[int, str], list[Person]] = defaultdict(list)
        for seat in Seat.objects.select_related("person").order_by("person__handle"):
            self.holders[seat.unit_id, seat.role].append(seat.person)
        self.ready = {row["handle"] for row in accounts()}

    def find(self, role: str, unit_id: int, *, never: tuple[int | None, ...] = ()) -> Person:
        """The holder, a ready account before others, so that a visitor finds work of their own.

        Raises:
            LookupError: nobody holds the role there or above.
        """
        for above in reversed(org.tree().node(unit_id).path):
            found = [person for person in self.holders.get((above, role), []) if person.pk not in never]
            if found:
                return min(found, key=lambda person: (person.handle not in self.ready, person.handle))
        raise LookupError(f"nobody is {role} for unit {unit_id}")
