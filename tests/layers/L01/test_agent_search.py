"""Agents are found by a part of their names."""

import pytest

from agentic.layers.L01_data_layer.client import L01Client

pytestmark = pytest.mark.anyio


async def test_a_part_of_the_name_is_enough(l01: L01Client) -> None:
    for name in ("Research planner", "code_writer", "100% sure", "ÜBERSETZER"):
        await l01.create_agent(name)

    async def found(text: str) -> list[str]:
        return [agent["name"] for agent in (await l01.agents.list(search=text, total=True))["items"]]

    assert await found("planner") == ["Research planner"]
    assert await found("RESEARCH") == ["Research planner"]
    assert await found("übersetz") == ["ÜBERSETZER"]
    assert await found("%") == ["100% sure"]
    assert await found("_") == ["code_writer"]
    assert await found("nobody") == []
