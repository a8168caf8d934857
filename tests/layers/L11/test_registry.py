"""The layers as services: asked, left alone when they fail, and what changes is told."""

from __future__ import annotations

import pytest

from agentic.layers.base import jsonio
from agentic.layers.base.layer import Health
from agentic.layers.base.operation import Call
from agentic.layers.L01_data_layer.client import L01Client
from agentic.layers.L11_integration.registry import CHANGED, ServiceRegistry

pytestmark = pytest.mark.anyio


async def test_a_service_that_fails_is_left_alone_and_its_changes_are_told(l01_local: L01Client) -> None:
    status, asked = ["ok"], [0]

    async def ask() -> Health:
        asked[0] += 1
        if status[0] == "gone":
            raise ConnectionError("nobody there")
        return {"status": "ok", "layer": "L07", "checks": {}}

    registry = ServiceRegistry(lambda: l01_local, {"L07": ask, "L11": ask}, own="L11", every=3600, failures=3)

    async def seen() -> dict[str, object]:
        (item,) = jsonio.decode((await registry.list(Call())).body)["items"]
        return item

    await registry.look()
    assert ((await seen())["status"], (await seen())["breaker"]) == ("ok", "closed")
    status[0] = "gone"
    for _ in range(10):
        await registry.look()
    assert asked[0] == 4, "after three failures it is left alone"
    found = await seen()
    assert (found["status"], found["breaker"], found["failed"]) == ("down", "open", 3)
    (event,) = (await l01_local.events.list(event_type=CHANGED))["items"]
    assert (event["payload"]["service"], event["payload"]["status"]) == ("L07", "down")
    assert "nobody there" in event["payload"]["checks"]["answer"]["detail"]
