"""The versions of an agent, and the way back to one."""

from __future__ import annotations

import pytest

from agentic.layers.base.common_errors import NotFoundError, StaleVersionError
from agentic.layers.L01_data_layer.client import L01Client

pytestmark = pytest.mark.anyio


async def test_an_agent_is_what_it_was_but_for_its_state(l01: L01Client) -> None:
    agent = await l01.create_agent("a", config={"model": "m1"})
    await l01.update_agent(agent["id"], {"configuration": {"model": "m2"}, "name": "b"})
    await l01.update_agent(agent["id"], {"status": "active"})
    versions = (await l01.agents.history(agent["id"]))["items"]
    assert [(item["version"], sorted(item["changed"])) for item in versions[:2]] == [
        (3, ["status"]),
        (2, ["configuration", "name"]),
    ]
    restored = await l01.agents.restore(agent["id"], 1, expected_version=3)
    assert (restored["configuration"], restored["name"], restored["status"], restored["version"]) == (
        {"model": "m1"},
        "a",
        "active",
        4,
    )
    assert (await l01.agents.history(agent["id"], limit=1))["items"][0]["restored_from"] == "version 1"
    with pytest.raises(StaleVersionError):
        await l01.agents.restore(agent["id"], 1, expected_version=1)
    with pytest.raises(NotFoundError):
        await l01.agents.restore(agent["id"], 9)
