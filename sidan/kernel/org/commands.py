"""Verbs of the organisation: units, persons, seats that begin and end, contacts, bearers."""

import secrets
from collections.abc import Iterable
from datetime import date, datetime, timedelta
from typing import Any

from django.core.exceptions import ValidationError
from django.core.validators import validate_email
from django.utils.translation import gettext as _

from sidan.kernel.base import crypto, snapshot, text, tx
from sidan.kernel.base.errors import Invalid, NotFound
from sidan.kernel.org import queries
from sidan.kernel.org.models import Account, Contact, Person, Seat, Token, Unit


@tx.writes
def add_staff(handle: str, name: str, *, password: str | None = None, phone: str | None = None) -> Person:
    """A member of staff, with a login where a password is given.

    Raises:
        Invalid: the handle is taken.
    """
    if Person.objects.filter(handle=handle).exists():
        raise Invalid(fields={"handle": _("这个账号名已有人使用。")})
    person = Person.objects.create(kind=Person.Kind.STAFF, handle=handle, name=name)
    if phone:
        Contact.objects.create(person=person, **contact_columns(person.id, phone=phone))
    if password is not None:
        Account.objects.create_user(handle, password, person)
    return person


@tx.writes
def seat(person: Person, unit: Unit, role: str, *, from_date: date, to_date: date | None = None) -> Seat:
    """Give somebody a role in a unit."""
    if role not in Seat.Role.values:
        raise Invalid(fields={"role": _("没有这个岗位。")})
    if to_date and to_date < from_date:
        raise Invalid(fields={"to_date": _("结束日期不能早于开始日期。")})
    snapshot.bump()
    return Seat.objects.create(person=person, unit=unit, role=role, from_date=from_date, to_date=to_date)


@tx.writes
def deputise(held: Seat, person: Person, *, from_date: date, to_date: date) -> Seat:
    """Let somebody stand in for a seat for some days; what is open there is theirs to do as well."""
    if person.pk == held.person_id:
        raise Invalid(fields={"person": _("不能代理自己。")})
    if to_date <= from_date:
        raise Invalid(fields={"to_date": _("结束日期须晚于开始日期。")})
    if held.to_date is not None and to_date > held.to_date:
        raise Invalid(fields={"to_date": _("原席位 %(day)s 就结束了，代理不能更长。") % {"day": held.to_date}})
    snapshot.bump()
    return Seat.objects.create(
        person=person, unit_id=held.unit_id, role=held.role, from_date=from_date, to_date=to_date, deputy_for=held
    )


@tx.writes
def end_seat(held: Seat, on: date) -> Seat:
    """End a seat: from that day on it holds nothing. Open work belongs to the unit and stays with whoever holds the role.

    What ended before stays ended when it did, deputies included.
    """
    last = max(on, held.from_date)
    held.to_date = min(last, held.to_date) if held.to_date else last
    Seat.objects.filter(pk=held.pk).update(to_date=held.to_date)
    Seat.objects.filter(deputy_for=held, from_date__lt=held.to_date, to_date__gt=held.to_date).update(
        to_date=held.to_date
    )
    Seat.objects.filter(deputy_for=held, from_date__gte=held.to_date).delete()
    snapshot.bump()
    return held


@tx.writes
def put_unit(code: str, *, on: date, source: str, **values: Any) -> Unit:
    """Add a unit or change the one that has this code; configuration is read anew everywhere.

    Args:
        values: name, short_name, kind, level, parent (a Unit), lat, lon, valid_to.
    """
    found = Unit.objects.filter(code=code).first()
    if found is None:
        unit = Unit.objects.create(code=code, valid_from=on, source=source, **values)
    else:
        Unit.objects.filter(pk=found.pk).update(source=source, **values)
        unit = Unit.objects.get(pk=found.pk)
    snapshot.bump()
    return unit


def contact_columns(
    person_id: int, *, name: str | None = None, phone: str | None = None, code: str | None = None
) -> dict[str, Any]:
    """The columns of a Contact row, encrypted and hashed."""
    return {
        "name_enc": crypto.seal_text(name) if name else None,
        "phone_enc": crypto.seal_text(phone) if phone else None,
        "phone_hash": queries.phone_hash(phone) if phone else None,
        "last4_hash": queries.last4_hash(person_id, phone[-4:]) if phone else None,
        "code_hash": queries.code_hash(person_id, code) if code else None,
    }


@tx.writes
def add_resident(*, name: str | None = None, phone: str | None = None, code: str | None = None) -> Person:
    """A resident of one order: persons are not joined by an unproved telephone number."""
    person = Person.objects.create(kind=Person.Kind.RESIDENT)
    if name or phone or code:
        columns = contact_columns(
            person.id,
            name=text.clean_text(name, max_chars=40, field="name") if name else None,
            phone=text.clean_phone(phone) if phone else None,
            code=code,
        )
        Contact.objects.create(person=person, **columns)
    return person


@tx.writes
def correct_contacts(person_ids: Iterable[int], *, name: str | None = None, phone: str | None = None) -> None:
    """Another name, or another telephone, where a contact has one.

    Args:
        name, phone: cleaned.
    """
    rows = Contact.objects.filter(person_id__in=list(person_ids))
    if name is not None:
        for contact in rows.exclude(name_enc=None):
            Contact.objects.filter(pk=contact.pk).update(name_enc=crypto.seal_text(name))
    if phone is not None:
        for contact in rows.exclude(phone_enc=None):
            made = contact_columns(contact.pk, phone=phone)
            columns = {key: made[key] for key in ("phone_enc", "phone_hash", "last4_hash")}
            Contact.objects.filter(pk=contact.pk).update(**columns)


@tx.writes
def name_contact(person_id: int, name: str) -> None:
    """How somebody who comes by telephone wants to be called."""
    Contact.objects.filter(person_id=person_id).update(name_enc=crypto.seal_text(name) if name else None)


@tx.writes
def set_email(person_id: int, address: str) -> None:
    """Where a person's mails go; an empty address takes it away.

    Raises:
        Invalid: it is none.
    """
    if address:
        try:
            validate_email(address)
        except ValidationError:
            raise Invalid(fields={"email": _("邮箱地址写得不对，请核对，例如 name@example.com。")}) from None
    sealed = crypto.seal_text(address) if address else None
    if not Contact.objects.filter(person_id=person_id).update(email_enc=sealed) and address:
        Contact.objects.create(person_id=person_id, email_enc=sealed)


@tx.writes
def erase_contact(person_id: int) -> None:
    """Forget how a person is reached; what they asked remains, without them."""
    Contact.objects.filter(person_id=person_id).delete()


@tx.writes
def create_token(
    person: Person, *, at: datetime, label: str = "", days: int | None = None, limit_per_minute: int = 600
) -> str:
    """A bearer for programs that act as this person. Shown once; only its hash is kept."""
    value = f"sidan_{secrets.token_urlsafe(32)}"
    Token.objects.create(
        hash=queries.token_hash(value),
        person=person,
        label=label,
        made_at=at,
        expires_at=at + timedelta(days=days) if days else None,
        limit_per_minute=limit_per_minute,
    )
    return value


@tx.writes
def revoke_token(value: str, *, at: datetime) -> None:
    """End a bearer at once.

    Raises:
        NotFound: there is no such bearer.
    """
    if Token.objects.filter(hash=queries.token_hash(value), revoked_at=None).update(revoked_at=at) != 1:
        raise NotFound
