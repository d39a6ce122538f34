"""Forgetting: when the time of an ended order is over, what its resident wrote, showed and left is emptied.

What happened stays: the journal holds ids, codes and hashes only, so row and fold, chain and seals remain whole.
"""

import logging
from collections.abc import Callable
from datetime import datetime, timedelta

from django.db.models import Exists, OuterRef, Q

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
from sidan.orders.models import DeadlineRule, ErasureWish, Order, Reveal, Text
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

    The clock does it by the rule of its retention, or because the one who asked wished it; they do it themselves, too.

    Raises:
        NotAllowed: the actor is neither the clock nor the one who asked.
        NotNow: it has not ended, or may still be reopened.
    """
    need(order, "erase", act)
    texts = Text.objects.filter(order=order, erased_at=None)
    if not texts.exists():
        return order
    wished = act.via != Via.CLOCK or ErasureWish.objects.filter(order=order).delete()[0] > 0
    rule = None if wished else clocks.rule_for(order, Stage.RETENTION, act.at)
    shown = photos.photos(order.subject())
    move(order, "erase", act, data={"rule": rule.pk if rule else None, "wished": wished, "photos": len(shown)})
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

    Without a rule nothing is erased but what its resident wished. One query for each 200 candidates, then a transaction for
    each order that is due.
    """
    return _erase_wished(at, limit) + _erase_old(at, limit)


def _erase_wished(at: datetime, limit: int) -> int:
    """Orders whose resident wants them forgotten, as soon as they have ended and cannot be opened again."""
    act = Act(org.system("clock"), at, Via.CLOCK)
    over = Q(order__reopen_until=None) | Q(order__reopen_until__lt=at)
    wishes = ErasureWish.objects.filter(over, order__state__in=ENDS).order_by("at", "pk")
    return sum(_one(key, act, _erase_if_wished) for key in list(wishes.values_list("pk", flat=True)[:limit]))


@tx.writes
def _erase_if_wished(key: int, act: Act) -> bool:
    order = Order.objects.filter(pk=key, state__in=ENDS).first()
    if order is None:
        return False
    erase(order, act=act)
    ErasureWish.objects.filter(order=order).delete()
    return True


@tx.writes
def wish(order: Order, *, at: datetime) -> None:
    """Remember that the one who asked wants it forgotten."""
    ErasureWish.objects.get_or_create(order=order, defaults={"at": at})


def _erase_old(at: datetime, limit: int) -> int:
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
            done += _one(key, act, _erase_if_due)
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


def _one(key: int, act: Act, verb: Callable[[int, Act], bool]) -> bool:
    try:
        return verb(key, act)
    except Refusal as refusal:  # somebody moved it, or it may still be reopened: the next round looks again
        log.info("erasing: order %s: %s", key, refusal.code)
        return False
