"""Forgetting: when the time of an ended order is over, what its resident wrote, showed and left is emptied.

What happened stays: the journal holds ids, codes and hashes only, so row and fold, chain and seals remain whole.
"""

import logging
from datetime import datetime, timedelta

from django.db.models import Exists, OuterRef

from sidan.kernel.base import tx
from sidan.kernel.base.errors import Refusal
from sidan.kernel.files import commands as files
from sidan.kernel.files import queries as photos
from sidan.kernel.notify import commands as notify
from sidan.kernel.org import commands as people
from sidan.kernel.org import queries as org
from sidan.kernel.org.act import Act, Via
from sidan.kernel.org.models import Person
from sidan.orders import clocks
from sidan.orders.commands import indexing
from sidan.orders.commands.moving import move, need
from sidan.orders.models import DeadlineRule, Order, Reveal, Text
from sidan.orders.models.governing import Measure
from sidan.orders.rulebook import rulebook
from sidan.orders.words import ENDS, Stage

log = logging.getLogger(__name__)

BATCH = 200
# Columns of the row that somebody could be known by. None of them is folded.
EMPTY = {"title": "", "place": "", "lat": None, "lon": None}


@tx.writes
def erase(order: Order, *, act: Act) -> Order:
    """Empty an order of everything personal. A second time changes nothing.

    Raises:
        NotAllowed: the actor is not the clock.
        NotNow: it has not ended, or may still be reopened.
    """
    need(order, "erase", act)
    texts = Text.objects.filter(order=order, erased_at=None)
    if not texts.exists():
        return order
    rule, shown = clocks.rule_for(order, Stage.RETENTION, act.at), photos.photos(order.subject())
    move(order, "erase", act, data={"rule": rule.pk if rule else None, "photos": len(shown)})
    texts.update(body="", erased_at=act.at)
    indexing.forget(order)
    Order.objects.filter(pk=order.pk).update(**EMPTY)
    for name, value in EMPTY.items():
        setattr(order, name, value)
    Reveal.objects.filter(order=order).update(reason="")
    for photo in shown:
        files.remove(photo, act=act)
    _forget_asker(order)
    return order


def _forget_asker(order: Order) -> None:
    """Contact and messages of whoever asked, unless another order of theirs is still kept, or they work here."""
    # Who asked in an imported order has asked in no other; leaving these out is what makes it a look-up in an index.
    others = Text.objects.filter(order__asked_by_id=order.asked_by_id, order__batch=None, erased_at=None).exclude(
        order_id=order.pk
    )
    if others.exists() or not Person.objects.filter(pk=order.asked_by_id, kind=Person.Kind.RESIDENT).exists():
        return
    people.erase_contact(order.asked_by_id)
    notify.forget(order.asked_by_id)


def erase_due(at: datetime, *, limit: int = 500) -> int:
    """Erase the ended orders whose retention is over, by the dated rule that holds today; returns how many.

    Without a rule nothing is erased. One query for each 200 candidates, then a transaction for each order that is due.
    """
    day = org.local_date(at)
    rules = [
        row
        for row in rulebook().deadlines.get(Stage.RETENTION, ())
        if row.valid_from <= day and (row.valid_to is None or day < row.valid_to)
    ]
    if not rules:
        return 0
    act = Act(org.system("clock"), at, Via.CLOCK)
    ended_before, last, done = at - min(map(_at_least, rules)), 0, 0
    kept = Exists(Text.objects.filter(order=OuterRef("pk"), erased_at=None))
    while done < limit:
        # What was asked later cannot have ended earlier, and that column has an index.
        ended = Order.objects.filter(
            pk__gt=last, state__in=ENDS, asked_at__lte=ended_before, closed_at__lte=ended_before
        )
        keys = list(ended.filter(kept).order_by("pk").values_list("pk", flat=True)[:BATCH])
        if not keys:
            break
        last = keys[-1]
        for key in keys[: limit - done]:
            done += _one(key, act)
    return done


def _at_least(rule: DeadlineRule) -> timedelta:
    """The shortest span that a rule can mean: it bounds the search, the calendar decides."""
    unit = "days" if rule.measure == Measure.WORKING_DAYS else rule.measure
    return timedelta(**{unit: rule.amount})


@tx.writes
def _erase_if_due(key: int, act: Act) -> bool:
    order = Order.objects.filter(pk=key, state__in=ENDS).first()
    if order is None or order.closed_at is None:
        return False
    end = clocks.ends(clocks.rule_for(order, Stage.RETENTION, act.at), order.closed_at)
    if end is None or end > act.at:
        return False
    erase(order, act=act)
    return True


def _one(key: int, act: Act) -> bool:
    try:
        return _erase_if_due(key, act)
    except Refusal as refusal:  # somebody moved it, or it may still be reopened: the next round looks again
        log.info("erasing: order %s: %s", key, refusal.code)
        return False
