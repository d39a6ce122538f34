"""On which devices an account is signed in. Ending one deletes its session, so it ends at once."""

from datetime import datetime, timedelta

from django.contrib.sessions.models import Session
from django.db.models import QuerySet

from sidan.kernel.base import tx
from sidan.kernel.org.models import Account, SignIn

KEPT = timedelta(days=32)  # longer than any session


@tx.writes
def begin(account: Account, session_key: str, device: str, *, at: datetime) -> SignIn:
    """A device comes in."""
    return SignIn.objects.create(account=account, session_key=session_key, device=device[:60], at=at, seen_at=at)


@tx.writes
def seen(session_key: str, *, at: datetime) -> None:
    """The device was used. One statement."""
    SignIn.objects.filter(session_key=session_key).update(seen_at=at)


def of(account: Account, *, at: datetime) -> list[SignIn]:
    """The devices that are signed in, the last used first. One query."""
    keys = Session.objects.filter(expire_date__gt=at).values("session_key")
    return list(SignIn.objects.filter(account=account, session_key__in=keys).order_by("-seen_at", "-pk"))


@tx.writes
def end(account: Account, sign_in: int) -> bool:
    """End one device of this account; False where it is not theirs or over already."""
    return _end(SignIn.objects.filter(account=account, pk=sign_in)) == 1


@tx.writes
def end_all(account: Account, *, but: str = "") -> int:
    """End every device, but for the one with this session; how many."""
    return _end(SignIn.objects.filter(account=account).exclude(session_key=but))


def _end(rows: QuerySet[SignIn]) -> int:
    keys = list(rows.values_list("session_key", flat=True))
    Session.objects.filter(session_key__in=keys).delete()
    SignIn.objects.filter(session_key__in=keys).delete()
    return len(keys)


@tx.writes
def sweep(now: datetime) -> None:
    """Forget devices that were not used for long; a session ends before that. Until then an expired form knows its owner."""
    SignIn.objects.filter(seen_at__lte=now - KEPT).delete()
