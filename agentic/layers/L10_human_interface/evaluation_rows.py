"""Evaluations as pages show them."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from typing import NamedTuple

from agentic.layers.L01_data_layer.models.evaluation import Evaluation
from agentic.layers.L10_human_interface.formats import clipped
from agentic.layers.L10_human_interface.rows import AgentNames


class EvaluationRow(NamedTuple):
    """An evaluation, and the name of the agent that it is of."""

    item: Evaluation
    agent: str

    @property
    def said(self) -> str:
        """Why it was judged so, in a line."""
        return clipped(self.item["feedback"] or "", 120)


async def evaluation_rows(names: AgentNames, items: Sequence[Evaluation]) -> list[EvaluationRow]:
    """The rows of these evaluations, in their order."""

    async def row(item: Evaluation) -> EvaluationRow:
        return EvaluationRow(item, await names.name(item["agent_id"]) if item["agent_id"] else "")

    return await asyncio.gather(*map(row, items))
