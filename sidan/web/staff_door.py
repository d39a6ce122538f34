"""Staff come in by handle and password, and by a second factor where they have one or their role asks for it."""

from datetime import datetime, timedelta
from typing import Any

import segno
from django.conf import settings
from django.contrib.auth import authenticate
from django.http import HttpRequest, HttpResponse
from django.utils import timezone
from django.utils.safestring import SafeString, mark_safe
from django.utils.translation import gettext as _
from django.views.decorators.debug import sensitive_post_parameters
from django.views.decorators.http import require_http_methods

from sidan.kernel.base import doors, text, tx
from sidan.kernel.base.errors import Invalid
from sidan.kernel.org import factors
from sidan.kernel.org.act import Act, Via
from sidan.kernel.org.models import Account
from sidan.web import devices, menu, passkeys, sealed, signing
from sidan.web.pages import errors_of, form_page, go, page, safe_next

KEPT = timedelta(seconds=settings.SESSION_COOKIE_AGE)  # after so long without use a member of staff comes in anew
HALF_WAY = timedelta(minutes=10)  # between password and second factor
PER_ACCOUNT, HOUR = 20, 3600  # tries at the second factor, whose password is known, from devices that are not
_WAITS, _SECRET, _CODES = "web.second", "web.app", "web.recovery"


@sensitive_post_parameters("password")
@require_http_methods(["GET", "POST"])
def sign_in(request: HttpRequest) -> HttpResponse:
    """One form; the answer to a wrong password and an unknown handle is the same."""
    onward = safe_next(request, request.POST.get("next") or request.GET.get("next"), default="")
    if request.method == "GET":
        return form_page(request, "web/sign_in.html", None, {}, next=onward)
    handle = request.POST.get("handle", "").strip()[:80]
    password = request.POST.get("password", "")
    values = {"handle": handle}
    missing = {}
    if not handle:
        missing["handle"] = _("请填写账号。")
    if not password:
        missing["password"] = _("请填写密码。")
    if missing:
        return form_page(request, "web/sign_in.html", Invalid(fields=missing), values, next=onward)
    now = timezone.now()
    devices.knock("sign-in", handle, request, now)
    account = authenticate(request, username=handle, password=password[:1024])
    if not isinstance(account, Account):
        wrong = Invalid(_("账号或密码不对。请检查大小写，或点“忘记密码”。"))
        return form_page(request, "web/sign_in.html", wrong, values, next=onward)
    if signing.has_second(account):
        return _half_way(request, account, onward, now, "/sign-in/second/")
    if signing.must_have_second(account.person, now):
        return _half_way(request, account, onward, now, "/sign-in/setup/")
    return _in(request, account, "password", onward, now)


def _half_way(request: HttpRequest, account: Account, onward: str, now: datetime, href: str) -> HttpResponse:
    """The password was right, and nobody is signed in yet."""
    sealed.put(request, _WAITS, {"account": account.pk, "next": onward}, now)
    return go(request, href)


def _waiting(request: HttpRequest, now: datetime) -> tuple[Account, str] | None:
    """Who has given the password a short while ago, and where they were going. At most two queries."""
    kept = sealed.get(request, _WAITS, now, HALF_WAY)
    if not isinstance(kept, dict):
        return None
    account = Account.objects.select_related("person").filter(pk=kept["account"], is_active=True).first()
    return (account, str(kept["next"])) if account else None


def _in(request: HttpRequest, account: Account, how: str, onward: str, now: datetime) -> HttpResponse:
    signing.let_in(request, account, how, now=now, until=KEPT)
    sealed.drop(request, _WAITS)
    response = go(request, onward or menu.homes["staff"])
    devices.remember(request, response, account.handle)
    return response


@sensitive_post_parameters("code", "passkey")
@require_http_methods(["GET", "POST"])
def second(request: HttpRequest) -> HttpResponse:
    """The second factor: an app's code, a recovery code, or a passkey."""
    now = timezone.now()
    waits = _waiting(request, now)
    if waits is None:
        return go(request, "/sign-in/")
    account, onward = waits
    wrong = None
    if request.method == "POST":
        _count(account, request, now)
        how = _proved(request, account, now)
        if how:
            return _in(request, account, f"password+{how}", onward, now)
        wrong = Invalid(fields={"code": _("验证码不对。请看应用里现在显示的 6 位数字；用过的要等下一个。")})
    ask = passkeys.ask(request, account, now) if passkeys.has(account) else ""
    return form_page(request, "web/second.html", wrong, {}, ask=ask, app=_has_app(account))


def _has_app(account: Account) -> bool:
    return any(one.kind == one.Kind.TOTP for one in factors.of(account))


def _count(account: Account, request: HttpRequest, now: datetime) -> None:
    """Count a try. Who guesses here has the password: few tries in an hour, but not those of the owner's known device.

    Raises:
        TooMany: with the seconds to wait.
    """
    devices.knock("second", account.handle, request, now)
    if not devices.known(request, account.handle):
        doors.throttle(f"second:account:{account.pk}", PER_ACCOUNT, HOUR, now)


def _proved(request: HttpRequest, account: Account, now: datetime) -> str:
    """By what the account was proved; empty where it was not."""
    if answer := request.POST.get("passkey"):
        return "passkey" if passkeys.prove(request, account, answer, now) else ""
    said = text.clean_digits(request.POST.get("code", "")[:40])
    if len(said) == factors.DIGITS and said.isascii() and said.isdigit():
        return "totp" if factors.prove_app(account, said, at=now) else ""
    if said and _recovered(account, said, Act(account.person, now, Via.PAGE)):
        return "recovery"
    return ""


@tx.writes
def _recovered(account: Account, said: str, act: Act) -> bool:
    used = factors.prove_recovery(account, said, at=act.at)
    if used:
        signing.note("recovery_used", account, act, left=factors.unused_recovery(account).count())
    return used


@sensitive_post_parameters("code", "passkey")
@require_http_methods(["GET", "POST"])
def setup(request: HttpRequest) -> HttpResponse:
    """A role asks for a second factor and there is none: it is set up before the first page of work is seen."""
    now = timezone.now()
    waits = _waiting(request, now)
    if waits is None:
        return go(request, "/sign-in/")
    account, onward = waits
    if signing.has_second(account):
        return go(request, "/sign-in/second/")
    wrong = None
    if request.method == "POST":
        _count(account, request, now)
        try:
            how = add(request, account, Act(account.person, now, Via.PAGE))
        except Invalid as refusal:
            wrong = refusal
        else:
            response = _in(request, account, f"password+{how}", onward, now)
            response["Location"] = "/account/recovery/"
            return response
    return add_page(request, account, now, wrong, forced=True)


def add(request: HttpRequest, account: Account, act: Act) -> str:
    """Keep the app or passkey that a form brings; returns which. With the first one recovery codes are made.

    Raises:
        Invalid: the code is wrong, or the browser's answer does not hold.
    """
    first = not signing.has_second(account)
    label = text.clean_text(request.POST.get("label") or devices.words(request), max_chars=40, field="label")
    if answer := request.POST.get("passkey"):
        added = passkeys.add(request, account, answer, label, act.at)
    else:
        added_or_none = _add_app(request, account, label, act)
        if added_or_none is None:
            raise Invalid(fields={"code": _("验证码不对。请确认手机时间准确，再输应用里现在的 6 位数字。")})
        added = added_or_none
    _keep(request, account, first, str(added.kind), act)
    return str(added.kind)


def _add_app(request: HttpRequest, account: Account, label: str, act: Act) -> Any:
    secret = sealed.get(request, _SECRET, act.at, signing.FRESH)
    said = text.clean_digits(request.POST.get("code", "")[:20])
    added = factors.add_app(account, secret, said, label=label, at=act.at) if isinstance(secret, str) else None
    if added is not None:
        sealed.drop(request, _SECRET)
    return added


@tx.writes
def _keep(request: HttpRequest, account: Account, first: bool, kind: str, act: Act) -> None:
    signing.note("factor_added", account, act, factor=kind)
    if first:
        show_codes(request, account, act)


@tx.writes
def show_codes(request: HttpRequest, account: Account, act: Act) -> None:
    """New recovery codes, for the page that shows them until they are written down."""
    sealed.put(request, _CODES, factors.new_recovery_codes(account, at=act.at), act.at)
    signing.note("recovery_made", account, act)


def codes_to_show(request: HttpRequest, now: datetime) -> list[str]:
    """The recovery codes that were made a short while ago and not put away yet."""
    kept = sealed.get(request, _CODES, now, signing.FRESH)
    return list(kept) if isinstance(kept, list) else []


def put_codes_away(request: HttpRequest) -> None:
    """They were written down."""
    sealed.drop(request, _CODES)


def add_page(
    request: HttpRequest, account: Account, now: datetime, wrong: Invalid | None, *, forced: bool = False
) -> HttpResponse:
    """The picture for an app with its first code, and the button for a passkey."""
    kept = sealed.get(request, _SECRET, now, signing.FRESH)
    secret = kept if isinstance(kept, str) else factors.new_secret()
    sealed.put(request, _SECRET, secret, now)
    return page(
        request, "web/factor_new.html", status=wrong.status if wrong else 200, errors=errors_of(wrong), forced=forced,
        secret=" ".join(secret[at : at + 4] for at in range(0, len(secret), 4)),
        picture=_picture(factors.app_link(secret, account.handle, _("四单"))),
        ask=passkeys.ask_new(request, account, now) if passkeys.offered() else "", label=devices.words(request),
    )  # fmt: skip


def _picture(link: str) -> SafeString:
    drawn = segno.make(link, error="m", micro=False)
    return mark_safe(drawn.svg_inline(scale=4, border=3, dark="#000", light="#fff", omitsize=True))
