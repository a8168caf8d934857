"""Follows the data layer's event stream over HTTP, through every break, without a gap.

Read as bytes: a line ends where our server ends it, not at each of the characters at which Python's `splitlines` would
cut a JSON text in two.
"""

from __future__ import annotations

import asyncio
import random
from collections.abc import AsyncGenerator, Mapping
from typing import Final

import httpx2
import structlog

from agentic.layers.base.backends import refusal
from agentic.layers.L01_data_layer.backends.backend import FeedEvent, feed_event

log = structlog.get_logger()

PATH: Final = "/events/stream"
SILENCE: Final = httpx2.Timeout(5.0, read=45.0)
"""The server pings every 15 s: after three missed ones the connection is dead."""
FIRST_PAUSE: Final = 0.1
LONGEST_PAUSE: Final = 5.0


class _BrokenError(Exception):
    """The stream ended; it may be followed again."""


async def follow_stream(
    client: httpx2.AsyncClient, headers: Mapping[str, str], after: int | None, filters: Mapping[str, str]
) -> AsyncGenerator[list[FeedEvent]]:
    """Batches of events after a position (none: from the moment the stream first stands), for ever.

    Raises:
        PlatformError: the server refuses the request, such as an unknown filter or a missing key.
    """
    reader = _StreamReader(after)
    pause = FIRST_PAUSE
    while True:
        query = filters if reader.position is None else {**filters, "after": str(reader.position)}
        try:
            async with client.stream(
                "GET", PATH, params=query, headers=dict(headers), timeout=SILENCE
            ) as response:
                await _check(response)
                async for chunk in response.aiter_bytes():
                    pause = FIRST_PAUSE
                    yield reader.feed(chunk)
        except (httpx2.TransportError, _BrokenError) as error:
            log.info("the event stream broke; following again", after=reader.position, error=repr(error))
        reader.restart()
        await asyncio.sleep(pause * random.uniform(0.5, 1.0))
        pause = min(pause * 2, LONGEST_PAUSE)


async def _check(response: httpx2.Response) -> None:
    if response.is_success:
        return
    await response.aread()
    if response.status_code >= 500:
        raise _BrokenError(f"the server answered {response.status_code}")
    raise refusal(response)


class _StreamReader:
    """Turns the bytes of a stream into events, and knows the position to resume from."""

    def __init__(self, position: int | None) -> None:
        self.position = position
        self._line: list[bytes] = []
        self._id: int | None = None
        self._event: FeedEvent | None = None

    def feed(self, chunk: bytes) -> list[FeedEvent]:
        """The events that are complete with `chunk`."""
        events: list[FeedEvent] = []
        first, *others = chunk.split(b"\n")
        self._line.append(first)
        for following in others:
            self._take(b"".join(self._line).removesuffix(b"\r"), events)
            self._line = [following]
        return events

    def _take(self, line: bytes, events: list[FeedEvent]) -> None:
        if line.startswith(b"data: "):
            self._event = feed_event(line[6:])
        elif line.startswith(b"id: "):
            self._id = int(line[4:])
        elif not line:
            if self._event is not None:
                events.append(self._event)
            if self._id is not None:
                self.position = self._id
            self._id = self._event = None

    def restart(self) -> None:
        """What a broken stream left unfinished comes again with the next."""
        self._line = []
        self._id = self._event = None
