"""How an entry becomes a hash. The function stands behind one name: SHA-256, or SM3 by setting."""

import hashlib
from datetime import UTC, datetime

from django.conf import settings

ZERO = bytes(32)
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


def digest(data: bytes) -> bytes:
    """32 bytes: SHA-256 (FIPS 180-4), or SM3 (GB/T 32905-2016) where SIDAN_HASH says so."""
    return hashlib.new(settings.SIDAN_HASH, data).digest()


def micros(at: datetime) -> int:
    """Microseconds since 1970, exact."""
    span = at - _EPOCH
    return (span.days * 86_400 + span.seconds) * 1_000_000 + span.microseconds


def canonical(
    kind: str, subject: str, seq: int, prev: bytes, by_id: int, at: datetime, via: str, frm: str, to: str, data: str
) -> bytes:
    """The bytes that are hashed: fields joined by U+001F, which none of them can contain.

    PostgreSQL builds the same bytes in one expression (see the import), so they are plain text and no JSON of their own.
    """
    parts = (kind, subject, str(seq), prev.hex(), str(by_id), str(micros(at)), via, frm, to, data)
    return "\x1f".join(parts).encode()


def entry_hash(
    kind: str, subject: str, seq: int, prev: bytes, by_id: int, at: datetime, via: str, frm: str, to: str, data: str
) -> bytes:
    """The hash of an entry, which the next entry of its subject carries as `prev`."""
    return digest(canonical(kind, subject, seq, prev, by_id, at, via, frm, to, data))
