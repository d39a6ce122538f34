"""What the reader of a merged order learns of the order that it was merged into: its course, nobody's words."""

from typing import Any

from sidan.kernel.org.act import Act, Via
from sidan.orders.models import Order
from sidan.orders.queries import reading
from sidan.orders.queries.seeing import sees
from sidan.orders.words import S

COURSE = frozenset(
    ("accepted", "handled", "passed_on", "dispatched", "escalated", "signed", "started", "extended", "suspended", "resumed",
     "replied", "supervised", "pressed", "lapsed", "called_back")
)  # fmt: skip


def main_of(order: Order) -> Order | None:
    """The order that this one was merged into, to the end of the chain. One query for each link."""
    main, seen = order, {order.pk}
    while main.state == S.MERGED and main.merged_into_id and main.merged_into_id not in seen:
        seen.add(main.merged_into_id)
        main = Order.objects.get(pk=main.merged_into_id)
    return main if main.pk != order.pk else None


def course(main: Order) -> list[reading.Line]:
    """What became of the main order, without anybody's words: another resident wrote those. Four queries."""
    lines = reading.timeline(main, Act(reading.asker(main), main.asked_at, Via.PAGE))
    return [line for line in lines if line.kind.rpartition(".")[2] in COURSE]


def view(order: Order, act: Act) -> dict[str, Any] | None:
    """The main order's progress for programs; None where the order was not merged. Its number only for who may see it."""
    main = main_of(order)
    if main is None:
        return None
    return {
        "number": main.number if sees(main, act) else None,
        "state": main.state,
        "state_label": str(S(main.state).label),
        "due_at": main.answer_due_at,
        "has_it": reading.has_it(main),
        "timeline": [{"at": line.at, "kind": line.kind, "words": line.words} for line in course(main)],
    }
