"""Budgets: reserved before a call is sent, settled after it, never overspent, on every route."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from typing import Any

import httpx2
import pytest

from agentic.layers.base.common_errors import BudgetExceededError, FencedError
from agentic.layers.L01_data_layer.client import L01Client
from agentic.layers.L01_data_layer.models.run import RunRef
from agentic.layers.L04_model_gateway.catalogue import Budgeted
from agentic.layers.L04_model_gateway.client import L04Client
from agentic.layers.L04_model_gateway.layer import ModelGateway
from tests.kit.providers import CountingProvider, Reply, broken, drops, hangs
from tests.layers.L04.conftest import Configure, Usage, chat
from tests.layers.L04.test_routes import events, message

pytestmark = pytest.mark.anyio
CHAT = "/v1/chat/completions"
Rows = Callable[..., Awaitable[Usage]]
PRICES = {"input": 1.0, "output": 10.0}


@pytest.fixture
def budget(layer: ModelGateway, l01_local: L01Client) -> Callable[..., Awaitable[dict[str, Any]]]:
    """Makes a budget of which the gateway knows."""

    async def make(scope: str = "all", **fields: Any) -> dict[str, Any]:
        made = await l01_local.budgets.create(scope=scope, **fields)
        wanted = Budgeted(scope, made["subject"], made["max_cost"] is not None)
        while wanted not in (layer.catalogue.budgets or ()):
            await asyncio.sleep(0.005)
        return dict(made)

    return make


async def spent(l01: L01Client, budget: dict[str, Any]) -> tuple[Any, Any]:
    left = await l01.budgets.left(budget["id"])
    return left["spent"]["tokens"], left["spent"]["cost"]


@pytest.mark.parametrize("route", ["chat", "stream", "messages", "messages stream", "embeddings"])
async def test_100_calls_at_once_never_overspend(
    api: httpx2.AsyncClient,
    configure: Configure,
    provider: CountingProvider,
    l01_local: L01Client,
    budget: Any,
    route: str,
) -> None:
    await configure("main", "openai", provider)
    provider.otherwise = Reply(input_tokens=20, output_tokens=30, delay=0.005)
    made = await budget(max_tokens=1000)
    body = {
        "chat": chat(max_tokens=30),
        "stream": chat(max_tokens=30, stream=True),
        "messages": message() | {"max_tokens": 30},
        "messages stream": message(stream=True) | {"max_tokens": 30},
        "embeddings": {"model": "small", "input": "a"},
    }[route]
    path = "/v1/messages" if "messages" in route else f"/v1/{route}" if route == "embeddings" else CHAT
    responses = await asyncio.gather(*(api.post(path, json=body) for _ in range(100)))
    codes = [response.status_code for response in responses]
    assert set(codes) == {200, 429}
    refused = next(response for response in responses if response.status_code == 429).json()["error"]
    assert refused["code"] == "E1040"
    assert "left" in refused
    assert provider.input_tokens + provider.output_tokens * (route != "embeddings") <= 1000
    tokens, _ = await spent(l01_local, made)
    assert tokens == codes.count(200) * (20 if route == "embeddings" else 50)


async def test_money_is_held_and_settled_as_it_was_spent(
    api: httpx2.AsyncClient,
    configure: Configure,
    provider: CountingProvider,
    l01_local: L01Client,
    budget: Any,
) -> None:
    await configure("main", "openai", provider, models={"small": {"prices": PRICES}})
    made = await budget(max_cost=0.01)
    provider.otherwise = Reply(input_tokens=1000, output_tokens=200)
    assert (await api.post(CHAT, json=chat(max_tokens=200))).status_code == 200
    _, cost = await spent(l01_local, made)
    assert cost == pytest.approx(0.003)
    refused = await api.post(CHAT, json=chat(max_tokens=1000))
    assert refused.status_code == 429, "the most that it may cost is more than is left"
    assert refused.headers["x-should-retry"] == "false"
    assert len(provider.calls) == 1


async def test_what_is_not_bounded_is_bounded_when_it_falls_under_a_budget(
    api: httpx2.AsyncClient, openai: CountingProvider, layer: ModelGateway, budget: Any
) -> None:
    assert (await api.post(CHAT, json=chat())).status_code == 200
    assert "max_tokens" not in openai.calls[0].body
    await budget(max_tokens=1_000_000)
    assert (await api.post(CHAT, json=chat())).status_code == 200
    assert openai.calls[1].body["max_tokens"] == layer.settings.default_output_tokens


@pytest.mark.parametrize("stream", [False, True])
async def test_what_failed_or_was_cut_holds_nothing_for_ever(
    api: httpx2.AsyncClient,
    openai: CountingProvider,
    l01_local: L01Client,
    budget: Any,
    usage: Rows,
    stream: bool,
) -> None:
    made = await budget(max_tokens=100_000)
    openai.script(broken(400))
    assert (await api.post(CHAT, json=chat(max_tokens=50, stream=stream))).status_code == 400
    assert (await spent(l01_local, made))[0] == 0
    if stream:
        openai.script(drops(after=3))
        told = events((await api.post(CHAT, json=chat(max_tokens=50, stream=True))).content)
        assert told[-1]["error"]["code"] == "E4006"
    else:
        openai.script(hangs())
        asking = asyncio.create_task(api.post(CHAT, json=chat(max_tokens=50)))
        await openai.called(2)
        asking.cancel()
        await openai.calls[1].end()
    rows = await usage(2)
    while rows[1]["status"] == "reserved":
        rows = await usage(2)
    assert [row["status"] for row in rows] == ["failed", "failed" if stream else "cut"]
    assert rows[1]["estimated"]
    tokens, _ = await spent(l01_local, made)
    assert tokens == rows[1]["input_tokens"] + rows[1]["output_tokens"]
    assert tokens > 0


async def test_each_scope_counts_what_is_its_own(
    layer: ModelGateway, openai: CountingProvider, l01_local: L01Client, budget: Any
) -> None:
    l04 = layer.local_client()
    one, two = await l01_local.create_agent("one"), await l01_local.create_agent("two")
    goal = await l01_local.create_goal(one["id"], "reach it")
    of_agent = await budget("agent", subject=one["id"], max_tokens=1_000_000)
    of_goal = await budget("goal", subject=goal["id"], max_tokens=1_000_000)
    of_key = await budget("key", subject="k1", max_tokens=1_000_000)
    of_model = await budget("model", subject="large", max_tokens=1_000_000)
    openai.otherwise = Reply(input_tokens=1, output_tokens=1)
    await l04.complete(chat(), agent_id=one["id"])
    await l04.complete(chat(), agent_id=two["id"])
    await l04.complete(chat(), agent_id=one["id"], goal_id=goal["id"])
    await l04.complete(chat(), key_id="k1")
    await l04.complete(chat(model="large"), key_id="k2")
    counted = [(await spent(l01_local, each))[0] for each in (of_agent, of_goal, of_key, of_model)]
    assert counted == [4, 2, 2, 2]


async def running(l01: L01Client) -> RunRef:
    agent = await l01.create_agent("one")
    await l01.runs.create(agent_id=agent["id"], input="x")
    (run,) = await l01.runs.claim("worker", 1, 60)
    return RunRef(run["id"], run["token"], 1)


async def test_a_call_of_a_run_is_reserved_first_and_settled_by_its_step(
    l04: L04Client, openai: CountingProvider, l01_local: L01Client
) -> None:
    run = await running(l01_local)
    reply = await l04.complete(chat(), run=run)
    assert reply.usage_id is not None
    row = await l01_local.usage.get(reply.usage_id)
    assert (row["status"], row["run_id"], row["step"]) == ("reserved", run.run_id, 1)
    await l01_local.runs.step(
        run.run_id, run.token, kind="model", name="small", usage_id=reply.usage_id, usage=reply.usage
    )
    row = await l01_local.usage.get(reply.usage_id)
    assert (row["status"], row["input_tokens"], row["output_tokens"]) == ("completed", 11, 7)


async def test_a_call_of_a_run_that_failed_is_settled_at_once(
    l04: L04Client, openai: CountingProvider, l01_local: L01Client
) -> None:
    run = await running(l01_local)
    openai.script(broken(400))
    with pytest.raises(Exception, match="E4003"):
        await l04.complete(chat(), run=run)
    (row,) = (await l01_local.usage.list(run_id=run.run_id))["items"]
    assert (row["status"], row["error"]["code"]) == ("failed", "E4003")


async def test_a_call_of_a_run_that_was_taken_over_is_not_sent(
    l04: L04Client, openai: CountingProvider, l01_local: L01Client
) -> None:
    run = await running(l01_local)
    with pytest.raises(FencedError):
        await l04.complete(chat(), run=run._replace(token=run.token - 1))
    assert not openai.calls


async def test_the_layers_above_are_told_what_is_left(
    l04: L04Client, openai: CountingProvider, budget: Any
) -> None:
    await budget(max_tokens=10)
    with pytest.raises(BudgetExceededError) as refused:
        await l04.complete(chat())
    assert refused.value.members["left"]
    assert not openai.calls


async def test_what_nobody_can_price_is_not_asked_under_a_budget_in_money(
    api: httpx2.AsyncClient, configure: Configure, provider: CountingProvider, usage: Rows, budget: Any
) -> None:
    await configure("main", "openai", provider, paid=True)
    assert (await api.post(CHAT, json=chat())).status_code == 200
    (row,) = await usage()
    assert (row["cost_estimate"], row["cost_known"]) == (None, False)
    await budget(max_tokens=1_000_000)
    assert (await api.post(CHAT, json=chat())).status_code == 200
    await budget(max_cost=100)
    refused = await api.post(CHAT, json=chat())
    assert (refused.status_code, refused.json()["error"]["code"]) == (400, "E4014")
    assert len(provider.calls) == 2


async def test_a_client_library_within_a_run_says_for_which(
    api: httpx2.AsyncClient, openai: CountingProvider, l01_local: L01Client, usage: Rows
) -> None:
    run = await running(l01_local)
    headers = {"X-Run-Id": run.run_id, "X-Run-Token": str(run.token), "X-Run-Step": "3"}
    assert (await api.post(CHAT, json=chat(), headers=headers)).status_code == 200
    (row,) = await usage()
    assert (row["run_id"], row["step"], row["status"]) == (run.run_id, 3, "completed"), "no step settles it"
    stale = await api.post(CHAT, json=chat(), headers={**headers, "X-Run-Token": "0"})
    assert (stale.status_code, stale.json()["error"]["code"]) == (409, "E1021")
    for wrong in ({"X-Run-Id": run.run_id}, {"X-Run-Token": "1"}, {**headers, "X-Run-Token": "-1"}):
        assert (await api.post(CHAT, json=chat(), headers=wrong)).status_code == 422
    assert len(openai.calls) == 1
