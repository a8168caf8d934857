"""The errors of the model gateway (E4000-E4999)."""

from __future__ import annotations

from typing import ClassVar

from agentic.layers.base.errors import PlatformError


class ModelGatewayError(PlatformError):
    """The base of the E4000-E4999 range."""

    layer: ClassVar[int] = 4


class LocalModelError(ModelGatewayError):
    """The local model is not installed, or did not start."""

    code = "E4080"
    status = 503
    title = "Local model unavailable"


class CassetteFileError(ModelGatewayError):
    """The file of the cassette cannot be read or written."""

    code = "E4090"
    status = 422
    title = "Cassette file"


class CassetteMismatchError(ModelGatewayError):
    """The run asks what the cassette has not recorded."""

    code = "E4091"
    status = 409
    title = "Cassette mismatch"
