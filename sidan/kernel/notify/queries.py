"""Questions about messages: what was said, what waits, what could not be sent."""

from datetime import datetime
from typing import Any

from django.db.models import Count, Min, Q

from sidan.kernel.notify.models import ConsoleMessage, Message
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
        oldest_at=Min("created_at", filter=Q(state__in=OPEN)),
        given_up=Count("id", filter=Q(state=Message.State.GIVEN_UP)),
    )
