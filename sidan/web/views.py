"""Sign-out, and the two switches in the header."""

from django.conf import settings
from django.http import HttpRequest, HttpResponse
from django.utils.translation import check_for_language
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods

from sidan.web import signing
from sidan.web.context import SIZE_COOKIE, SIZES
from sidan.web.pages import go, page, safe_next

YEAR_SECONDS = 365 * 24 * 3600


@require_http_methods(["GET", "POST"])
def sign_out(request: HttpRequest) -> HttpResponse:
    """POST ends the session; GET only asks."""
    if request.method == "GET":
        return page(request, "web/sign_out.html")
    signing.let_out(request)
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
