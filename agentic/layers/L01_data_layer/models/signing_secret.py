"""L11: what messages are signed with. Secrets are kept outside the log, which never forgets (docs/decisions/0040)."""

from __future__ import annotations

from typing import Annotated

from pydantic import AfterValidator, Field
from typing_extensions import TypedDict

from agentic.layers.base.operation import Operation
from agentic.layers.L01_data_layer.models.cursor import CursorName
from agentic.layers.L01_data_layer.models.fields import Body, storable

A_DAY = 86_400


class SecretSet(Body):
    """A new secret; the one before it stays valid for `overlap` seconds. With `first`, only where there is none yet."""

    secret: Annotated[str, Field(min_length=8, max_length=500), AfterValidator(storable)]
    overlap: Annotated[int, Field(ge=0, le=30 * A_DAY)] = A_DAY
    first: bool = False


class SecretAddress(Body):
    """Whose secret."""

    owner: CursorName


class SigningSecret(TypedDict):
    """The secret of a subscription or a hook, and the one before it while that is valid."""

    owner: str
    secret: str
    previous: str | None
    previous_until: str | None
    updated_at: str


GET_SECRET = Operation(
    "secret.get", "GET", "/signing-secrets/{owner}", result=SigningSecret, address=SecretAddress
)
SET_SECRET = Operation(
    "secret.set",
    "PUT",
    "/signing-secrets/{owner}",
    body=SecretSet,
    result=SigningSecret,
    address=SecretAddress,
)
