"""Calls the services of this process: no HTTP, no ASGI."""

from __future__ import annotations

from collections.abc import AsyncGenerator, Iterable, Mapping
from typing import Any

from agentic.layers.base import jsonio
from agentic.layers.base.operation import Call, Operation, Route
from agentic.layers.L01_data_layer.backends.backend import FeedEvent
from agentic.layers.L01_data_layer.feed import EventFeed, Filter


class LocalBackend:
    """Looks an operation up and calls it. What the caller gets is decoded from the same JSON that HTTP would send."""

    def __init__(self, routes: Iterable[Route], feed: EventFeed) -> None:
        self._handlers = {route.operation.name: route.handler for route in routes}
        self._feed = feed

    async def call(self, operation: Operation, call: Call) -> Any:
        """The answer of the service."""
        body = (await self._handlers[operation.name](call)).body
        return jsonio.decode(body) if body else None

    def follow(self, after: int | None, filters: Mapping[str, str]) -> AsyncGenerator[list[FeedEvent]]:
        """Batches from the feed of this process."""
        return self._feed.follow(after, Filter(**filters))

    async def close(self) -> None:
        """Nothing: the layer closes what it opened."""
