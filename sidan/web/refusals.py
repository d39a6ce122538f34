"""The one translation of what went wrong: RFC 9457 problems for programs, a page in plain words for people."""

import json
import logging
from typing import Any
from urllib.parse import urlsplit

from django.core.exceptions import (
    BadRequest as DjangoBadRequest,
)
from django.core.exceptions import (
    DisallowedHost,
    PermissionDenied,
    RequestDataTooBig,
    SuspiciousOperation,
    TooManyFieldsSent,
    TooManyFilesSent,
    ValidationError,
)
from django.core.serializers.json import DjangoJSONEncoder
from django.db import InterfaceError, OperationalError
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseRedirect, UnreadablePostError
from django.http.multipartparser import MultiPartParserError
from django.shortcuts import render
from django.urls import reverse
from django.utils.functional import Promise
from django.utils.http import url_has_allowed_host_and_scheme, urlencode
from django.utils.translation import gettext_lazy as _

from sidan.kernel.base.errors import (
    BadRequest,
    Invalid,
    NotAllowed,
    NotFound,
    NotSignedIn,
    Refusal,
    TooLarge,
    Unavailable,
)
from sidan.web import unsent

logger = logging.getLogger("sidan.web")

PROBLEM = "application/problem+json"
API = "/api/"
_SECRETS = ("csrfmiddlewaretoken", "form_token", "version", "password", "code", "last4", "token", "next")


class Broken(Refusal):
    """A bug. What is told is that it was noted, and under which number."""

    status, code, text = 500, "internal", _("系统出了点问题，我们已经记录下来。")


class NoSuchPage(NotFound):
    """The address leads nowhere."""

    text = _("没有找到这个页面。")


class WrongMethod(Refusal):
    """The address exists, but not for this method."""

    status, code, text = 405, "method_not_allowed", _("这个地址不能这样访问。")


ADVICE: dict[str, str | Promise] = {
    "not_signed_in": _("请登录后再试。刚才填写的内容在下面，可以复制。"),
    "not_allowed": _("如果您认为应该能办，请联系本单位的系统管理员。"),
    "not_found": _("请检查网址或编号是否抄写正确，也可以回到首页重新查找。"),
    "not_now": _("可能别人刚刚办理过。请返回刷新，看看现在的情况。"),
    "in_flight": _("请等几秒钟，不要重复点击。"),
    "too_many": _("请稍等一会儿再试。急事请直接打值班电话。"),
    "too_large": _("请减少照片数量或换小一点的照片，再发一次。"),
    "invalid": _("请返回，按提示修改后再提交。"),
    "unavailable": _("请过一两分钟再试，您的内容没有丢失。急事请直接打值班电话。"),
    "internal": _("请稍后再试。如果一直这样，请打值班电话，并报出下面的编号。"),
    "csrf": _("页面可能开得太久了，请返回上一页刷新后再提交。如果浏览器禁用了 Cookie，请打开它。"),
}


def refusal_of(error: BaseException | None) -> Refusal | None:
    """The refusal behind an exception; None where it is a bug."""
    match error:
        case Refusal():
            return error
        case Http404():
            return NoSuchPage()
        case PermissionDenied():
            return NotAllowed()
        case RequestDataTooBig() | TooManyFieldsSent() | TooManyFilesSent():
            return TooLarge()
        case ValidationError():
            return Invalid(" ".join(error.messages))
        case MultiPartParserError() | UnreadablePostError() | SuspiciousOperation() | DjangoBadRequest():
            return BadRequest()
        case OperationalError() | InterfaceError():
            return Unavailable()
    return None


def problem(refusal: Refusal, request_id: str) -> dict[str, Any]:
    """A refusal as an RFC 9457 problem; the refusal's details are its extension members."""
    known = {
        "type": f"urn:sidan:error:{refusal.code}",
        "title": str(refusal.text),
        "status": refusal.status,
        "code": refusal.code,
        "detail": str(refusal),
        "request_id": request_id,
    }
    return {**refusal.details, **known}


def problem_response(request: HttpRequest, refusal: Refusal) -> HttpResponse:
    """The problem as a response."""
    body = json.dumps(problem(refusal, request_id_of(request)), ensure_ascii=False, cls=_Words)
    return _with_headers(HttpResponse(body, status=refusal.status, content_type=PROBLEM), refusal)


def page_response(request: HttpRequest, refusal: Refusal) -> HttpResponse:
    """The page that says what happened and what can be done. No query of its own: the database may be what is gone."""
    fields = refusal.details.get("fields")
    context = {
        "refusal": refusal,
        "advice": ADVICE.get(refusal.code, ADVICE["internal"] if refusal.status >= 500 else ""),
        "fields": list(fields.items()) if isinstance(fields, dict) else [],
        "request_id": request_id_of(request),
        "kept": _kept(request),
        "back_href": _back(request),
        "sign_in_href": door_for(request.path) if isinstance(refusal, NotSignedIn) else "",
    }
    return _with_headers(render(request, "web/refusal.html", context, status=refusal.status), refusal)


def respond(request: HttpRequest, refusal: Refusal) -> HttpResponse:
    """A problem under /api/, the sign-in page for a reader without a person, else the page."""
    if is_api(request):
        return problem_response(request, refusal)
    if isinstance(refusal, NotSignedIn) and request.method in ("GET", "HEAD"):
        return HttpResponseRedirect(f"{door_for(request.path)}?{urlencode({'next': request.get_full_path()})}")
    if isinstance(refusal, NotSignedIn) and request.method == "POST" and unsent.keep(request, back := _back(request)):
        # The words wait on the server; after the sign-in the form stands there as it was.
        response = HttpResponseRedirect(f"{door_for(back)}?{urlencode({'next': back})}")
        response.status_code = 303
        return response
    return page_response(request, refusal)


def door_for(path: str) -> str:
    """Where one signs in for an address: residents' own pages have theirs."""
    return reverse("web:phone-sign-in" if path.startswith("/my/") else "web:sign-in")


def is_api(request: HttpRequest) -> bool:
    """Whether the caller is a program."""
    return request.path_info.startswith(API)


def request_id_of(request: HttpRequest) -> str:
    """The request's short id; empty outside the middleware."""
    return str(getattr(request, "request_id", ""))


class _Words(DjangoJSONEncoder):
    """Lazy texts become words."""

    def default(self, o: Any) -> Any:
        return str(o) if isinstance(o, Promise) else super().default(o)


def _with_headers(response: HttpResponse, refusal: Refusal) -> HttpResponse:
    if "retry_after" in refusal.details:
        response["Retry-After"] = str(refusal.details["retry_after"])
    elif refusal.status == 503:
        response["Retry-After"] = "5"
    if refusal.status == 401:
        response["WWW-Authenticate"] = "Bearer"
    return response


def _kept(request: HttpRequest) -> list[tuple[str, str]]:
    """What the person had written in words, so that a refusal never loses it."""
    if request.method != "POST":
        return []
    try:
        items = list(request.POST.items())
    except (RequestDataTooBig, TooManyFieldsSent, TooManyFilesSent, MultiPartParserError, UnreadablePostError):
        return []
    return [
        (name, value)
        for name, value in items
        if isinstance(value, str) and len(value) > 8 and not any(secret in name.lower() for secret in _SECRETS)
    ]


def _back(request: HttpRequest) -> str:
    """The page the person came from, where it is ours; else this address or the home page."""
    came = request.META.get("HTTP_REFERER", "")
    try:
        ours = request.get_host()
    except DisallowedHost:
        return "/"
    if came and url_has_allowed_host_and_scheme(came, allowed_hosts={ours}):
        parts = urlsplit(came)
        path: str = parts.path + (f"?{parts.query}" if parts.query else "")
        # Two slashes at the beginning would name another host.
        if (
            path.startswith("/")
            and not path.startswith("//")
            and (request.method == "POST" or parts.path != request.path)
        ):
            return path
    return "/"
