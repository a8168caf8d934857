"""The errors of the integration layer (E11000-E11999)."""

from __future__ import annotations

from typing import ClassVar

from agentic.layers.base.errors import PlatformError


class IntegrationError(PlatformError):
    """The base of the E11000-E11999 range."""

    layer: ClassVar[int] = 11


class SubscriptionExistsError(IntegrationError):
    """There is a subscription of this name already; its name is what its cursor is kept under."""

    code = "E11001"
    status = 409
    title = "Subscription exists"


class PatternError(IntegrationError):
    """A pattern is the name of an event type, or its beginning and a star, or several of them with commas between."""

    code = "E11002"
    status = 422
    title = "Bad pattern"
