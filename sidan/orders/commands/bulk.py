"""Several orders to one unit: held for ten seconds, in which nothing has happened and all can be taken back; then dispatched."""

from collections.abc import Iterable
from datetime import datetime, timedelta
from uuid import UUID, uuid4

from django.utils.translation import gettext as _

from sidan.kernel.base import tx
from sidan.kernel.base.errors import Invalid, NotFound, NotNow, Refusal
from sidan.kernel.flow import engine
from sidan.kernel.org import queries as org
from sidan.kernel.org.act import Act, Via
from sidan.orders.commands import dispatching
from sidan.orders.models import Held, Order

HOLD_SECONDS = 10
MOST = 100
KEEP = timedelta(days=1)


@tx.writes
def hold(orders: Iterable[tuple[Order, int]], *, lead: org.Node, act: Act) -> UUID:
    """Hold a dispatch to one unit for each order, with the version that was seen; refuses all where it would refuse one.

    Raises:
        Invalid: none or too many; a unit that may not lead one of them.
        NotNow: somebody moved one of them, or holds it already.
    """
    wanted = list(orders)
    if not 1 <= len(wanted) <= MOST:
        raise Invalid(fields={"pick": _("请选 1 到 %(n)d 件。") % {"n": MOST}})
    for order, seen in wanted:
        if order.version != seen:
            raise engine.moved_first(order)
        dispatching.refuse_early(order, lead, act)
    if Held.objects.filter(order__in=[order.pk for order, _seen in wanted], done_at=None).exists():
        raise NotNow(_("其中有的单正在派出，请稍等几秒再看。"), code="moved_first")
    bundle, due = uuid4(), act.at + timedelta(seconds=HOLD_SECONDS)
    Held.objects.bulk_create([
        Held(bundle=bundle, order=order, seen=seen, lead_id=lead.id, by=act.by, due_at=due) for order, seen in wanted
    ])  # fmt: skip
    return bundle


@tx.writes
def take_back(bundle: UUID, *, act: Act) -> int:
    """Take back what is still held; nothing of it has happened. How many.

    Raises:
        NotFound: nobody's, or somebody else's.
        NotNow: it is too late for all of them.
    """
    mine = Held.objects.filter(bundle=bundle, by=act.by)
    if not mine.exists():
        raise NotFound
    gone = mine.filter(done_at=None).delete()[0]
    if not gone:
        raise NotNow(_("已经派出，撤不回来了。要改派，请打开这一单办理。"), code="too_late")
    return gone


def release(now: datetime) -> int:
    """Carry out what was held long enough, each in a transaction of its own; the worker calls it. How many were dispatched."""
    done = 0
    for held in Held.objects.filter(done_at=None, due_at__lte=now).select_related("by").order_by("pk")[:MOST]:
        try:
            done += _carry_out(held, Act(held.by, now, Via.PAGE))
        except Refusal as refusal:
            _write_down(held, refusal, now)
    return done


@tx.writes
def _carry_out(held: Held, act: Act) -> int:
    """Dispatch one, unless it was taken back a moment ago."""
    if Held.objects.filter(pk=held.pk, done_at=None).update(done_at=act.at) != 1:
        return 0
    order, lead = Order.objects.get(pk=held.order_id), org.tree().nodes.get(held.lead_id)
    if order.version != held.seen:
        raise engine.moved_first(order)
    if lead is None:
        raise NotNow(_("没有这个单位，请从列表里选。"))
    dispatching.dispatch(order, lead=lead, act=act)
    return 1


@tx.writes
def _write_down(held: Held, refusal: Refusal, now: datetime) -> None:
    """It was refused after all: the dispatcher reads why."""
    fields = refusal.details.get("fields")
    why = "；".join(map(str, fields.values())) if isinstance(fields, dict) and fields else str(refusal)
    Held.objects.filter(pk=held.pk).update(done_at=now, refused=refusal.code, why=why[:300])


@tx.writes
def sweep(now: datetime) -> int:
    """Forget what was carried out or refused a day ago."""
    return Held.objects.filter(done_at__lte=now - KEEP).delete()[0]
