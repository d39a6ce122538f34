"""The relay: takes due messages out of the queue and hands them to the channel, at least once, in order by subject."""

import logging
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta

from django.db import connection
from django.db.models import Exists, F, OuterRef
from django.utils import timezone

from sidan.kernel.base import tx
from sidan.kernel.notify.channels import Channel, NotNowReachable, Unreachable, Within, current
from sidan.kernel.notify.models import Delivery, Message
from sidan.kernel.notify.packing import Parcel, packed

logger = logging.getLogger(__name__)

State = Message.State
OPEN = (State.QUEUED, State.SENDING, State.FAILED)
_WAITING = "state IN ({})".format(", ".join(f"'{state}'" for state in OPEN))
TRIES_MAX = 10
LEASE = timedelta(minutes=5)  # how long a sender has a message before another may take it over
WAIT_MINUTES_MAX = 60
APART, TOGETHER = 20, 50  # messages that are taken at once, by a channel outside the house and by one within
NOBODY = "unreachable: nobody can be reached by this channel"


@dataclass(frozen=True)
class Sent:
    """What a run did."""

    sent: int = 0
    failed: int = 0
    given_up: int = 0


@dataclass(frozen=True)
class End:
    """How a try of a message ended."""

    message: Message
    state: State
    channel: str
    error: str
    sent_at: datetime | None = None
    next_try_at: datetime | None = None

    @property
    def good(self) -> bool:
        return self.state == State.SENT

    def columns(self) -> dict[str, object]:
        """What of the message's row it changes."""
        said: dict[str, object] = {"state": self.state, "channel": self.channel, "error": self.error}
        return {**said, "sent_at": self.sent_at, **({"next_try_at": self.next_try_at} if self.next_try_at else {})}


def relay(now: datetime, limit: int = 100, *, clock: Callable[[], datetime] | None = None) -> Sent:
    """Send what is due, at most `limit` messages; any number of relays may run at once.

    Args:
        now: the moment by which messages are due, and at which they count as sent.
        clock: looked at for how long a message has been held; `now` alone where none is given.
    """
    counts: Counter[State] = Counter()
    channel, tried = current(), 0
    while tried < limit:
        batch = claim(now, min(TOGETHER if isinstance(channel, Within) else APART, limit - tried))
        if not batch:
            break
        done = _sent(batch, channel, now, clock or (lambda: now))
        counts.update(done)
        tried += len(done)
        if len(done) < len(batch):
            break
    return Sent(counts[State.SENT], counts[State.FAILED], counts[State.GIVEN_UP])


def _sent(batch: list[Message], channel: Channel, now: datetime, clock: Callable[[], datetime]) -> list[State]:
    """Hand a claimed batch to the channel and write down how it went; fewer states than messages where it was too slow."""
    taken_at = clock()
    parcels = packed(batch, now)
    if isinstance(channel, Within):
        try:
            return _at_once(parcels, channel, now)
        except Exception:
            # Nothing of the batch is written. One by one below, so that only the message that broke it fails.
            logger.exception("a batch of %s messages could not be written together", len(batch))
    states = []
    for at, parcel in enumerate(parcels):
        if clock() - taken_at > LEASE / 2:
            # A slow channel: what is left is taken again before somebody else may.
            _give_back([one.message for one in parcels[at:]], now)
            break
        # Each end is written before the next is sent: a sender that is killed has at most one message sent and unmarked.
        end = _delivered(parcel, channel, now)
        _mark([end])
        states.append(end.state)
    return states


def run(limit: int = 100) -> Sent:
    """One run by the wall clock: what the worker calls."""
    return relay(timezone.now(), limit, clock=timezone.now)


@tx.writes
def claim(now: datetime, limit: int) -> list[Message]:
    """Take due messages for `LEASE`: the first open one of each subject. Two statements.

    A message whose sender was killed is taken again when its lease is over; each taking counts as a try.
    """
    # The states stand in the statement as words: SQLite takes a partial index for words only, not for bound values
    # (measured at 4,000 waiting messages: 700 ms under the write lock without it).
    before = Message.objects.filter(lane=OuterRef("lane"), id__lt=OuterRef("id")).extra(where=[f"U0.{_WAITING}"])
    due = Message.objects.filter(~Exists(before), next_try_at__lte=now).extra(where=[f"notify_message.{_WAITING}"])
    due = due.order_by("next_try_at", "id")
    if connection.features.has_select_for_update_skip_locked:
        due = due.select_for_update(skip_locked=True)
    batch = list(due[:limit])
    if batch:
        Message.objects.filter(pk__in=[message.pk for message in batch]).update(
            state=State.SENDING, tries=F("tries") + 1, next_try_at=now + LEASE
        )
        for message in batch:
            message.tries += 1
    return sorted(batch, key=lambda message: message.id)


def wait(tries: int) -> timedelta:
    """How long to wait after so many tries: 1, 2, 4 ... 60 minutes."""
    return timedelta(minutes=min(2 ** (tries - 1), WAIT_MINUTES_MAX))


@tx.writes
def _at_once(parcels: list[Parcel], channel: Within, now: datetime) -> list[State]:
    """Letters and marks in one transaction: both are there or neither is."""
    ends = [_fault(parcel, channel, now) or _end(parcel, State.SENT, channel, now) for parcel in parcels]
    channel.keep([letter for parcel, end in zip(parcels, ends, strict=True) for letter in parcel.letters if end.good])
    _mark(ends)
    return [end.state for end in ends]


def _delivered(parcel: Parcel, channel: Channel, now: datetime) -> End:
    """Hand a message to all its readers who have not got it."""
    if fault := _fault(parcel, channel, now):
        return fault
    missing = 0
    try:
        for letter in parcel.letters:
            try:
                channel.send(letter)
            except Unreachable:
                missing += 1
                continue
            if parcel.readers > 1:  # with one reader the message's own state says whether they were told
                _told(parcel.message, letter.person_id, now)
    except NotNowReachable as error:
        return _again(parcel, channel, now, f"gateway: {error}")
    except Exception:
        # The edge of the house: a channel's own fault must not stop the messages behind it.
        logger.exception("message %s could not be sent", parcel.message.id)
        return _again(parcel, channel, now, "error: see the log")
    if missing == parcel.readers:
        return _end(parcel, State.GIVEN_UP, channel, now, NOBODY)
    return _end(parcel, State.SENT, channel, now, f"{missing} of {parcel.readers} not reached" if missing else "")


def _fault(parcel: Parcel, channel: Channel, now: datetime) -> End | None:
    """The end of a message that has no letters."""
    if isinstance(parcel.fault, KeyError):
        return _end(parcel, State.GIVEN_UP, channel, now, f"words: {parcel.fault} is missing")
    if parcel.fault:
        logger.error("message %s could not be made", parcel.message.id, exc_info=parcel.fault)
        return _again(parcel, channel, now, "error: see the log")
    return None if parcel.readers else _end(parcel, State.GIVEN_UP, channel, now, NOBODY)


@tx.writes
def _told(message: Message, person_id: int, now: datetime) -> None:
    Delivery.objects.get_or_create(message=message, person_id=person_id, defaults={"at": now})


def _again(parcel: Parcel, channel: Channel, now: datetime, error: str) -> End:
    message = parcel.message
    if message.tries >= TRIES_MAX:
        return _end(parcel, State.GIVEN_UP, channel, now, error)
    return End(message, State.FAILED, channel.name, error[:200], next_try_at=now + wait(message.tries))


def _end(parcel: Parcel, state: State, channel: Channel, now: datetime, error: str = "") -> End:
    if state == State.GIVEN_UP:
        logger.error("message %s given up: %s", parcel.message.id, error)
    return End(parcel.message, state, channel.name, error[:200], sent_at=now if state == State.SENT else None)


@tx.writes
def _mark(ends: list[End]) -> None:
    """Write ends, one statement for all that are alike. Only whoever still holds a message writes its end: `tries` names the taking."""
    alike: dict[tuple[int, tuple[tuple[str, object], ...]], list[int]] = {}
    for end in ends:
        alike.setdefault((end.message.tries, tuple(end.columns().items())), []).append(end.message.pk)
    for (tries, columns), ids in alike.items():
        Message.objects.filter(pk__in=ids, state=State.SENDING, tries=tries).update(**dict(columns))


@tx.writes
def _give_back(batch: list[Message], now: datetime) -> None:
    """Let go of messages that were taken and not tried."""
    for message in batch:
        Message.objects.filter(pk=message.pk, state=State.SENDING, tries=message.tries).update(
            state=State.FAILED if message.tries > 1 else State.QUEUED, tries=message.tries - 1, next_try_at=now
        )
