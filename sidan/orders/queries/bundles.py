"""What is held back a moment, and what came of it."""

from collections.abc import Iterable
from uuid import UUID

from django.db.models import Exists, OuterRef

from sidan.kernel.org.act import Act
from sidan.orders.models import Held, Order
from sidan.orders.queries.seeing import visible_to


def held() -> Exists:
    """Whether an order of a list is on its way out at this moment: learnt with the list itself."""
    return Exists(Held.objects.filter(order=OuterRef("pk"), done_at=None))


def picked(numbers: Iterable[str], act: Act) -> list[Order]:
    """Orders that were picked in a list, as far as the act sees them, soonest due first. One query."""
    rows = Order.objects.filter(visible_to(act), number__in=list(numbers))
    return list(rows.order_by("due_at", "pk"))


def bundle(bundle_id: UUID, act: Act) -> list[Held]:
    """One's own bundle. One query."""
    return list(Held.objects.filter(bundle=bundle_id, by=act.by).select_related("order").order_by("pk"))
