"""SIDAN_EMAIL_URL as Django's settings for mail."""

from typing import Any
from urllib.parse import parse_qsl, unquote, urlsplit

SECONDS = 10


def read(url: str) -> dict[str, Any]:
    """Django's EMAIL_* settings of an address.

    Raises:
        ValueError: it is none.
    """
    parts = urlsplit(url)
    options = dict(parse_qsl(parts.query))
    try:
        port = parts.port
    except ValueError:
        port = -1
    wrong = parts.scheme not in ("smtp", "smtps") or not parts.hostname or port == -1
    if wrong or parts.path.strip("/") or options not in ({}, {"tls": "start"}):
        raise ValueError(
            "must be smtp://user:password@host:587?tls=start, smtps://user:password@host or smtp://host:25"
        )
    safe = parts.scheme == "smtps"
    return {
        "EMAIL_HOST": parts.hostname,
        "EMAIL_PORT": port or (465 if safe else 587 if options else 25),
        "EMAIL_HOST_USER": unquote(parts.username or ""),
        "EMAIL_HOST_PASSWORD": unquote(parts.password or ""),
        "EMAIL_USE_SSL": safe,
        "EMAIL_USE_TLS": bool(options),
        "EMAIL_TIMEOUT": SECONDS,
    }
