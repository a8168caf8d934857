"""A running evaluation layer over real layers below it, whose models are a scripted provider on loopback."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncGenerator, Callable
from typing import Any

import pytest

from agentic.layers.base.layer import Context
from agentic.layers.L01_data_layer.client import L01Client
from agentic.layers.L02_agent_runtime.jobs import Jobs
from agentic.layers.L02_agent_runtime.layer import AgentRuntime
from agentic.layers.L02_agent_runtime.settings import L02Settings
from agentic.layers.L03_tool_execution.layer import ToolExecution
from agentic.layers.L03_tool_execution.settings import L03Settings
from agentic.layers.L04_model_gateway.layer import ModelGateway
from agentic.layers.L04_model_gateway.models import ProviderSetting
from agentic.layers.L04_model_gateway.settings import L04Settings
from agentic.layers.L06_evaluation.client import L06Client
from agentic.layers.L06_evaluation.layer import Evaluation
from agentic.layers.L06_evaluation.settings import L06Settings
from tests.kit.http import served
from tests.kit.providers import CountingProvider, Reply
from tests.kit.providers.counting import ProviderCall

PATIENCE = 30.0
EAGER = L02Settings(lease=5.0, poll=0.1, drain=0.2, first_pause=0.01, modules="")
PROVIDER = {
    "kind": "openai",
    "models": {
        "small": {"prices": {"input": 1.0, "output": 2.0}},
        "judge": {},
        "words": {"embeddings": True},
    },
}
Says = Callable[[str], str]


class Model:
    """What the provider says: to those who are judges, and to anybody else."""

    def __init__(self, provider: CountingProvider) -> None:
        self.provider = provider
        self.answers: Says = lambda said: said.upper()
        self.judges: Says = lambda _: graded(5)
        self.asked: list[str] = []
        """The last message of each call of an agent."""
        self.judged: list[str] = []
        provider.otherwise = self._reply

    def _reply(self, call: ProviderCall) -> Reply:
        if "messages" not in call.body:
            return Reply()
        said: str = call.body["messages"][-1]["content"]
        if call.body["model"] == "judge":
            self.judged.append(said)
            return Reply(self.judges(said))
        self.asked.append(said)
        return Reply(self.answers(said))


def graded(grade: Any, rationale: str = "So it is.") -> str:
    """The answer of a judge."""
    return json.dumps({"rationale": rationale, "grade": grade})


@pytest.fixture
async def provider() -> AsyncGenerator[CountingProvider]:
    async with CountingProvider(models=("small", "judge", "words")) as provider:
        yield provider


@pytest.fixture
def model(provider: CountingProvider) -> Model:
    return Model(provider)


@pytest.fixture
async def context(l01_local: L01Client, redis_url: str, model: Model) -> AsyncGenerator[Context]:
    """The layers below, running."""
    context = Context()
    context.give(l01_local)
    gateway = ModelGateway(
        context,
        L04Settings(
            redis_url=redis_url,
            ollama_url="http://127.0.0.1:9",
            local_model=False,
            attempts=1,
            first_pause=0,
            longest_pause=1,
        ),
    )
    tools = ToolExecution(context, L03Settings())
    async with gateway.running(), tools.running():
        setting = ProviderSetting.model_validate({**PROVIDER, "base_url": f"{model.provider.url}/v1"})
        await gateway.catalogue.look(await gateway.catalogue.set("main", setting))
        context.give(gateway.local_client())
        context.give(tools.local_client())
        runtime = AgentRuntime(context, EAGER)
        async with runtime.running():
            context.give(runtime.local_client())
            yield context


@pytest.fixture
def l06_settings() -> L06Settings:
    return L06Settings(judge_model="judge", pattern_seconds=1.0)


@pytest.fixture
async def layer(context: Context, l06_settings: L06Settings) -> AsyncGenerator[Evaluation]:
    layer = Evaluation(context, l06_settings, Jobs("L06", context, EAGER))
    async with layer.running():
        yield layer


@pytest.fixture
async def l06(layer: Evaluation) -> L06Client:
    return layer.local_client()


@pytest.fixture
async def l06_http(layer: Evaluation) -> AsyncGenerator[L06Client]:
    async with served(layer.app()) as url:
        yield L06Client(url)


async def an_agent(l01: L01Client, name: str = "clerk", **configuration: Any) -> str:
    """A running agent on the scripted model."""
    agent = await l01.create_agent(name, "general", {"model": "small", **configuration})
    return (await l01.update_agent(agent["id"], {"status": "active"}))["id"]


async def eventually(true: Callable[[], Any]) -> None:
    """Returns when it is: for what can only be looked at."""
    async with asyncio.timeout(PATIENCE):
        while not await true():
            await asyncio.sleep(0.02)
