"""What an order has on paper and in pictures: the ticket to print, and photos served by the order's permission."""

import io
from typing import Any
from uuid import UUID

import segno
from django.conf import settings
from django.http import HttpRequest, HttpResponse
from django.http.response import HttpResponseBase
from django.utils.safestring import SafeString, mark_safe
from django.utils.translation import gettext as _
from django.views.decorators.http import require_safe

from sidan.kernel.base.errors import NotFound
from sidan.kernel.files.models import Photo
from sidan.kernel.org import queries as org
from sidan.kernel.org.act import Act
from sidan.orders.queries import around, phones, reading
from sidan.orders.rulebook import rulebook
from sidan.orders.views.desk_door import order_href, staff_act
from sidan.orders.views.desk_order import facts
from sidan.orders.views.desk_rows import said
from sidan.web import pdf
from sidan.web import photos as served
from sidan.web.pages import page


@require_safe
def ticket(request: HttpRequest, number: str) -> HttpResponse:
    """The order on one sheet, to be signed. It never carries who asked."""
    return page(request, "orders/desk/ticket.html", **sheet(number, staff_act(request)), may_pdf=pdf.available())


def sheet(number: str, act: Act) -> dict[str, Any]:
    """What stands on a ticket.

    Raises:
        NotFound: no order that this person may see.
    """
    order = around.at_hand(number, act).order
    lines = reading.timeline(order, act)
    book = rulebook()
    return {
        "order": order,
        "now": act.at,
        "text": said(lines[0].text if lines else order.title, order.confidential),
        "facts": facts(order),
        "answer_rule": reading.rule_words(book.deadline_ids.get(order.answer_rule_id or 0)),
        "due_rule": reading.rule_words(book.deadline_ids.get(order.due_rule_id or 0)),
        "supports": [
            {"name": org.tree().node(one.unit_id).name, "due_at": one.due_at} for one in reading.supports(order)
        ],
        "reply": next((line.text for line in reversed(lines) if line.kind.endswith(".replied")), ""),
        "qr": qr(f"{settings.SIDAN_URL}{order_href(order.number)}"),
        "phones": phones.on_paper(order.unit_id, act.at),
    }


@require_safe
def photo(request: HttpRequest, number: str, photo_id: UUID, small: bool = False) -> HttpResponseBase:
    """A photo of an order that this person may see, or its thumbnail.

    Raises:
        NotFound: not of this order, or taken away.
    """
    act = staff_act(request)
    order = around.at_hand(number, act).order
    found = Photo.objects.filter(pk=photo_id, subject=order.subject(), removed_at=None).first()
    if found is None:
        raise NotFound(_("没有这张照片。"))
    return served.answer(request, found, small=small)


def qr(text: str) -> SafeString:
    """A QR code as inline SVG, without style attributes, which the content policy would refuse."""
    out = io.BytesIO()
    segno.make(text, error="m").save(out, kind="svg", xmldecl=False, svgns=True, scale=3, border=2, omitsize=True)
    return mark_safe(out.getvalue().decode())
