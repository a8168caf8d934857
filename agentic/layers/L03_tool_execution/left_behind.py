"""Calls that were reserved, and whose process ended before their end was recorded.

One of a run that goes on is found by the run itself, when it makes the call again. One of a run that is over, or of no run,
would be `running` for ever: here it becomes `unknown`, for a person to look at.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from datetime import timedelta
from typing import Final

from agentic.layers.base.common_errors import NotFoundError, StateError
from agentic.layers.base.ids import now, timestamp
from agentic.layers.base.states import RUN, final_states
from agentic.layers.L01_data_layer.client import L01Client
from agentic.layers.L01_data_layer.models.tool import ToolExecution

EVERY: Final = 60.0
SETTLED: Final = timedelta(minutes=5)
"""A call of a run that is over may still be ending."""
LONGEST: Final = timedelta(days=1, hours=1)
"""No call takes longer: a timeout is at most a day."""
_OVER: Final = final_states(RUN)


class LeftBehind:
    """Looks for them."""

    def __init__(self, client: Callable[[], L01Client]) -> None:
        self._client = client

    async def run(self) -> None:
        """Looks now and then. Runs until it is cancelled."""
        while True:
            await self.look()
            await asyncio.sleep(EVERY)

    async def look(self) -> int:
        """Looks once; answers how many there were."""
        found = 0
        l01 = self._client()
        before = timestamp(now() - SETTLED)
        async for execution in l01.tool_executions.all(status="running", until=before, order="asc"):
            if await self._is_left_behind(execution):
                found += 1
                try:
                    await l01.tool_executions.unknown(execution["id"])
                except StateError:
                    continue  # it has just ended
        return found

    async def _is_left_behind(self, execution: ToolExecution) -> bool:
        if execution["effect_key"] is None:
            return False  # reported by somebody else, who is to say how it ended
        if execution["run_id"] is None:
            return execution["created_at"] < timestamp(now() - LONGEST)
        try:
            run = await self._client().runs.get(execution["run_id"])
        except NotFoundError:
            return True
        return run["status"] in _OVER and (run["completed_at"] or "") < timestamp(now() - SETTLED)
