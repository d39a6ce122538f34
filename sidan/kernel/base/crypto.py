"""Personal data at rest: AES-256-GCM for what must be read again, HMAC-SHA256 for what must only be found."""

import base64
import hmac
import json
import os
import secrets
from functools import cache
from hashlib import sha256
from pathlib import Path
from typing import TypedDict

from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from django.conf import settings


class _Ring(TypedDict):
    current: int
    keys: dict[str, str]
    lookup: str


def key_path() -> Path:
    """Where the key ring lies: in the data folder, never in the database or the repository."""
    return Path(settings.SIDAN_DATA) / "secret.key"


@cache
def _ring(folder: str | Path) -> tuple[int, dict[int, AESGCM], bytes]:
    """The key ring, made on first use. By folder, so that hashing pays no arithmetic with paths (a tenth of placing an order)."""
    path = Path(folder) / "secret.key"
    if not path.exists():
        path.parent.mkdir(parents=True, exist_ok=True)
        fresh: _Ring = {
            "current": 1,
            "keys": {"1": base64.b64encode(secrets.token_bytes(32)).decode()},
            "lookup": base64.b64encode(secrets.token_bytes(32)).decode(),
        }
        part = path.with_name(f"{path.name}.{os.getpid()}.{secrets.token_hex(4)}")
        with os.fdopen(os.open(part, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w") as out:
            json.dump(fresh, out)
            out.flush()
            os.fsync(out.fileno())
        try:
            os.link(part, path)  # fails where another process was first: its key is the one that counts
        except FileExistsError:
            pass
        finally:
            part.unlink()
    ring: _Ring = json.loads(path.read_text())
    return (
        ring["current"],
        {int(number): AESGCM(base64.b64decode(key)) for number, key in ring["keys"].items()},
        base64.b64decode(ring["lookup"]),
    )


def seal_text(text: str) -> bytes:
    """Encrypt; the first byte names the key, the next twelve are the nonce."""
    current, keys, _ = _ring(settings.SIDAN_DATA)
    nonce = secrets.token_bytes(12)
    return bytes([current]) + nonce + keys[current].encrypt(nonce, text.encode(), None)


def open_text(sealed: bytes) -> str:
    """Decrypt what `seal_text` made.

    Raises:
        cryptography.exceptions.InvalidTag: the bytes were altered or the key is another one.
    """
    sealed = bytes(sealed)
    _, keys, _ = _ring(settings.SIDAN_DATA)
    return keys[sealed[0]].decrypt(sealed[1:13], sealed[13:], None).decode()


def keyed_hash(text: str) -> bytes:
    """32 bytes by which a value is found again without being readable."""
    return hmac.digest(_ring(settings.SIDAN_DATA)[2], text.encode(), sha256)
