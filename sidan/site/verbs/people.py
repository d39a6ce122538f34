"""Verbs about who works here: persons, seats, passwords, bearers; and the calendar they work by."""

import argparse
import getpass
import json
import sys
from collections import defaultdict
from datetime import UTC, date, datetime
from typing import Any

from django.contrib.auth.password_validation import validate_password
from django.core.exceptions import ValidationError
from django.db.models import Q

from sidan.kernel.base.errors import Invalid, NotFound
from sidan.kernel.org import queries
from sidan.kernel.org.act import Act, Via
from sidan.kernel.org.models import Account, Person, Seat, Unit
from sidan.orders.commands import clockwork, governing_days
from sidan.orders.commands import seats as verbs


def everybody(args: argparse.Namespace) -> int:
    """Staff with the seats they hold today."""
    day = queries.local_date(None)
    seats: dict[int, list[dict[str, str]]] = defaultdict(list)
    held = Seat.objects.filter(Q(to_date=None) | Q(to_date__gt=day), from_date__lte=day)
    for person_id, role, code, name in held.order_by("unit__code", "role").values_list(
        "person_id", "role", "unit__code", "unit__name"
    ):
        seats[person_id].append({"role": role, "unit": code, "unit_name": name})
    rows: list[dict[str, Any]] = [
        {"handle": handle, "name": name, "seats": seats[pk]}
        for pk, handle, name in Person.objects.filter(kind=Person.Kind.STAFF)
        .order_by("handle")
        .values_list("pk", "handle", "name")
    ]
    if args.json:
        print(json.dumps(rows, ensure_ascii=False))
        return 0
    for row in rows:
        print(
            row["handle"], row["name"], *(f"{seat['role']}@{seat['unit']} {seat['unit_name']}" for seat in row["seats"])
        )
    return 0


def add(args: argparse.Namespace) -> int:
    """A new member of staff."""
    password = _password(args.handle, args.name) if args.login else None
    verbs.add(args.handle, args.name, password=password, phone=args.phone, act=_act())
    return 0


def password(args: argparse.Namespace) -> int:
    """Set a password; the login is made where there is none."""
    person = _person(args.handle)
    verbs.set_password(person, _password(args.handle, person.name), act=_act())
    return 0


def second(args: argparse.Namespace) -> int:
    """Take somebody's second factors away: the telephone is lost. Make sure first that it is they who ask."""
    verbs.reset_factors(_person(args.handle), act=_act())
    return 0


def seat(args: argparse.Namespace) -> int:
    """Give somebody a role in a unit, or end it."""
    person, unit, today = _person(args.handle), Unit.objects.filter(code=args.unit).first(), queries.local_date(None)
    if unit is None:
        raise NotFound(f"There is no unit {args.unit}.")
    until = _day(args.until)
    if not args.end:
        verbs.give(person, unit, args.role, from_date=_day(args.since) or today, to_date=until, act=_act())
        return 0
    open_seats = Seat.objects.filter(Q(to_date=None) | Q(to_date__gt=today), person=person, unit=unit, role=args.role)
    ended = [verbs.end(held, until or today, act=_act()) for held in open_seats]
    if not ended:
        raise NotFound(f"{args.handle} holds no seat {args.role} in {args.unit}.")
    return 0


def create_token(args: argparse.Namespace) -> int:
    """Print a bearer; it is shown this once."""
    if args.limit < 1 or (args.days is not None and args.days < 1):
        raise Invalid("--limit and --days are at least 1.")
    made = verbs.create_token(
        _person(args.person), label=args.label, days=args.days, limit_per_minute=args.limit, act=_act()
    )
    print(made)
    return 0


def revoke_token(args: argparse.Namespace) -> int:
    """End a bearer at once."""
    try:
        verbs.revoke_token((args.bearer or sys.stdin.readline()).strip(), act=_act())
    except NotFound:
        raise NotFound("There is no such bearer, or it was revoked already.") from None
    return 0


def sync(args: argparse.Namespace) -> int:
    """Load the days of a year; what was promised in working days follows."""
    now = datetime.now(UTC)
    done = governing_days.seed(args.year, _act())
    moved = clockwork.redate_open(Act(queries.system("clock"), now, Via.CLOCK)) if done.changed else 0
    notice = "" if done.confirmed else "; its notice is not known yet, so its days are provisional"
    print(f"{args.year}: {len(done.changed)} days changed, {len(done.kept)} kept as set by hand{notice}")
    print(f"{moved} open deadlines moved")
    return 0


def _act() -> Act:
    """Whoever has the machine acts as the shell."""
    return Act(queries.system("shell"), datetime.now(UTC), Via.CLI)


def _person(handle: str) -> Person:
    found = Person.objects.filter(handle=handle, kind=Person.Kind.STAFF).first()
    if found is None:
        raise NotFound(f"Nobody has the handle {handle}. See: sidan person list")
    return found


def _day(raw: str | None) -> date | None:
    try:
        return date.fromisoformat(raw) if raw else None
    except ValueError:
        raise Invalid(f"{raw} is not a day such as 2026-03-31.") from None


def _password(handle: str, name: str) -> str:
    """Asked twice at a terminal, else one line of the standard input."""
    if sys.stdin.isatty():
        value = getpass.getpass("password: ")
        if getpass.getpass("once more: ") != value:
            raise Invalid("The two are not the same.")
    else:
        value = sys.stdin.readline().rstrip("\r\n")
    try:
        validate_password(value, Account(handle=handle))
    except ValidationError as error:
        raise Invalid(" ".join(error.messages)) from None
    return value
