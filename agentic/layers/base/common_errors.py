"""The codes that every layer may answer with, one for each way in which a caller reacts.

They carry L01's range because the data layer speaks them first; `L01_data_layer.models.error_codes` names them again
for its callers.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any, ClassVar

import structlog

from agentic.layers.base.errors import FieldError, PlatformError

log = structlog.get_logger()


class CommonError(PlatformError):
    """The base of the E1000–E1999 range."""

    layer: ClassVar[int] = 1


class InternalError(CommonError):
    """The platform failed in a way that it did not foresee. The log has the details under the request id."""

    code = "E1000"
    status = 500
    title = "Internal error"


class InvalidError(CommonError):
    """The request is not valid."""

    code = "E1001"
    status = 422
    title = "Invalid request"

    @classmethod
    def of(cls, *errors: tuple[str, str]) -> InvalidError:
        """One error for one or more (field, message) pairs."""
        listed: list[FieldError] = [{"field": field, "message": message} for field, message in errors]
        return cls("; ".join(f"{field}: {message}" for field, message in errors), errors=listed)


class NotFoundError(CommonError):
    """There is no such record."""

    code = "E1002"
    status = 404
    title = "Not found"


class ExistsError(CommonError):
    """A record with this unique value exists already."""

    code = "E1003"
    status = 409
    title = "Already exists"


class BrokenReferenceError(CommonError):
    """A record that this one refers to does not exist, or others refer to the one to be deleted."""

    code = "E1004"
    status = 409
    title = "Broken reference"


class StaleVersionError(CommonError):
    """The record has changed since the version that the caller names."""

    code = "E1005"
    status = 412
    title = "Stale version"


class TooLargeError(CommonError):
    """The request is larger than the platform takes."""

    code = "E1006"
    status = 413
    title = "Too large"


class MethodError(CommonError):
    """This address does not take this method."""

    code = "E1007"
    status = 405
    title = "Method not allowed"


class IdempotencyError(CommonError):
    """This idempotency key was used for another request."""

    code = "E1008"
    status = 409
    title = "Idempotency key reused"


class DatabaseUnavailableError(CommonError):
    """The database cannot be reached. Nothing was written."""

    code = "E1010"
    status = 503
    title = "Database unavailable"


class BusUnavailableError(CommonError):
    """The event bus cannot be reached. Writes go on; live updates are late."""

    code = "E1011"
    status = 503
    title = "Bus unavailable"


class TimedOutError(CommonError):
    """The request took longer than its limit."""

    code = "E1012"
    status = 504
    title = "Timed out"


class StateError(CommonError):
    """This change of state is not allowed."""

    code = "E1020"
    status = 409
    title = "Illegal state change"


class FencedError(CommonError):
    """The run has been taken over since: it stands at another token, and nothing was written."""

    code = "E1021"
    status = 409
    title = "Fenced off"


class ConsumedError(CommonError):
    """The approval was not given, or was used before: it allows one execution, once."""

    code = "E1022"
    status = 409
    title = "Approval not usable"


class UnauthorizedError(CommonError):
    """This needs a valid key."""

    code = "E1030"
    status = 401
    title = "Unauthorized"


class ForbiddenError(CommonError):
    """The caller may not do this."""

    code = "E1031"
    status = 403
    title = "Forbidden"


class ForeignHostError(CommonError):
    """The platform is not known by this host name. Ask for it as localhost, or allow the name."""

    code = "E1032"
    status = 421
    title = "Foreign host"


class CrossSiteError(CommonError):
    """A page of another site may not do this."""

    code = "E1033"
    status = 403
    title = "Cross-site request"


class BudgetExceededError(CommonError):
    """The call would break a budget. `budget` says which, `left` how much of it is left."""

    code = "E1040"
    status = 429
    title = "Budget exceeded"


class UnreachableError(CommonError):
    """The layer cannot be reached."""

    code = "E1090"
    status = 503
    title = "Layer unreachable"


def invalid_from(errors: Iterable[Mapping[str, Any]]) -> InvalidError:
    """Pydantic's list of errors as E1001, each with the name of its field."""
    pairs: list[tuple[str, str]] = []
    for error in errors:
        where = [str(part) for part in error["loc"] if part not in ("query", "path", "header")]
        if len(where) > 1 and where[0] == "body":
            where = where[1:]
        pairs.append((".".join(where) or "body", str(error["msg"]).removeprefix("Value error, ")))
    return InvalidError.of(*pairs)


def as_platform_error(error: Exception) -> PlatformError:
    """Any exception as an error of the catalogue; one that nobody foresaw is logged and becomes E1000."""
    if isinstance(error, PlatformError):
        return error
    if isinstance(error, TimeoutError):
        return TimedOutError()
    log.error("unforeseen error", exc_info=error)
    return InternalError()
