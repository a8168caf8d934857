"""The errors that the data layer answers with (E1000-E1999); the client raises the same classes."""

from agentic.layers.base.common_errors import (
    BrokenReferenceError,
    BusUnavailableError,
    DatabaseUnavailableError,
    ExistsError,
    ForbiddenError,
    IdempotencyError,
    InternalError,
    InvalidError,
    MethodError,
    NotFoundError,
    StaleVersionError,
    StateError,
    TimedOutError,
    TooLargeError,
    UnauthorizedError,
    UnreachableError,
)
from agentic.layers.base.errors import PlatformError

__all__ = [
    "BrokenReferenceError",
    "BusUnavailableError",
    "DatabaseUnavailableError",
    "ExistsError",
    "ForbiddenError",
    "IdempotencyError",
    "InternalError",
    "InvalidError",
    "MethodError",
    "NotFoundError",
    "PlatformError",
    "StaleVersionError",
    "StateError",
    "TimedOutError",
    "TooLargeError",
    "UnauthorizedError",
    "UnreachableError",
]
