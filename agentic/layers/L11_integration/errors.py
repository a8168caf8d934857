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


class FilterError(IntegrationError):
    """A filter names values of an event by their path, such as `payload.status`, and says what each must be."""

    code = "E11003"
    status = 422
    title = "Bad filter"


class TargetError(IntegrationError):
    """The target of a subscription has not what its kind needs, or something that it does not know."""

    code = "E11004"
    status = 422
    title = "Bad target"


class ForbiddenTargetError(IntegrationError):
    """The address is not one of the public network, and messages are not sent to it."""

    code = "E11005"
    status = 422
    title = "Address not allowed"


class DeliveryError(IntegrationError):
    """The other end did not take an event."""

    code = "E11006"
    status = 502
    title = "Not delivered"


class ActionError(IntegrationError):
    """What a rule was to do was refused, and would be refused again."""

    code = "E11007"
    status = 422
    title = "Rule failed"


class SignatureError(IntegrationError):
    """The message is not signed with the secret of this hook, or its signature is not one."""

    code = "E11008"
    status = 401
    title = "Wrong signature"


class StaleMessageError(IntegrationError):
    """The message was signed too long ago, or in the future: somebody may be sending it again."""

    code = "E11009"
    status = 401
    title = "Message too old"


class NotStoredError(IntegrationError):
    """This subscription is a part of the platform's code, or of another kind: that cannot be done with it."""

    code = "E11010"
    status = 409
    title = "Not possible with this subscription"
