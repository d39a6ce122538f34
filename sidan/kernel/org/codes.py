"""Six digits that prove a telephone, and the accounts of residents, who come with nothing else."""

import hmac
import secrets
from datetime import datetime, timedelta

from django.contrib.auth.hashers import make_password
from django.db import IntegrityError, transaction
from django.db.models import F

from sidan.kernel.base import crypto, tx
from sidan.kernel.org import commands, queries, sessions
from sidan.kernel.org.models import Account, Code, Contact, Person

MINUTES, TRIES, SENT_MOST = 10, 5, 3
AGAIN_SECONDS = 60
KEPT = timedelta(days=1)  # a code that is over, and the person made for it
RIGHT, WRONG, OVER = "right", "wrong", "over"


def digits(code: Code) -> str:
    """The six digits: nobody who reads the database alone can make them."""
    made = crypto.keyed_hash(f"digits:{code.pk}:{bytes(code.salt).hex()}")
    return f"{int.from_bytes(made[:8]) % 1_000_000:06d}"


@tx.writes
def ask(phone: str, *, at: datetime) -> Code:
    """New digits for a number. The same statements whether somebody signs in with it already or not.

    Args:
        phone: 11 digits, cleaned.
    """
    person = commands.add_resident(phone=phone)
    return Code.objects.create(
        person=person,
        phone_hash=queries.phone_hash(phone),
        salt=secrets.token_bytes(16),
        sent_at=at,
        expires_at=at + timedelta(minutes=MINUTES),
    )


@tx.writes
def again(code_id: int, *, at: datetime) -> Code | None:
    """The same digits once more, so that it does not matter which message arrives; None where new ones are needed."""
    alive = Code.objects.filter(pk=code_id, used_at=None, tries__lt=TRIES, sent__lt=SENT_MOST)
    if alive.filter(expires_at__gt=at + timedelta(minutes=2)).update(sent=F("sent") + 1, sent_at=at) != 1:
        return None
    return Code.objects.get(pk=code_id)


@tx.writes
def prove(code_id: int, said: str, *, at: datetime) -> str:
    """Count a try and compare: right (once), wrong, or over (used, too old, too many tries)."""
    alive = Code.objects.filter(pk=code_id, used_at=None, expires_at__gt=at, tries__lt=TRIES)
    if alive.update(tries=F("tries") + 1) != 1:
        return OVER
    code = Code.objects.get(pk=code_id)
    if not hmac.compare_digest(digits(code).encode(), said.encode()):
        return WRONG if code.tries < TRIES else OVER
    return RIGHT if Code.objects.filter(pk=code_id, used_at=None).update(used_at=at) == 1 else OVER


@tx.writes
def account_of(code: Code, *, rest: timedelta, at: datetime) -> tuple[Account, bool]:
    """Whoever comes with the proved number, known or new; and whether they are new.

    Args:
        rest: how long a number that was given up is given to nobody. Who has not proved theirs for that long may be
            somebody else by now: nothing of the former owner's account is theirs.
    """
    found = _found(code)
    if found is not None and found.proved_at is not None and found.proved_at <= at - rest:
        close(found)
        found = None
    if found is None:
        try:
            with transaction.atomic():
                return _opened(code, at), True
        except IntegrityError:  # the same number, from another device at the same moment
            found = _found(code)
            if found is None:
                raise
    Account.objects.filter(pk=found.pk).update(proved_at=at)
    found.proved_at = at
    return found, False


def _found(code: Code) -> Account | None:
    rows = Account.objects.select_related("person").select_for_update(of=("self",))
    return rows.filter(phone_hash=bytes(code.phone_hash)).first()


def _opened(code: Code, at: datetime) -> Account:
    return Account.objects.create(
        handle=f"r-{secrets.token_hex(12)}",
        person=code.person,
        password=make_password(None),
        phone_hash=bytes(code.phone_hash),
        made_at=at,
        proved_at=at,
    )


@tx.writes
def close(account: Account) -> None:
    """End a resident's account: its devices, its name and number. The person stays, a number in the journal."""
    sessions.end_all(account)
    commands.erase_contact(account.person_id)
    account.delete()


@tx.writes
def sweep(now: datetime, *, rest: timedelta) -> int:
    """Forget codes that are over with the persons made for them, and accounts whose number may be another's by now."""
    gone = 0
    for account in Account.objects.filter(phone_hash__isnull=False, proved_at__lte=now - rest):
        close(account)
        gone += 1
    over = Code.objects.filter(expires_at__lte=now - KEPT)
    made_for = list(over.values_list("person_id", flat=True))
    over.delete()
    strangers = Person.objects.filter(pk__in=made_for, kind=Person.Kind.RESIDENT, account=None)
    Contact.objects.filter(person__in=strangers).delete()
    strangers.delete()
    sessions.sweep(now)
    return gone
