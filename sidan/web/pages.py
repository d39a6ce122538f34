"""Helpers for views: one template shown, one question asked, one message left for the next page."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from django.contrib import messages
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import render
from django.utils.functional import Promise
from django.utils.http import url_has_allowed_host_and_scheme

from sidan.kernel.base.errors import Invalid
from sidan.web import unsent

Words = str | Promise


@dataclass(frozen=True)
class Ask:
    """A question of a page that is not a flow's field; `{% field %}` shows both alike.

    Args:
        kind: text, longtext, choice, unit, day, whole, flag, number, phone, code, photos, password.
        choices: value and label, or value, label and help.
    """

    name: str
    label: Words
    kind: str = "text"
    help: Words = ""
    required: bool = True
    choices: Sequence[tuple[Any, ...]] = ()
    max_chars: int | None = None
    multiple: bool = False
    autocomplete: str = ""


def page(request: HttpRequest, template: str, *, status: int = 200, **context: Any) -> HttpResponse:
    """Show a template."""
    return render(request, template, context, status=status)


def form_page(
    request: HttpRequest, template: str, invalid: Invalid | None, values: Mapping[str, Any], **context: Any
) -> HttpResponse:
    """Show a form again with what was written and what is wrong (422), or for the first time (200).

    The template gets `values`, `errors` (name -> message) and whatever else is given.
    """
    errors = errors_of(invalid)
    if request.method == "GET" and (waiting := unsent.of_form(request, request.path)) is not None:
        values = waiting  # the session ended while this form was being filled
    return render(request, template, {**context, "values": values, "errors": errors}, status=422 if invalid else 200)


def errors_of(invalid: Invalid | None) -> dict[str, Words]:
    """A refusal's messages by field; `""` holds what belongs to no field."""
    if invalid is None:
        return {}
    fields = invalid.details.get("fields")
    return dict(fields) if isinstance(fields, dict) and fields else {"": str(invalid)}


def go(request: HttpRequest, href: str, message: Words = "") -> HttpResponseRedirect:
    """Lead on after a POST, with a message for the next page."""
    unsent.sent(request)
    if message:
        messages.success(request, str(message))
    response = HttpResponseRedirect(href)
    response.status_code = 303
    return response


def safe_next(request: HttpRequest, raw: object, default: str = "/") -> str:
    """A place of this site to lead back to; anything else becomes the default."""
    where = str(raw or "")
    if where.startswith("/") and url_has_allowed_host_and_scheme(
        where, allowed_hosts={request.get_host()}, require_https=request.is_secure()
    ):
        return where
    return default
