"""What is seen of the subscriptions from outside."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator

import httpx2
import pytest

from agentic.layers.base.common_errors import NotFoundError
from agentic.layers.base.layer import Context
from agentic.layers.L01_data_layer.client import L01Client
from agentic.layers.L01_data_layer.models.event import Event
from agentic.layers.L11_integration.client import L11Client
from agentic.layers.L11_integration.layer import Integration
from agentic.layers.L11_integration.models import Subscription
from agentic.layers.L11_integration.notices import MOST_KINDS, OTHERS, Notices
from tests.kit.http import served
from tests.layers.L11.conftest import EAGER, PATIENCE, Recorder, eventually, publish

pytestmark = pytest.mark.anyio


@pytest.fixture
async def integration(l01: L01Client) -> AsyncGenerator[Integration]:
    """The layer, over either backend of the data layer, listening."""
    context = Context()
    context.give(l01)
    layer = Integration(context, EAGER)
    async with layer.running():
        await eventually(
            lambda: all(each.status == "following" for each in layer.router.subscriptions.values())
        )
        yield layer


async def caught_up(client: L11Client, name: str, position: int) -> Subscription:
    async with asyncio.timeout(PATIENCE):
        while (seen := await client.subscription(name))["position"] != position or seen["lag"] != 0:
            await asyncio.sleep(0.005)
    return seen


async def test_the_platforms_own_subscribers_are_told_by_category(
    integration: Integration, l01: L01Client
) -> None:
    agent = await l01.create_agent("x")
    goal = await l01.create_goal(agent["id"], "a house")
    await l01.update_goal(goal["id"], {"status": "active"})
    await l01.create_plan(goal["id"], agent["id"], ["dig"])
    await publish(l01, 1, event_type="tool.executed")
    async with served(integration.app()) as url:
        for client in (integration.local_client(), L11Client(url)):
            agents = await caught_up(client, "agent", 5)
            planning = await caught_up(client, "planning", 5)
            tools = await caught_up(client, "tool", 5)
            assert agents["notified"] is not None
            assert agents["notified"]["kinds"] == {"agent.created": 1}
            last = agents["notified"]["last_event"]
            assert last is not None
            assert (last["aggregate_id"], last["position"]) == (agent["id"], 1)
            assert planning["notified"] is not None
            assert planning["notified"]["kinds"] == {"goal.created": 1, "goal.active": 1, "plan.created": 1}
            assert (tools["delivered"], tools["status"], tools["last_error"]) == (1, "following", None)
            assert [each["name"] for each in await client.subscriptions()] == ["agent", "tool", "planning"]
            with pytest.raises(NotFoundError, match="nobody else"):
                await client.subscription("nobody else")


async def test_health_shows_who_is_behind(integration: Integration, l01: L01Client) -> None:
    integration.settings.long_lag = 3
    go_on = asyncio.Event()

    async def hang(event: Event) -> None:
        await go_on.wait()

    recorder = Recorder(hang)
    subscription = integration.router.subscribe("slow", "*", recorder)
    await eventually(lambda: subscription.status == "following")
    async with served(integration.app()) as url, httpx2.AsyncClient(base_url=url, trust_env=False) as client:
        assert (await client.get("/health/ready")).json()["status"] == "ok"
        await publish(l01, 1, 2, 3)
        async with asyncio.timeout(PATIENCE):
            while await l01.events.head() < 3:
                await asyncio.sleep(0.005)
        ready = await client.get("/health/ready")
        assert ready.status_code == 200
        assert ready.json()["status"] == "degraded"
        assert ready.json()["checks"]["subscription slow"] == {
            "status": "degraded",
            "detail": "following, 3 behind",
        }
        assert (await client.get("/subscriptions/slow/")).json()["lag"] == 3
        go_on.set()
        await recorder.until(3)
        await eventually(lambda: subscription.cursor.position == 3)
        assert (await client.get("/health/ready")).json()["status"] == "ok"


async def test_an_unknown_subscription_is_a_problem(integration: Integration) -> None:
    async with served(integration.app()) as url, httpx2.AsyncClient(base_url=url, trust_env=False) as client:
        response = await client.get("/subscriptions/nobody")
    assert (response.status_code, response.json()["code"]) == (404, "E1002")
    assert response.headers["content-type"] == "application/problem+json"


async def test_notices_do_not_grow_with_the_types_that_somebody_invents() -> None:
    notices = Notices()
    event: Event = {
        "id": "i",
        "event_type": "",
        "aggregate_type": "agent",
        "aggregate_id": "a",
        "payload": None,
        "metadata": {},
        "created_at": "",
        "version": 1,
        "position": 1,
    }
    for number in range(3 * MOST_KINDS):
        await notices({**event, "event_type": f"agent.{number}"})
    report = notices.report()
    assert report["count"] == 3 * MOST_KINDS
    assert len(report["kinds"]) == MOST_KINDS + 1
    assert report["kinds"][OTHERS] == 2 * MOST_KINDS
