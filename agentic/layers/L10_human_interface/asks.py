"""Approvals as pages show them, with the names of those who ask."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from typing import NamedTuple

from agentic.layers.L01_data_layer.models.approval import Approval
from agentic.layers.L10_human_interface.web_site import Site


class Ask(NamedTuple):
    """A question, and the name of the agent that asks."""

    item: Approval
    agent: str


async def asks_of(site: Site, approvals: Sequence[Approval]) -> list[Ask]:
    """These approvals, in their order."""

    async def name(approval: Approval) -> str:
        return await site.rows.names.name(approval["agent_id"]) if approval["agent_id"] else ""

    names = await asyncio.gather(*map(name, approvals))
    return [Ask(*pair) for pair in zip(approvals, names, strict=True)]
