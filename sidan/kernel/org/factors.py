"""What staff prove themselves with beside the password: codes of an authenticator app (RFC 6238), recovery codes, passkeys."""

import base64
import hmac
import secrets
import struct
from datetime import datetime
from urllib.parse import quote

from django.db.models import QuerySet

from sidan.kernel.base import crypto, tx
from sidan.kernel.org.models import Account, Factor

PERIOD, DIGITS = 30, 6
DRIFT = 1  # steps before and after: a telephone's clock is seldom right to the second
RECOVERY_CODES, RECOVERY_CHARS = 10, 10
_ALPHABET = "23456789abcdefghjkmnpqrstvwxyz"
PROVING = (Factor.Kind.TOTP, Factor.Kind.PASSKEY)  # a recovery code replaces one of these and is none itself


def new_secret() -> str:
    """160 random bits as an app reads them."""
    return base64.b32encode(secrets.token_bytes(20)).decode()


def step_of(at: datetime) -> int:
    """The number of the half minute."""
    return int(at.timestamp()) // PERIOD


def code_at(secret: str, step: int) -> str:
    """The six digits of a half minute (RFC 4226 with SHA-1, which every app knows)."""
    made = hmac.digest(base64.b32decode(secret), struct.pack(">Q", step), "sha1")
    at = made[-1] & 15
    return f"{(int.from_bytes(made[at : at + 4]) & 0x7FFFFFFF) % 10**DIGITS:0{DIGITS}d}"


def app_link(secret: str, handle: str, issuer: str) -> str:
    """What the picture for the app holds."""
    return f"otpauth://totp/{quote(issuer)}:{quote(handle)}?secret={secret}&issuer={quote(issuer)}"


def matching(secret: str, said: str, at: datetime) -> int | None:
    """The half minute whose code was said."""
    now = step_of(at)
    for step in range(now - DRIFT, now + DRIFT + 1):
        if hmac.compare_digest(code_at(secret, step).encode(), said.encode()):
            return step
    return None


def of(account: Account) -> list[Factor]:
    """Apps and passkeys, oldest first. One query."""
    return list(Factor.objects.filter(account=account, kind__in=PROVING).order_by("pk"))


def unused_recovery(account: Account) -> QuerySet[Factor]:
    """The recovery codes that are left."""
    return Factor.objects.filter(account=account, kind=Factor.Kind.RECOVERY, used_at=None)


@tx.writes
def add_app(account: Account, secret: str, said: str, *, label: str, at: datetime) -> Factor | None:
    """An authenticator app, proved by its first code; None where the code is wrong. That code opens nothing afterwards."""
    step = matching(secret, said, at)
    if step is None:
        return None
    return Factor.objects.create(
        account=account,
        kind=Factor.Kind.TOTP,
        label=label,
        secret_enc=crypto.seal_text(secret),
        counter=step,
        made_at=at,
        used_at=at,
    )


@tx.writes
def prove_app(account: Account, said: str, *, at: datetime) -> bool:
    """Take a code of one of the account's apps, once: a second use finds its half minute behind it."""
    for factor in Factor.objects.filter(account=account, kind=Factor.Kind.TOTP):
        step = matching(crypto.open_text(bytes(factor.secret_enc or b"")), said, at)
        if step is not None and _counted(factor, step, at):
            return True
    return False


def _counted(factor: Factor, counter: int, at: datetime) -> bool:
    """Of two who send the same code at once one wins."""
    return Factor.objects.filter(pk=factor.pk, counter__lt=counter).update(counter=counter, used_at=at) == 1


def recovery_hash(account_id: int, code: str) -> bytes:
    """What a recovery code is found by; blanks, dashes and capitals do not matter."""
    plain = "".join(one for one in code.lower() if one.isalnum())
    return crypto.keyed_hash(f"recovery:{account_id}:{plain}")


@tx.writes
def new_recovery_codes(account: Account, *, at: datetime) -> list[str]:
    """Ten codes, shown this once; those from before open nothing any more."""
    Factor.objects.filter(account=account, kind=Factor.Kind.RECOVERY).delete()
    half = RECOVERY_CHARS // 2
    codes = ["".join(secrets.choice(_ALPHABET) for _n in range(RECOVERY_CHARS)) for _m in range(RECOVERY_CODES)]
    Factor.objects.bulk_create(
        Factor(account=account, kind=Factor.Kind.RECOVERY, hash=recovery_hash(account.pk, code), made_at=at)
        for code in codes
    )
    return [f"{code[:half]}-{code[half:]}" for code in codes]


@tx.writes
def prove_recovery(account: Account, said: str, *, at: datetime) -> bool:
    """Take a recovery code; it is used up."""
    rows = unused_recovery(account).filter(hash=recovery_hash(account.pk, said))
    return rows.update(used_at=at) == 1


@tx.writes
def add_passkey(account: Account, key_id: bytes, public: bytes, *, label: str, counter: int, at: datetime) -> Factor:
    """A passkey that was made for this account.

    Args:
        key_id: its id; public: the credential's public data, as the protocol's library writes it.

    Raises:
        IntegrityError: it is known already.
    """
    return Factor.objects.create(
        account=account,
        kind=Factor.Kind.PASSKEY,
        label=label,
        secret_enc=crypto.seal_text(base64.b64encode(public).decode()),
        hash=passkey_hash(key_id),
        counter=counter,
        made_at=at,
        used_at=at,
    )


def passkey_hash(key_id: bytes) -> bytes:
    """What a passkey is found by."""
    return crypto.keyed_hash(f"passkey:{key_id.hex()}")


def passkey_public(factor: Factor) -> bytes:
    """The public data that `add_passkey` was given."""
    return base64.b64decode(crypto.open_text(bytes(factor.secret_enc or b"")))


@tx.writes
def use_passkey(account: Account, key_id: bytes, counter: int, *, at: datetime) -> bool:
    """Note a passkey's use; False where its own count went back: it was copied. Most count nothing and say 0."""
    rows = Factor.objects.filter(account=account, kind=Factor.Kind.PASSKEY, hash=passkey_hash(key_id))
    fresh = rows.filter(counter__lt=counter) if counter else rows.filter(counter=0)
    return fresh.update(counter=counter, used_at=at) == 1


@tx.writes
def remove(account: Account, factor_id: int) -> Factor | None:
    """Take one away; with the last app or passkey its recovery codes go."""
    found = Factor.objects.filter(account=account, kind__in=PROVING, pk=factor_id).first()
    if found is not None:
        found.delete()
        if not of(account):
            Factor.objects.filter(account=account).delete()
    return found


@tx.writes
def remove_all(account: Account) -> int:
    """Take everything away: the telephone is lost and the recovery codes, too."""
    return Factor.objects.filter(account=account).delete()[0]
