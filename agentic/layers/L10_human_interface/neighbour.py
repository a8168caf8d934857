"""A layer beside this one, or its absence: pages can be read without it, and say what is missing."""

from __future__ import annotations

from collections.abc import Callable
from typing import Final, Generic, TypeVar

from agentic.layers.L10_human_interface.errors import LayerAbsentError
from agentic.layers.L10_human_interface.layer_health import LayerMonitor

C = TypeVar("C")

GONE: Final = ("unreachable", "down")


class Neighbour(Generic[C]):
    """One layer by its client, which is looked up when it is wanted: the layer may start after the pages."""

    def __init__(
        self, layer: str, title: str, client: Callable[[], C], monitor: LayerMonitor, without: str
    ) -> None:
        self._name = f"The {title} layer ({layer})"
        self._layer = layer
        self._client = client
        self._monitor = monitor
        self._without = without
        """What can still be done when it is not there, as the end of a sentence."""

    async def notice(self) -> str:
        """What a page says when the layer is not there; empty when it is."""
        status = await self._monitor.status_of(self._layer)
        if status is None:
            return f"{self._name} is not part of this platform: {self._without}."
        if status in GONE:
            return f"{self._name} does not answer: {self._without}. Layer health says more."
        return ""

    async def there(self) -> bool:
        """Whether something can be asked of it."""
        return await self._monitor.status_of(self._layer) not in (None, *GONE)

    async def client(self) -> C:
        """Its client.

        Raises:
            LayerAbsentError: it is no part of this platform.
        """
        if await self._monitor.status_of(self._layer) is None:
            raise LayerAbsentError(f"{self._name} is not part of this platform.")
        return self._client()
