"""The ends that come by themselves: of approvals that nobody gave, and of calls of which nobody said how they ended."""

from __future__ import annotations

import asyncio
from typing import Final

from agentic.layers.L01_data_layer.services.decisions import Decisions
from agentic.layers.L01_data_layer.services.model_usage_store import ModelUsageStore

EVERY: Final = 1.0


async def end_overdue(decisions: Decisions, calls: ModelUsageStore) -> None:
    """Looks every second for what is overdue. Runs until it is cancelled; several processes may do so at once."""
    while True:
        ended = await decisions.expire() + await calls.expire()
        if not ended:
            await asyncio.sleep(EVERY)
