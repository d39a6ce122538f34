"""What stands at every door: throttles, and idempotency keys whose answer is kept with the effect."""

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from hashlib import sha256
from typing import Any, ClassVar

from django.db import OperationalError, connection
from django.utils.translation import gettext as _

from sidan.kernel.base import tx
from sidan.kernel.base.errors import BadRequest, InFlight, KeyReused, TooMany

KEEP_HOURS = 24  # how long an answer can be asked for again
_KEY_CHARS = 200

_leases: dict[str, tuple[int, datetime]] = {}
_lease_lock = threading.Lock()


def name(*parts: object) -> str:
    """The table's key for something: 64 hexadecimal digits."""
    return sha256("\x1f".join(map(str, parts)).encode()).hexdigest()


def throttle(key: str, limit: int, seconds: int, now: datetime, *, units: int = 1) -> datetime:
    """Count one more use of a door and refuse above the limit; returns the window's end. One statement, in its own transaction.

    Args:
        key: what is counted, e.g. `reader:8K3M2Q7P` or `login:<address>`.
        limit: uses allowed in a window of `seconds`.
        units: how many uses are taken at once (see `lease`).

    Raises:
        TooMany: with `retry_after` seconds.
    """
    sql = (
        "INSERT INTO base_door (key, count, expires_at) VALUES (%s, %s, %s) "
        "ON CONFLICT (key) DO UPDATE SET "
        "count = CASE WHEN base_door.expires_at <= %s THEN excluded.count ELSE base_door.count + excluded.count END, "
        "expires_at = CASE WHEN base_door.expires_at <= %s THEN excluded.expires_at ELSE base_door.expires_at END "
        "RETURNING count, expires_at"
    )
    at = _stamp(now)
    with tx.writing(), connection.cursor() as cursor:
        cursor.execute(sql, [name("throttle", key), units, _stamp(now + timedelta(seconds=seconds)), at, at])
        count, expires = cursor.fetchone()
    # SQLite gives back what it stored: UTC without saying so.
    until = expires if isinstance(expires, datetime) else datetime.fromisoformat(str(expires))
    until = until if until.tzinfo else until.replace(tzinfo=UTC)
    if count > limit:
        raise TooMany(retry_after=max(1, int((until - now).total_seconds()) + 1))
    return until


def lease(key: str, limit: int, seconds: int, now: datetime) -> None:
    """Like `throttle`, a hundredth of the limit at a time: the hot doors pay one statement in many.

    The bound stays exact over all processes; a process that stops wastes at most its lease.
    """
    block = max(1, limit // 100)
    with _lease_lock:
        left, until = _leases.get(key, (0, now))
        if left > 0 and now < until:
            _leases[key] = (left - 1, until)
            return
    # A lease ends with its window at the latest: the next window is counted anew.
    until = min(throttle(key, limit, seconds, now, units=block), now + timedelta(seconds=30))
    with _lease_lock:
        if len(_leases) > 10_000:
            _leases.clear()
        left, other = _leases.get(key, (0, now))  # another thread may have taken a lease at the same moment
        _leases[key] = (block - 1 + left, min(until, other)) if left and now < other else (block - 1, until)


@dataclass(frozen=True)
class Answer:
    """What was answered the first time."""

    status: int
    body: bytes


def checked_key(raw: str | None) -> str:
    """The client's Idempotency-Key.

    Raises:
        BadRequest: it is missing or longer than 200 characters.
    """
    if not raw or len(raw) > _KEY_CHARS:
        why = _("请带上 Idempotency-Key 请求头：每次写入一串不同的字符，1 到 %(n)d 个。")
        raise BadRequest(why % {"n": _KEY_CHARS}, code="key_missing")
    return raw


@dataclass(frozen=True)
class Claim:
    """An idempotency key that is to be taken with the effect, in one transaction: a refusal does not burn it.

    Args:
        bearer: whose key it is; `anonymous` shares one namespace, in which the body is the proof.
        body: what was asked; the same key must come with the same body.
        answer: the answer, where it is known before the work is done; else `keep` it afterwards.
    """

    bearer: str
    key: str
    body: bytes
    now: datetime
    answer: Answer | None = None

    # An expired key is free again.
    SQL: ClassVar[str] = (
        "INSERT INTO base_door (key, count, expires_at, body_hash, status, answer) VALUES (%s, 1, %s, %s, %s, %s) "
        "ON CONFLICT (key) DO UPDATE SET expires_at = excluded.expires_at, body_hash = excluded.body_hash, "
        "status = excluded.status, answer = excluded.answer WHERE base_door.expires_at <= %s"
    )

    def values(self) -> list[Any]:
        """What `SQL` is asked with; it changes one row where the key was free, none where it was not."""
        until, answer = self.now + timedelta(hours=KEEP_HOURS), self.answer
        said = (answer.status, answer.body) if answer else (None, None)
        return [name("key", self.bearer, self.key), _stamp(until), sha256(self.body).digest(), *said, _stamp(self.now)]


def claim(wanted: Claim) -> Answer | None:
    """Take an idempotency key inside the command's transaction.

    Returns:
        None where the key was free, else the first answer.

    Raises:
        KeyReused: the key was used for another body.
        InFlight: the first request has not ended within the database's lock timeout.
    """
    tx.insist()
    with patience(), connection.cursor() as cursor:
        cursor.execute(Claim.SQL, wanted.values())
        free = cursor.rowcount == 1
    return None if free else kept(wanted)


@contextmanager
def patience() -> Iterator[None]:
    """Around a statement that takes a key: whoever waits too long for somebody else's is told so.

    Raises:
        InFlight: the first request has not ended within the database's lock timeout.
    """
    try:
        yield
    except OperationalError as error:
        if "lock timeout" in str(error):
            raise InFlight from error
        raise


def kept(claim: Claim) -> Answer:
    """What was answered the first time, for a key that was not free. One query.

    Raises:
        KeyReused, InFlight: as `claim`.
    """
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT body_hash, status, answer FROM base_door WHERE key = %s", [name("key", claim.bearer, claim.key)]
        )
        found = cursor.fetchone()
    if found is None:
        raise InFlight  # it was free again a moment later
    seen, status, answer = found
    if bytes(seen) != sha256(claim.body).digest():
        raise KeyReused
    if answer is None:
        raise InFlight
    return Answer(status, bytes(answer))


def keep(bearer: str, key: str, answer: Answer) -> None:
    """Store the answer with the effect, in the same transaction."""
    tx.insist()
    with connection.cursor() as cursor:
        cursor.execute(
            "UPDATE base_door SET status = %s, answer = %s WHERE key = %s",
            [answer.status, answer.body, name("key", bearer, key)],
        )


def sweep(now: datetime) -> int:
    """Delete what has expired; the worker calls it."""
    with tx.writing(), connection.cursor() as cursor:
        cursor.execute("DELETE FROM base_door WHERE expires_at <= %s", [_stamp(now)])
        return int(cursor.rowcount)


def _stamp(at: datetime) -> Any:
    """A moment as the database's raw statements take it."""
    return connection.ops.adapt_datetimefield_value(at)
