"""What every verb of the room shares: move the order, keep its words, tell who must know."""

from datetime import datetime
from hashlib import sha256
from typing import Any

from sidan.kernel.flow import engine
from sidan.kernel.journal.models import Entry
from sidan.kernel.notify import commands as notify
from sidan.kernel.org import queries as org
from sidan.kernel.org.act import Act
from sidan.orders import clocks
from sidan.orders.flow import ORDER, SUPPORT
from sidan.orders.models import Order, Support, Text
from sidan.orders.queries.seeing import handling_role


def need(order: Order, do: str, act: Act) -> None:
    """Refuse before anything is looked at where the step is not this act's.

    Raises:
        NotAllowed, NotNow: as the engine says.
    """
    refusal = engine.check(ORDER, order, ORDER.by_do[do], act)
    if refusal is not None:
        raise refusal


def move(
    order: Order,
    do: str,
    act: Act,
    *,
    text: str | None = None,
    kind: str = Text.Kind.REASON,
    staff_only: bool = False,
    data: dict[str, Any] | None = None,
    **changes: Any,
) -> Entry:
    """Take a step: clock of the new state, journal, words. Two statements, three with words.

    Args:
        text: what was written with it; kept as a row that the entry names by hash.
        changes: columns of the row; the clock's follow from the state.
    """
    to = ORDER.by_do[do].leads(order.state)
    clocked = {"answer_due_at", "dispatch_due_at", "suspended_until", "rung"} & set(changes)
    if to != order.state or clocked:
        changes = clocks.stage(order, to, act.at, **changes)
    said = dict(data or {})
    if text:
        said["text"] = sha256(text.encode()).hexdigest()
    entry = engine.take(ORDER, order, do, act, changes=changes, data=said)
    if text:
        Text.objects.create(
            order=order,
            seq=entry.seq,
            kind=kind,
            body=text,
            digest=sha256(text.encode()).digest(),
            staff_only=staff_only,
        )
    return entry


def tell_resident(order: Order, topic: str, entry: Entry, **data: Any) -> None:
    """A message to the one who asked, where there is a way to reach them."""
    notify.send(
        f"orders.{topic}",
        to_person=order.asked_by_id,
        data={"number": order.number, **data},
        key=f"{order.subject()}/{entry.seq}/resident",
        act_at=entry.at,
    )


def tell_unit(order: Order, topic: str, entry: Entry, unit_id: int, role: str, **data: Any) -> None:
    """A message to whoever holds a role in a unit when it is sent."""
    notify.send(
        f"orders.{topic}",
        to_unit=unit_id,
        role=role,
        data={"number": order.number, **data},
        key=f"{order.subject()}/{entry.seq}/{role}/{unit_id}",
        act_at=entry.at,
    )


def tell_lead(order: Order, topic: str, entry: Entry, **data: Any) -> None:
    """A message to the unit that leads, where there is one."""
    if order.lead_unit_id:
        lead = org.tree().node(order.lead_unit_id)
        tell_unit(order, topic, entry, lead.id, handling_role(lead), **data)


def release_supports(order: Order, act: Act, *, unit_id: int | None = None) -> int:
    """Co-handlers who have not answered (or one of them) are needed no more: the order went another way; how many.

    No statement where there are none.
    """
    if order.supports_open == 0:
        return 0
    rows = Support.objects.filter(order=order, state="asked")
    waiting = list(rows if unit_id is None else rows.filter(unit_id=unit_id))
    for support in waiting:
        engine.take(SUPPORT, support, "release", act, changes={"due_at": None, "tick_at": None})
    return len(waiting)


def iso(at: datetime | None) -> str | None:
    """A moment as an entry or a message carries it."""
    value = engine.flat(at)
    return value if isinstance(value, str) else None
