"""The relay: takes due messages out of the queue and hands them to the channel, at least once, in order by subject."""

import logging
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta

from django.conf import settings
from django.db import connection
from django.db.models import Exists, F, OuterRef
from django.utils import timezone

from sidan.kernel.base import tx
from sidan.kernel.notify import topics
from sidan.kernel.notify.channels import Channel, Letter, NotNowReachable, Unreachable, current
from sidan.kernel.notify.models import Delivery, Message
from sidan.kernel.org import queries as org

logger = logging.getLogger(__name__)

State = Message.State
OPEN = (State.QUEUED, State.SENDING, State.FAILED)
_WAITING = "state IN ({})".format(", ".join(f"'{state}'" for state in OPEN))
TRIES_MAX = 10
LEASE = timedelta(minutes=5)  # how long a sender has a message before another may take it over
WAIT_MINUTES_MAX = 60


@dataclass(frozen=True)
class Sent:
    """What a run did."""

    sent: int = 0
    failed: int = 0
    given_up: int = 0


def relay(now: datetime, limit: int = 100, *, clock: Callable[[], datetime] | None = None) -> Sent:
    """Send what is due, at most `limit` messages; any number of relays may run at once.

    Args:
        now: the moment by which messages are due, and at which they count as sent.
        clock: looked at for how long a message has been held; `now` alone where none is given.
    """
    counts = {State.SENT: 0, State.FAILED: 0, State.GIVEN_UP: 0}
    channel, tried = current(), 0
    while tried < limit:
        batch = claim(now, min(20, limit - tried))
        if not batch:
            break
        taken_at = clock() if clock else now
        for message in batch:
            held = (clock() if clock else now) - taken_at
            if held > LEASE / 2:
                break  # a slow channel: what is left is taken again before somebody else may
            counts[_deliver(message, channel, now)] += 1
            tried += 1
        else:
            continue
        _give_back(batch, now)
        break
    return Sent(counts[State.SENT], counts[State.FAILED], counts[State.GIVEN_UP])


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


def _deliver(message: Message, channel: Channel, now: datetime) -> State:
    """Hand a message to all its readers who have not got it, and write down how that went."""
    try:
        readers = _readers(message, now)
        # With one reader the message's own state says whether they were told.
        several = len(readers) > 1
        told = set(message.deliveries.values_list("person_id", flat=True)) if several else set()
        missing = 0
        for person_id in readers:
            if person_id in told:
                continue
            try:
                channel.send(_letter(message, person_id, now))
            except Unreachable:
                missing += 1
                continue
            if several:
                _told(message, person_id, now)
        if missing == len(readers):
            return _end(message, State.GIVEN_UP, channel, now, "unreachable: nobody can be reached by this channel")
    except NotNowReachable as error:
        return _again(message, channel, now, f"gateway: {error}")
    except KeyError as error:
        return _end(message, State.GIVEN_UP, channel, now, f"words: {error} is missing")
    except Exception:
        # The edge of the house: a channel's own fault must not stop the messages behind it.
        logger.exception("message %s could not be sent", message.id)
        return _again(message, channel, now, "error: see the log")
    return _end(message, State.SENT, channel, now, f"{missing} of {len(readers)} not reached" if missing else "")


def _readers(message: Message, now: datetime) -> list[int]:
    """Who is to be told: resolved when it is sent, so that a seat that changed hands reaches its new holder.

    A role held above a unit holds for it: where nobody has it in the unit itself, the nearest above is told.
    """
    if message.to_person_id is not None:
        return [message.to_person_id]
    node = org.tree().nodes.get(message.to_unit_id or 0)
    for unit_id in reversed(node.path if node else ()):
        found = org.holders(unit_id, message.role, now)
        if found:
            return [person.id for person in found]
    return []


def _letter(message: Message, person_id: int, now: datetime) -> Letter:
    topic = topics.get(message.topic)
    title, body = topic.words(message.data, str(message.data.get("lang") or settings.LANGUAGE_CODE))
    return Letter(
        id=f"{message.id}:{person_id}",
        topic=topic.name,
        title=title,
        body=body,
        urgent=topic.urgent,
        secret=topic.secret,
        person_id=person_id,
        phone=org.phone_of(person_id),
        at=now,
    )


@tx.writes
def _told(message: Message, person_id: int, now: datetime) -> None:
    Delivery.objects.get_or_create(message=message, person_id=person_id, defaults={"at": now})


def _again(message: Message, channel: Channel, now: datetime, error: str) -> State:
    if message.tries >= TRIES_MAX:
        return _end(message, State.GIVEN_UP, channel, now, error)
    return _mark(message, State.FAILED, next_try_at=now + wait(message.tries), error=error[:200], channel=channel.name)


def _end(message: Message, state: State, channel: Channel, now: datetime, error: str) -> State:
    if state == State.GIVEN_UP:
        logger.error("message %s given up: %s", message.id, error)
    sent_at = now if state == State.SENT else None
    return _mark(message, state, sent_at=sent_at, error=error[:200], channel=channel.name)


@tx.writes
def _mark(message: Message, state: State, **changes: object) -> State:
    """Only whoever still holds the message writes its end: `tries` names the taking."""
    Message.objects.filter(pk=message.pk, state=State.SENDING, tries=message.tries).update(state=state, **changes)
    return state


@tx.writes
def _give_back(batch: list[Message], now: datetime) -> None:
    """Let go of messages that were taken and not tried."""
    for message in batch:
        Message.objects.filter(pk=message.pk, state=State.SENDING, tries=message.tries).update(
            state=State.FAILED if message.tries > 1 else State.QUEUED, tries=message.tries - 1, next_try_at=now
        )
