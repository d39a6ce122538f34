"""Sending, once however often the button is pressed; and the receipt, which is never found by its address."""

from datetime import datetime, timedelta
from typing import Any

import segno
from django.http import HttpRequest, HttpResponse
from django.utils import timezone
from django.utils.safestring import SafeString, mark_safe
from django.utils.translation import gettext as _
from django.views.decorators.http import require_safe

from sidan.kernel.base import doors, tx
from sidan.kernel.base.errors import NotFound
from sidan.kernel.files.pictures import Picture
from sidan.kernel.org.act import Act, Via
from sidan.orders import drawings
from sidan.orders.commands import asking
from sidan.orders.models import DeadlineRule, Order
from sidan.orders.queries import reading
from sidan.orders.rulebook import rulebook
from sidan.orders.views import resident_draft as drafts
from sidan.orders.views import resident_photos as photos
from sidan.orders.views import resident_track as track
from sidan.orders.views import resident_words as words
from sidan.orders.words import S
from sidan.web import client, drawing, sealed
from sidan.web.pages import go, page

_NAME = "orders.receipt"
KEPT = timedelta(minutes=30)  # as long as the reader's cookie; the 6 digits are not shown after it
PER_ADDRESS, ADDRESS_SECONDS = 300, 3600


def send(request: HttpRequest, draft: drafts.Draft, made: asking.Draft, now: datetime) -> HttpResponse:
    """Place the order and lead to its receipt.

    Raises:
        TooMany: hundreds of orders within an hour from one address.
    """
    doors.throttle(f"ask:address:{client.address(request)}", PER_ADDRESS, ADDRESS_SECONDS, now)
    answer = _place(made, draft.token, photos.load(draft), now)
    sealed.put(request, _NAME, {**answer, "token": draft.token}, now)
    drafts.drop(request)
    photos.drop_of_draft(draft)
    return track.let_in(go(request, "/receipt/"), answer["number"])


@tx.writes
def _place(made: asking.Draft, token: str, found: list[Picture], now: datetime) -> dict[str, Any]:
    """The order, its photos and the answer to whoever asks again, in one transaction.

    The answer is sealed and holds the 6 digits: of two presses at once, the second one's page is the one that is seen.
    """
    answer = {"number": made.order.number, "code": made.code, "lost": 0}
    body = sealed.seal(answer).encode()
    seen = doors.claim(doors.Claim("form", token, b"", now, doors.Answer(201, body)))
    if seen is not None:
        first: dict[str, Any] = sealed.unseal(seen.body)
        return first
    order = asking.ask(made)
    if order.state == S.SUBMITTED:
        answer["lost"] = photos.attach(order, found, Act(made.person, now, Via.PAGE))
    return answer


def _kept(request: HttpRequest, now: datetime) -> dict[str, Any]:
    kept = sealed.get(request, _NAME, now, KEPT)
    return kept if isinstance(kept, dict) else {}


def has(request: HttpRequest, now: datetime) -> bool:
    """Whether an order was sent from here a short while ago."""
    return bool(_kept(request, now))


def sent_before(request: HttpRequest, token: str, now: datetime) -> bool:
    """Whether the form that is sent again has its receipt already."""
    return bool(token) and _kept(request, now).get("token") == token


def _shown(request: HttpRequest, now: datetime) -> tuple[Order | None, dict[str, Any]]:
    """The order whose receipt this browser may see, and what the session keeps of its sending. Two queries."""
    kept = _kept(request, now)
    number = str(kept.get("number") or track.number_of(request))
    order = Order.objects.filter(number=number).first() if number else None
    return order, kept if order is not None and kept.get("number") == order.number else {}


@require_safe
def picture(request: HttpRequest) -> HttpResponse:
    """The receipt as a picture to keep. Two queries, some 50 ms.

    Raises:
        NotFound: nothing was sent or proved here.
        NoFont: this machine cannot draw Chinese; the page offers no picture then.
    """
    now = timezone.now()
    order, kept = _shown(request, now)
    if order is None or order.refusal == "emergency":
        raise NotFound(_("没有找到回执。"))
    drawn = drawings.receipt(
        order, code=kept.get("code", ""), has_it=words.in_hands(order), phone=words.phone(order, now)
    )
    response = HttpResponse(drawn, content_type="image/png")
    response["Content-Disposition"] = f'attachment; filename="sidan-{order.number}.png"'
    return response


@require_safe
def receipt(request: HttpRequest) -> HttpResponse:
    """The number to keep. At most five queries."""
    now = timezone.now()
    order, kept = _shown(request, now)
    if order is None:
        return go(request, "/track/")
    rules = rulebook().deadline_ids
    rule: DeadlineRule | None = rules.get(order.answer_rule_id or 0)
    stage: DeadlineRule | None = rules.get(order.due_rule_id or 0)
    refusal = reading.refusal_of(order)
    return page(
        request,
        "orders/resident/emergency.html" if order.refusal == "emergency" else "orders/resident/receipt.html",
        order=order,
        code=kept.get("code", ""),
        may_draw=drawing.face() is not None,
        lost=kept.get("lost", 0),
        qr=_qr(order),
        has_it=words.in_hands(order),
        rule=reading.rule_words(rule),
        stage_rule=reading.rule_words(stage),
        refusal=refusal,
        phone=words.phone(order, now),
    )


def _qr(order: Order) -> SafeString:
    """The way back to this order as a picture."""
    drawn = segno.make(drawings.track_address(order), error="m", micro=False)
    return mark_safe(drawn.svg_inline(scale=4, border=3, dark="#000", light="#fff", omitsize=True))
