"""Who else has an order open at this moment. Seconds old at most; nothing is kept of it."""

from collections import defaultdict
from collections.abc import Iterable

from sidan.kernel.org.act import Act
from sidan.orders.models import Looking


def beside(order_id: int, act: Act) -> list[str]:
    """The names of others who have this order open now. One query."""
    rows = Looking.objects.filter(order=order_id, until__gt=act.at).exclude(person=act.by)
    return list(rows.order_by("person__name").values_list("person__name", flat=True))


def by_order(order_ids: Iterable[int], act: Act) -> dict[int, list[str]]:
    """The same for the rows of a list. One query, none for an empty list."""
    ids = list(order_ids)
    found: dict[int, list[str]] = defaultdict(list)
    if not ids:
        return found
    rows = Looking.objects.filter(order__in=ids, until__gt=act.at).exclude(person=act.by).order_by("person__name")
    for order_id, name in rows.values_list("order_id", "person__name"):
        found[order_id].append(name)
    return found
