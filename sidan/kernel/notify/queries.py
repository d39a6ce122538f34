"""Questions about messages: what was said, what waits, what could not be sent."""

from datetime import datetime
from typing import Any

from django.db.models import Count, Min, Q

from sidan.kernel.notify.models import ConsoleMessage, Message, Wish
from sidan.kernel.notify.relay import OPEN


def outbox(limit: int = 100) -> list[dict[str, Any]]:
    """The newest messages of the console channel: delivery, phone_masked, topic, title, body, urgent, at, person name. One query."""
    rows = ConsoleMessage.objects.order_by("-id").values(
        "id", "delivery", "phone_masked", "topic", "title", "body", "urgent", "at", "person__name", "person__handle"
    )
    return [dict(row) for row in rows[:limit]]


def backlog(now: datetime) -> dict[str, Any]:
    """For `doctor` and metrics: how many wait, since when, how many were given up. One query."""
    return Message.objects.aggregate(
        waiting=Count("id", filter=Q(state__in=OPEN)),
        late=Count("id", filter=Q(state__in=OPEN, next_try_at__lt=now)),
        # What waits for the morning is no backlog.
        oldest_at=Min("created_at", filter=Q(state__in=OPEN) & ~Q(state=Message.State.WAITING)),
        given_up=Count("id", filter=Q(state=Message.State.GIVEN_UP)),
    )


def wishes(person_id: int) -> dict[str, str]:
    """What a person chose, by topic; the empty one is for all. One query."""
    return dict(Wish.objects.filter(person=person_id).values_list("about", "choice"))


def counts() -> dict[str, int]:
    """How many messages there are in each state. One query."""
    return dict(Message.objects.order_by().values_list("state").annotate(Count("id")))
