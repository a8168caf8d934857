"""Calls the services of this process: no HTTP, no ASGI."""

from __future__ import annotations

from collections.abc import AsyncGenerator, Iterable, Mapping

from agentic.layers.base import backends
from agentic.layers.base.operation import Route
from agentic.layers.L01_data_layer.backends.backend import FeedEvent
from agentic.layers.L01_data_layer.feed import EventFeed, Filter
from agentic.layers.L01_data_layer.live_text import LiveTexts
from agentic.layers.L01_data_layer.models.run import LiveText


class LocalBackend(backends.LocalBackend):
    """The services, the feed and the live texts of this process."""

    def __init__(self, routes: Iterable[Route], feed: EventFeed, texts: LiveTexts) -> None:
        super().__init__(routes)
        self._feed = feed
        self._texts = texts

    def follow(self, after: int | None, filters: Mapping[str, str]) -> AsyncGenerator[list[FeedEvent]]:
        """Batches from the feed of this process."""
        return self._feed.follow(after, Filter(**filters))

    def listen(self, run_id: str) -> AsyncGenerator[LiveText]:
        """What is told of a run, in this process or another."""
        return self._texts.listen(run_id)
