"""Opening a confidential identity, and reading a contact: always with a reason, always journalled."""

from datetime import timedelta

from django.utils.translation import gettext as _

from sidan.kernel.base import tx
from sidan.kernel.base.errors import NotAllowed, NotNow
from sidan.kernel.base.text import clean_text
from sidan.kernel.flow import engine
from sidan.kernel.journal import commands as journal
from sidan.kernel.org import queries as org
from sidan.kernel.org.act import Act
from sidan.orders.flow import ORDER, REVEAL
from sidan.orders.models import Order, Reveal

OPEN_HOURS = 2


@tx.writes
def request_reveal(order: Order, *, reason: str, act: Act) -> Reveal:
    """A supervisor asks to see who asked; a second one must agree."""
    if not order.confidential:
        raise NotNow(_("这一单没有保密的身份。"), code="not_confidential")
    if not act.holds("supervisor", order.unit_id) or engine.barred(ORDER, order, act):
        raise NotAllowed
    if act.holds("handler", order.lead_unit_id):
        raise NotAllowed(_("承办人不能申请查看保密身份。"), code="same_person")
    reveal = Reveal(
        order=order, unit_id=order.unit_id, state="requested", requested_by_id=act.by.pk, requested_at=act.at,
        reason=clean_text(reason, max_chars=400, min_chars=5, field="reason"),
    )  # fmt: skip
    engine.start(REVEAL, reveal, act, data={"order": order.number})
    return reveal


@tx.writes
def decide_reveal(reveal: Reveal, *, agree: bool, act: Act) -> Reveal:
    """The second person decides; what is opened closes again after two hours."""
    if engine.barred(ORDER, reveal.order, act):
        raise NotAllowed
    changes = {"decided_by_id": act.by.pk, "decided_at": act.at}
    if agree:
        changes["open_until"] = act.at + timedelta(hours=OPEN_HOURS)
    engine.take(REVEAL, reveal, "approve" if agree else "decline", act, changes=changes)
    return reveal


@tx.writes
def read_contact(order: Order, *, act: Act) -> dict[str, str]:
    """Name and telephone in clear for somebody who has the order in hand. The reading is an entry of its own.

    Raises:
        NotAllowed: confidential without an agreed reveal of one's own, or not one's order.
        NotNow: nothing was left (anonymous).
    """
    if engine.barred(ORDER, order, act):
        raise NotAllowed
    if order.confidential:
        opened = Reveal.objects.filter(order=order, requested_by=act.by, state="approved", open_until__gt=act.at)
        if not opened.exists():
            raise NotAllowed(_("这是保密单，须两人同意才能查看身份。"), code="confidential")
    elif not has_in_hand(order, act):
        raise NotAllowed
    phone, name = org.phone_of(order.asked_by_id), org.name_of(order.asked_by_id)
    if not phone and not name:
        raise NotNow(_("居民没有留下联系方式，可以在单上留言。"), code="no_contact")
    journal.write("orders.contact.read", f"orders.contact:{order.number}", act=act, data={"order": order.number})
    return {"name": name or "", "phone": phone or ""}


def has_in_hand(order: Order, act: Act) -> bool:
    """Whether somebody's work with an order includes calling the one who asked."""
    return any(
        act.holds(role, unit)
        for role, unit in (
            ("community", order.unit_id),
            ("dispatcher", order.desk_unit_id),
            ("handler", order.lead_unit_id),
            ("community", order.lead_unit_id),
            ("checker", order.unit_id),
        )
    )
