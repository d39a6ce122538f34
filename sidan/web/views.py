"""Sign-in and sign-out by password, and the two switches in the header."""

from django.conf import settings
from django.contrib.auth import authenticate, login, logout
from django.http import HttpRequest, HttpResponse
from django.utils import timezone
from django.utils.translation import check_for_language
from django.utils.translation import gettext as _
from django.views.decorators.debug import sensitive_post_parameters
from django.views.decorators.http import require_http_methods

from sidan.kernel.base import doors
from sidan.kernel.base.errors import Invalid
from sidan.kernel.org.models import Account, Person
from sidan.web import client, menu
from sidan.web.context import SIZE_COOKIE, SIZES
from sidan.web.pages import form_page, go, page, safe_next

# Doors against guessing, per five minutes: many tries for a house behind one address, few for one account from one
# address; the last bounds tries spread over addresses and is wide, so that nobody can lock another out with a few.
WINDOW_SECONDS = 300
PER_ADDRESS, PER_HANDLE_AND_ADDRESS, PER_HANDLE = 60, 10, 100
YEAR_SECONDS = 365 * 24 * 3600


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
    knock("sign-in", handle, request)
    account = authenticate(request, username=handle, password=password[:1024])
    if not isinstance(account, Account):
        wrong = Invalid(_("账号或密码不对。请检查大小写，或点“忘记密码”。"))
        return form_page(request, "web/sign_in.html", wrong, values, next=onward)
    login(request, account)
    kind = "staff" if account.person.kind == Person.Kind.STAFF else "resident"
    return go(request, onward or menu.homes[kind])


def knock(door: str, handle: str, request: HttpRequest) -> None:
    """Count a try before any password is hashed: a hash costs a fifth of a second of processor time.

    Raises:
        TooMany: with the seconds to wait.
    """
    now, where, who = timezone.now(), client.address(request), handle.casefold()
    doors.throttle(f"{door}:address:{where}", PER_ADDRESS, WINDOW_SECONDS, now)
    doors.throttle(f"{door}:both:{where}:{who}", PER_HANDLE_AND_ADDRESS, WINDOW_SECONDS, now)
    doors.throttle(f"{door}:handle:{who}", PER_HANDLE, WINDOW_SECONDS, now)


@require_http_methods(["GET", "POST"])
def sign_out(request: HttpRequest) -> HttpResponse:
    """POST ends the session; GET only asks."""
    if request.method == "GET":
        return page(request, "web/sign_out.html")
    logout(request)
    return go(request, "/", _("您已退出登录。"))


@require_http_methods(["GET", "POST"])
def preferences(request: HttpRequest) -> HttpResponse:
    """Text size and language, kept in two cookies: no account, no script."""
    if request.method == "GET":
        return page(request, "web/preferences.html", next=safe_next(request, request.GET.get("next")))
    response = go(request, safe_next(request, request.POST.get("next")))
    size, language = request.POST.get("size", ""), request.POST.get("language", "")
    if size in SIZES:
        _keep(response, SIZE_COOKIE, size)
    if language in dict(settings.LANGUAGES) and check_for_language(language):
        _keep(response, settings.LANGUAGE_COOKIE_NAME, language)
    return response


def _keep(response: HttpResponse, name: str, value: str) -> None:
    response.set_cookie(
        name, value, max_age=YEAR_SECONDS, secure=settings.SESSION_COOKIE_SECURE, httponly=True, samesite="Lax"
    )
