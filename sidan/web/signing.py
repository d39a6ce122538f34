"""Coming in and going out: the session, the device it belongs to, and the journal's entry of it."""

from datetime import datetime, timedelta
from typing import Any

from django.conf import settings
from django.contrib.auth import login, logout
from django.http import HttpRequest
from django.utils import timezone

from sidan.kernel.base import tx
from sidan.kernel.base.errors import NotSignedIn
from sidan.kernel.journal import commands as journal
from sidan.kernel.journal import queries as past
from sidan.kernel.journal.models import Entry
from sidan.kernel.notify import commands as notify
from sidan.kernel.org import codes, factors, sessions
from sidan.kernel.org import queries as org
from sidan.kernel.org.act import Act, Via
from sidan.kernel.org.models import Account, Person
from sidan.web import devices

BACKEND = "django.contrib.auth.backends.ModelBackend"
SEEN_SECONDS = 600
FRESH = timedelta(minutes=30)  # what weighs (another factor, deleting everything) asks for a proof as young as this
_SEEN, _PROVED, _HOW = "seen", "proved", "how"


def subject(account_id: int) -> str:
    """What the journal calls an account."""
    return f"org.account:{account_id}"


def note(what: str, account: Account, act: Act, **data: Any) -> None:
    """An entry about an account. The row is locked first, so that two at once do not write the same number."""
    tx.insist()
    Account.objects.select_for_update(of=("self",)).filter(pk=account.pk).first()
    journal.write(f"org.account.{what}", subject(account.pk), act=act, data=data)


def let_in(request: HttpRequest, account: Account, how: str, *, now: datetime, until: datetime | timedelta) -> None:
    """Begin a session.

    Args:
        how: by what it was proved: password, password+totp, password+passkey, password+recovery, phone.
        until: when the session ends, or after how long without use.
    """
    login(request, account, backend=BACKEND)
    session = request.session
    session.set_expiry(until if isinstance(until, datetime) else int(until.total_seconds()))
    session[_SEEN] = session[_PROVED] = int(now.timestamp())
    session[_HOW] = how
    session.save()
    _come_in(account, str(session.session_key), how, devices.words(request), Act(account.person, now, Via.PAGE))


@tx.writes
def _come_in(account: Account, session_key: str, how: str, device: str, act: Act) -> None:
    sessions.begin(account, session_key, device, at=act.at)
    note("signed_in", account, act, how=how)


def let_out(request: HttpRequest) -> None:
    """End this session."""
    account = account_of(request)
    if account is not None:
        _go_out(account, str(request.session.session_key))
    logout(request)


@tx.writes
def _go_out(account: Account, session_key: str) -> None:
    found = account.sign_ins.filter(session_key=session_key).first()
    if found is not None:
        sessions.end(account, found.pk)


def account_of(request: HttpRequest) -> Account | None:
    """The account that is signed in."""
    user = getattr(request, "user", None)
    return user if isinstance(user, Account) else None


def account_or_refuse(request: HttpRequest) -> tuple[Account, Act]:
    """The account that is signed in, and its act.

    Raises:
        NotSignedIn: nobody is.
    """
    account = account_of(request)
    if account is None:
        raise NotSignedIn
    return account, Act(account.person, timezone.now(), Via.PAGE)


def is_fresh(request: HttpRequest, now: datetime) -> bool:
    """Whether the one at this device proved who they are a short while ago."""
    return now.timestamp() - float(request.session.get(_PROVED, 0)) < FRESH.total_seconds()


def must_have_second(person: Person, at: datetime) -> bool:
    """Whether a role that this person holds asks for a second factor. One query."""
    wanted = set(settings.SIDAN_SECOND_FACTOR)
    return bool(wanted) and any(held.role in wanted for held in org.held(person, at))


def look_around(request: HttpRequest, now: datetime) -> None:
    """Each ten minutes of a session in use: note that it was, and end it where a role has come to ask for more.

    Nothing is read or written in between.
    """
    session = request.session
    if not session.accessed or session.is_empty() or _SEEN not in session:
        return
    account = account_of(request)
    if account is None or now.timestamp() - session[_SEEN] < SEEN_SECONDS:
        return
    if "+" not in session.get(_HOW, "") and must_have_second(account.person, now):
        let_out(request)
        return
    session[_SEEN] = int(now.timestamp())
    sessions.seen(str(session.session_key), at=now)


@tx.writes
def end_device(account: Account, sign_in: int, act: Act) -> bool:
    """End one device; False where it is not theirs or over."""
    ended = sessions.end(account, sign_in)
    if ended:
        note("revoked", account, act, devices=1)
    return ended


@tx.writes
def end_others(account: Account, session_key: str, act: Act) -> int:
    """End every device but this one; how many."""
    ended = sessions.end_all(account, but=session_key)
    if ended:
        note("revoked", account, act, devices=ended)
    return ended


@tx.writes
def close(account: Account, act: Act, **data: Any) -> None:
    """A resident's account is no more: the devices, the name, the number, what was said to it."""
    note("closed", account, act, **data)
    codes.close(account)
    notify.forget(act.by.pk)


def entries(account: Account, most: int = 12) -> list[Entry]:
    """What the journal says of this account, the newest first. One query."""
    return past.entries(subject(account.pk))[::-1][:most]


def sweep(now: datetime) -> None:
    """Forget codes, devices and accounts whose time is over; the worker calls it."""
    codes.sweep(now, rest=rest())


def rest() -> timedelta:
    """How long a number that was given up is given to nobody."""
    return timedelta(days=settings.SIDAN_NUMBER_REST_DAYS)


def has_second(account: Account) -> bool:
    """Whether an app or a passkey is set up. One query."""
    return bool(factors.of(account))
