"""Addresses that only tests have: each view does one thing that may go wrong."""

from django.db import OperationalError
from django.http import Http404, HttpRequest, HttpResponse
from django.urls import include, path
from django.utils.translation import gettext as _

from sidan.kernel.base.errors import Invalid, NotNow, TooMany
from sidan.web.act import act_of
from sidan.web.pages import go, page

handler400 = "sidan.web.handlers.bad_request"
handler403 = "sidan.web.handlers.forbidden"
handler404 = "sidan.web.handlers.not_found"
handler500 = "sidan.web.handlers.server_error"


def shown(request: HttpRequest) -> HttpResponse:
    return page(request, "web/preferences.html")


def late(request: HttpRequest) -> HttpResponse:
    raise NotNow(_("现在不能办这一步。"), moves=[{"noun": "reply"}], status=200)


def gone(request: HttpRequest) -> HttpResponse:
    raise OperationalError("database is locked")


def absent(request: HttpRequest) -> HttpResponse:
    raise Http404


def bug(request: HttpRequest) -> HttpResponse:
    raise ValueError("13812345678")


def wrong(request: HttpRequest) -> HttpResponse:
    raise Invalid(fields={"text": "<b>"})


def often(request: HttpRequest) -> HttpResponse:
    raise TooMany(retry_after=17)


def body(request: HttpRequest) -> HttpResponse:
    return HttpResponse(str(len(request.POST)))


def mine(request: HttpRequest) -> HttpResponse:
    return HttpResponse(str(act_of(request).by.handle))


def told(request: HttpRequest) -> HttpResponse:
    return go(request, "/shown/", "办好了")


def library(request: HttpRequest) -> HttpResponse:
    detail = '{"detail": [{"loc": ["body", "wish", "contact", "phone"], "msg": "wrong"}]}'
    return HttpResponse(detail, status=422, content_type="application/json")


_views = {"shown": shown, "late": late, "gone": gone, "absent": absent, "bug": bug, "wrong": wrong, "often": often,
          "body": body, "mine": mine, "told": told, "library": library}  # fmt: skip

urlpatterns = [
    path("", include("sidan.web.urls")),
    *[path(f"{name}/", view) for name, view in _views.items()],
    *[path(f"api/v1/{name}", view) for name, view in _views.items()],
]
