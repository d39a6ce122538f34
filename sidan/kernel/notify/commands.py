"""Queue messages inside the transaction of what causes them, and sweep what was said."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from django.conf import settings
from django.db import connection

from sidan.kernel.base import tx
from sidan.kernel.journal import commands as journal
from sidan.kernel.notify import topics
from sidan.kernel.notify.channels.bots import ROLE
from sidan.kernel.notify.models import ConsoleMessage, Message, Wish
from sidan.kernel.org import queries as org
from sidan.kernel.org.act import Act
from sidan.kernel.org.models import Person

KEEP_DAYS = 30
ENDED = (Message.State.SENT, Message.State.GIVEN_UP, Message.State.UNWANTED)


@dataclass(frozen=True)
class Draft:
    """A message before it is queued.

    Args:
        key: `<subject>/<what>`, e.g. `orders.order:8K3M2Q7P/7/asker`. The same key is the same message; messages of
            one subject go out in the order in which they were queued.
        to_person: the id of one reader; or
        to_unit, role: whoever holds this role in this unit when it is sent, deputies included.
        data: ids, numbers and codes for the topic's words; no personal data. `lang` ("en") chooses the language.
    """

    topic: str
    key: str
    act_at: datetime
    to_person: int | None = None
    to_unit: int | None = None
    role: str = ""
    data: dict[str, Any] = field(default_factory=dict)


def send(
    topic: str,
    *,
    to_person: int | None = None,
    to_unit: int | None = None,
    role: str = "",
    data: dict[str, Any],
    key: str,
    act_at: datetime,
) -> None:
    """Queue a message. One INSERT; nothing happens where the key is queued already.

    Raises:
        KeyError: no such topic is registered.
    """
    send_many([Draft(topic, key, act_at, to_person, to_unit, role, data)])


def send_many(drafts: list[Draft]) -> None:
    """Queue several messages. One INSERT."""
    tx.insist()
    rows = {
        draft.key: Message(
            topic=topics.get(draft.topic).name,
            key=draft.key,
            lane=draft.key.partition("/")[0],
            to_person_id=draft.to_person,
            to_unit_id=draft.to_unit,
            role=draft.role,
            data=draft.data,
            next_try_at=draft.act_at,
            created_at=draft.act_at,
        )
        for draft in [*drafts, *_to_groups(drafts)]
    }
    # Not `ignore_conflicts`: on SQLite that also swallows rows that break a CHECK or NOT NULL.
    Message.objects.bulk_create(rows.values(), update_conflicts=True, unique_fields=["key"], update_fields=["key"])


def _to_groups(drafts: list[Draft]) -> list[Draft]:
    """What the group chats of units are told beside the people there: the number alone, whatever else the message holds."""
    told = []
    for draft in drafts if settings.SIDAN_BOTS else []:
        node = org.tree().nodes.get(draft.to_unit or 0)
        if node is not None and node.code in settings.SIDAN_BOTS and topics.get(draft.topic).group:
            data = {"number": draft.data.get("number", "")}
            told.append(Draft(draft.topic, f"bot.{node.code}/{draft.key}", draft.act_at, None, node.id, ROLE, data))
    return told


def once(consumer: str, message: str) -> bool:
    """Take a message: True the first time. Inside the transaction of the consumer's effect. One statement."""
    tx.insist()
    with connection.cursor() as cursor:
        cursor.execute(
            "INSERT INTO notify_inbox (consumer, message) VALUES (%s, %s) ON CONFLICT (consumer, message) DO NOTHING",
            [consumer, message],
        )
        return bool(cursor.rowcount == 1)


@tx.writes
def choose(person: Person, choices: Mapping[str, str], *, act: Act) -> None:
    """Write down what a person wants to be told: a choice or a channel for each topic, or for all (the empty one).

    What changes is an entry: whoever says later that they were not told is shown what they chose.
    """
    before = dict(Wish.objects.filter(person=person).values_list("about", "choice"))
    choices = {about: choice for about, choice in choices.items() if before.get(about) != choice}
    if not choices:
        return
    journal.write("notify.wish.chosen", f"org.person:{person.pk}", act=act, data={"choices": choices})
    rows = [Wish(person=person, about=about, choice=choice) for about, choice in choices.items()]
    Wish.objects.bulk_create(rows, update_conflicts=True, unique_fields=["person", "about"], update_fields=["choice"])


@tx.writes
def sweep(now: datetime) -> int:
    """Forget what was sent or given up more than `KEEP_DAYS` ago; the worker calls it."""
    before = now - timedelta(days=KEEP_DAYS)
    done = Message.objects.filter(state__in=ENDED, created_at__lt=before)
    count = done.delete()[1].get("notify.Message", 0)
    ConsoleMessage.objects.filter(at__lt=before).delete()
    return count


@tx.writes
def forget(person_id: int) -> None:
    """Drop every message to a person, queued or said: there is nobody to tell any more."""
    Message.objects.filter(to_person_id=person_id).delete()
    ConsoleMessage.objects.filter(person_id=person_id).delete()
    Wish.objects.filter(person_id=person_id).delete()
