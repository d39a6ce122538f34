"""What opens an order without an account: numbers, receipt codes, signed links, short reader tokens."""

import secrets
from datetime import timedelta

from django.core import signing

from sidan.kernel.base.errors import NotFound

ALPHABET = "23456789ABCDEFGHJKMNPQRSTUVWXYZ"  # without 0 O 1 I L: read over the telephone, copied by hand
LINK_DAYS = 60
READER_MINUTES = 30
# 5 bits of randomness a character; 31 is drawn again, so that each character is equally likely.
_MARKS = bytes(ord(ALPHABET[byte & 31]) if byte & 31 < 31 else 0 for byte in range(256))
_AGAIN = bytes(byte for byte in range(256) if byte & 31 == 31)
_LINK, _READER = "orders.link", "orders.reader"


def new_number() -> str:
    """8 characters, 8.5e11 possibilities: not guessed by counting."""
    marks = ""
    while len(marks) < 8:  # one drawing in 2**40 falls short of 8
        marks += secrets.token_bytes(16).translate(_MARKS, _AGAIN).decode()
    return marks[:8]


def new_numbers(count: int) -> list[str]:
    """Many numbers at once, for imports; all different."""
    found: set[str] = set()
    while len(found) < count:
        raw = secrets.token_bytes((count - len(found)) * 9 + 64).translate(_MARKS, _AGAIN).decode()
        found.update([raw[at : at + 8] for at in range(0, len(raw) - 7, 8)])
    return list(found)[:count]


def new_code() -> str:
    """The receipt's 6 digits."""
    return f"{secrets.randbelow(1_000_000):06d}"


def link(number: str) -> str:
    """The signed part of a link in a message; exchanged once for a reader's cookie."""
    return signing.dumps(number, salt=_LINK)


def link_number(value: str) -> str:
    """The number behind a link.

    Raises:
        NotFound: altered or older than 60 days.
    """
    return _opened(value, _LINK, timedelta(days=LINK_DAYS))


def reader(number: str) -> str:
    """A short-lived bearer that reads and moves one order as the one who asked."""
    return "r." + signing.dumps(number, salt=_READER)


def reader_number(value: str) -> str:
    """The number behind a reader's bearer.

    Raises:
        NotFound: altered or older than 30 minutes.
    """
    return _opened(value.removeprefix("r."), _READER, timedelta(minutes=READER_MINUTES))


def _opened(value: str, salt: str, age: timedelta) -> str:
    try:
        number: str = signing.loads(value, salt=salt, max_age=age)
    except signing.BadSignature as error:
        raise NotFound from error
    return number
