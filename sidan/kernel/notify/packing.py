"""Make letters of a batch of messages: who is told, by which words and ways. Everything is read for the whole batch at once."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime

from django.conf import settings

from sidan.kernel.notify import channels, quiet, topics
from sidan.kernel.notify.channels import Letter
from sidan.kernel.notify.channels.bots import ROLE, BotLetter
from sidan.kernel.notify.models import Delivery, Message, Wish
from sidan.kernel.org import queries as org

Wishes = Mapping[tuple[int, str], str]


@dataclass
class Parcel:
    """A message with its letters.

    Args:
        readers: how many are to be told in all.
        letters: to those who have not been told yet.
        group: what a unit's group chat is told instead, and the unit's code.
        declined: how many chose not to be told.
        until: when the quiet hours end for which it waits.
        fault: why it has no letters.
    """

    message: Message
    readers: int = 0
    letters: list[Letter] = field(default_factory=list)
    group: tuple[str, BotLetter] | None = None
    declined: int = 0
    until: datetime | None = None
    fault: Exception | None = None


def packed(batch: list[Message], now: datetime) -> list[Parcel]:
    """A parcel for each message. At most four statements, whatever the size of the batch."""
    readers = _readers(batch, now)
    everybody = {person for people in readers.values() for person in people}
    packer = _Packer(readers, _told(batch), org.reaches(everybody), _wishes(everybody), now)
    return [packer.parcel(message) for message in batch]


class _Packer:
    """What was read for a batch."""

    def __init__(
        self,
        readers: dict[int, list[int]],
        told: set[tuple[int, int]],
        reaches: dict[int, org.Reach],
        wishes: Wishes,
        now: datetime,
    ) -> None:
        self.readers, self.told, self.reaches, self.wishes, self.now = readers, told, reaches, wishes, now
        self.quiet = {staff: quiet.until(now, staff=staff) for staff in (False, True)}
        self.chains = {staff: channels.chain(staff=staff) for staff in (False, True)}

    def parcel(self, message: Message) -> Parcel:
        try:
            if message.role == ROLE:
                return self._group(message)
            return self._letters(message)
        except Exception as fault:
            # What one message lacks must not stop the others of its batch; the relay says what it was.
            return Parcel(message, fault=fault)

    def _group(self, message: Message) -> Parcel:
        node = org.tree().nodes.get(message.to_unit_id or 0)
        letter = BotLetter(message.topic, str(message.data.get("number", "")))
        return Parcel(message, 1, group=(node.code if node else "", letter))

    def _letters(self, message: Message) -> Parcel:
        people, topic = self.readers[message.pk], topics.get(message.topic)
        parcel = Parcel(message, len(people))
        staff = message.to_person_id is None or self.reaches[message.to_person_id].staff
        until = self.quiet[staff]
        if until is not None and not topic.urgent:
            parcel.until = until
            return parcel
        title, body = topic.words(message.data, str(message.data.get("lang") or settings.LANGUAGE_CODE))
        for person in people:
            ways = self._ways(person, topic)
            if ways is None:
                parcel.declined += 1
            elif (message.pk, person) not in self.told:
                reach = self.reaches[person]
                parcel.letters.append(
                    Letter(
                        id=f"{message.pk}:{person}",
                        topic=topic.name,
                        title=title,
                        body=body,
                        urgent=topic.urgent,
                        secret=topic.secret,
                        person_id=person,
                        phone=reach.phone,
                        at=self.now,
                        chain=ways,
                        email=reach.email,
                    )
                )
        return parcel

    def _ways(self, person: int, topic: topics.Topic) -> tuple[str, ...] | None:
        """The channels for a reader, their own choice first; None where they chose not to be told."""
        staff = self.reaches[person].staff
        chain = self.chains[staff]
        if not staff:
            choice = self.wishes.get((person, ""), Wish.Choice.ALL)
            return chain if topic.wanted(choice) else None
        choice = self.wishes.get((person, topic.name), "")
        if choice == Wish.Choice.NONE and not topic.urgent:
            return None
        return (choice, *(name for name in chain if name != choice)) if choice in chain else chain


def _readers(batch: Iterable[Message], now: datetime) -> dict[int, list[int]]:
    """Who is to be told: resolved when it is sent, so that a seat that changed hands reaches its new holder.

    A role held above a unit holds for it: where nobody has it in the unit itself, the nearest above is told.
    """
    nodes = org.tree().nodes
    paths = {
        message.pk: nodes[message.to_unit_id].path if message.to_unit_id in nodes else ()
        for message in batch
        if message.to_person_id is None and message.role != ROLE
    }
    wanted = {(unit, message.role) for message in batch for unit in paths.get(message.pk, ())}
    held = org.holders_of(wanted, now) if wanted else {}
    return {
        message.pk: [message.to_person_id]
        if message.to_person_id is not None
        else next(
            (held[unit, message.role] for unit in reversed(paths.get(message.pk, ())) if (unit, message.role) in held),
            [],
        )
        for message in batch
    }


def _told(batch: Iterable[Message]) -> set[tuple[int, int]]:
    """Which readers of which messages an earlier try has reached."""
    again = [message.pk for message in batch if message.to_person_id is None and message.tries > 1]
    return set(Delivery.objects.filter(message__in=again).values_list("message_id", "person_id")) if again else set()


def _wishes(people: Iterable[int]) -> Wishes:
    rows = Wish.objects.filter(person__in=set(people)).values_list("person_id", "about", "choice")
    return {(person, about): choice for person, about, choice in rows}
