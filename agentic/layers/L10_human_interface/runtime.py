"""The layers that carry out what people want of agents, runs and tools; a page does without them where they are not."""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

from agentic.layers.L02_agent_runtime.client import L02Client
from agentic.layers.L03_tool_execution.client import L03Client
from agentic.layers.L10_human_interface.errors import RuntimeAbsentError
from agentic.layers.L10_human_interface.layer_health import LayerMonitor

LAYER: Final = "L02"
TOOLS: Final = "L03"
GONE: Final = ("unreachable", "down")


class Runtime:
    """L02 and L03, or their absence. Their clients are looked up when they are wanted: they may start after the pages."""

    def __init__(
        self, l02: Callable[[], L02Client], l03: Callable[[], L03Client], monitor: LayerMonitor
    ) -> None:
        self._l02 = l02
        self._l03 = l03
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
        """Whether something can be asked of the runtime."""
        return await self._monitor.status_of(LAYER) not in (None, *GONE)

    async def tools(self) -> L03Client | None:
        """The tool layer; none where it does not answer."""
        return None if await self._monitor.status_of(TOOLS) in (None, *GONE) else self._l03()

    async def l02(self) -> L02Client:
        """The runtime.

        Raises:
            RuntimeAbsentError: there is none.
        """
        if await self._monitor.status_of(LAYER) is None:
            raise RuntimeAbsentError
        return self._l02()
