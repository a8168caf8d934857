"""A run as it happens, as server-sent events: its steps from the log after a cursor, its text while it is written.

id: 3                  the number of a step: a browser resumes after it by itself (`Last-Event-ID`)
event: step            data: the step
event: text            data: {"step": 4, "text": "Hel"}; gone when it is missed, and in the step anyhow
event: run             data: the run, when its state changes; the last one when it has ended
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, Callable
from contextlib import aclosing
from typing import Any, Final, NamedTuple

from agentic.layers.base import jsonio
from agentic.layers.L01_data_layer.client import L01Client
from agentic.layers.L02_agent_runtime.news import RunNews
from agentic.layers.L02_agent_runtime.subagents import FINAL

PING: Final = 15.0
LOOK: Final = 2.0
"""Seconds after which a stream looks for itself: news are a hint."""


class RunEvent(NamedTuple):
    """One event of a stream; `number` is that of a step."""

    event: str
    data: Any
    number: int | None = None


class RunStream:
    """The streams of runs."""

    def __init__(self, l01: Callable[[], L01Client], news: RunNews) -> None:
        self._l01 = l01
        self._news = news

    async def events(self, run_id: str, after: int = 0) -> AsyncGenerator[RunEvent | None]:
        """The events of a run, until it has ended; nothing, now and then, when nothing happens.

        Raises:
            NotFoundError: there is no such run.
        """
        l01 = self._l01()
        run = await l01.runs.get(run_id)
        told: asyncio.Queue[dict[str, Any]] = asyncio.Queue(1000)
        with self._news.of(run_id) as news:
            listening = asyncio.create_task(self._listen(run_id, told))
            try:
                version, quiet = None, 0.0
                while not self._news.ended:
                    # Cleared before it is looked: what comes in between is looked for again.
                    news.clear()
                    run = await l01.runs.get(run_id)
                    while steps := await l01.runs.steps(run_id, after=after):
                        for step in steps:
                            after = step["number"]
                            yield RunEvent("step", step, after)
                    if run["version"] != version:
                        version, quiet = run["version"], 0.0
                        yield RunEvent("run", run)
                        if run["status"] in FINAL:
                            return
                    async for text in _texts(told, news):
                        if text.get("step", 0) > after:
                            quiet = 0.0
                            yield RunEvent("text", text)
                    quiet += LOOK
                    if quiet >= PING:
                        quiet = 0.0
                        yield None
            finally:
                listening.cancel()
                await asyncio.wait({listening})

    async def _listen(self, run_id: str, told: asyncio.Queue[dict[str, Any]]) -> None:
        async with aclosing(self._l01().runs.listen(run_id)) as messages:
            async for message in messages:
                if told.full():
                    told.get_nowait()  # a reader that slow reads it in the step
                told.put_nowait(message["payload"])

    async def blocks(self, run_id: str, after: int = 0) -> AsyncGenerator[bytes]:
        """The same as the text of a stream."""
        async with aclosing(self.events(run_id, after)) as events:
            async for event in events:
                yield b": ping\n\n" if event is None else block(event)


def block(event: RunEvent) -> bytes:
    """An event as it stands in a stream."""
    head = b"" if event.number is None else b"id: %d\n" % event.number
    return head + b"event: %b\ndata: %b\n\n" % (event.event.encode(), jsonio.encode(event.data))


async def _texts(told: asyncio.Queue[dict[str, Any]], news: asyncio.Event) -> AsyncGenerator[dict[str, Any]]:
    """What is told, until there is news, or nothing for a while."""
    fact = asyncio.ensure_future(news.wait())
    text = asyncio.ensure_future(told.get())
    try:
        while True:
            done, _ = await asyncio.wait({fact, text}, timeout=LOOK, return_when=asyncio.FIRST_COMPLETED)
            if fact in done or not done:
                return
            yield text.result()
            text = asyncio.ensure_future(told.get())
    finally:
        fact.cancel()
        text.cancel()
