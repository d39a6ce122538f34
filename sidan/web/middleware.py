"""A number for every request, and refusals turned into answers."""

import json
import logging
import secrets
from collections.abc import Callable
from typing import Any

from django.http import HttpRequest, HttpResponse
from django.http.response import HttpResponseBase
from django.middleware.gzip import GZipMiddleware
from django.urls import resolve
from django.utils import timezone, translation
from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from sidan.kernel.base.errors import (
    BadRequest,
    Invalid,
    NotAllowed,
    NotFound,
    NotNow,
    NotSignedIn,
    Refusal,
    TooLarge,
    TooMany,
    Unavailable,
)
from sidan.web import logs, refusals, signing

logger = logging.getLogger("sidan.web")

Answer = Callable[[HttpRequest], HttpResponseBase]
_DESCRIBED = ("/docs", "/openapi.json")  # pages with scripts of their own, read by people
_ALPHABET = "23456789ABCDEFGHJKMNPQRSTVWXYZ"  # nothing that is misread over the telephone
_BY_STATUS: dict[int, type[Refusal]] = {
    400: BadRequest,
    401: NotSignedIn,
    403: NotAllowed,
    404: NotFound,
    405: refusals.WrongMethod,
    409: NotNow,
    413: TooLarge,
    422: Invalid,
    429: TooMany,
    500: refusals.Broken,
    503: Unavailable,
}


class RequestId:
    """Outermost: gives each request 8 characters that support can search for; what a client sends is not believed."""

    def __init__(self, get_response: Answer) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponseBase:
        number = "".join(secrets.choice(_ALPHABET) for _i in range(8))
        setattr(request, "request_id", number)  # noqa: B010 - HttpRequest does not declare it
        # Left set: Django writes its own line about a refused request after this returns. The next request sets it anew.
        logs.request_id.set(number)
        response = self.get_response(request)
        response["X-Request-Id"] = number
        return response


class Refusals:
    """Innermost: an anticipated exception becomes its answer, and no dynamic page stays in a cache."""

    def __init__(self, get_response: Answer) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponseBase:
        response = self.get_response(request)
        if response.status_code >= 400:
            response = _in_our_words(request, response)
        if not response.has_header("Cache-Control"):
            response["Cache-Control"] = "no-store"
        # Not `no-referrer`: under it browsers send `Origin: null` with every form, which the CSRF check must refuse.
        # Addresses that carry a secret are exchanged at once for one that does not.
        response.setdefault("Referrer-Policy", "same-origin")
        return response

    def process_exception(self, request: HttpRequest, exception: Exception) -> HttpResponse | None:
        refusal = refusals.refusal_of(exception)
        if refusal is None:
            return None  # a bug: Django logs it and asks handlers.server_error
        if refusal.status >= 500:
            logger.error("refused with %s", refusal.code, exc_info=exception)
        return refusals.respond(request, refusal)


class SmallerPages(GZipMiddleware):
    """Pages travel compressed, with padding of random length against guessing secrets by their size.

    Photos and files are small already and stream; static files were compressed when they were collected.
    """

    def process_response(self, request: HttpRequest, response: HttpResponseBase) -> HttpResponseBase:
        if response.streaming or not response.get("Content-Type", "").startswith("text/html"):
            return response
        return super().process_response(request, response)


class ApiDoor:
    """Programs come without session, cookie, form token or message: their requests pass the pages' middleware by.

    Measured: what the pages need was a quarter of the time of placing an order.
    """

    def __init__(self, get_response: Answer) -> None:
        self.pages = get_response
        self.programs = Refusals(self._view)

    def __call__(self, request: HttpRequest) -> HttpResponseBase:
        if not refusals.is_api(request) or request.path_info.endswith(_DESCRIBED):
            return self.pages(request)
        translation.activate(translation.get_language_from_request(request))
        response = self.programs(request)
        response.setdefault("Content-Security-Policy", "default-src 'none'; frame-ancestors 'none'")
        response.setdefault("Content-Language", translation.get_language() or "")
        return response

    def _view(self, request: HttpRequest) -> HttpResponseBase:
        try:
            match = resolve(request.path_info)
            request.resolver_match = match
            response: HttpResponseBase = match.func(request, *match.args, **match.kwargs)
        except Exception as error:  # outside Django's own handlers a bug must become its answer here, too
            known = self.programs.process_exception(request, error)
            if known is None:
                logger.exception("a bug at %s", request.path)
            return known or refusals.respond(request, refusals.Broken())
        return response


class Devices:
    """Inside the sessions': a device that is used is noted now and then."""

    def __init__(self, get_response: Answer) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponseBase:
        response = self.get_response(request)
        if response.status_code < 500:
            signing.look_around(request, timezone.now())
        return response


def _in_our_words(request: HttpRequest, response: HttpResponseBase) -> HttpResponseBase:
    """Make an error that a library answered by itself look like every other."""
    if not isinstance(response, HttpResponse) or response["Content-Type"].startswith(refusals.PROBLEM):
        return response
    kind = _BY_STATUS.get(response.status_code)
    if kind is None:
        return response
    if not refusals.is_api(request):
        return response if response.content else _carry(response, refusals.page_response(request, kind()))
    message, details = _from_library(response)
    if kind is NotFound and message is None:
        message = _("没有这个接口或记录。")
    return _carry(response, refusals.problem_response(request, kind(message, **details)))


def _carry(old: HttpResponse, new: HttpResponse) -> HttpResponse:
    """Keep the headers that belong to the status."""
    for name in ("Allow", "Retry-After", "WWW-Authenticate"):
        if old.has_header(name):
            new[name] = old[name]
    return new


def _from_library(response: HttpResponse) -> tuple[str | Promise | None, dict[str, Any]]:
    """django-ninja's `detail`: a sentence, or a list of {loc, msg} about the body's fields."""
    if not response["Content-Type"].startswith("application/json"):
        return None, {}
    try:
        body = json.loads(response.content)
    except ValueError:
        return None, {}
    detail = body.get("detail") if isinstance(body, dict) else None
    if isinstance(detail, list):
        return None, {"fields": {_field_name(one): str(one.get("msg", "")) for one in detail if isinstance(one, dict)}}
    return None, {"reason": detail} if isinstance(detail, str) else {}


def _field_name(error: dict[str, Any]) -> str:
    """`["body", "data", "contact", "phone"]` -> `contact.phone`: the two first names are the library's."""
    parts = [str(part) for part in error.get("loc", ())]
    return ".".join(parts[2:] or parts[1:] or parts)
