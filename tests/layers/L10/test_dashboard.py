"""The dashboard's JSON, as the specification gives it."""

import httpx2
import pytest

from agentic.layers.L01_data_layer.client import L01Client
from tests.layers.L10.wire import publish

pytestmark = pytest.mark.anyio


async def test_agents(browser: httpx2.AsyncClient, l01_local: L01Client) -> None:
    assert (await browser.get("/dashboard/agents")).json() == {"agents": [], "count": 0}
    agents = [await l01_local.create_agent(f"agent {number}") for number in range(3)]
    answer = (await browser.get("/dashboard/agents")).json()
    assert answer == {"agents": agents[::-1], "count": 3}
    answer = (await browser.get("/dashboard/agents", params={"limit": 1})).json()
    assert answer == {"agents": agents[2:], "count": 3}


async def test_stats_are_counts_and_not_the_length_of_a_page(
    browser: httpx2.AsyncClient, l01_local: L01Client
) -> None:
    first = await l01_local.create_agent("first")
    await l01_local.create_agent("second")
    await l01_local.update_agent(first["id"], {"status": "active"})
    await publish(l01_local, 150)
    async for batch in l01_local.follow(after=0):
        if batch and batch[-1].position >= 153:
            break
    assert (await browser.get("/dashboard/stats")).json() == {
        "agent_count": 2,
        "event_count": 153,
        "agents_by_status": {"created": 1, "active": 1},
    }


async def test_a_wrong_limit_is_refused_with_its_name(browser: httpx2.AsyncClient) -> None:
    answer = await browser.get(
        "/dashboard/agents", params={"limit": "many"}, headers={"accept": "application/json"}
    )
    assert answer.status_code == 422
    assert answer.json()["errors"][0]["field"] == "limit"
