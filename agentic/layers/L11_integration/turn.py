"""Whose turn it is to deliver: of several processes on one data layer, one at a time.

Two that delivered the same subscription would send everything twice, and move one place. So who delivers holds a lease of
the data layer; when it stops it gives the lease back, and when it dies another has its turn once the lease is over.
"""

from __future__ import annotations

import asyncio
import os
import socket
from collections.abc import Awaitable, Callable
from typing import Final
from uuid import uuid4

import structlog

from agentic.layers.base.errors import PlatformError
from agentic.layers.L01_data_layer.client import L01Client

log = structlog.get_logger()

NAME: Final = "L11.subscriptions"
BEATS: Final = 3
"""Signs of life in the time of a lease."""
ANSWERS: Final = 6
"""An answer is waited for so many times shorter than the lease lasts."""
LAST_WORD: Final = 1.0
"""Seconds that giving it back may take; what is not given back is over by itself."""


class Turn:
    """Asks for the lease, again and again, and tells when it is had and when no longer."""

    def __init__(
        self, client: Callable[[], L01Client], seconds: float, changed: Callable[[bool], Awaitable[None]]
    ) -> None:
        self.holder = f"{uuid4().hex[:12]}.{os.getpid()}.{_host()}"
        self._client = client
        self._seconds = seconds
        self._pause = seconds / BEATS
        self._patience = seconds / ANSWERS
        self._changed = changed
        self._had = False
        self._until = 0.0

    async def run(self) -> None:
        """Holds it whenever nobody else does. Runs until it is cancelled."""
        try:
            while True:
                await self._become(await self._ask())
                await asyncio.sleep(self._pause)
        finally:
            if self._had:
                await self._become(False)  # first nothing is delivered here any more, then somebody else may
                await self._give_back()

    async def _ask(self) -> bool:
        loop = asyncio.get_running_loop()
        asked = loop.time()
        try:
            async with asyncio.timeout(self._patience):
                lease = await self._client().leases.hold(NAME, self.holder, self._seconds)
        except (PlatformError, TimeoutError) as error:
            # Whether to go on is decided again after a pause and an answer: then it must not be over yet.
            goes_on = self._had and loop.time() + self._pause + self._patience < self._until
            if self._had and not goes_on:
                log.warning("deliveries wait: it is not known whose turn it is", error=str(error))
            return goes_on
        if lease["held"]:
            self._until = asked + self._seconds
        return lease["held"]

    async def _become(self, had: bool) -> None:
        if had != self._had:
            self._had = had
            await self._changed(had)

    async def _give_back(self) -> None:
        try:
            async with asyncio.timeout(LAST_WORD):
                await self._client().leases.hold(NAME, self.holder, 0)
        except (PlatformError, TimeoutError) as error:
            log.warning("the turn to deliver was not given back; it ends by itself", error=str(error))


def _host() -> str:
    return "".join(
        each for each in socket.gethostname() if each.isascii() and (each.isalnum() or each == "-")
    )
