"""Django's own error views (handler400, 403, 404, 500 and CSRF_FAILURE_VIEW), in the house's words."""

import logging
import sys
from typing import Any

from django.http import HttpRequest, HttpResponse
from django.utils.translation import gettext as _

from sidan.kernel.base.errors import BadRequest, NotAllowed
from sidan.web import refusals

logger = logging.getLogger("sidan.web")


def bad_request(request: HttpRequest, exception: Exception | None = None) -> HttpResponse:
    """handler400."""
    return refusals.respond(request, refusals.refusal_of(exception) or BadRequest())


def forbidden(request: HttpRequest, exception: Exception | None = None) -> HttpResponse:
    """handler403."""
    return refusals.respond(request, refusals.refusal_of(exception) or NotAllowed())


def not_found(request: HttpRequest, exception: Exception | None = None) -> HttpResponse:
    """handler404."""
    return refusals.respond(request, refusals.NoSuchPage())


def server_error(request: HttpRequest) -> HttpResponse:
    """handler500: also reached when a middleware (the session's, say) finds the database gone."""
    return refusals.respond(request, refusals.refusal_of(sys.exc_info()[1]) or refusals.Broken())


def csrf_failure(request: HttpRequest, reason: str = "", **_more: Any) -> HttpResponse:
    """CSRF_FAILURE_VIEW."""
    logger.warning("form refused: %s", reason)
    return refusals.respond(request, NotAllowed(_("为了您的安全，这次提交没有被接受。"), code="csrf"))
