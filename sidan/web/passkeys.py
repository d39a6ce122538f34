"""Passkeys (WebAuthn): what the browser is asked, and whether its answer holds. The protocol is Yubico's `fido2`."""

from datetime import datetime
from typing import Any
from urllib.parse import urlsplit

import orjson
from django.conf import settings
from django.db import IntegrityError
from django.http import HttpRequest
from django.utils.translation import gettext as _
from fido2.server import Fido2Server
from fido2.webauthn import (
    AttestedCredentialData,
    AuthenticationResponse,
    PublicKeyCredentialRpEntity,
    PublicKeyCredentialUserEntity,
    RegistrationResponse,
    ResidentKeyRequirement,
    UserVerificationRequirement,
)

from sidan.kernel.base.errors import Invalid
from sidan.kernel.org import factors
from sidan.kernel.org.models import Account, Factor
from sidan.web import sealed, signing

_STATE = "web.passkey"
_ANSWER_CHARS = 20_000


def offered() -> bool:
    """Whether this address can have passkeys: a name, and encrypted or this machine. Browsers refuse numbers."""
    parts = urlsplit(settings.SIDAN_URL)
    host = parts.hostname or ""
    named = bool(host) and not host.replace(".", "").isdigit() and ":" not in host
    return named and (parts.scheme == "https" or host == "localhost" or host.endswith(".localhost"))


def _server() -> Fido2Server:
    """Bound to the configured address, never to what a request calls itself."""
    origin = settings.SIDAN_URL
    rp = PublicKeyCredentialRpEntity(id=urlsplit(origin).hostname, name=_("四单"))
    return Fido2Server(rp, verify_origin=lambda said: said == origin)


def _known(account: Account) -> list[AttestedCredentialData]:
    found = factors.of(account)
    return [AttestedCredentialData(factors.passkey_public(one)) for one in found if one.kind == Factor.Kind.PASSKEY]


def has(account: Account) -> bool:
    """Whether the account can be proved by a passkey here. One query."""
    return offered() and bool(_known(account))


def ask_new(request: HttpRequest, account: Account, now: datetime) -> str:
    """What the browser is asked in order to make one, as JSON; the challenge is kept in the session."""
    user = PublicKeyCredentialUserEntity(
        id=str(account.pk).encode(), name=account.handle, display_name=account.person.name
    )
    options, state = _server().register_begin(
        user,
        credentials=_known(account),
        resident_key_requirement=ResidentKeyRequirement.DISCOURAGED,
        user_verification=UserVerificationRequirement.PREFERRED,
    )
    sealed.put(request, _STATE, dict(state), now)
    return orjson.dumps(dict(options.public_key)).decode()


def add(request: HttpRequest, account: Account, answer: str, label: str, now: datetime) -> Factor:
    """Keep a new one.

    Raises:
        Invalid: the answer does not belong to what was asked.
    """
    try:
        response = RegistrationResponse.from_dict(orjson.loads(answer[:_ANSWER_CHARS]))
        made = _server().register_complete(_state(request, now), response)
        public = made.credential_data
        if public is None:
            raise ValueError("no credential")
        return factors.add_passkey(
            account, public.credential_id, bytes(public), label=label, counter=made.counter, at=now
        )
    except (ValueError, TypeError, KeyError, IntegrityError) as error:
        raise Invalid(_("没有成功，请再试一次。")) from error


def ask(request: HttpRequest, account: Account, now: datetime) -> str:
    """What the browser is asked in order to prove the account, as JSON."""
    options, state = _server().authenticate_begin(_known(account), UserVerificationRequirement.PREFERRED)
    sealed.put(request, _STATE, dict(state), now)
    return orjson.dumps(dict(options.public_key)).decode()


def prove(request: HttpRequest, account: Account, answer: str, now: datetime) -> bool:
    """Whether the browser's answer proves the account; a challenge is asked once."""
    try:
        response = AuthenticationResponse.from_dict(orjson.loads(answer[:_ANSWER_CHARS]))
        key = _server().authenticate_complete(_state(request, now), _known(account), response)
        counter = response.response.authenticator_data.counter
    except (ValueError, TypeError, KeyError):
        return False
    return factors.use_passkey(account, key.credential_id, counter, at=now)


def _state(request: HttpRequest, now: datetime) -> dict[str, Any]:
    kept = sealed.get(request, _STATE, now, signing.FRESH)
    sealed.drop(request, _STATE)
    if not isinstance(kept, dict):
        raise ValueError("nothing was asked")
    return kept
