"""What runs say while they happen: told and forgotten (docs/decisions/0015).

In this process it goes straight to those who listen; to others over the bus, on the channel of the events, without an id
and a position. Nobody waits for it: who listens too slowly misses the oldest, and a bus that is down loses it.
"""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import AsyncGenerator
from contextlib import aclosing
from typing import Any, Final, cast
from uuid import uuid4

import structlog

from agentic.layers.base import jsonio
from agentic.layers.base.background import goes_on
from agentic.layers.base.common_errors import BusUnavailableError, InvalidError
from agentic.layers.L01_data_layer.models.run import LiveText
from agentic.layers.L01_data_layer.redis_client import CHANNEL, TOLD, Bus

log = structlog.get_logger()

EVENT_TYPE: Final = "run.tokens"
MOST_WAITING: Final = 5000
BATCH: Final = 200
AGAIN: Final = 0.5


class _Listener:
    """What was told of one run and not yet taken."""

    def __init__(self) -> None:
        self.told: deque[LiveText] = deque(maxlen=MOST_WAITING)
        self.ready = asyncio.Event()

    def offer(self, text: LiveText) -> None:
        self.told.append(text)
        self.ready.set()


class LiveTexts:
    """Tellers and listeners of this process, joined to those of others."""

    def __init__(self, bus: Bus) -> None:
        self._bus = bus
        self._origin = str(uuid4())
        self._listeners: dict[str, set[_Listener]] = {}
        self._outgoing: deque[bytes] = deque(maxlen=MOST_WAITING)
        self._sent = asyncio.Event()
        self._wanted = asyncio.Event()
        self._ended = False

    def tell(self, run_id: str, payload: dict[str, Any]) -> None:
        """Tells those who listen to a run. Nothing is written, and nothing is waited for."""
        text: LiveText = {
            "event_type": EVENT_TYPE,
            "aggregate_type": "run",
            "aggregate_id": run_id,
            "payload": payload,
            "id": None,
            "position": None,
            "metadata": {"origin": self._origin},
        }
        self._outgoing.append(jsonio.encode(text))
        self._sent.set()
        self._deliver(text)

    async def listen(self, run_id: str) -> AsyncGenerator[LiveText]:
        """What is told of a run from now on, until the layer stops."""
        listener = _Listener()
        here = self._listeners.setdefault(run_id, set())
        here.add(listener)
        self._wanted.set()
        try:
            while not self._ended:
                await listener.ready.wait()
                listener.ready.clear()
                while listener.told:
                    yield listener.told.popleft()
        finally:
            here.discard(listener)
            if not here and self._listeners.get(run_id) is here:
                del self._listeners[run_id]
            if not self._listeners:
                self._wanted.clear()

    def end(self) -> None:
        """Ends every listener at its next step."""
        self._ended = True
        for listeners in self._listeners.values():
            for listener in listeners:
                listener.ready.set()

    async def send(self) -> None:
        """Carries texts to the bus. Runs until it is cancelled."""
        self._ended = False
        while goes_on():
            await self._sent.wait()
            self._sent.clear()
            while self._outgoing and goes_on():
                batch = [self._outgoing.popleft() for _ in range(min(BATCH, len(self._outgoing)))]
                try:
                    await self._bus.publish(CHANNEL, batch)
                except BusUnavailableError as error:
                    self._outgoing.clear()
                    log.debug("live text is lost while the bus is down", error=str(error))
                    await asyncio.sleep(AGAIN)

    async def hear(self) -> None:
        """Takes the texts of other processes from the bus, while somebody listens. Runs until it is cancelled."""
        while goes_on():
            await self._wanted.wait()
            try:
                async with aclosing(self._bus.subscribe(CHANNEL)) as messages:
                    async for message in messages:
                        if message is not None and message.startswith(TOLD):
                            self._take(message)
                        if not self._wanted.is_set() or not goes_on():
                            break
            except BusUnavailableError as error:
                log.debug("live text of other processes is not heard", error=str(error))
                await asyncio.sleep(AGAIN)

    def _deliver(self, text: LiveText) -> None:
        for listener in self._listeners.get(text["aggregate_id"], ()):
            listener.offer(text)

    def _take(self, message: bytes) -> None:
        try:
            text: Any = jsonio.decode(message)
            if text["metadata"]["origin"] != self._origin:
                self._deliver(cast("LiveText", text))
        except (InvalidError, LookupError, TypeError) as error:
            # The channel belongs to a whole server: somebody else may say on it what he likes.
            log.debug("a live text was not understood", error=str(error))
