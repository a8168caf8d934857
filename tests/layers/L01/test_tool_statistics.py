"""How the tools have been doing, against the same counted in Python."""

from __future__ import annotations

import pytest

from agentic.layers.L01_data_layer.client import L01Client
from agentic.layers.L01_data_layer.models.error_codes import InvalidError

pytestmark = pytest.mark.anyio


async def test_the_newest_executions_of_each_tool_are_counted(l01: L01Client) -> None:
    used, unused = [await l01.register_tool(name, {}) for name in ("used", "unused")]
    statuses = ("success", "error", "timeout", "unknown", "cancelled", "success")
    for status in statuses:
        last = await l01.record_tool_execution(used["id"], None, status=status)
    stats = {item["tool_id"]: item for item in await l01.tool_stats()}
    assert stats[used["id"]] == {
        "tool_id": used["id"],
        "calls": 6,
        "errors": 2,
        "unknown": 1,
        "p50": 0,
        "p95": 0,
        "last_at": last["created_at"],
        "more": False,
    }
    assert stats[unused["id"]]["calls"] == 0
    assert (stats[unused["id"]]["p95"], stats[unused["id"]]["last_at"]) == (None, None)
    (few,) = [item for item in await l01.tool_stats(2) if item["tool_id"] == used["id"]]
    assert (few["calls"], few["errors"], few["more"]) == (2, 0, True)


async def test_times_are_from_the_beginning_to_the_end(l01: L01Client) -> None:
    tool = await l01.register_tool("slow", {})
    for seconds in (1, 2, 30):
        await l01.tool_executions.create(
            tool_id=tool["id"],
            status="success",
            started_at="2026-01-01T00:00:00Z",
            completed_at=f"2026-01-01T00:00:{seconds:02d}Z",
        )
    (stats,) = await l01.tool_stats()
    assert (stats["p50"], stats["p95"]) == (2000, 30000)


async def test_how_many_is_a_positive_number(l01: L01Client) -> None:
    with pytest.raises(InvalidError):
        await l01.tool_stats(0)
