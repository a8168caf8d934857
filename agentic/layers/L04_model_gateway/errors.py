"""The errors of the model gateway (E4000-E4999): one for each way in which a caller, or who runs the platform, reacts."""

from __future__ import annotations

from typing import ClassVar

from agentic.layers.base.errors import PlatformError


class ModelError(PlatformError):
    """The base of the E4000-E4999 range."""

    layer: ClassVar[int] = 4


class UnknownModelError(ModelError):
    """No provider has a model of this name, and no alias is called so."""

    code = "E4001"
    status = 404
    title = "Unknown model"


class ModelCannotError(ModelError):
    """The model cannot do what the request asks of it, such as calling tools."""

    code = "E4002"
    status = 400
    title = "Model cannot do this"


class ProviderRefusedError(ModelError):
    """The provider refused the request as it is. Asking again will not help."""

    code = "E4003"
    status = 400
    title = "Refused by the provider"


class ProviderKeyError(ModelError):
    """The provider does not take the key that the platform has for it, or the platform has none."""

    code = "E4004"
    status = 502
    title = "Provider key not taken"


class ProviderBusyError(ModelError):
    """The provider takes no more requests for now."""

    code = "E4005"
    status = 429
    title = "Provider busy"


class ProviderFailedError(ModelError):
    """The provider failed, or its answer was cut off or is none."""

    code = "E4006"
    status = 502
    title = "Provider failed"


class ProviderTimeoutError(ModelError):
    """The provider said nothing for longer than it may."""

    code = "E4007"
    status = 504
    title = "Provider too slow"


class AnswerTooLargeError(ModelError):
    """The provider's answer is larger than the platform takes."""

    code = "E4008"
    status = 502
    title = "Answer too large"


class NoProviderError(ModelError):
    """No provider of this model can be reached at the moment."""

    code = "E4009"
    status = 503
    title = "No provider available"


class RateLimitedError(ModelError):
    """A limit on requests or tokens in a minute is reached."""

    code = "E4010"
    status = 429
    title = "Rate limit reached"


class LimitsUnavailableError(ModelError):
    """Limits cannot be counted while Redis is away, so a provider that costs money is not asked."""

    code = "E4011"
    status = 503
    title = "Limits cannot be counted"


class UsageBacklogError(ModelError):
    """Too many model calls wait to be recorded: the data layer is away or too slow, and none may be lost."""

    code = "E4012"
    status = 503
    title = "Usage cannot be recorded"


class PriceUnknownError(ModelError):
    """Nobody knows what the model costs, and the call falls under a budget in money."""

    code = "E4014"
    status = 400
    title = "Price unknown"


class ProviderSettingError(ModelError):
    """This is no valid description of a provider, an alias, a price or a limit."""

    code = "E4013"
    status = 422
    title = "Invalid provider setting"


class LocalModelError(NoProviderError):
    """The local model is not installed, or did not start."""

    code = "E4080"
    status = 503
    title = "Local model unavailable"


class CassetteFileError(ModelError):
    """The file of the cassette cannot be read or written."""

    code = "E4090"
    status = 422
    title = "Cassette file"


class CassetteMismatchError(ModelError):
    """The run asks what the cassette has not recorded."""

    code = "E4091"
    status = 409
    title = "Cassette mismatch"
