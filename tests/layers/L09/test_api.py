"""What clients get from `/api/v1`: the data layer's answers, whichever way the gateway reaches it."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator
from typing import Any

import httpx2
import pytest

from agentic.layers.base.layer import Context
from agentic.layers.L01_data_layer.client import L01Client
from agentic.layers.L09_api_gateway.keys import create_key
from agentic.layers.L09_api_gateway.layer import ApiGateway
from tests.kit.http import served

pytestmark = pytest.mark.anyio

V1 = "/api/v1"
UNKNOWN = "01a20325-92b7-72c8-a565-dd334b91464a"


@pytest.fixture
async def api(l01: L01Client) -> AsyncGenerator[httpx2.AsyncClient]:
    """A client with a key, of a gateway that calls the data layer, and of one that reaches it over HTTP."""
    context = Context()
    context.give(l01)
    gateway = ApiGateway(context)
    key = (await create_key(l01, "Zoë")).key
    async with (
        gateway.running(),
        served(gateway.app()) as url,
        httpx2.AsyncClient(base_url=url, headers={"X-API-Key": key}, trust_env=False) as client,
    ):
        yield client


async def create(api: httpx2.AsyncClient, kind: str, **fields: Any) -> dict[str, Any]:
    response = await api.post(f"{V1}/{kind}", json=fields)
    assert response.status_code == 201, response.text
    return response.json()


async def test_the_specifications_request_makes_an_agent(api: httpx2.AsyncClient, l01: L01Client) -> None:
    response = await api.post(f"{V1}/agents", content='{"name":"api-agent"}')
    agent = response.json()
    assert response.status_code == 201
    assert (agent["name"], agent["agent_type"]) == ("api-agent", "general")
    assert await l01.get_agent(agent["id"]) == agent
    assert response.headers["location"] == f"{V1}/agents/{agent['id']}"
    assert response.headers["etag"] == '"1"'
    assert (await api.get(response.headers["location"])).json() == agent


async def test_a_goal_becomes_a_plan_and_a_task(api: httpx2.AsyncClient) -> None:
    agent = await create(api, "agents", name="planner")
    goal = await create(api, "goals", agent_id=agent["id"], description="a house")
    plan = await create(api, "plans", goal_id=goal["id"], agent_id=agent["id"], steps=["dig", "build"])
    task = await create(api, "tasks", plan_id=plan["id"], agent_id=agent["id"], description="dig")
    done = await api.patch(f"{V1}/tasks/{task['id']}", json={"status": "completed", "output_data": {"m": 2}})
    assert (done.status_code, done.json()["output_data"]) == (200, {"m": 2})
    for kind, record in (("goals", goal), ("plans", plan)):
        assert (await api.get(f"{V1}/{kind}/{record['id']}")).json() == record
    assert [task["status"] for task in (await api.get(f"{V1}/tasks")).json()["items"]] == ["completed"]


async def test_an_agent_is_changed_and_deleted(api: httpx2.AsyncClient) -> None:
    agent = await create(api, "agents", name="x")
    where = f"{V1}/agents/{agent['id']}"
    changed = await api.patch(where, json={"name": "y"}, headers={"If-Match": '"1"'})
    assert (changed.json()["name"], changed.headers["etag"]) == ("y", '"2"')
    stale = await api.patch(where, json={"name": "z"}, headers={"If-Match": '"1"'})
    assert (stale.status_code, stale.json()["code"], stale.json()["current_version"]) == (412, "E1005", 2)
    assert (await api.delete(where, headers={"If-Match": '"1"'})).status_code == 412
    gone = await api.delete(where)
    assert (gone.status_code, gone.content) == (204, b"")
    assert (await api.get(where)).json()["code"] == "E1002"


async def test_lists_page_and_say_how_many_there_are_in_all(api: httpx2.AsyncClient) -> None:
    names = [(await create(api, "agents", name=f"a{n}"))["name"] for n in range(5)]
    seen: list[str] = []
    cursor: str | None = None
    while True:
        query = {"limit": "2"} | ({"cursor": cursor} if cursor else {})
        page = (await api.get(f"{V1}/agents", params=query)).json()
        assert set(page) == {"items", "total", "next_cursor"}
        assert page["total"] == 5
        seen.extend(agent["name"] for agent in page["items"])
        if (cursor := page["next_cursor"]) is None:
            break
    assert seen == names[::-1]
    one = (await api.get(f"{V1}/agents", params={"name": "a3"})).json()
    assert ([agent["name"] for agent in one["items"]], one["total"]) == (["a3"], 1)
    assert "total" not in (await api.get(f"{V1}/agents?total=false")).json()


async def test_events_are_appended_read_and_counted(api: httpx2.AsyncClient, l01: L01Client) -> None:
    agent = await create(api, "agents", name="x")
    fact = {
        "event_type": "agent.waved",
        "aggregate_type": "agent",
        "aggregate_id": agent["id"],
        "payload": [None],
    }
    appended = await api.post(f"{V1}/events", json=fact)
    assert (appended.status_code, appended.json()["payload"]) == (201, [None])
    assert (await api.get(f"{V1}/events/{appended.json()['id']}")).json()["event_type"] == "agent.waved"
    every = (await api.get(f"{V1}/events")).json()
    assert every["total"] == len(every["items"]) == 3  # the key, the agent, the fact
    for query, total in (
        ({"event_type": "agent.*"}, 2),
        ({"event_type": "agent.waved,api_key.*"}, 2),
        ({"aggregate_type": "agent", "limit": "1"}, 2),
        ({"aggregate_id": agent["id"]}, 2),
        ({"event_type": "agent.*", "since": "2020-01-01T00:00:00Z"}, 2),
        ({"until": "2020-01-01T00:00:00Z"}, 0),
        ({"event_type": "nothing.*"}, 0),
    ):
        assert (await api.get(f"{V1}/events", params=query)).json()["total"] == total, query


async def test_a_repeated_create_answers_what_the_first_did(api: httpx2.AsyncClient) -> None:
    key = {"Idempotency-Key": "k" * 255}
    first = await api.post(f"{V1}/agents", json={"name": "x"}, headers=key)
    again = await api.post(f"{V1}/agents", json={"name": "x"}, headers=key)
    assert again.json() == first.json()
    assert (await api.get(f"{V1}/agents")).json()["total"] == 1
    other = await api.post(f"{V1}/agents", json={"name": "y"}, headers=key)
    assert (other.status_code, other.json()["code"]) == (409, "E1008")


async def test_a_repeated_event_is_appended_once(api: httpx2.AsyncClient, l01: L01Client) -> None:
    fact = {"event_type": "x.happened", "aggregate_type": "x", "aggregate_id": UNKNOWN, "payload": 1}
    key = {"Idempotency-Key": "once"}
    answers = await asyncio.gather(
        *(api.post(f"{V1}/events", json=fact, headers=key) for _ in range(5)),
    )
    assert {answer.status_code for answer in answers} == {201}
    assert len({answer.json()["id"] for answer in answers}) == 1
    assert (await api.get(f"{V1}/events", params={"event_type": "x.*"})).json()["total"] == 1
    other = await api.post(f"{V1}/events", json={**fact, "payload": 2}, headers=key)
    assert (other.status_code, other.json()["code"]) == (409, "E1008")
    stale = {**fact, "expected_version": 7}
    for _ in range(2):  # what failed was not done, and may be tried again
        refused = await api.post(f"{V1}/events", json=stale, headers={"Idempotency-Key": "stale"})
        assert (refused.status_code, refused.json()["code"]) == (412, "E1005")


async def test_callers_do_not_share_idempotency_keys(api: httpx2.AsyncClient, l01: L01Client) -> None:
    key = {"Idempotency-Key": "1"}
    mine = await api.post(f"{V1}/agents", json={"name": "x"}, headers=key)
    other = {"X-API-Key": (await create_key(l01, "other")).key, **key}
    theirs = await api.post(f"{V1}/agents", json={"name": "y"}, headers=other)
    assert (mine.status_code, theirs.status_code) == (201, 201)
    assert mine.json()["id"] != theirs.json()["id"]


async def test_a_last_slash_changes_nothing(api: httpx2.AsyncClient) -> None:
    agent = (await api.post(f"{V1}/agents/", json={"name": "x"})).json()
    for path in (f"{V1}/agents", f"{V1}/agents/"):
        response = await api.get(path)
        assert (response.status_code, response.json()["items"]) == (200, [agent])
    assert (await api.get(f"{V1}/agents/{agent['id']}/")).json() == agent
    assert (await api.get(f"{V1}/agents//")).status_code == 404


async def test_every_refusal_is_a_problem(api: httpx2.AsyncClient) -> None:
    for method, path, body, status, code in (
        ("GET", "/agents/nonsense", None, 422, "E1001"),
        ("GET", f"/agents/{UNKNOWN}", None, 404, "E1002"),
        ("GET", "/agents?limit=0", None, 422, "E1001"),
        ("GET", "/agents?colour=red", None, 422, "E1001"),
        ("GET", "/agents?cursor=!", None, 422, "E1001"),
        ("GET", "/agents?total=maybe", None, 422, "E1001"),
        ("POST", "/agents", "{", 422, "E1001"),
        ("POST", "/agents", '{"name":"x","colour":"red"}', 422, "E1001"),
        ("POST", "/goals", f'{{"description":"x","agent_id":"{UNKNOWN}"}}', 409, "E1004"),
        ("PUT", "/agents", "{}", 405, "E1007"),
        ("DELETE", f"/goals/{UNKNOWN}", None, 405, "E1007"),
        ("GET", "/nothing", None, 404, "E1002"),
    ):
        response = await api.request(method, f"{V1}{path}", content=body, headers={"X-Request-Id": "mine"})
        problem = response.json()
        expected = (status, status, code)
        assert (response.status_code, problem["status"], problem["code"]) == expected, (method, path)
        assert response.headers["content-type"] == "application/problem+json"
        assert problem["request_id"] == response.headers["x-request-id"] == "mine"


async def test_the_document_says_what_is_asked_and_answered(api: httpx2.AsyncClient) -> None:
    document = (await api.get("/openapi.json")).json()
    paths = {path for path in document["paths"] if path.startswith(V1)}
    kinds = ("agents", "goals", "plans", "tasks", "events")
    assert paths == {f"{V1}/{kind}" for kind in kinds} | {f"{V1}/{kind}/{{id}}" for kind in kinds}
    listing = document["paths"][f"{V1}/agents"]["get"]
    assert {"APIKeyHeader": []} in listing["security"]
    assert {"HTTPBearer": []} in listing["security"]
    (total,) = [parameter for parameter in listing["parameters"] if parameter["name"] == "total"]
    assert total["schema"]["default"] is True
    assert "application/problem+json" in listing["responses"]["default"]["content"]
    assert "422" not in listing["responses"]
    assert "security" not in document["paths"]["/health/live"]["get"]


async def test_the_gateway_is_down_when_the_data_layer_is() -> None:
    context = Context()
    context.give(L01Client("http://127.0.0.1:9"))
    gateway = ApiGateway(context)
    async with served(gateway.app()) as url, httpx2.AsyncClient(base_url=url, trust_env=False) as client:
        ready = await client.get("/health/ready")
        assert (ready.status_code, ready.json()["status"]) == (503, "down")
        assert (await client.get("/health/live")).status_code == 200
        refused = await client.get(f"{V1}/agents", headers={"X-API-Key": "agk_" + "x" * 43})
        assert (refused.status_code, refused.json()["code"]) == (503, "E1090")
        assert refused.headers["retry-after"] == "1"
