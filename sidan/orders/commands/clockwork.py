"""What follows when an order's clock strikes."""

from datetime import datetime

from sidan.kernel.base import tx
from sidan.kernel.flow import clock
from sidan.kernel.journal.models import Entry
from sidan.kernel.org import queries as org
from sidan.kernel.org.act import Act, Via
from sidan.orders import clocks
from sidan.orders.commands import handling, intake, rating
from sidan.orders.commands.moving import move, need
from sidan.orders.flow import ORDER
from sidan.orders.models import Order
from sidan.orders.rulebook import rulebook
from sidan.orders.words import ENDS, S


def strike(order: Order, act: Act) -> None:
    """A stage that ends by itself takes its step; every other one climbs the ladder."""
    match order.state:
        case S.NEED_INFO:
            intake.info_lapse(order, act=act)
        case S.AWAITING_RATING:
            rating.lapse(order, act=act)
        case S.SUSPENDED:
            handling.resume(order, act=act)
        case _:
            handling.climb(order, act=act)


def tick(at: datetime, *, limit: int = 500) -> int:
    """Let the clock act on everything that is due at a moment; returns how many orders it touched."""
    return clock.run(Order, strike, Act(org.system("clock"), at, Via.CLOCK), limit=limit)


@tx.writes
def redate(order: Order, *, act: Act) -> bool:
    """Reckon a working-day deadline anew after the calendar changed; True where it moved."""
    need(order, "redate", act)
    rule = rulebook().deadline_ids.get(order.answer_rule_id or 0)
    if rule is None or rule.measure != "working_days" or order.answer_from is None or order.paused_at is not None:
        return False
    if order.extend_left < rule.extend_max_times or _was_paused(order):
        return False  # its date was told to the resident one by one, and stands
    due = clocks.ends(rule, order.answer_from)
    if due == order.answer_due_at:
        return False
    move(order, "redate", act, answer_due_at=due)
    return True


def _was_paused(order: Order) -> bool:
    """Whether a pause has moved the deadline in this round. One query."""
    paused = [ORDER.kind("info_given"), ORDER.kind("resumed")]
    rows = Entry.objects.filter(subject=order.subject(), kind__in=paused, at__gte=order.answer_from)
    return rows.exists()


def redate_open(act: Act) -> int:
    """After a calendar's notice was loaded: every open order without an extension of its own; how many moved."""
    moved = 0
    for order in Order.objects.exclude(state__in=ENDS).exclude(answer_due_at=None).iterator():
        moved += redate(order, act=act)
    return moved
