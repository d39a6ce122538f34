"""Who else has an order open at this moment. Seconds old at most; nothing is kept of it."""

from django.db.models import OuterRef, Subquery

from sidan.kernel.org.act import Act
from sidan.orders.models import Looking


def beside(order_id: int, act: Act) -> list[str]:
    """The names of others who have this order open now. One query."""
    rows = Looking.objects.filter(order=order_id, until__gt=act.at).exclude(person=act.by)
    return list(rows.order_by("person__name").values_list("person__name", flat=True))


def watcher(act: Act) -> Subquery:
    """One of them, as a column of a list's own query."""
    rows = Looking.objects.filter(order=OuterRef("pk"), until__gt=act.at).exclude(person=act.by)
    return Subquery(rows.order_by("person__name").values("person__name")[:1])
