"""Values in the session that name a person or what they wrote: sealed, and forgotten after a time."""

import base64
from datetime import datetime, timedelta
from typing import Any

import orjson
from cryptography.exceptions import InvalidTag
from django.http import HttpRequest

from sidan.kernel.base import crypto


def seal(value: Any) -> str:
    """A JSON value as text that only this house reads."""
    return base64.b64encode(crypto.seal_text(orjson.dumps(value).decode())).decode()


def unseal(sealed: str | bytes) -> Any:
    """What `seal` was given; None where it was sealed by another key."""
    try:
        return orjson.loads(crypto.open_text(base64.b64decode(sealed)))
    except (InvalidTag, KeyError, ValueError):
        return None


def put(request: HttpRequest, name: str, value: Any, now: datetime) -> None:
    """Keep a value in the session."""
    request.session[name] = [now.timestamp(), seal(value)]


def get(request: HttpRequest, name: str, now: datetime, age: timedelta) -> Any:
    """The value, unless it is older than `age`. One query where the reader has a session, none otherwise."""
    kept = request.session.get(name)
    if not isinstance(kept, list) or len(kept) != 2 or now.timestamp() - kept[0] > age.total_seconds():
        return None
    return unseal(kept[1])


def drop(request: HttpRequest, name: str) -> None:
    """Forget a value."""
    request.session.pop(name, None)
