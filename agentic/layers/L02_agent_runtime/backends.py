"""The two ways to reach the agent runtime: a call, and HTTP. Both follow a run's stream too."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, Iterable
from contextlib import aclosing
from typing import Any, Final, Protocol

import httpx2

from agentic.layers.base import backends, jsonio, tracing
from agentic.layers.base.backends import refusal
from agentic.layers.base.common_errors import UnreachableError
from agentic.layers.base.operation import Route
from agentic.layers.L02_agent_runtime.stream import RunEvent, RunStream

SILENCE: Final = httpx2.Timeout(5.0, read=45.0)
FIRST_PAUSE: Final = 0.1
LONGEST_PAUSE: Final = 5.0
ATTEMPTS: Final = 8
"""Breaks of a stream, one after the other, that are borne."""


class Backend(backends.Backend, Protocol):
    """Carries operations out, and follows runs."""

    def stream(self, run_id: str, after: int) -> AsyncGenerator[RunEvent]:
        """The events of a run after a step, until it has ended."""
        ...


class LocalBackend(backends.LocalBackend):
    """The runtime of this process."""

    def __init__(self, routes: Iterable[Route], streams: RunStream) -> None:
        super().__init__(routes)
        self._streams = streams

    async def stream(self, run_id: str, after: int) -> AsyncGenerator[RunEvent]:
        """From the runtime itself."""
        async with aclosing(self._streams.events(run_id, after)) as events:
            async for event in events:
                if event is not None:
                    yield event


class HttpBackend(backends.HttpBackend):
    """The runtime at an address. A stream that breaks is followed again after its last step."""

    async def stream(self, run_id: str, after: int) -> AsyncGenerator[RunEvent]:
        """From the server's stream.

        Raises:
            UnreachableError: it breaks again and again.
            PlatformError: the server refuses it.
        """
        client, breaks = await backends.pooled(self.base_url), 0
        while True:
            try:
                async with client.stream(
                    "GET",
                    f"/runs/{run_id}/stream",
                    params={"after": str(after)},
                    headers={**self._headers, **tracing.as_headers()},
                    timeout=SILENCE,
                ) as response:
                    if not response.is_success:
                        await response.aread()
                        raise refusal(response)
                    async for event in _events(response):
                        breaks = 0
                        after = event.number or after
                        yield event
                        if event.event == "run" and event.data["status"] in (
                            "completed",
                            "failed",
                            "cancelled",
                        ):
                            return
            except httpx2.TransportError as error:
                if breaks >= ATTEMPTS:
                    raise UnreachableError(f"The stream of a run broke {breaks} times: {error!r}") from error
            breaks += 1
            if breaks > ATTEMPTS:
                raise UnreachableError(f"The stream of run {run_id} ends again and again.")
            await asyncio.sleep(min(FIRST_PAUSE * 2**breaks, LONGEST_PAUSE))


async def _events(response: httpx2.Response) -> AsyncGenerator[RunEvent]:
    """The events in a stream. Split at the line ends that our server writes, not at those of Unicode."""
    rest, kind, number, data = b"", "", None, None
    async for chunk in response.aiter_bytes():
        *lines, rest = (rest + chunk).split(b"\n")
        for line in lines:
            name, _, value = line.partition(b": ")
            if name == b"id":
                number = int(value)
            elif name == b"event":
                kind = value.decode()
            elif name == b"data":
                data = value
            elif not line and data is not None:
                decoded: Any = jsonio.decode(data)
                yield RunEvent(kind, decoded, number)
                kind, number, data = "", None, None
