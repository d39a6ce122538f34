"""Who has an order's page open: said again and again while it is open, forgotten within a minute."""

from datetime import datetime, timedelta

from sidan.kernel.base import tx
from sidan.kernel.org.act import Act
from sidan.orders.models import Looking, Order

SECONDS = 50  # the page says it every 20 seconds


@tx.writes
def look(order: Order, *, act: Act) -> None:
    """Somebody has the page open. One statement."""
    row = Looking(order=order, person=act.by, until=act.at + timedelta(seconds=SECONDS))
    Looking.objects.bulk_create(
        [row], update_conflicts=True, unique_fields=["order", "person"], update_fields=["until"]
    )


@tx.writes
def leave(order: Order, *, act: Act) -> None:
    """The page was closed. One statement."""
    Looking.objects.filter(order=order, person=act.by).delete()


def sweep(now: datetime) -> int:
    """Forget who is gone; the worker calls it. Nothing is written where nobody is."""
    gone = Looking.objects.filter(until__lte=now)
    if not gone.exists():
        return 0
    with tx.writing():
        return gone.delete()[0]
