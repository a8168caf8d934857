"""The errors of the gateway (E9000-E9999): one for each way in which the owner of a key reacts.

Everything else that it answers is said by the data layer and passed on (E1000-E1999).
"""

from __future__ import annotations

from typing import ClassVar

from agentic.layers.base.errors import PlatformError


class GatewayError(PlatformError):
    """The base of the E9000-E9999 range."""

    layer: ClassVar[int] = 9


class MissingKeyError(GatewayError):
    """This address needs a key, in the header `X-API-Key` or as `Authorization: Bearer`."""

    code = "E9001"
    status = 401
    title = "Key missing"


class InvalidKeyError(GatewayError):
    """There is no such key."""

    code = "E9002"
    status = 401
    title = "Key invalid"


class ExpiredKeyError(GatewayError):
    """The time of this key is over."""

    code = "E9003"
    status = 401
    title = "Key expired"


class RevokedKeyError(GatewayError):
    """This key was revoked."""

    code = "E9004"
    status = 401
    title = "Key revoked"


class MissingScopeError(GatewayError):
    """This key is not allowed to do this."""

    code = "E9005"
    status = 403
    title = "Scope missing"
