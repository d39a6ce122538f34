"""What is held back a moment, and what came of it."""

from collections.abc import Iterable
from uuid import UUID

from sidan.kernel.org.act import Act
from sidan.orders.models import Held, Order
from sidan.orders.queries.seeing import visible_to


def held_of(order_ids: Iterable[int]) -> set[int]:
    """Which orders are on their way out at this moment. One query, none for an empty list."""
    ids = list(order_ids)
    return set(Held.objects.filter(order__in=ids, done_at=None).values_list("order_id", flat=True)) if ids else set()


def picked(numbers: Iterable[str], act: Act) -> list[Order]:
    """Orders that were picked in a list, as far as the act sees them, soonest due first. One query."""
    rows = Order.objects.filter(visible_to(act), number__in=list(numbers))
    return list(rows.order_by("due_at", "pk"))


def bundle(bundle_id: UUID, act: Act) -> list[Held]:
    """One's own bundle. One query."""
    return list(Held.objects.filter(bundle=bundle_id, by=act.by).select_related("order").order_by("pk"))
