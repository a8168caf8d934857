"""Tools and their executions as pages show them."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from typing import Final, NamedTuple

from agentic.layers.L01_data_layer.client import L01Client
from agentic.layers.L01_data_layer.models.error_codes import NotFoundError
from agentic.layers.L01_data_layer.models.statistics import ToolStats
from agentic.layers.L01_data_layer.models.tool import Tool, ToolExecution
from agentic.layers.L10_human_interface.formats import clipped, took
from agentic.layers.L10_human_interface.remembered import Remembered
from agentic.layers.L10_human_interface.rows import AgentNames, Kept
from agentic.layers.L10_human_interface.run_lines import text_of

FRESH: Final = 2.0
TIMES: Final = 20.0
RECENT: Final = 1000
"""Executions of each tool that are counted."""
MOST: Final = 120


class ToolRow(NamedTuple):
    """A tool with what its newest executions were like."""

    tool: Tool
    stats: ToolStats

    @property
    def error_rate(self) -> float | None:
        """Which part of them failed; none without any."""
        return self.stats["errors"] / self.stats["calls"] if self.stats["calls"] else None


class ExecutionRow(NamedTuple):
    """An execution as a row shows it."""

    item: ToolExecution
    tool: str
    agent: str
    given: str

    @property
    def took(self) -> str:
        """How long it took."""
        return took(self.item["started_at"], self.item["completed_at"])


class ToolRows:
    """Makes rows."""

    def __init__(self, l01: L01Client, names: AgentNames) -> None:
        self._l01 = l01
        self._agents = names
        self._tools: Kept[str, str] = Kept()
        self.tools = Remembered(self._ask, FRESH, TIMES)

    async def _ask(self) -> list[ToolRow]:
        tools, stats = await asyncio.gather(self._l01.list_tools(), self._l01.tool_stats(RECENT))
        by_id = {item["tool_id"]: item for item in stats}
        rows = [ToolRow(tool, by_id.get(tool["id"]) or _nothing(tool["id"])) for tool in tools]
        return sorted(rows, key=lambda row: (-row.stats["calls"], row.tool["name"]))

    async def row(self, tool_id: str) -> ToolRow:
        """One tool.

        Raises:
            NotFoundError: there is none.
        """
        tool, rows = await asyncio.gather(self._l01.tools.get(tool_id), self.tools())
        stats = next((row.stats for row in rows if row.tool["id"] == tool["id"]), _nothing(tool["id"]))
        return ToolRow(tool, stats)

    async def executions(self, items: Sequence[ToolExecution]) -> list[ExecutionRow]:
        """The rows of these executions, in their order."""
        return await asyncio.gather(*map(self.execution, items))

    async def execution(self, item: ToolExecution) -> ExecutionRow:
        """The row of one execution."""
        tool, agent = await asyncio.gather(self.name(item["tool_id"]), self._agent(item["agent_id"]))
        return ExecutionRow(item, tool, agent, clipped(text_of(item["input_params"]), MOST))

    async def name(self, tool_id: str | None) -> str:
        """The name of a tool; of one that is gone, a word for it."""
        if tool_id is None:
            return "a tool"
        name = self._tools.get(tool_id)
        if name is None:
            try:
                name = (await self._l01.tools.get(tool_id))["name"]
            except NotFoundError:
                name = "a tool that is gone"
            self._tools.put(tool_id, name)
        return name

    async def _agent(self, agent_id: str | None) -> str:
        return await self._agents.name(agent_id) if agent_id else ""


def _nothing(tool_id: str) -> ToolStats:
    return {
        "tool_id": tool_id,
        "calls": 0,
        "errors": 0,
        "unknown": 0,
        "p50": None,
        "p95": None,
        "last_at": None,
        "more": False,
    }
