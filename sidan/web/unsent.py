"""A form whose session ended while it was being filled: its words wait, encrypted, until their owner has signed in again."""

import re
from datetime import datetime, timedelta
from typing import Any
from urllib.parse import urlsplit

from django.conf import settings
from django.http import HttpRequest, QueryDict
from django.utils import timezone

from sidan.kernel.org.models import SignIn
from sidan.web import sealed

KEPT = timedelta(hours=12)
MOST_CHARS = 60_000
_NAME = "web.unsent"
_fill: list[re.Pattern[str]] = []
_NOT_WORDS = frozenset(("csrfmiddlewaretoken", "form_token", "version", "password", "passkey", "digits", "code"))


def offer(pattern: str) -> None:
    """Say to which addresses forms are sent that a room fills again; called once, when the room is made ready."""
    compiled = re.compile(pattern)
    if compiled not in _fill:
        _fill.append(compiled)


def keep(request: HttpRequest, back: str) -> bool:
    """Keep what was written for whoever this browser's ended session belonged to.

    False where nobody knows whose it was, or no page fills the form again.

    Files are not kept. One query.

    Args:
        back: the page that the form stood on.
    """
    if not any(one.fullmatch(request.path) for one in _fill):
        return False
    key = request.COOKIES.get(settings.SESSION_COOKIE_NAME, "")
    owner = SignIn.objects.filter(session_key=key).values_list("account_id", flat=True).first() if key else None
    words = {name: values for name, values in request.POST.lists() if name not in _NOT_WORDS and any(values)}
    if (
        owner is None
        or not words
        or sum(len(one) for values in words.values() for one in map(str, values)) > MOST_CHARS
    ):
        return False
    kept = {"account": owner, "path": request.path, "back": urlsplit(back).path, "words": words}
    sealed.put(request, _NAME, kept, timezone.now())
    return True


def _kept(request: HttpRequest, now: datetime) -> dict[str, Any]:
    """What waits for whoever is signed in. No query where nothing waits."""
    if _NAME not in request.session:
        return {}
    kept = sealed.get(request, _NAME, now, KEPT)
    account = getattr(request.user, "pk", None)
    return kept if isinstance(kept, dict) and account is not None and kept["account"] == account else {}


def of_form(request: HttpRequest, path: str) -> QueryDict | None:
    """The words of the form that is sent to an address, as the form sent them; None where none wait."""
    kept = _kept(request, timezone.now())
    if kept.get("path") != path:
        return None
    words = QueryDict(mutable=True)
    for name, values in kept["words"].items():
        words.setlist(name, values)
    return words


def noun_below(request: HttpRequest, here: str) -> str:
    """The last part of the address, below this page, to which the waiting form goes; empty where none waits."""
    path = str(_kept(request, timezone.now()).get("path", ""))
    rest = path.removeprefix(here)
    return rest.strip("/") if path.startswith(here) and rest.count("/") == 1 else ""


def sent(request: HttpRequest) -> None:
    """The form went through: its words wait no more."""
    if request.method == "POST" and _NAME in request.session and of_form(request, request.path) is not None:
        sealed.drop(request, _NAME)
