"""The staff's door: who acts, and forms that take effect once."""

import secrets
from collections.abc import Callable
from typing import Any

import orjson
from django.http import HttpRequest
from django.urls import reverse

from sidan.kernel.base import doors, tx
from sidan.kernel.base.errors import NotAllowed
from sidan.kernel.org.act import Act
from sidan.kernel.org.models import Person
from sidan.web.act import act_of

_NOT_SAID = ("csrfmiddlewaretoken", "form_token")


def staff_act(request: HttpRequest) -> Act:
    """The act of the member of staff at the door.

    Raises:
        NotSignedIn: nobody is signed in.
        NotAllowed: a resident is.
    """
    act = act_of(request)
    if act.by.kind != Person.Kind.STAFF:
        raise NotAllowed
    return act


def new_token() -> str:
    """What a form carries so that pressing it twice has one effect."""
    return secrets.token_urlsafe(12)


@tx.writes
def once(request: HttpRequest, act: Act, verb: Callable[[], Any], *more: bytes) -> bool:
    """Take a form's effect, unless this very form was taken before; a refusal does not use it up.

    Args:
        verb: what the form asks for; it runs in the same transaction.
        more: what else the form carried: hashes of its files.

    Returns:
        False where it was taken before.

    Raises:
        BadRequest: the form has no token.
        KeyReused: the form was changed and sent again.
    """
    token = doors.checked_key(request.POST.get("form_token"))
    said = {name: request.POST.getlist(name) for name in sorted(request.POST) if name not in _NOT_SAID}
    body = orjson.dumps([request.path, said]) + b"".join(more)
    if (
        doors.claim(doors.Claim(f"desk:{act.by.pk}", token, body, act.at, doors.Answer(303, request.path.encode())))
        is not None
    ):
        return False
    verb()
    return True


def order_href(number: str) -> str:
    """Where an order's staff page is."""
    return reverse("orders:desk-order", args=[number])
