"""A running agent runtime over a running data layer, with models and tools that do what a test says."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, Awaitable, Callable, Mapping
from typing import Any

import pytest

from agentic.layers.base.layer import Context
from agentic.layers.L01_data_layer.client import L01Client
from agentic.layers.L01_data_layer.models.run import RunRef
from agentic.layers.L02_agent_runtime.client import L02Client
from agentic.layers.L02_agent_runtime.layer import AgentRuntime
from agentic.layers.L02_agent_runtime.settings import L02Settings
from agentic.layers.L03_tool_execution.client import L03Client
from agentic.layers.L03_tool_execution.models import Outcome
from agentic.layers.L04_model_gateway.client import L04Client
from agentic.layers.L04_model_gateway.models import Reply

PATIENCE = 20.0
EAGER = L02Settings(lease=2.0, poll=0.2, drain=0.2, first_pause=0.01, modules="")

Request = dict[str, Any]
Said = str | BaseException | dict[str, Any]


def calls(*wanted: tuple[str, dict[str, Any]]) -> dict[str, Any]:
    """An answer that asks for tools."""
    return {
        "role": "assistant",
        "content": None,
        "tool_calls": [
            {"id": f"call_{i}", "type": "function", "function": {"name": name, "arguments": arguments}}
            for i, (name, arguments) in enumerate(wanted)
        ],
    }


class Models(L04Client):
    """Answers what a test says, as the gateway does: the call is reserved before, and settled by who keeps the answer."""

    def __init__(self, l01: L01Client) -> None:
        self._l01 = l01
        self.requests: list[Request] = []
        self.says: Callable[[Request], Said | Awaitable[Said]] = lambda _: "Hello."
        self.context_length = 8192
        self.cost = 0.001

    def script(self, *answers: Said) -> None:
        """Says these, one after the other, the last one again and again."""
        left = list(answers)
        self.says = lambda _: left.pop(0) if len(left) > 1 else left[0]

    async def models(self) -> list[Any]:  # type: ignore[override]
        return [{"id": "small", "provider": "test", "context_length": self.context_length}]

    async def complete(  # type: ignore[override]
        self,
        request: Request,
        *,
        run: RunRef | None = None,
        agent_id: Any = None,
        on_text: Callable[[str], Any] | None = None,
        **_: Any,
    ) -> Reply:
        assert run is not None
        self.requests.append(request)
        row = await self._l01.usage.reserve(
            provider="test",
            model=str(request.get("model")),
            agent_id=agent_id,
            run_id=run.run_id,
            step=run.step,
            token=run.token,
            tokens=100,
            cost=0.01,
            seconds=60.0,
        )
        said = self.says(request)
        try:
            if isinstance(said, Awaitable):
                said = await said
            if isinstance(said, BaseException):
                raise said
        except BaseException as error:
            if isinstance(error, asyncio.CancelledError):
                await self._l01.usage.cut_off(row["id"])
            else:
                await self._l01.usage.fail(row["id"], {"code": "X", "detail": str(error)})
            raise
        message = said if isinstance(said, dict) else {"role": "assistant", "content": said}
        if on_text is not None and isinstance(said, str):
            for word in said.split():
                on_text(word + " ")
                await asyncio.sleep(0)
        usage: Any = {"input_tokens": 10, "output_tokens": 5, "cost": self.cost, "cost_known": True}
        finish = "tool_calls" if message.get("tool_calls") else "stop"
        return Reply(message, finish, usage, row["id"], "test", str(request.get("model")))


class Tools(L03Client):
    """Functions as tools, without a ledger."""

    def __init__(self) -> None:
        self.functions: dict[str, Callable[..., Any]] = {}
        self.calls: list[tuple[str, dict[str, Any], RunRef]] = []

    async def catalogue(self, agent_configuration: Mapping[str, Any]) -> list[Any]:  # type: ignore[override]
        return [
            {"name": name, "description": name, "parameters": {"type": "object"}}
            for name in agent_configuration["tools"]
        ]

    async def execute(  # type: ignore[override]
        self, name: str, arguments: dict[str, Any], *, run: RunRef | None = None, **_: Any
    ) -> Outcome:
        assert run is not None
        self.calls.append((name, arguments, run))
        result = self.functions[name](**arguments)
        if isinstance(result, Awaitable):
            result = await result
        return result if isinstance(result, Outcome) else Outcome("success", result)


async def eventually(true: Callable[[], Any]) -> None:
    """Returns when it is: for what can only be looked at."""
    async with asyncio.timeout(PATIENCE):
        while True:
            result = true()
            if isinstance(result, Awaitable):
                result = await result
            if result:
                return
            await asyncio.sleep(0.01)


@pytest.fixture
def models(l01_local: L01Client) -> Models:
    return Models(l01_local)


@pytest.fixture
def tools() -> Tools:
    return Tools()


@pytest.fixture
def context(l01_local: L01Client, models: Models, tools: Tools) -> Context:
    context = Context()
    context.give(l01_local)
    context._clients[L03Client] = tools  # pyright: ignore[reportPrivateUsage]
    context._clients[L04Client] = models  # pyright: ignore[reportPrivateUsage]
    return context


@pytest.fixture
async def runtime(context: Context) -> AsyncGenerator[AgentRuntime]:
    """A runtime that carries runs."""
    layer = AgentRuntime(context, EAGER)
    async with layer.running():
        yield layer


@pytest.fixture
async def l02(runtime: AgentRuntime) -> L02Client:
    return runtime.local_client()
