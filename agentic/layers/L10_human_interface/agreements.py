"""How far people agree with what evaluators say: asked of the evaluation layer, which has much to read for it."""

from __future__ import annotations

import asyncio
from typing import Final

from agentic.layers.base.errors import PlatformError
from agentic.layers.L06_evaluation.client import L06Client
from agentic.layers.L06_evaluation.models import Agreement
from agentic.layers.L10_human_interface.neighbour import Neighbour
from agentic.layers.L10_human_interface.remembered_each import RememberedEach

FRESH: Final = 30.0


class Agreements:
    """The agreement on each type of evaluation, remembered for those who look at the same."""

    def __init__(self, evaluation: Neighbour[L06Client]) -> None:
        self._evaluation = evaluation
        self._known = RememberedEach(self._ask, FRESH)

    async def on(self, evaluation_type: str, patience: float | None) -> Agreement | None:
        """The agreement; none where nobody said anything, nobody can be asked, or it takes longer than that."""
        if not await self._evaluation.there():
            return None
        try:
            async with asyncio.timeout(patience):
                agreement = await self._known(evaluation_type)
        except (PlatformError, TimeoutError):
            return None
        return agreement if agreement["count"] else None

    async def _ask(self, evaluation_type: str) -> Agreement:
        return await (await self._evaluation.client()).agreement(evaluation_type)
