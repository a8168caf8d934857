"""What a user notices when the bus or the database goes away, and when it comes back."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, Awaitable, Callable
from contextlib import AsyncExitStack, aclosing
from uuid import uuid4

import httpx2
import pytest

from agentic.layers.base.common_errors import DatabaseUnavailableError, TimedOutError
from agentic.layers.base.layer import Context
from agentic.layers.L01_data_layer import database
from agentic.layers.L01_data_layer.client import L01Client
from agentic.layers.L01_data_layer.feed import Filter
from agentic.layers.L01_data_layer.layer import DataLayer
from agentic.layers.L01_data_layer.settings import L01Settings
from agentic.layers.L02_agent_runtime.layer import AgentRuntime
from agentic.layers.L03_tool_execution.client import L03Client
from agentic.layers.L04_model_gateway.client import L04Client
from tests.kit.http import served
from tests.kit.proxy import Proxy, proxied
from tests.kit.servers import BusServer
from tests.layers.L02.conftest import EAGER, Models, Tools

pytestmark = pytest.mark.anyio

LONGEST_ANSWER = 5.0


async def eventually(holds: Callable[[], Awaitable[bool]], within: float = 20.0) -> None:
    async with asyncio.timeout(within):
        while not await holds():
            await asyncio.sleep(0.02)


@pytest.fixture
async def follower_of(own_bus: BusServer, database_url: str) -> AsyncGenerator[DataLayer]:
    own_bus.start()
    layer = DataLayer(Context(), L01Settings(database_url=database_url, redis_url=own_bus.url))
    async with layer.running():
        yield layer


async def test_without_the_bus_writes_go_on_and_a_follower_misses_nothing(
    follower_of: DataLayer, own_bus: BusServer
) -> None:
    layer = follower_of
    written: list[str] = []
    seen: list[str] = []

    async def follow() -> None:
        async with aclosing(layer.feed.follow(0, Filter())) as batches:
            async for batch in batches:
                seen.extend(event.aggregate_id for event in batch)

    async def write(count: int) -> None:
        for _ in range(count):
            written.append((await L01Client(backend=layer.backend).create_agent("a"))["id"])

    async def status() -> str:
        return (await layer.health())["status"]

    following = asyncio.create_task(follow())
    await write(20)
    own_bus.stop()
    await write(20)
    assert await status() == "degraded"
    await eventually(lambda: _true(set(written) <= set(seen)))
    own_bus.start()
    await write(20)
    await eventually(lambda: _true(set(written) <= set(seen)))
    assert await status() == "ok"
    following.cancel()
    assert seen == written, "each once and in order"


async def _true(value: bool) -> bool:
    return value


async def test_what_the_bus_missed_is_published_when_it_is_back(
    follower_of: DataLayer, own_bus: BusServer
) -> None:
    client = L01Client(backend=follower_of.backend)
    own_bus.stop()
    missed = [await client.create_agent("while it was away") for _ in range(30)]
    own_bus.start()
    await eventually(lambda: _true(follower_of.relay.published >= len(missed)))


@pytest.fixture
async def cut_database(database_url: str) -> AsyncGenerator[Proxy]:
    async with proxied(database_url) as proxy:
        yield proxy


@pytest.fixture
async def behind_proxy(cut_database: Proxy, redis_url: str) -> AsyncGenerator[DataLayer]:
    layer = DataLayer(Context(), L01Settings(database_url=cut_database.url, redis_url=redis_url))
    async with layer.running():
        yield layer


async def test_a_database_that_is_gone_is_said_at_once_and_used_again_when_it_is_back(
    behind_proxy: DataLayer, cut_database: Proxy
) -> None:
    async with served(behind_proxy.app()) as url, httpx2.AsyncClient(base_url=url, trust_env=False) as http:
        assert (await http.post("/agents", json={"name": "before"})).status_code == 201
        cut_database.cut()
        async with asyncio.timeout(LONGEST_ANSWER):
            answers = await asyncio.gather(
                http.post("/agents", json={"name": "during"}), http.get("/agents"), http.get("/health/ready")
            )
        assert [answer.status_code for answer in answers] == [503, 503, 503]
        assert [answer.json()["code"] for answer in answers[:2]] == ["E1010", "E1010"]
        assert answers[0].headers["retry-after"]
        assert (await http.get("/health/live")).status_code == 200
        await cut_database.mend()

        async def works_again() -> bool:
            return (await http.post("/agents", json={"name": "after"})).status_code == 201

        await eventually(works_again)
        assert {agent["name"] for agent in (await http.get("/agents")).json()["items"]} >= {"before", "after"}


async def test_a_database_that_hangs_holds_no_request_for_longer_than_its_limit(
    behind_proxy: DataLayer, cut_database: Proxy
) -> None:
    client = L01Client(backend=behind_proxy.backend)
    agent = await client.create_agent("before")
    cut_database.hang()
    async with asyncio.timeout(LONGEST_ANSWER + 1):
        outcomes = await asyncio.gather(
            client.create_agent("during"),
            client.get_agent(agent["id"]),
            client.publish_event("a.b", "a", uuid4(), {}),
            return_exceptions=True,
        )
    assert all(isinstance(outcome, DatabaseUnavailableError | TimedOutError) for outcome in outcomes), (
        outcomes
    )
    cut_database.cut()
    await cut_database.mend()

    async def works_again() -> bool:
        try:
            return (await client.create_agent("after"))["name"] == "after"
        except (DatabaseUnavailableError, TimedOutError):
            return False

    await eventually(works_again)


async def test_the_relay_goes_on_after_the_database_was_gone(
    behind_proxy: DataLayer, cut_database: Proxy
) -> None:
    client = L01Client(backend=behind_proxy.backend)
    cut_database.cut()
    await cut_database.mend()

    async def written() -> bool:
        try:
            await client.create_agent("after")
        except DatabaseUnavailableError:
            return False
        return True

    await eventually(written)

    async def placed() -> bool:
        return all(event["position"] for event in await client.query_events())

    await eventually(placed)


async def test_a_process_that_is_stopped_in_a_transaction_keeps_nothing_from_the_others(
    own_bus: BusServer, database_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    own_bus.start()
    monkeypatch.setattr(database, "IDLE_LIMIT", 0.5)
    layer = DataLayer(Context(), L01Settings(database_url=database_url, redis_url=own_bus.url))
    async with layer.running():
        l01 = L01Client(backend=layer.backend)
        agent = await l01.create_agent("a")
        with pytest.raises(DatabaseUnavailableError):
            async with layer.database.writing() as stopped, stopped.transaction():
                await stopped.fetch("SELECT 1 FROM agents WHERE id = $1 FOR UPDATE", agent["id"])
                changed = await l01.update_agent(agent["id"], {"status": "active"})
                await stopped.fetch("SELECT 1")
        assert changed["status"] == "active"


def runtime_over(l01: L01Client) -> AgentRuntime:
    """A runtime whose models take a moment to answer."""

    async def slow(_: object) -> str:
        await asyncio.sleep(0.3)
        return "done"

    models, context = Models(l01), Context()
    models.says = slow
    context.give(l01)
    context._clients[L03Client] = Tools()  # pyright: ignore[reportPrivateUsage]
    context._clients[L04Client] = models  # pyright: ignore[reportPrivateUsage]
    return AgentRuntime(context, EAGER.model_copy(update={"concurrency": 4}))


async def test_the_runs_of_a_process_that_is_cut_from_the_database_are_finished_by_another(
    behind_proxy: DataLayer, cut_database: Proxy, l01_local: L01Client
) -> None:
    cut_off, other = runtime_over(L01Client(backend=behind_proxy.backend)), runtime_over(l01_local)
    async with cut_off.running(), AsyncExitStack() as later:
        l02 = cut_off.local_client()
        agent = await l02.spawn("x", {})
        runs = [await l02.run(agent["id"], number) for number in range(8)]
        await eventually(lambda: _true(cut_off.worker.carried == 4))
        cut_database.cut()
        await later.enter_async_context(other.running())
        ended = [await other.local_client().wait(run["id"], 30) for run in runs]
        assert {run["status"] for run in ended} == {"completed"}
        assert {run["worker"] for run in ended} == {other.worker.name}
        await cut_database.mend()
        await eventually(lambda: _true(cut_off.worker.carried == 0))
        for run in runs:  # what it had heard meanwhile was written by nobody a second time
            assert len(await l01_local.runs.steps(run["id"])) == 1
