"""A resident who came in by telephone: my orders, and what is held about me: see, correct, take along, delete."""

from typing import Any

from django.contrib.auth import logout
from django.http import HttpRequest, HttpResponse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.debug import sensitive_post_parameters
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from sidan.kernel.base import text
from sidan.kernel.base.errors import Invalid, NotAllowed, NotFound, TooMany
from sidan.kernel.org import codes, sessions
from sidan.kernel.org.act import Act
from sidan.kernel.org.models import Account
from sidan.orders.commands import mine as commands
from sidan.orders.models import Order
from sidan.orders.queries import mine
from sidan.orders.views import my_export
from sidan.orders.views import resident_track as track
from sidan.orders.views import resident_words as words
from sidan.orders.words import S
from sidan.web import devices, phone_door, sealed, signing
from sidan.web.pages import Ask, errors_of, go, page
from sidan.web.refusals import door_for

HERE, DATA = "/my/", "/my/data/"
SHOWN = 100
_PHONE = "orders.my_phone"


def resident(request: HttpRequest) -> tuple[Account, Act]:
    """The resident who is signed in.

    Raises:
        NotSignedIn: nobody is.
        NotAllowed: a member of staff is.
    """
    account, act = signing.account_or_refuse(request)
    if account.phone_hash is None:
        raise NotAllowed(_("这是居民的页面，您正用工作人员账号登录。"))
    return account, act


def _prove_again(request: HttpRequest, act: Act) -> HttpResponse | None:
    """What weighs asks for a proof of the last half hour; the sign-in leads back here."""
    if signing.is_fresh(request, act.at):
        return None
    return go(request, f"{door_for(HERE)}?next={request.path}", _("为了安全，请用验证码再登录一次。"))


@require_safe
def orders(request: HttpRequest) -> HttpResponse:
    """The orders placed with this number. At most eight queries and one for each merged or co-handled state."""
    account, _act = resident(request)
    found = list(mine.orders(account, rest=signing.rest())[:SHOWN])
    rows = [_row(order) for order in found]
    return page(
        request, "orders/resident/my.html", waiting=[row for row in rows if row["yours"]],
        going=[row for row in rows if row["open"] and not row["yours"]],
        ended=[row for row in rows if not row["open"]], any=bool(rows),
    )  # fmt: skip


def _row(order: Order) -> dict[str, Any]:
    yours = order.state in (S.AWAITING_RATING, S.NEED_INFO)
    return {
        "order": order, "head": words.headline(order)[0], "tone": words.TONES.get(S(order.state), "info"), "yours": yours,
        "open": mine.is_open(order), "title": order.title or _("（已按规定删除）"),
    }  # fmt: skip


@require_POST
def open_order(request: HttpRequest) -> HttpResponse:
    """One of them, for half an hour, as number and four digits would.

    Raises:
        NotFound: it is not among them.
    """
    account, _act = resident(request)
    number = request.POST.get("number", "")[:8]
    if not mine.orders(account, rest=signing.rest()).filter(number=number).exists():
        raise NotFound(_("没有找到这一单。"))
    return track.let_in(go(request, "/track/order/"), number)


@require_safe
def data(request: HttpRequest) -> HttpResponse:
    """What is held, in words, and what can be done with it."""
    account, act = resident(request)
    return _data(request, account, act, None)


def _data(request: HttpRequest, account: Account, act: Act, wrong: Invalid | None) -> HttpResponse:
    found = list(mine.orders(account, rest=signing.rest()))
    known = mine.facts(account)
    asked = Ask("name", _("怎么称呼您"), required=False, max_chars=40, autocomplete="name")
    values = {"name": request.POST.get("name", "") if wrong else known["name"]}
    return page(
        request, "orders/resident/my_data.html", status=wrong.status if wrong else 200, known=known,
        going=sum(mine.is_open(order) for order in found), ended=sum(not mine.is_open(order) for order in found),
        rest=signing.rest().days, devices=len(sessions.of(account, at=act.at)), ask=asked, values=values, errors=errors_of(wrong),
    )  # fmt: skip


@require_POST
def name(request: HttpRequest) -> HttpResponse:
    """Another name."""
    account, act = resident(request)
    try:
        commands.correct_name(account, request.POST.get("name", ""), rest=signing.rest(), act=act)
    except Invalid as wrong:
        return _data(request, account, act, wrong)
    return go(request, DATA, _("已更正。"))


@sensitive_post_parameters("digits")
@require_http_methods(["GET", "POST"])
def phone(request: HttpRequest) -> HttpResponse:
    """Another telephone, proved by a code that is sent to it."""
    account, act = resident(request)
    again = _prove_again(request, act)
    if again is not None:
        return again
    asked = sealed.get(request, _PHONE, act.at, phone_door.KEPT) or {}
    if request.method == "GET":
        return _phone(request, asked, None)
    if request.POST.get("do") == "digits" and asked:
        said = text.clean_digits(request.POST.get("digits", "")[:20])
        found = commands.correct_phone(account, int(asked["code"]), said, rest=signing.rest(), act=act)
        if found == codes.RIGHT:
            sealed.drop(request, _PHONE)
            response = go(request, DATA, _("手机号已更正，以后用新号码登录。"))
            devices.remember(request, response, str(asked["phone"]))
            return response
        if found == codes.OVER:
            sealed.drop(request, _PHONE)
            return _phone(request, {}, Invalid(_("这个验证码不能用了，请重新获取。")))
        return _phone(request, asked, Invalid(fields={"digits": _("验证码不对，请看最新一条短信，再输一次。")}))
    try:
        number = text.clean_phone(request.POST.get("phone", "")[:40])
        phone_door.count_message(number, request, act.at)
    except (Invalid, TooMany) as refusal:
        return _phone(request, {}, refusal)
    code = phone_door.send(number, act.at)
    sealed.put(request, _PHONE, {"phone": number, "code": code.pk}, act.at)
    return go(request, request.path)


def _phone(request: HttpRequest, asked: dict[str, Any], refusal: Invalid | TooMany | None) -> HttpResponse:
    errors = errors_of(refusal) if isinstance(refusal, Invalid) else {"": str(refusal)} if refusal else {}
    asks = (
        Ask("digits", _("短信里的 6 位数字"), kind="code", autocomplete="one-time-code")
        if asked
        else Ask("phone", _("新的手机号"), kind="phone", autocomplete="tel-national")
    )
    values = {"phone": request.POST.get("phone", "")}
    return page(
        request, "orders/resident/my_phone.html", status=refusal.status if refusal else 200, errors=errors, ask=asks,
        values=values, sent_to=asked.get("phone", ""),
    )  # fmt: skip


@require_safe
def export(request: HttpRequest, form: str = "page") -> HttpResponse:
    """Everything, to read or to take along.

    Raises:
        NotFound: there is no such form.
    """
    account, act = resident(request)
    if form not in ("page", *my_export.FORMS):
        raise NotFound(_("没有找到这个页面。"))
    again = _prove_again(request, act)
    if again is not None:
        return again
    held = mine.held(account, act, rest=signing.rest())
    if form == "page":
        return page(request, "orders/resident/my_export.html", held=held, made_at=act.at)
    return my_export.FORMS[form](held, act.at)


@require_http_methods(["GET", "POST"])
def deletion(request: HttpRequest) -> HttpResponse:
    """What goes at once, what goes later and why; then it is done."""
    account, act = resident(request)
    again = _prove_again(request, act)
    if again is not None:
        return again
    if request.method == "POST":
        erased, waiting = commands.delete(account, rest=signing.rest(), act=act)
        logout(request)
        said = _("已删除，清空了 %(erased)d 单。") % {"erased": erased}
        if waiting:
            counts = {"erased": erased, "waiting": waiting}
            said = _("已删除，清空了 %(erased)d 单，还有 %(waiting)d 单等办结后自动清空。") % counts
        return go(request, "/", said)
    found = list(mine.orders(account, rest=signing.rest()))
    now = [order for order in found if _goes_now(order)]
    return page(
        request, "orders/resident/my_deletion.html", now=now, later=[order for order in found if order not in now]
    )  # fmt: skip


def _goes_now(order: Order) -> bool:
    over = order.reopen_until is None or order.reopen_until < timezone.now()
    return not mine.is_open(order) and over
