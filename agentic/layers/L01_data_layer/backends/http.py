"""Reaches the data layer over HTTP."""

from __future__ import annotations

from collections.abc import AsyncGenerator, Mapping

from agentic.layers.base import backends
from agentic.layers.L01_data_layer.backends.backend import FeedEvent
from agentic.layers.L01_data_layer.models.run import LiveText


class HttpBackend(backends.HttpBackend):
    """Sends operations as requests, and follows the server's event stream."""

    def __init__(self, base_url: str, headers: Mapping[str, str] | None = None) -> None:
        super().__init__("L01", base_url, headers)

    async def follow(self, after: int | None, filters: Mapping[str, str]) -> AsyncGenerator[list[FeedEvent]]:
        """Batches from the server's event stream, resumed where it broke."""
        from agentic.layers.L01_data_layer.backends.event_stream import follow_stream

        client = await backends.pooled(self.base_url)
        async for batch in follow_stream(client, self._headers, after, filters):
            yield batch

    async def listen(self, run_id: str) -> AsyncGenerator[LiveText]:
        """What the server tells of a run, resumed where it broke; what was told meanwhile is missed."""
        from agentic.layers.L01_data_layer.backends.text_stream import listen_stream

        client = await backends.pooled(self.base_url)
        async for text in listen_stream(client, self._headers, run_id):
            yield text
