"""The relay: takes due messages out of the queue and hands them to the channel, at least once, in order by subject."""

import logging
from collections import Counter, defaultdict
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import cast

from django.db import connection
from django.db.models import Exists, F, OuterRef
from django.utils import timezone
from django.utils.translation import gettext as _

from sidan.kernel.base import tx
from sidan.kernel.base.errors import NotNow
from sidan.kernel.journal import commands as journal
from sidan.kernel.notify import channels
from sidan.kernel.notify.channels import NotNowReachable, Unreachable, Within, bots
from sidan.kernel.notify.channels.bots import ROLE
from sidan.kernel.notify.models import Delivery, Message
from sidan.kernel.notify.packing import Parcel, packed
from sidan.kernel.org.act import Act

logger = logging.getLogger(__name__)

State = Message.State
OPEN = (State.QUEUED, State.SENDING, State.FAILED, State.WAITING)
_WAITING = "state IN ({})".format(", ".join(f"'{state}'" for state in OPEN))
AGAIN = (State.FAILED, State.GIVEN_UP)  # what the operator may send again
TRIES_MAX = 10
LEASE = timedelta(minutes=5)  # how long a sender has a message before another may take it over
WAIT_MINUTES_MAX = 60
APART, TOGETHER = 20, 50  # messages that are taken at once, by a channel outside the house and by one within
NOBODY = "unreachable: nobody can be reached by any channel"


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
    tries: int | None = None  # where the taking does not count

    def columns(self) -> dict[str, object]:
        """What of the message's row it changes."""
        said: dict[str, object] = {"state": self.state, "channel": self.channel, "error": self.error}
        said |= {"sent_at": self.sent_at}
        if self.next_try_at is not None:
            said["next_try_at"] = self.next_try_at
        if self.tries is not None:
            said["tries"] = self.tries
        return said


def relay(now: datetime, limit: int = 100, *, clock: Callable[[], datetime] | None = None) -> Sent:
    """Send what is due, at most `limit` messages; any number of relays may run at once.

    Args:
        now: the moment by which messages are due, and at which they count as sent.
        clock: looked at for how long a message has been held; `now` alone where none is given.
    """
    counts: Counter[State] = Counter()
    tried, most = 0, TOGETHER if channels.all_within() else APART
    while tried < limit:
        batch = claim(now, min(most, limit - tried))
        if not batch:
            break
        done = _sent(batch, now, clock or (lambda: now))
        counts.update(done)
        tried += len(done)
        if len(done) < len(batch):
            break
    return Sent(counts[State.SENT], counts[State.FAILED], counts[State.GIVEN_UP])


def _sent(batch: list[Message], now: datetime, clock: Callable[[], datetime]) -> list[State]:
    """Hand over a claimed batch and write down how it went; fewer states than messages where a channel was too slow."""
    taken_at = clock()
    parcels = packed(batch, now)
    together = [parcel for parcel in parcels if _stays_within(parcel)]
    apart = [parcel for parcel in parcels if not _stays_within(parcel)]
    states = []
    try:
        states += _at_once(together, now) if together else []
    except Exception:
        # Nothing of them is written. One by one below, so that only the message that broke it fails.
        logger.exception("a batch of %s messages could not be written together", len(together))
        apart = parcels
    for at, parcel in enumerate(apart):
        if clock() - taken_at > LEASE / 2:
            # A slow channel: what is left is taken again before somebody else may.
            _give_back([one.message for one in apart[at:]], now)
            break
        # Each end is written before the next is sent: a sender that is killed has at most one message sent and unmarked.
        end = _delivered(parcel, now)
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
    # What waits for the morning does not hold up what may go at night.
    before = before.exclude(state=State.WAITING, next_try_at__gt=now)
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


def _stays_within(parcel: Parcel) -> bool:
    """Whether a parcel's end needs nobody outside the house."""
    return not parcel.group and all(isinstance(channels.named(letter.chain[0]), Within) for letter in parcel.letters)


@tx.writes
def _at_once(parcels: list[Parcel], now: datetime) -> list[State]:
    """Letters and marks in one transaction: both are there or neither is."""
    ends, letters = [], defaultdict(list)
    for parcel in parcels:
        name = parcel.letters[0].chain[0] if parcel.letters else ""
        ends.append(_without_letters(parcel, now) or _end(parcel, State.SENT, now, channel=name))
        for letter in parcel.letters:
            letters[letter.chain[0]].append(letter)
    for name, said in letters.items():
        cast(Within, channels.named(name)).keep(said)
    _mark(ends)
    return [end.state for end in ends]


def _delivered(parcel: Parcel, now: datetime) -> End:
    """Hand a message to all its readers who have not got it; one who cannot be reached now does not keep the others waiting."""
    if end := _without_letters(parcel, now):
        return end
    missing, channel = 0, ""
    later: NotNowReachable | None = None
    try:
        if parcel.group:
            channel = ROLE
            bots.send(*parcel.group)
        for letter in parcel.letters:
            try:
                channel = channels.hand_over(letter)
            except Unreachable:
                missing += 1
                continue
            except NotNowReachable as error:
                later = later or error
                continue
            if parcel.readers > 1:  # with one reader the message's own state says whether they were told
                _told(parcel.message, letter.person_id, now)
    except Unreachable:
        return _end(parcel, State.GIVEN_UP, now, "unreachable: this unit has no bot", channel)
    except NotNowReachable as error:
        return _again(parcel, now, f"gateway: {error}", channel)
    except Exception:
        # The edge of the house: a channel's own fault must not stop the messages behind it.
        logger.exception("message %s could not be sent", parcel.message.id)
        return _again(parcel, now, "error: see the log", channel)
    if later:
        return _again(parcel, now, f"gateway: {later}", channel)
    if missing + parcel.declined == parcel.readers:
        return _end(parcel, State.GIVEN_UP, now, NOBODY)
    left = missing + parcel.declined
    return _end(parcel, State.SENT, now, f"{left} of {parcel.readers} not told" if left else "", channel)


def _without_letters(parcel: Parcel, now: datetime) -> End | None:
    """The end of a message that nothing is to be handed over of."""
    if isinstance(parcel.fault, KeyError):
        return _end(parcel, State.GIVEN_UP, now, f"words: {parcel.fault} is missing")
    if parcel.fault:
        logger.error("message %s could not be made", parcel.message.id, exc_info=parcel.fault)
        return _again(parcel, now, "error: see the log")
    if parcel.until:
        return End(parcel.message, State.WAITING, "", "", next_try_at=parcel.until, tries=parcel.message.tries - 1)
    if not parcel.readers:
        return _end(parcel, State.GIVEN_UP, now, NOBODY)
    return _end(parcel, State.UNWANTED, now) if parcel.declined == parcel.readers else None


@tx.writes
def _told(message: Message, person_id: int, now: datetime) -> None:
    Delivery.objects.get_or_create(message=message, person_id=person_id, defaults={"at": now})


def _again(parcel: Parcel, now: datetime, error: str, channel: str = "") -> End:
    message = parcel.message
    if message.tries >= TRIES_MAX:
        return _end(parcel, State.GIVEN_UP, now, error, channel)
    return End(message, State.FAILED, channel, error[:200], next_try_at=now + wait(message.tries))


def _end(parcel: Parcel, state: State, now: datetime, error: str = "", channel: str = "") -> End:
    if state == State.GIVEN_UP:
        logger.error("message %s given up: %s", parcel.message.id, error)
    return End(parcel.message, state, channel, error[:200], sent_at=now if state == State.SENT else None)


@tx.writes
def _mark(ends: list[End]) -> None:
    """Write ends, one statement for all that are alike. Only whoever still holds a message writes its end: `tries` names the taking."""
    alike: dict[tuple[int, tuple[tuple[str, object], ...]], list[int]] = {}
    for end in ends:
        alike.setdefault((end.message.tries, tuple(end.columns().items())), []).append(end.message.pk)
    for (tries, columns), ids in alike.items():
        Message.objects.filter(pk__in=ids, state=State.SENDING, tries=tries).update(**dict(columns))


@tx.writes
def send_again(message: Message, *, act: Act) -> None:
    """Queue anew what failed or was given up, with all its tries.

    Raises:
        NotNow: it was sent meanwhile, or is being sent.
    """
    again = Message.objects.filter(pk=message.pk, state__in=AGAIN)
    if not again.update(state=State.QUEUED, tries=0, next_try_at=act.at, error=""):
        raise NotNow(_("这条消息现在不用再发：已经发出，或者正在发。"))
    journal.write("notify.message.requeued", f"notify.message:{message.pk}", act=act, data={"key": message.key})


@tx.writes
def _give_back(batch: list[Message], now: datetime) -> None:
    """Let go of messages that were taken and not tried."""
    for message in batch:
        Message.objects.filter(pk=message.pk, state=State.SENDING, tries=message.tries).update(
            state=State.FAILED if message.tries > 1 else State.QUEUED, tries=message.tries - 1, next_try_at=now
        )
