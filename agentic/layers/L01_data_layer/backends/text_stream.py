"""Listens to a run over HTTP, through every break. What is told while the stream is broken is missed: it is no fact."""

from __future__ import annotations

import asyncio
import random
from collections.abc import AsyncGenerator, Mapping
from typing import Any, Final, cast

import httpx2
import structlog

from agentic.layers.base import jsonio
from agentic.layers.base.backends import refusal
from agentic.layers.L01_data_layer.models.run import LiveText

log = structlog.get_logger()

SILENCE: Final = httpx2.Timeout(5.0, read=45.0)
"""The server pings every 15 s: after three missed ones the connection is dead."""
FIRST_PAUSE: Final = 0.1
LONGEST_PAUSE: Final = 5.0


class _BrokenError(Exception):
    """The stream ended; it may be listened to again."""


async def listen_stream(
    client: httpx2.AsyncClient, headers: Mapping[str, str], run_id: str
) -> AsyncGenerator[LiveText]:
    """What is told of a run, for ever.

    Raises:
        PlatformError: the server refuses the request, such as one without a key.
    """
    pause = FIRST_PAUSE
    while True:
        try:
            async with client.stream(
                "GET", f"/runs/{run_id}/text", headers=dict(headers), timeout=SILENCE
            ) as response:
                await _check(response)
                pending = b""
                async for chunk in response.aiter_bytes():
                    pause = FIRST_PAUSE
                    *lines, pending = (pending + chunk).split(b"\n")
                    for line in lines:
                        if line.startswith(b"data: "):
                            text: Any = jsonio.decode(line[6:])
                            yield cast("LiveText", text)
        except (httpx2.TransportError, _BrokenError) as error:
            log.info("the stream of a run broke; listening again", run_id=run_id, error=repr(error))
        await asyncio.sleep(pause * random.uniform(0.5, 1.0))
        pause = min(pause * 2, LONGEST_PAUSE)


async def _check(response: httpx2.Response) -> None:
    if response.is_success:
        return
    await response.aread()
    if response.status_code >= 500:
        raise _BrokenError(f"the server answered {response.status_code}")
    raise refusal(response)
