"""`GET /runs/{id}/text`: what a run says while it happens, as server-sent events. They have no id: none can be had again."""

from __future__ import annotations

from collections.abc import AsyncGenerator
from contextlib import aclosing
from typing import Final
from uuid import UUID

from fastapi import APIRouter

from agentic.layers.base import jsonio
from agentic.layers.base.server_sent import DOCUMENTED, PING, ServerSentEvents, or_silence
from agentic.layers.L01_data_layer.live_text import LiveTexts

PATH: Final = "/runs/{id}/text"


def router(texts: LiveTexts) -> APIRouter:
    """The route of the stream."""
    routes = APIRouter(tags=["runs"])

    @routes.get(PATH, status_code=200, responses=DOCUMENTED, response_class=ServerSentEvents)
    async def listen(id: UUID) -> ServerSentEvents:  # noqa: A002  # pyright: ignore[reportUnusedFunction]
        """What is told of a run from now on."""
        return ServerSentEvents(_blocks(texts, str(id)))

    return routes


async def _blocks(texts: LiveTexts, run_id: str) -> AsyncGenerator[bytes]:
    yield b": listening\n\n"
    async with (
        aclosing(texts.listen(run_id)) as told,
        aclosing(or_silence(told, PING)) as items,
    ):
        async for text in items:
            yield b": ping\n\n" if text is None else b"data: %b\n\n" % jsonio.encode(text)
