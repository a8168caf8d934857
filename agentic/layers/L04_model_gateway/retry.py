"""When a failed call is tried again, and after which pause."""

from __future__ import annotations

import random
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime

from agentic.layers.base.errors import PlatformError
from agentic.layers.L04_model_gateway.errors import (
    NoProviderError,
    ProviderBusyError,
    ProviderFailedError,
    ProviderKeyError,
    ProviderRefusedError,
    ProviderTimeoutError,
    RateLimitedError,
)


@dataclass(frozen=True)
class Patience:
    """How often a call is tried with one provider, and how long the pauses between are."""

    attempts: int
    first_pause: float
    longest_pause: float

    def pause(self, attempt: int, error: PlatformError, asked: float | None) -> float | None:
        """Seconds to wait after the attempt of this number (from 1); none: it is not tried again.

        What the provider asked for is the least: half of our own pause is drawn on top, so that callers do not come back together.
        """
        if attempt >= self.attempts or not _may_pass(error):
            return None
        ours = min(self.first_pause * 2 ** (attempt - 1), self.longest_pause) * random.uniform(0.5, 1.0)
        if asked is None:
            return ours
        return None if asked > self.longest_pause else asked + ours / 2


def _may_pass(error: PlatformError) -> bool:
    """Whether the same request may succeed with the same provider in a moment."""
    return isinstance(error, ProviderBusyError | ProviderFailedError | NoProviderError)


def another_may_do(error: PlatformError) -> bool:
    """Whether another provider may answer what this one did not."""
    if isinstance(error, RateLimitedError):
        return error.members.get("scope") in ("provider", "model")
    if isinstance(error, ProviderRefusedError):
        return error.members.get("provider_status") == 404  # it no longer has the model
    kinds = (
        ProviderBusyError | ProviderFailedError | ProviderKeyError | ProviderTimeoutError | NoProviderError
    )
    return isinstance(error, kinds)


def retry_after(headers: Mapping[str, str]) -> float | None:
    """Seconds for which a provider wants to be left alone, if it says so: a number, or a date."""
    try:
        if (milliseconds := headers.get("retry-after-ms")) is not None:
            return max(0.0, float(milliseconds) / 1000)
        if (value := headers.get("retry-after")) is None:
            return None
        try:
            return max(0.0, float(value))
        except ValueError:
            moment = parsedate_to_datetime(value)
            return max(0.0, (moment - datetime.now(UTC)).total_seconds())
    except (ValueError, TypeError):
        return None
