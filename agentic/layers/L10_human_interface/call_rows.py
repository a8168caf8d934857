"""Model calls as rows."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from typing import NamedTuple

from agentic.layers.L01_data_layer.models.model_usage import ModelUsage
from agentic.layers.L10_human_interface.rows import AgentNames


class CallRow(NamedTuple):
    """A model call, and the name of the agent that made it."""

    item: ModelUsage
    agent: str


async def call_rows(names: AgentNames, calls: Sequence[ModelUsage]) -> list[CallRow]:
    """The rows of these calls, in their order."""

    async def name(call: ModelUsage) -> str:
        return await names.name(call["agent_id"]) if call["agent_id"] else ""

    named = await asyncio.gather(*map(name, calls))
    return [CallRow(*pair) for pair in zip(calls, named, strict=True)]
