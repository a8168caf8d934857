"""The agent runtime, as the pages use it: what people do to agents and runs goes through it, where it is there."""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

from agentic.layers.L02_agent_runtime.client import L02Client
from agentic.layers.L10_human_interface.errors import RuntimeAbsentError
from agentic.layers.L10_human_interface.layer_health import LayerMonitor

LAYER: Final = "L02"
GONE: Final = ("unreachable", "down")


class Runtime:
    """L02, or its absence. Its client is looked up when it is wanted: it may start after the pages."""

    def __init__(self, client: Callable[[], L02Client], monitor: LayerMonitor) -> None:
        self._client = client
        self._monitor = monitor

    async def notice(self) -> str:
        """What a page says when nothing can be run; empty when it can."""
        status = await self._monitor.status_of(LAYER)
        if status is None:
            return "The agent runtime (L02) is not part of this platform: runs can be read here, not begun or changed."
        if status in GONE:
            return "The agent runtime (L02) does not answer: runs stand still until it is back. Layer health says more."
        return ""

    async def there(self) -> bool:
        """Whether something can be asked of it."""
        return await self._monitor.status_of(LAYER) not in (None, *GONE)

    async def l02(self) -> L02Client:
        """The runtime.

        Raises:
            RuntimeAbsentError: there is none.
        """
        if await self._monitor.status_of(LAYER) is None:
            raise RuntimeAbsentError
        return self._client()
