"""Opening an order without an account: number and proof, or a link in a message, against a cookie of 30 minutes."""

from datetime import datetime, timedelta
from typing import Any

from django.conf import settings
from django.http import HttpRequest, HttpResponse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.debug import sensitive_post_parameters
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from sidan.kernel.base import doors
from sidan.kernel.base.errors import Invalid, NotFound, TooMany
from sidan.kernel.base.text import clean_digits
from sidan.kernel.org import queries as org
from sidan.kernel.org.act import Act, Via
from sidan.orders import keys
from sidan.orders.models import Order
from sidan.orders.queries import reading
from sidan.web import client, sealed
from sidan.web.pages import Ask, errors_of, go, page

COOKIE = "__Host-reader" if settings.SESSION_COOKIE_SECURE else "reader"
# Against guessing four digits: few tries for one number, more for a house behind one address.
PER_NUMBER, NUMBER_SECONDS = 10, 3600  # the same count as the API's
PER_NUMBER_A_DAY, DAY_SECONDS = 40, 86_400
PER_ADDRESS, ADDRESS_SECONDS = 60, 900
WRITES, WRITE_SECONDS = 60, 3600  # steps of one order, with the API's
_UNSENT, UNSENT_KEPT = "orders.unsent", timedelta(hours=12)


def number_of(request: HttpRequest) -> str:
    """The number that this browser has proved within 30 minutes; empty where there is none. No query."""
    try:
        return keys.reader_number(request.COOKIES.get(COOKIE, ""))
    except NotFound:
        return ""


def read(request: HttpRequest) -> tuple[Order, Act] | None:
    """The order that this browser may read, and the act of the one who asked. Two queries."""
    number = number_of(request)
    order = Order.objects.filter(number=number).first() if number else None
    if order is None:
        return None
    return order, Act(reading.asker(order), timezone.now(), Via.PAGE)


def read_of_form(request: HttpRequest, form: str) -> tuple[Order, Act] | None:
    """The same, where the form was made for that order: a telephone may have another one open by now. Two queries.

    Args:
        form: the form's token, which begins with the order's number.
    """
    found = read(request)
    return found if found is not None and form.partition(".")[0] == found[0].number else None


def read_or_refuse(request: HttpRequest) -> tuple[Order, Act]:
    """The same, for what is no page.

    Raises:
        NotFound: nothing was proved.
    """
    found = read(request)
    if found is None:
        raise NotFound
    return found


def let_in(response: HttpResponse, number: str) -> HttpResponse:
    """Give the browser the short-lived bearer."""
    response.set_cookie(
        COOKIE, keys.reader(number), max_age=keys.READER_MINUTES * 60, path="/",
        secure=settings.SESSION_COOKIE_SECURE, httponly=True, samesite="Lax",
    )  # fmt: skip
    return response


def send_away(request: HttpRequest, form: str = "", noun: str = "") -> HttpResponse:
    """Ask for the number again; what was written in a form comes back after it.

    Args:
        form: the form's token, which begins with the order's number.
        noun: the step that was to be taken.
    """
    number = form.partition(".")[0][:8]
    written = {name: value[:4000] for name, value in request.POST.items() if isinstance(value, str)}
    values = {
        name: value for name, value in written.items() if name not in ("csrfmiddlewaretoken", "version", "form_token")
    }
    if noun and any(values.values()):
        sealed.put(request, _UNSENT, {"number": number, "noun": noun, "values": values}, timezone.now())
    request.session["orders.again"] = number
    return go(request, "/track/", _("为了安全，查看半小时后要再输一次。您写的内容还在。") if noun else "")


def count_write(order: Order, act: Act) -> None:
    """Steps of one order are bounded, whoever holds its number.

    Raises:
        TooMany: more than sixty within an hour.
    """
    doors.throttle(f"write:{order.number}", WRITES, WRITE_SECONDS, act.at)


def unsent(request: HttpRequest, order: Order, now: datetime) -> tuple[str, dict[str, str]]:
    """The step and the words that an expired form left for this order."""
    kept = sealed.get(request, _UNSENT, now, UNSENT_KEPT)
    if not isinstance(kept, dict) or kept["number"] != order.number:
        return "", {}
    return str(kept["noun"]), dict(kept["values"])


def forget_unsent(request: HttpRequest) -> None:
    """The words were sent."""
    if _UNSENT in request.session:
        sealed.drop(request, _UNSENT)


def asks() -> tuple[Ask, Ask]:
    """The two questions."""
    return (
        Ask("number", _("编号"), kind="code", help=_("回执或短信里的 8 位字母和数字"), autocomplete="off"),
        Ask("proof", _("手机号后四位，或回执上的 6 位数字"), kind="code", autocomplete="off",
            help=_("留了手机号的填后四位；没留手机号的填回执上的 6 位数字")),
    )  # fmt: skip


@sensitive_post_parameters("proof")
@require_http_methods(["GET", "POST"])
def track(request: HttpRequest) -> HttpResponse:
    """Number and proof. A wrong proof and an unknown number answer alike, after the same work."""
    if request.method != "POST":
        again = request.session.get("orders.again", "")
        return _form(request, {"number": request.GET.get("number", again)[:20]})
    values = {"number": request.POST.get("number", "")[:40], "proof": request.POST.get("proof", "")[:40]}
    number = clean_digits(values["number"]).upper().replace("-", "")
    proof = clean_digits(values["proof"])
    wrong = {}
    if len(number) != 8 or not number.isascii() or not number.isalnum():
        wrong["number"] = _("编号是 8 位字母和数字。")
    if len(proof) not in (4, 6) or not proof.isascii() or not proof.isdigit():
        wrong["proof"] = _("请填手机号后四位，或 6 位数字。")
    if wrong:
        return _form(request, values, Invalid(fields=wrong))
    try:
        _knock(number, request)
    except TooMany as refusal:
        return _form(request, values, refusal)
    if not _proved(number, proof):
        return _form(request, values, Invalid(_("没有找到。请核对编号和手机尾号（或 6 位数字）。")))
    request.session.pop("orders.again", None)
    return let_in(go(request, "/track/order/"), number)


def _knock(number: str, request: HttpRequest) -> None:
    """Count a try, whether the number exists or not."""
    now = timezone.now()
    doors.throttle(f"reader:address:{client.address(request)}", PER_ADDRESS, ADDRESS_SECONDS, now)
    doors.throttle(f"reader:{number}", PER_NUMBER, NUMBER_SECONDS, now)
    doors.throttle(f"reader:day:{number}", PER_NUMBER_A_DAY, DAY_SECONDS, now)


def _proved(number: str, proof: str) -> bool:
    """Whether a number and its proof belong together; two queries and one hash for every answer."""
    kind = "last4" if len(proof) == 4 else "code"
    order = Order.objects.filter(number=number).first()
    known = reading.proves(order or Order(asked_by_id=0), **{kind: proof})
    if order is None:
        org.last4_hash(0, proof)  # the work of comparing, where there was nothing to compare with
    return known


def _form(
    request: HttpRequest, values: dict[str, str], refusal: Invalid | TooMany | None = None, **more: Any
) -> HttpResponse:
    errors = errors_of(refusal) if isinstance(refusal, Invalid) else {"": str(refusal)} if refusal else {}
    status = more.pop("status", refusal.status if refusal else 200)
    values = {**values, "proof": ""}  # a proof is never written back into a page
    response = page(
        request, "orders/resident/track.html", status=status, values=values, errors=errors, asks=asks(),
        reading=number_of(request), throttled=isinstance(refusal, TooMany), **more,
    )  # fmt: skip
    if isinstance(refusal, TooMany):
        response["Retry-After"] = str(refusal.details["retry_after"])
    return response


@require_safe
def link(request: HttpRequest, signed: str) -> HttpResponse:
    """Exchange a link for the cookie, and lead on to an address without it. Reading changes nothing: a scanner may follow."""
    try:
        number = keys.link_number(signed)
    except NotFound:
        number = ""
    if not number or not Order.objects.filter(number=number).exists():
        response = _form(request, {}, status=404, expired=True)
    else:
        response = let_in(go(request, "/track/order/"), number)
    response["Referrer-Policy"] = "no-referrer" if number else "same-origin"
    response["Cache-Control"] = "no-store"
    return response


@require_POST
def leave(request: HttpRequest) -> HttpResponse:
    """Close the order on this device: a telephone may be shared."""
    for name in ("orders.receipt", "orders.again", _UNSENT):
        sealed.drop(request, name)
    response = go(request, "/", _("已经退出查看。"))
    response.delete_cookie(COOKIE, path="/", samesite="Lax")
    return response
