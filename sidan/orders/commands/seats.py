"""Who may do what, as every door changes it: the organisation's verbs, each with its entry in the journal.

The organisation lies below the journal and cannot write to it. No entry holds a name, a telephone, a password or a bearer.
"""

from datetime import date
from typing import Any

from sidan.kernel.base import text, tx
from sidan.kernel.journal import commands as journal
from sidan.kernel.org import commands as people
from sidan.kernel.org import queries as org
from sidan.kernel.org.act import Act
from sidan.kernel.org.models import Account, Person, Seat, Token, Unit


@tx.writes
def add(
    handle: str,
    name: str,
    *,
    act: Act,
    phone: str | None = None,
    password: str | None = None,
    unit_id: int | None = None,
    source: str = "",
) -> Person:
    """A member of staff, with a login where a password is given.

    Raises:
        Invalid: the handle is taken, or the number is none.
    """
    made = people.add_staff(handle, name, password=password, phone=text.clean_phone(phone) if phone else None)
    _person("added", made, act, unit=unit_id, login=password is not None, source=source)
    return made


@tx.writes
def set_password(who: Person, password: str, *, act: Act) -> Account:
    """Set a password and open the login; it is made where there is none."""
    account = Account.objects.filter(person=who).first()
    if account is None:
        account = Account.objects.create_user(who.handle or "", password, who)
    else:
        account.set_password(password)
        account.is_active = True
        account.save(update_fields=["password", "is_active"])
    _person("password_set", who, act)
    return account


@tx.writes
def give(
    who: Person, unit: Unit, role: str, *, from_date: date, act: Act, to_date: date | None = None, source: str = ""
) -> Seat:
    """Give somebody a role in a unit.

    Raises:
        Invalid: there is no such role, or the days are the wrong way round.
    """
    made = people.seat(who, unit, role, from_date=from_date, to_date=to_date)
    _seat("given", made, source, act)
    return made


@tx.writes
def deputise(held: Seat, who: Person, *, from_date: date, to_date: date, act: Act, source: str = "") -> Seat:
    """Let somebody stand in for a seat for some days.

    Raises:
        Invalid: it is the holder, or the days do not fit.
    """
    made = people.deputise(held, who, from_date=from_date, to_date=to_date)
    _seat("deputised", made, source, act)
    return made


@tx.writes
def end(held: Seat, on: date, *, act: Act, source: str = "") -> Seat:
    """End a seat; its deputies' seats end with it."""
    made = people.end_seat(held, on)
    _seat("ended", made, source, act)
    return made


@tx.writes
def create_token(who: Person, *, act: Act, label: str = "", days: int | None = None, limit_per_minute: int = 600) -> str:
    """A bearer for programs that act as this person, shown once."""
    made = people.create_token(who, at=act.at, label=label, days=days, limit_per_minute=limit_per_minute)
    _token("created", made, who.pk, act, days=days, limit_per_minute=limit_per_minute)
    return made


@tx.writes
def revoke_token(bearer: str, *, act: Act) -> None:
    """End a bearer at once.

    Raises:
        NotFound: there is no such bearer.
    """
    people.revoke_token(bearer, at=act.at)
    _token("revoked", bearer, Token.objects.get(hash=org.token_hash(bearer)).person_id, act)
