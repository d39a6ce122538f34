"""Who may do what, as every door changes it: the organisation's verbs, each with its entry in the journal.

The organisation lies below the journal and cannot write to it. No entry holds a name, a telephone, a password or a bearer.
"""

from datetime import date
from typing import Any

from sidan.kernel.base import text, tx
from sidan.kernel.base.errors import NotFound
from sidan.kernel.journal import commands as journal
from sidan.kernel.org import commands as people
from sidan.kernel.org import factors, sessions
from sidan.kernel.org import queries as org
from sidan.kernel.org.act import Act
from sidan.kernel.org.models import Account, Person, Seat, Token, Unit
from sidan.web import signing


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
    journal.write(
        "org.person.added", f"org.person:{made.pk}", act=act,
        data={"unit": unit_id, "login": password is not None, "source": source},
    )  # fmt: skip
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
        sessions.end_all(account)
    journal.write("org.person.password_set", f"org.person:{who.pk}", act=act)
    return account


@tx.writes
def reset_factors(who: Person, *, act: Act) -> None:
    """Take a member of staff's second factors and recovery codes away, and end the devices that came in by them.

    Raises:
        NotFound: there is no login.
    """
    account = Account.objects.filter(person=who).first()
    if account is None:
        raise NotFound
    factors.remove_all(account)
    sessions.end_all(account)
    signing.note("factors_reset", account, act)


@tx.writes
def give(
    who: Person, unit: Unit, role: str, *, from_date: date, act: Act, to_date: date | None = None, source: str = ""
) -> Seat:
    """Give somebody a role in a unit.

    Raises:
        Invalid: there is no such role, or the days are the wrong way round.
    """
    made = people.seat(who, unit, role, from_date=from_date, to_date=to_date)
    journal.write("org.seat.given", f"org.seat:{made.pk}", act=act, data=said(made, source))
    return made


@tx.writes
def deputise(held: Seat, who: Person, *, from_date: date, to_date: date, act: Act, source: str = "") -> Seat:
    """Let somebody stand in for a seat for some days.

    Raises:
        Invalid: it is the holder, or the days do not fit.
    """
    made = people.deputise(held, who, from_date=from_date, to_date=to_date)
    journal.write("org.seat.deputised", f"org.seat:{made.pk}", act=act, data=said(made, source))
    return made


@tx.writes
def end(held: Seat, on: date, *, act: Act, source: str = "") -> Seat:
    """End a seat; its deputies' seats end with it."""
    first = max(on, held.from_date)
    deputies = list(Seat.objects.filter(deputy_for=held, to_date__gt=first).order_by("pk").values_list("pk", flat=True))
    made = people.end_seat(held, on)
    journal.write(
        "org.seat.ended", f"org.seat:{made.pk}", act=act, data={**said(made, source), "deputies": deputies}
    )  # fmt: skip
    return made


@tx.writes
def create_token(
    who: Person, *, act: Act, label: str = "", days: int | None = None, limit_per_minute: int = 600
) -> str:
    """A bearer for programs that act as this person, shown once."""
    made = people.create_token(who, at=act.at, label=label, days=days, limit_per_minute=limit_per_minute)
    said = {"person": who.pk, "days": days, "limit_per_minute": limit_per_minute}
    journal.write("org.token.created", _token(made), act=act, data=said)
    return made


@tx.writes
def revoke_token(bearer: str, *, act: Act) -> None:
    """End a bearer at once.

    Raises:
        NotFound: there is no such bearer.
    """
    people.revoke_token(bearer, at=act.at)
    owner = Token.objects.get(hash=org.token_hash(bearer)).person_id
    journal.write("org.token.revoked", _token(bearer), act=act, data={"person": owner})


def said(made: Seat, source: str) -> dict[str, Any]:
    """What the journal keeps of a seat."""
    return {
        "person": made.person_id, "unit": made.unit_id, "role": made.role, "from": made.from_date.isoformat(),
        "to": made.to_date.isoformat() if made.to_date else None, "deputy_for": made.deputy_for_id, "source": source,
    }  # fmt: skip


def _token(bearer: str) -> str:
    """A bearer's subject: half of the hash that its row is found by."""
    return f"org.token:{org.token_hash(bearer)[:16].hex()}"
