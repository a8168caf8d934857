"""A run through the real layers: the gateway asks a provider on loopback, the tools are real, the ledger is."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, Callable
from contextlib import AsyncExitStack
from typing import Any

import pytest

from agentic.layers.base.layer import Context
from agentic.layers.L01_data_layer.client import L01Client
from agentic.layers.L02_agent_runtime.client import L02Client
from agentic.layers.L02_agent_runtime.layer import AgentRuntime
from agentic.layers.L03_tool_execution.client import L03Client
from agentic.layers.L03_tool_execution.functions import tool
from agentic.layers.L03_tool_execution.layer import ToolExecution
from agentic.layers.L03_tool_execution.settings import L03Settings
from agentic.layers.L04_model_gateway.client import L04Client
from agentic.layers.L04_model_gateway.layer import ModelGateway
from agentic.layers.L04_model_gateway.models import PROVIDERS
from agentic.layers.L04_model_gateway.settings import L04Settings
from tests.kit.http import served
from tests.kit.providers import CountingProvider, Reply, Tool, broken, rate_limited
from tests.layers.L02.conftest import EAGER, PATIENCE, eventually

pytestmark = pytest.mark.anyio

charged: list[int] = []


@tool
async def charge(amount: int) -> str:
    """Charges a card.

    Args:
        amount: How much.
    """
    charged.append(amount)
    return f"charged {amount}"


@tool(approval=True)
async def refund(amount: int) -> str:
    """Gives money back.

    Args:
        amount: How much.
    """
    charged.append(-amount)
    return f"gave back {amount}"


@pytest.fixture
async def provider() -> AsyncGenerator[CountingProvider]:
    async with CountingProvider() as provider:
        yield provider


async def configure(l01: L01Client, provider: CountingProvider) -> None:
    charged.clear()
    await l01.set_config(
        PROVIDERS,
        "counting",
        {
            "kind": "openai",
            "base_url": f"{provider.url}/v1",
            "models": {"small": {"prices": {"input": 1.0, "output": 2.0}, "context_length": 4096}},
        },
    )


@pytest.fixture
async def l02(l01_local: L01Client, provider: CountingProvider, redis_url: str) -> AsyncGenerator[L02Client]:
    await configure(l01_local, provider)
    context = Context()
    context.give(l01_local)
    settings = L04Settings(redis_url=redis_url, first_pause=0.01)
    layers: list[Callable[[Context], Any]] = [
        lambda it: ToolExecution(it, L03Settings(modules=[__name__])),
        lambda it: ModelGateway(it, settings),
        lambda it: AgentRuntime(it, EAGER),
    ]
    async with AsyncExitStack() as stack:
        layer: Any = None
        for make in layers:
            layer = make(context)
            context.give(layer.local_client())
            await stack.enter_async_context(layer.running())
        yield layer.local_client()


async def test_models_and_tools(l02: L02Client, l01_local: L01Client, provider: CountingProvider) -> None:
    provider.script(
        Reply("", tools=[Tool("charge", {"amount": 3}, "a"), Tool("charge", {"amount": 4}, "b")]),
        rate_limited("0"),
        Reply("Charged twice."),
    )
    agent = await l02.spawn("clerk", {"model": "small", "tools": ["charge"]})
    run = await l02.run(agent["id"], "charge 3 and 4", wait=PATIENCE)
    assert (run["status"], run["output"], run["error"]) == ("completed", "Charged twice.", None)
    assert sorted(charged) == [3, 4]
    steps = await l02.steps(run["id"])
    assert [(step["kind"], step["status"]) for step in steps] == [
        ("model", "completed"),
        ("tool", "completed"),
        ("tool", "completed"),
        ("model", "completed"),
    ]
    assert all(step["execution_id"] for step in steps[1:3])
    # 11 tokens in, 7 out, at 1 and 2 dollars for a million.
    assert run["cost"] == pytest.approx(2 * (11 + 2 * 7) / 1e6)
    rows = (await l01_local.usage.list(run_id=run["id"], order="asc"))["items"]
    assert sum(row["status"] == "completed" for row in rows) == 2
    assert sum(row["cost_estimate"] or 0 for row in rows) == pytest.approx(run["cost"])
    assert provider.answered == 2


async def test_an_approval_is_asked_for_and_used_once(
    l02: L02Client, l01_local: L01Client, provider: CountingProvider
) -> None:
    provider.script(Reply("", tools=[Tool("refund", {"amount": 5})]), Reply("Done."))
    agent = await l02.spawn("clerk", {"model": "small", "tools": ["refund"]})
    run = await l02.run(agent["id"], "give 5 back", wait=PATIENCE)
    assert run["status"] == "waiting_approval"
    assert charged == []
    await l02.approve(run["id"], by="ada")
    await eventually(lambda: _completed(l02, run["id"]))
    assert charged == [-5]
    (approval,) = (await l01_local.approvals.list(run_id=run["id"]))["items"]
    assert approval["status"] == "consumed"

    provider.script(Reply("", tools=[Tool("refund", {"amount": 6})]), Reply("Not then."))
    run = await l02.run(agent["id"], "give 6 back", wait=PATIENCE)
    await l02.approve(run["id"], "denied", reason="no")
    await eventually(lambda: _completed(l02, run["id"]))
    assert charged == [-5]
    assert [step["status"] for step in await l02.steps(run["id"])] == ["completed", "failed", "completed"]


async def _completed(l02: L02Client, run_id: str) -> bool:
    return (await l02.get(run_id))["status"] == "completed"


async def test_waiting_for_time(l02: L02Client, provider: CountingProvider) -> None:
    provider.script(Reply("", tools=[Tool("wait", {"seconds": 0.4})]), Reply("Rested."))
    agent = await l02.spawn("sleeper", {"model": "small", "tools": ["wait"]})
    run = await l02.run(agent["id"], "wait", wait=PATIENCE)
    assert (run["status"], run["output"]) == ("completed", "Rested.")


async def test_a_provider_that_is_broken_fails_the_run_with_its_reason(
    l02: L02Client, provider: CountingProvider
) -> None:
    provider.otherwise = broken(400)
    agent = await l02.spawn("x", {"model": "small"})
    run = await l02.run(agent["id"], "x", wait=PATIENCE)
    assert run["status"] == "failed"
    assert run["error"] is not None
    assert run["error"]["code"].startswith("E4")


async def test_text_is_told_while_it_is_written(l02: L02Client, provider: CountingProvider) -> None:
    provider.otherwise = Reply("one two three four five six", pause=0.06)
    agent = await l02.spawn("x", {"model": "small"})
    run = await l02.run(agent["id"], "x")
    async with asyncio.timeout(PATIENCE):
        events = [event async for event in l02.stream(run["id"])]
    text = "".join(event.data["text"] for event in events if event.event == "text")
    assert text
    assert text in "one two three four five six"
    assert [event.number for event in events if event.event == "step"] == [1]


async def test_each_layer_in_a_process_of_its_own_reaches_the_others_over_http(
    l01_url: str, provider: CountingProvider, redis_url: str
) -> None:
    provider.script(
        Reply("", tools=[Tool("charge", {"amount": 3}, "a"), Tool("wait", {"seconds": 0.1}, "b")]),
        Reply("Done."),
    )
    async with AsyncExitStack() as stack:
        l01 = await stack.enter_async_context(L01Client(l01_url))
        await configure(l01, provider)

        def alone() -> Context:
            context = Context()
            context.give(l01)
            return context

        tools = ToolExecution(alone(), L03Settings(modules=[__name__]))
        models = ModelGateway(alone(), L04Settings(redis_url=redis_url))
        context = alone()
        for layer, client in ((tools, L03Client), (models, L04Client)):
            await stack.enter_async_context(layer.running())
            context.give(client(await stack.enter_async_context(served(layer.app()))))
        runtime = AgentRuntime(context, EAGER)
        await stack.enter_async_context(runtime.running())
        l02 = L02Client(await stack.enter_async_context(served(runtime.app())))
        agent = await l02.spawn("clerk", {"model": "small", "tools": ["charge", "wait"]})
        run = await l02.run(agent["id"], "charge 3", wait=PATIENCE)
        assert (run["status"], run["output"], run["error"]) == ("completed", "Done.", None)
        async with asyncio.timeout(PATIENCE):
            events = [event async for event in l02.stream(run["id"])]
        assert [event.number for event in events if event.event == "step"] == [1, 2, 3, 4]
    assert charged == [3]
