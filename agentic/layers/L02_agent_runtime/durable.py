"""`@agentic.agent`: plain Python as an agent, under the same durability as any other.

    @agentic.agent(model="small")
    async def researcher(ctx, question):
        notes = await ctx.tool("search_documents", q=question)
        answer = await ctx.model(f"{question} These are my notes: {notes}")
        return answer.text

What `ctx` does is a step: written before the next begins, and given back from there when the function is begun again
after a crash, a wait or a restart. So the function runs from its beginning each time, and everything in it that is not
a step must do the same each time: what varies (the time, a random number, a file) belongs into `ctx.step`.
"""

from __future__ import annotations

import sys
from collections.abc import Awaitable, Callable, Iterable, Mapping
from pathlib import Path
from typing import Any, overload

from agentic.layers.L01_data_layer.client import L01Client
from agentic.layers.L01_data_layer.models.agent import Agent
from agentic.layers.L02_agent_runtime.context_of_run import RunContext
from agentic.layers.L02_agent_runtime.functions import register

Code = Callable[[RunContext, Any], Awaitable[Any]]
TYPE = "python"


class DurableAgent:
    """A function that is an agent. Called directly it is what it was."""

    def __init__(self, function: Code, name: str, configuration: Mapping[str, Any]) -> None:
        self.function = function
        self.name = name
        self.reference = f"{_module_of(function)}:{getattr(function, '__qualname__', name)}"
        self.configuration: dict[str, Any] = {**configuration, "function": self.reference}
        self.__doc__ = function.__doc__
        self.__name__ = getattr(function, "__name__", name)
        register(self.reference, function)

    def __call__(self, ctx: RunContext, value: Any) -> Awaitable[Any]:
        """The function itself."""
        return self.function(ctx, value)

    async def record(self, l01: L01Client) -> Agent:
        """The agent's record, made or brought up to date: active, with the configuration that stands in the code."""
        found = (await l01.agents.list(name=self.name, agent_type=TYPE, limit=1))["items"]
        agent = found[0] if found else None
        if agent is None or agent["status"] == "terminated":
            agent = await l01.agents.create(
                name=self.name,
                agent_type=TYPE,
                configuration=self.configuration,
                idempotency_key=None if agent else f"{TYPE}:{self.name}",
            )
        changes: dict[str, Any] = {}
        if agent["configuration"] != self.configuration:
            changes["configuration"] = self.configuration
        if agent["status"] == "created":
            changes["status"] = "active"
        return await l01.agents.update(agent["id"], changes) if changes else agent


def agents_of(modules: Iterable[str]) -> list[DurableAgent]:
    """The agents that stand in modules that are loaded; those that a module only imports are another's."""
    return [
        value
        for name in modules
        if name in sys.modules
        for value in vars(sys.modules[name]).values()
        if isinstance(value, DurableAgent) and value.reference.startswith(f"{name}:")
    ]


@overload
def agent(function: Code, /) -> DurableAgent: ...


@overload
def agent(*, name: str | None = None, **configuration: Any) -> Callable[[Code], DurableAgent]: ...


def agent(
    function: Code | None = None, /, *, name: str | None = None, **configuration: Any
) -> DurableAgent | Callable[[Code], DurableAgent]:
    """Makes an agent of an async function that takes a context and an input. The keywords are its configuration.

    Such as `model`, `instructions`, `tools`, `limits`.
    """

    def make(code: Code) -> DurableAgent:
        return DurableAgent(code, name or getattr(code, "__name__", "agent"), configuration)

    return make if function is None else make(function)


def _module_of(function: Callable[..., Any]) -> str:
    """The module's name; of a script, its file's: `__main__` would be another's tomorrow."""
    if function.__module__ != "__main__":
        return function.__module__
    file = getattr(sys.modules.get("__main__"), "__file__", None)
    return Path(file).stem if file else "__main__"
