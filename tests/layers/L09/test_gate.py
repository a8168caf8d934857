"""Who gets in, who does not, and what they are told."""

from __future__ import annotations

from contextlib import aclosing
from datetime import timedelta

import httpx2
import pytest
import structlog

from agentic.layers.base.ids import now, timestamp
from agentic.layers.base.layer import Context
from agentic.layers.L01_data_layer.client import L01Client
from agentic.layers.L09_api_gateway.keys import TEST_KEY, create_key, digest, make, revoke_key
from agentic.layers.L09_api_gateway.layer import ApiGateway
from agentic.layers.L09_api_gateway.settings import L09Settings
from tests.kit.http import served

pytestmark = pytest.mark.anyio

AGENTS = "/api/v1/agents"


async def get(client: httpx2.AsyncClient, key: str, path: str = AGENTS) -> httpx2.Response:
    return await client.get(path, headers={"X-API-Key": key})


def assert_problem(response: httpx2.Response, status: int, code: str) -> None:
    assert (response.status_code, response.json()["code"]) == (status, code)
    assert response.headers["content-type"] == "application/problem+json"
    assert response.json()["request_id"] == response.headers["x-request-id"]


async def test_nothing_below_the_prefix_answers_without_a_key(anonymous: httpx2.AsyncClient) -> None:
    for method, path in (
        ("GET", "/api/v1/agents"),
        ("GET", "/api/v1/agents/"),
        ("POST", "/api/v1/agents"),
        ("GET", "/api/v1/events"),
        ("DELETE", "/api/v1/agents/01a20325-92b7-72c8-a565-dd334b91464a"),
        ("GET", "/api/v1/nothing/here"),
        ("PUT", "/api/v1/agents"),
        ("OPTIONS", "/api/v1/agents"),
        ("GET", "/api/v1"),
        ("GET", "/api/v1/"),
    ):
        response = await anonymous.request(method, path)
        assert_problem(response, 401, "E9001")
        assert "ApiKey" in response.headers["www-authenticate"]
        assert "Bearer" in response.headers["www-authenticate"]


async def test_health_and_documentation_need_no_key(anonymous: httpx2.AsyncClient) -> None:
    for path in ("/health/live", "/health/ready", "/openapi.json", "/docs"):
        assert (await anonymous.get(path)).status_code == 200


async def test_a_key_that_nobody_made_is_refused(anonymous: httpx2.AsyncClient) -> None:
    for key in ("wrong", "agk_", "agk_" + "x" * 43, "agk_" + "ä" * 43):
        response = await anonymous.get(AGENTS, headers=[(b"X-API-Key", key.encode())])
        assert_problem(response, 401, "E9002")
        assert "www-authenticate" in response.headers


async def test_a_key_passes_in_either_header(anonymous: httpx2.AsyncClient, l01_local: L01Client) -> None:
    key = (await create_key(l01_local, "laptop")).key
    for headers in (
        {"X-API-Key": key},
        {"Authorization": f"Bearer {key}"},
        {"authorization": f"bearer  {key}"},
        {"X-API-Key": key, "Authorization": "Basic abc"},
    ):
        assert (await anonymous.get(AGENTS, headers=headers)).status_code == 200
    assert_problem(await anonymous.get(AGENTS, headers={"Authorization": f"Basic {key}"}), 401, "E9001")


async def test_scopes_bound_what_a_key_may_do(anonymous: httpx2.AsyncClient, l01_local: L01Client) -> None:
    reader = {"X-API-Key": (await create_key(l01_local, "reader", ("read",))).key}
    writer = {"X-API-Key": (await create_key(l01_local, "writer", ("write",))).key}
    admin = {"X-API-Key": (await create_key(l01_local, "admin", ("admin",))).key}
    new = {"name": "x"}
    assert (await anonymous.get(AGENTS, headers=reader)).status_code == 200
    refused = await anonymous.post(AGENTS, headers=reader, json=new)
    assert_problem(refused, 403, "E9005")
    assert refused.json()["needed_scope"] == "write"
    assert "www-authenticate" not in refused.headers
    assert (await anonymous.post(AGENTS, headers=writer, json=new)).status_code == 201
    assert_problem(await anonymous.get(AGENTS, headers=writer), 403, "E9005")
    assert (await anonymous.post(AGENTS, headers=admin, json=new)).status_code == 201
    assert (await anonymous.get(AGENTS, headers=admin)).json()["total"] == 2


async def test_a_key_ends_when_it_expires(anonymous: httpx2.AsyncClient, l01_local: L01Client) -> None:
    key = make()
    await l01_local.keys.create(
        name="old",
        prefix=key[:12],
        key_hash=digest(key),
        scopes=["read"],
        expires_at=timestamp(now() - timedelta(seconds=1)),
    )
    assert_problem(await get(anonymous, key), 401, "E9003")


async def test_a_revoked_key_is_forgotten_through_its_event(
    anonymous: httpx2.AsyncClient, l01_local: L01Client
) -> None:
    new = await create_key(l01_local, "laptop")
    assert (await get(anonymous, new.key)).status_code == 200
    assert (await get(anonymous, new.key)).status_code == 200
    before = await l01_local.events.head()
    await revoke_key(l01_local, new.record["id"])
    async with aclosing(l01_local.follow(before, event_type="api_key.updated")) as revoked:
        while not await anext(revoked):
            pass
    while (
        refused := await get(anonymous, new.key)
    ).status_code == 200:  # the gateway hears it as soon as we do
        pass
    assert_problem(refused, 401, "E9004")


async def test_without_events_a_revoked_key_is_forgotten_after_its_time(
    context: Context, l01_local: L01Client
) -> None:
    deaf = ApiGateway(context, L09Settings(key_memory=0))  # never entered: it hears nothing
    async with served(deaf.app()) as url, httpx2.AsyncClient(base_url=url, trust_env=False) as client:
        new = await create_key(l01_local, "laptop")
        assert (await get(client, new.key)).status_code == 200
        await revoke_key(l01_local, new.record["id"])
        assert_problem(await get(client, new.key), 401, "E9004")


async def test_the_test_key_works_on_this_machine_and_warns_once(anonymous: httpx2.AsyncClient) -> None:
    with structlog.testing.capture_logs() as logs:
        assert (await get(anonymous, TEST_KEY)).status_code == 200
        created = await anonymous.post(AGENTS, headers={"X-API-Key": TEST_KEY}, json={"name": "api-agent"})
    assert created.status_code == 201
    warnings = [entry["event"] for entry in logs if entry["log_level"] == "warning"]
    assert len(warnings) == 1
    assert "test key" in warnings[0]


async def test_the_test_key_does_not_work_from_elsewhere(gateway: ApiGateway) -> None:
    for client in (("192.0.2.7", 40000), ("", 0), None):
        transport = httpx2.ASGITransport(gateway.app(), client=client)  # type: ignore[arg-type]
        async with httpx2.AsyncClient(transport=transport, base_url="http://localhost") as remote:
            assert_problem(await get(remote, TEST_KEY), 401, "E9002")


@pytest.mark.parametrize("why", ["public", "switched off"])
async def test_the_test_key_can_be_shut_out(l01_local: L01Client, why: str) -> None:
    context = Context(public=why == "public")
    context.give(l01_local)
    gateway = ApiGateway(context, L09Settings(test_key=why == "public"))
    async with served(gateway.app()) as url, httpx2.AsyncClient(base_url=url, trust_env=False) as client:
        assert_problem(await get(client, TEST_KEY), 401, "E9002")


async def test_events_carry_the_name_of_the_key_and_not_what_the_caller_says(
    anonymous: httpx2.AsyncClient, l01_local: L01Client
) -> None:
    key = (await create_key(l01_local, "Jürgen's\nlaptop")).key
    headers = {"X-API-Key": key, "X-Actor": "somebody else", "X-Request-Id": "r-1"}
    agent = (await anonymous.post(AGENTS, headers=headers, json={"name": "x"})).json()
    (event,) = (await l01_local.events.list(aggregate_id=agent["id"]))["items"]
    assert event["metadata"] == {"actor": "Jürgen's laptop", "correlation_id": "r-1"}


async def test_no_other_site_gets_permission(api: httpx2.AsyncClient) -> None:
    response = await api.get(AGENTS, headers={"Origin": "https://elsewhere.example"})
    assert not [name for name in response.headers if name.startswith("access-control")]
