"""Runs that begin by the clock. The data layer makes them, once each, whoever asks; this asks."""

from __future__ import annotations

import asyncio
import random
from collections.abc import Callable
from typing import Final

from agentic.layers.L01_data_layer.client import L01Client
from agentic.layers.L02_agent_runtime.news import RunNews

LOOK: Final = 1.0
"""Seconds between two looks: a schedule is late by no more."""
AT_ONCE: Final = 100


class Clock:
    """Makes the runs of schedules that are due."""

    def __init__(self, l01: Callable[[], L01Client], news: RunNews) -> None:
        self._l01 = l01
        self._news = news
        self.fired = 0
        """Runs that were made since the start."""

    async def run(self) -> None:
        """Runs until it is cancelled."""
        while True:
            fired = await self._l01().schedules.fire(AT_ONCE)
            self.fired += len(fired)
            if fired:
                self._news.on_due()
            if len(fired) < AT_ONCE:
                await asyncio.sleep(LOOK * random.uniform(0.8, 1.0))
