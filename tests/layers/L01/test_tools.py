"""Tools, and what is recorded of their executions."""

from __future__ import annotations

import pytest

from agentic.layers.base.common_errors import (
    BrokenReferenceError,
    ExistsError,
    InvalidError,
    StaleVersionError,
    StateError,
)
from agentic.layers.L01_data_layer.client import L01Client

pytestmark = pytest.mark.anyio


async def test_a_tool_is_registered_changed_and_listed(l01: L01Client) -> None:
    schema = {"type": "object", "properties": {"n": {"type": "integer", "maximum": 10**20}}}
    tool = await l01.register_tool("add", schema, "adds")
    assert tool["schema_def"] == schema
    assert tool["enabled"] is True
    off = await l01.tools.update(tool["id"], {"enabled": False, "description": None})
    assert (off["enabled"], off["description"], off["version"]) == (False, None, 2)
    await l01.register_tool("sub", {})

    assert [item["name"] for item in await l01.list_tools()] == ["sub", "add"]
    assert [item["name"] for item in (await l01.tools.list(enabled=False))["items"]] == ["add"]
    assert [item["name"] for item in (await l01.tools.list(name="sub"))["items"]] == ["sub"]
    with pytest.raises(ExistsError):
        await l01.register_tool("add", {})
    with pytest.raises(InvalidError, match="name"):
        await l01.tools.update(tool["id"], {"name": "other"})


async def test_an_execution_goes_from_pending_to_its_outcome(l01: L01Client) -> None:
    tool = await l01.register_tool("t", {})
    execution = await l01.tool_executions.create(tool_id=tool["id"], input_params={"a": None})
    assert (execution["status"], execution["completed_at"]) == ("pending", None)
    running = await l01.tool_executions.update(execution["id"], {"status": "running"})
    assert running["started_at"] is not None
    assert running["started_at"] > execution["created_at"]
    done = await l01.tool_executions.update(
        execution["id"], {"status": "error", "error_message": "no", "output_result": None}, expected_version=2
    )
    assert done["completed_at"] is not None
    assert done["completed_at"] >= running["started_at"]
    assert (done["error_message"], done["input_params"], done["version"]) == ("no", {"a": None}, 3)
    with pytest.raises(StateError):
        await l01.tool_executions.update(execution["id"], {"status": "running"})
    with pytest.raises(StaleVersionError):
        await l01.tool_executions.update(execution["id"], {"error_message": "x"}, expected_version=2)
    events = await l01.query_events(aggregate_id=execution["id"])
    assert {event["event_type"] for event in events} == {
        "tool_execution.created",
        "tool_execution.running",
        "tool_execution.error",
    }


async def test_an_execution_that_is_over_is_recorded_with_its_end(l01: L01Client) -> None:
    agent = await l01.create_agent("a")
    tool = await l01.register_tool("t", {})
    execution = await l01.record_tool_execution(tool["id"], agent["id"], {"x": 1}, {"y": 2}, "success")
    assert execution["started_at"] == execution["completed_at"] == execution["created_at"]
    began, ended = "2026-01-01T00:00:00.000000Z", "2026-01-01T00:00:05.000000Z"
    told = await l01.tool_executions.create(status="timeout", started_at=began, completed_at=ended)
    assert (told["started_at"], told["completed_at"]) == (began, ended)

    listed = await l01.tool_executions.list(tool_id=tool["id"], agent_id=agent["id"], status="success")
    assert listed["items"] == [execution]
    assert (await l01.tool_executions.list(status="timeout"))["items"] == [told]


async def test_an_execution_of_no_tool_or_state_is_refused(l01: L01Client) -> None:
    with pytest.raises(BrokenReferenceError):
        await l01.record_tool_execution("01890000-0000-7000-8000-000000000000", None)
    with pytest.raises(InvalidError, match="status"):
        await l01.record_tool_execution(None, None, status="splendid")
    assert (await l01.tool_executions.list())["items"] == []
