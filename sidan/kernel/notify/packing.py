"""Make letters of a batch of messages: who is told, by which words. Everything is read for the whole batch at once."""

from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import datetime

from django.conf import settings

from sidan.kernel.notify import topics
from sidan.kernel.notify.channels import Letter
from sidan.kernel.notify.models import Delivery, Message
from sidan.kernel.org import queries as org


@dataclass
class Parcel:
    """A message with its letters; `fault` is why it has none."""

    message: Message
    readers: int = 0
    letters: list[Letter] = field(default_factory=list)  # to those who have not been told yet
    fault: Exception | None = None


def packed(batch: list[Message], now: datetime) -> list[Parcel]:
    """A parcel for each message. At most three statements, whatever the size of the batch."""
    readers = _readers(batch, now)
    told = _told(batch)
    phones = org.sealed_phones({person for people in readers.values() for person in people})
    return [_parcel(message, readers[message.pk], told, phones, now) for message in batch]


def _parcel(
    message: Message, readers: list[int], told: set[tuple[int, int]], phones: dict[int, bytes], now: datetime
) -> Parcel:
    parcel = Parcel(message, len(readers))
    try:
        topic = topics.get(message.topic)
        title, body = topic.words(message.data, str(message.data.get("lang") or settings.LANGUAGE_CODE))
        parcel.letters = [
            Letter(
                id=f"{message.pk}:{person}",
                topic=topic.name,
                title=title,
                body=body,
                urgent=topic.urgent,
                secret=topic.secret,
                person_id=person,
                phone=org.opened_phone(phones.get(person)),
                at=now,
            )
            for person in readers
            if (message.pk, person) not in told
        ]
    except Exception as fault:
        # What one message lacks must not stop the others of its batch; the relay says what it was.
        parcel.fault = fault
    return parcel


def _readers(batch: Iterable[Message], now: datetime) -> dict[int, list[int]]:
    """Who is to be told: resolved when it is sent, so that a seat that changed hands reaches its new holder.

    A role held above a unit holds for it: where nobody has it in the unit itself, the nearest above is told.
    """
    nodes = org.tree().nodes
    paths = {
        message.pk: nodes[message.to_unit_id].path if message.to_unit_id in nodes else ()
        for message in batch
        if message.to_person_id is None
    }
    wanted = {(unit, message.role) for message in batch for unit in paths.get(message.pk, ())}
    held = org.holders_of(wanted, now) if wanted else {}
    return {
        message.pk: [message.to_person_id]
        if message.to_person_id is not None
        else next(
            (held[unit, message.role] for unit in reversed(paths[message.pk]) if (unit, message.role) in held), []
        )
        for message in batch
    }


def _told(batch: Iterable[Message]) -> set[tuple[int, int]]:
    """Which readers of which messages an earlier try has reached."""
    again = [message.pk for message in batch if message.to_person_id is None and message.tries > 1]
    return set(Delivery.objects.filter(message__in=again).values_list("message_id", "person_id")) if again else set()
