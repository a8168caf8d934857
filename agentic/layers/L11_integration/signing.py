"""Messages that are signed: as Standard Webhooks say, and as GitHub does.

The package of Standard Webhooks is not used (docs/decisions/0041).
"""

from __future__ import annotations

import binascii
import hashlib
import hmac
import secrets
from base64 import b64decode, b64encode
from collections.abc import Mapping, Sequence
from typing import Final

from agentic.layers.L11_integration.errors import SignatureError, StaleMessageError

PREFIX: Final = "whsec_"
VERSION: Final = "v1"
TOLERANCE: Final = 300
"""Seconds between the signature of a message and its arrival, in either direction."""
_RANDOM_BYTES: Final = 32
_GITHUB: Final = "sha256="


def new_secret() -> str:
    """A secret in the form of Standard Webhooks."""
    return PREFIX + b64encode(secrets.token_bytes(_RANDOM_BYTES)).decode()


def signed(keys: Sequence[str], message_id: str, moment: int, body: bytes) -> dict[str, str]:
    """The headers of a message, signed with each of the secrets: whoever has one of them can check it."""
    signatures = " ".join(f"{VERSION},{_standard(key, message_id, str(moment), body)}" for key in keys)
    return {"webhook-id": message_id, "webhook-timestamp": str(moment), "webhook-signature": signatures}


def check_standard(keys: Sequence[str], headers: Mapping[str, str], body: bytes, moment: float) -> str:
    """The id of a message that one of the secrets has signed lately.

    Raises:
        SignatureError: none has.
        StaleMessageError: it was signed at another time.
    """
    message_id, at = headers.get("webhook-id", ""), headers.get("webhook-timestamp", "")
    if not message_id or not (at.isascii() and at.isdigit() and len(at) < 13):
        raise SignatureError("The headers webhook-id, webhook-timestamp and webhook-signature are needed.")
    given = [entry.partition(",") for entry in headers.get("webhook-signature", "").split()]
    right = [_standard(key, message_id, at, body) for key in keys]
    if not _any_of([value for version, _, value in given if version == VERSION], right):
        raise SignatureError
    if abs(moment - int(at)) > TOLERANCE:
        raise StaleMessageError(f"The message was signed more than {TOLERANCE} s from now.")
    return message_id


def check_github(keys: Sequence[str], headers: Mapping[str, str], body: bytes) -> str:
    """What a message of GitHub is known by. It bears no time, and its id is not signed: its signature stands for it.

    Raises:
        SignatureError: none of the secrets has signed it.
    """
    given = headers.get("x-hub-signature-256", "").removeprefix(_GITHUB)
    right = [hmac.new(key.encode(), body, hashlib.sha256).hexdigest() for key in keys]
    if not _any_of([given], right):
        raise SignatureError
    return given


def _standard(key: str, message_id: str, moment: str, body: bytes) -> str:
    content = b".".join((message_id.encode("latin-1", "replace"), moment.encode(), body))
    return b64encode(hmac.new(_bytes_of(key), content, hashlib.sha256).digest()).decode()


def _bytes_of(key: str) -> bytes:
    """The secret itself: base64 after its prefix; what is no base64 is taken as it stands."""
    try:
        text = key.removeprefix(PREFIX)
        return b64decode(text + "=" * (-len(text) % 4), validate=True)
    except (binascii.Error, ValueError):
        return key.encode()


def _any_of(given: Sequence[str], right: Sequence[str]) -> bool:
    return any(
        hmac.compare_digest(one.encode("latin-1", "replace"), other.encode())
        for one in given
        for other in right
    )
