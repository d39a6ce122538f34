"""Queue messages inside the transaction of what causes them, and sweep what was said."""

from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from django.db import connection

from sidan.kernel.base import tx
from sidan.kernel.notify import topics
from sidan.kernel.notify.models import ConsoleMessage, Message

KEEP_DAYS = 30


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
        for draft in drafts
    }
    # Not `ignore_conflicts`: on SQLite that also swallows rows that break a CHECK or NOT NULL.
    Message.objects.bulk_create(rows.values(), update_conflicts=True, unique_fields=["key"], update_fields=["key"])


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
def sweep(now: datetime) -> int:
    """Forget what was sent or given up more than `KEEP_DAYS` ago; the worker calls it."""
    before = now - timedelta(days=KEEP_DAYS)
    done = Message.objects.filter(state__in=[Message.State.SENT, Message.State.GIVEN_UP], created_at__lt=before)
    count = done.delete()[1].get("notify.Message", 0)
    ConsoleMessage.objects.filter(at__lt=before).delete()
    return count


@tx.writes
def forget(person_id: int) -> None:
    """Drop every message to a person, queued or said: there is nobody to tell any more."""
    Message.objects.filter(to_person_id=person_id).delete()
    ConsoleMessage.objects.filter(person_id=person_id).delete()
