"""Residents come in by telephone and six digits: one page for old and new, and the same look for both."""

from datetime import datetime, timedelta
from typing import Any

from django.http import HttpRequest, HttpResponse
from django.utils import timezone
from django.utils.translation import get_language, gettext_lazy
from django.utils.translation import gettext as _
from django.views.decorators.debug import sensitive_post_parameters
from django.views.decorators.http import require_http_methods

from sidan.kernel.base import doors, text, tx
from sidan.kernel.base.errors import Invalid, TooMany
from sidan.kernel.notify import commands as notify
from sidan.kernel.notify import topics
from sidan.kernel.org import codes
from sidan.kernel.org import queries as org
from sidan.kernel.org.models import Account, Code
from sidan.web import client, devices, menu, sealed, signing
from sidan.web.pages import errors_of, go, page, safe_next

TOPIC = "web.code"
OWN_PHONE, SHARED_PHONE = timedelta(days=30), timedelta(hours=2)
KEPT = timedelta(minutes=20)
# Messages: for one number from strangers, from a device that came in with it before, and from one address.
HOUR, DAY = 3600, 86_400
PER_NUMBER, PER_NUMBER_A_DAY, PER_ADDRESS = 5, 15, 60
TRIES_PER_ADDRESS = 120  # six digits are five tries each; this bounds many codes from one place
_NAME = "web.code"


def register_topic() -> None:
    """The message; its digits are made when it is sent, so that the queue holds none."""
    topics.register(
        TOPIC,
        title=gettext_lazy("登录验证码"),
        body=gettext_lazy("【四单】验证码{digits}，{minutes}分钟内有效。请不要告诉任何人，工作人员也不会问您要。"),
        urgent=True,
        grade=topics.ALWAYS,
        fill=_fill,
        secret=True,
    )


def _fill(data: dict[str, Any]) -> dict[str, Any]:
    return {"digits": codes.digits(Code.objects.get(pk=data["code"])), "minutes": codes.MINUTES}


@tx.writes
def send(phone: str, now: datetime, *, before: int = 0) -> Code:
    """Queue digits for a number: the ones from before where they are still good, else new ones."""
    code = codes.again(before, at=now) if before else None
    code = code or codes.ask(phone, at=now)
    data = {"code": code.pk, **({"lang": "en"} if (get_language() or "").startswith("en") else {})}
    key = f"web.code:{code.pk}/{code.sent}"
    notify.send(TOPIC, to_person=code.person_id, data=data, key=key, act_at=now)
    return code


def count_message(phone: str, request: HttpRequest, now: datetime) -> None:
    """Messages cost money and annoy: one a minute, few an hour. Others' asking does not stop a device that is known.

    Raises:
        TooMany: with the seconds to wait.
    """
    number, device = org.phone_hash(phone).hex(), devices.known(request, phone)
    where = client.address(request)
    doors.throttle(f"code:minute:{device or where}:{number}", 1, codes.AGAIN_SECONDS, now)
    if device:
        doors.throttle(f"code:device:{device}", PER_NUMBER, HOUR, now)
        return
    doors.throttle(f"code:address:{where}", PER_ADDRESS, HOUR, now)
    doors.throttle(f"code:number:{number}", PER_NUMBER, HOUR, now)
    doors.throttle(f"code:day:{number}", PER_NUMBER_A_DAY, DAY, now)


@tx.writes
def prove(code_id: int, said: str, now: datetime) -> tuple[str, Account | None]:
    """A try; with the right digits the account, known or new."""
    found = codes.prove(code_id, said, at=now)
    if found != codes.RIGHT:
        return found, None
    account, _new = codes.account_of(Code.objects.get(pk=code_id), rest=signing.rest(), at=now)
    return found, account


@sensitive_post_parameters("digits")
@require_http_methods(["GET", "POST"])
def sign_in(request: HttpRequest) -> HttpResponse:
    """Number, digits, in. Every step is a form of its own, so that it works without scripts."""
    now = timezone.now()
    onward = safe_next(request, request.POST.get("next") or request.GET.get("next"), default="")
    asked = sealed.get(request, _NAME, now, KEPT) or {}
    if request.method == "GET":
        return _show(request, asked, onward, now)
    match request.POST.get("do"):
        case "other":
            sealed.drop(request, _NAME)
            return go(request, _here(request, onward))
        case "digits":
            return _try(request, asked, onward, now)
    return _send(request, asked, onward, now)


def _here(request: HttpRequest, onward: str) -> str:
    return f"{request.path}?next={onward}" if onward else request.path


def _send(request: HttpRequest, asked: dict[str, Any], onward: str, now: datetime) -> HttpResponse:
    raw = asked.get("phone", "") if request.POST.get("do") == "again" else request.POST.get("phone", "")[:40]
    try:
        phone = text.clean_phone(raw)
    except Invalid as invalid:
        return _show(request, {}, onward, now, invalid, raw)
    same = asked.get("phone") == phone and bool(asked.get("code"))
    try:
        count_message(phone, request, now)
    except TooMany as refusal:
        if same and request.POST.get("do") != "again":  # pressed twice: it is on its way
            return go(request, _here(request, onward))
        return _show(request, asked if same else {}, onward, now, refusal, phone)
    code = send(phone, now, before=int(asked["code"]) if same else 0)
    sealed.put(request, _NAME, {"phone": phone, "code": code.pk, "sent": now.timestamp()}, now)
    return go(request, _here(request, onward))


def _try(request: HttpRequest, asked: dict[str, Any], onward: str, now: datetime) -> HttpResponse:
    if not asked.get("code"):
        return _show(request, {}, onward, now, Invalid(_("这个验证码不能用了，请重新获取。")))
    said = text.clean_digits(request.POST.get("digits", "")[:20])
    if len(said) != 6 or not (said.isascii() and said.isdigit()):
        return _show(request, asked, onward, now, Invalid(fields={"digits": _("请填短信里的 6 位数字。")}))
    try:
        doors.throttle(f"code:tries:{client.address(request)}", TRIES_PER_ADDRESS, HOUR, now)
    except TooMany as refusal:
        return _show(request, asked, onward, now, refusal)
    found, account = prove(int(asked["code"]), said, now)
    if account is None:
        if found == codes.OVER:
            sealed.drop(request, _NAME)
            over = Invalid(_("这个验证码不能用了，请重新获取。"))
            return _show(request, {}, onward, now, over, str(asked["phone"]))
        wrong = Invalid(fields={"digits": _("验证码不对，请看最新一条短信，再输一次。")})
        return _show(request, asked, onward, now, wrong)
    own = request.POST.get("own") == "true"
    signing.let_in(request, account, "phone", now=now, until=now + OWN_PHONE if own else SHARED_PHONE)
    sealed.drop(request, _NAME)
    response = go(request, onward or menu.homes["resident"])
    devices.remember(request, response, str(asked["phone"]))
    return response


def _show(
    request: HttpRequest,
    asked: dict[str, Any],
    onward: str,
    now: datetime,
    refusal: Invalid | TooMany | None = None,
    phone: str = "",
) -> HttpResponse:
    """The page: without an asked code the number's question, with one the digits'."""
    errors = errors_of(refusal) if isinstance(refusal, Invalid) else {"": str(refusal)} if refusal else {}
    wait = codes.AGAIN_SECONDS - int(now.timestamp() - asked.get("sent", 0)) if asked.get("code") else 0
    if isinstance(refusal, TooMany):
        wait = int(refusal.details["retry_after"])
        errors = {"": _("请等 %(n)d 秒再获取验证码。") % {"n": wait}}
    response = page(
        request, "web/phone_sign_in.html", status=refusal.status if refusal else 200, errors=errors, next=onward,
        sent=bool(asked.get("code")), phone=str(asked.get("phone") or phone), wait=max(0, wait),
        own=request.method == "GET" or request.POST.get("do") != "digits" or request.POST.get("own") == "true",
    )  # fmt: skip
    if isinstance(refusal, TooMany):
        response["Retry-After"] = str(wait)
    return response
