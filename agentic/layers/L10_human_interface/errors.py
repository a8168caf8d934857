"""The errors of the human interface (E10000-E10999)."""

from __future__ import annotations

from typing import ClassVar

from agentic.layers.base.errors import PlatformError


class InterfaceError(PlatformError):
    """The base of the E10000–E10999 range."""

    layer: ClassVar[int] = 10


class ForeignOriginError(InterfaceError):
    """A page of another site may not open this socket. Open the dashboard at its own address."""

    code = "E10001"
    status = 403
    title = "Foreign origin"


class ViewError(InterfaceError):
    """There is no such live view. Load the page again."""

    code = "E10002"
    status = 422
    title = "Unknown view"


class RuntimeAbsentError(InterfaceError):
    """The agent runtime (L02) is not part of this platform. Start it with `platform up`, and try again."""

    code = "E10003"
    status = 503
    title = "No agent runtime"


class LayerAbsentError(InterfaceError):
    """A layer that this needs is not part of this platform. Start it with `platform up`, and try again."""

    code = "E10004"
    status = 503
    title = "A layer is missing"
