"""POST /orders, the hottest door: bytes in, at most 8 statements, bytes out. No form library between."""

from typing import Any

from django.conf import settings
from django.http import HttpRequest, HttpResponse
from django.utils import timezone
from django.utils.translation import gettext as _

from sidan.kernel.base.doors import Answer, checked_key
from sidan.kernel.base.errors import Invalid, NotAllowed
from sidan.kernel.org.act import Via
from sidan.orders import api_doors as door
from sidan.orders.commands import asking
from sidan.orders.queries import reading

ANONYMOUS = "anonymous"
_WORDS = ("text", "unit", "kind", "category", "channel", "urgency", "place", "about")
_FLAGS = ("public", "anonymous", "confidential", "consent")


def ask(request: HttpRequest) -> HttpResponse:
    """Place an order, as a resident without an account or as the person of a bearer."""
    now = timezone.now()
    checked_key(request.META.get("HTTP_IDEMPOTENCY_KEY"))
    raw = door.body_of(request)
    who = door.caller(request, now)
    if who is None:
        door.ask_limit(request, now)
    elif who.order is not None:
        raise NotAllowed(_("这个凭证只能查看一单。请不带凭证提交新单。"))
    made = asking.draft(wish_of(door.json_of(raw)), who.act if who else None, now, Via.API)
    answer = Answer(201, _receipt(made))
    name = who.name if who else ANONYMOUS
    known = asking.ask_once(made, door.claim(request, name, now, raw, answer))
    return door.reply(known or answer)


def wish_of(body: dict[str, Any]) -> asking.Wish:
    """The values that are asked for, each of its type; other names (a state, a moment, points) are left alone.

    Raises:
        Invalid: a list, an object or a number where a text belongs.
    """
    contact = body.get("contact")
    wrong: dict[str, Any] = {}
    if contact is not None and not isinstance(contact, dict):
        wrong["contact"] = _("请写成 {name, phone}。")
    person = contact if isinstance(contact, dict) else {}
    for name, value in (*((name, body.get(name)) for name in _WORDS), ("name", person.get("name"))):
        if value is not None and not isinstance(value, str):
            wrong[name] = _("请填写文字。")
    phone = person.get("phone")
    if isinstance(phone, bool) or (phone is not None and not isinstance(phone, str | int)):
        wrong["phone"] = _("请填 11 位手机号，例如 138 0000 0000。")
    for name in ("lat", "lon"):
        if isinstance(body.get(name), bool | list | dict):
            wrong["lat"] = _("经纬度要成对，如 30.30 和 108.04。")
    for name in _FLAGS:
        if not isinstance(body.get(name), bool | None):
            wrong[name] = _("只能是 true 或 false。")
    if wrong:
        raise Invalid(fields=wrong)
    plain: dict[str, Any] = {name: body.get(name) for name in _WORDS}
    plain |= {name: body.get(name) is True for name in _FLAGS}
    return asking.Wish(
        **plain,
        name=person.get("name"),
        phone=phone,
        lat=body.get("lat"),
        lon=body.get("lon"),
    )


def _receipt(made: asking.Draft) -> bytes:
    """What the one who asked is told; known before the first row is written."""
    order = made.order
    said: dict[str, Any] = {
        "number": order.number,
        "state": order.state,
        "due_at": order.answer_due_at,
        "tracking_url": f"{settings.SIDAN_URL}/track/?number={order.number}",
    }
    if made.code:
        said["code"] = made.code
    if made.emergency:
        route = reading.refusal_of(order) or {}
        said["reason"] = order.refusal
        said["emergency"] = {**route, "phone": made.emergency}
    return door.dump(said)
