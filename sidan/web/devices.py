"""Devices that were let in before: guessing from elsewhere does not keep their owner out (OWASP's device cookie)."""

import re
import secrets
from collections.abc import Iterator
from datetime import datetime, timedelta

from django.conf import settings
from django.core import signing
from django.http import HttpRequest, HttpResponse
from django.utils.translation import gettext as _

from sidan.kernel.base import crypto, doors
from sidan.web import client

COOKIE = "__Host-known" if settings.SESSION_COOKIE_SECURE else "known"
KEPT = timedelta(days=400)  # browsers keep no cookie longer
MOST = 6  # accounts that one device is known for: a counter's computer has several
_SALT = "sidan.web.devices"

# Per five minutes. Strangers: many tries for a house behind one address, few for one account from one address; the last
# bounds tries spread over addresses. A known device counts for itself alone, whoever else is guessing.
WINDOW_SECONDS = 300
PER_ADDRESS, PER_HANDLE_AND_ADDRESS, PER_HANDLE, PER_DEVICE = 60, 10, 100, 10

_BROWSERS = (
    ("MicroMessenger", "微信"), ("DingTalk", "钉钉"), ("wxwork", "企业微信"), ("Edg", "Edge"), ("HuaweiBrowser", "Huawei"),
    ("MiuiBrowser", "MIUI"), ("QQBrowser", "QQ"), ("UCBrowser", "UC"), ("Firefox", "Firefox"), ("Chrome", "Chrome"),
    ("Safari", "Safari"),
)  # fmt: skip
_SYSTEMS = (
    ("HarmonyOS", "HarmonyOS"), ("OpenHarmony", "HarmonyOS"), ("Android", "Android"), ("iPhone", "iPhone"), ("iPad", "iPad"),
    ("Windows", "Windows"), ("Mac OS", "macOS"), ("Linux", "Linux"),
)  # fmt: skip


def words(request: HttpRequest) -> str:
    """The device in words that its owner knows again: a browser and a system, nothing finer."""
    said = request.META.get("HTTP_USER_AGENT", "")
    browser = next((name for mark, name in _BROWSERS if re.search(mark, said, re.I)), "")
    system = next((name for mark, name in _SYSTEMS if mark in said), "")
    return " · ".join(filter(None, (browser, system))) or _("未知设备")


def _who(name: str) -> str:
    """A handle or a number as the cookie names it: found again, and not readable."""
    return crypto.keyed_hash(f"device:{name.casefold()}").hex()[:20]


def _held(request: HttpRequest) -> Iterator[tuple[str, str]]:
    try:
        held = signing.loads(request.COOKIES.get(COOKIE, ""), salt=_SALT, max_age=KEPT)
    except signing.BadSignature:
        return
    for one in held:
        yield str(one[0]), str(one[1])


def known(request: HttpRequest, name: str) -> str:
    """What this device is called where it was let in for this handle or number before; empty where it was not."""
    return next((mark for who, mark in _held(request) if who == _who(name)), "")


def remember(request: HttpRequest, response: HttpResponse, name: str) -> None:
    """The device was let in for this handle or number."""
    mark = known(request, name) or secrets.token_urlsafe(9)
    held = [(_who(name), mark), *(one for one in _held(request) if one[0] != _who(name))][:MOST]
    response.set_cookie(
        COOKIE, signing.dumps(held, salt=_SALT, compress=True), max_age=int(KEPT.total_seconds()), path="/",
        secure=settings.SESSION_COOKIE_SECURE, httponly=True, samesite="Lax",
    )  # fmt: skip


def knock(door: str, name: str, request: HttpRequest, now: datetime) -> None:
    """Count a try before any password is hashed: a hash costs a fifth of a second of processor time.

    Raises:
        TooMany: with the seconds to wait.
    """
    who, where = name.casefold(), client.address(request)
    if device := known(request, name):
        doors.throttle(f"{door}:device:{device}", PER_DEVICE, WINDOW_SECONDS, now)
        return
    doors.throttle(f"{door}:address:{where}", PER_ADDRESS, WINDOW_SECONDS, now)
    doors.throttle(f"{door}:both:{where}:{who}", PER_HANDLE_AND_ADDRESS, WINDOW_SECONDS, now)
    doors.throttle(f"{door}:handle:{who}", PER_HANDLE, WINDOW_SECONDS, now)
