"""`ctx`: what an agent's own code can do durably."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Mapping, Sequence
from datetime import datetime
from typing import Any, NamedTuple, Protocol, TypeVar

from agentic.layers.L02_agent_runtime.errors import ChildFailedError
from agentic.layers.L02_agent_runtime.places import branch

T = TypeVar("T")


class Answer(NamedTuple):
    """What a model answered."""

    text: str
    message: dict[str, Any]
    tool_calls: list[dict[str, Any]]
    finish_reason: str


class Decision(NamedTuple):
    """What a person said."""

    approved: bool
    reason: str | None
    by: str | None


class ChildRun(NamedTuple):
    """How a run of another agent ended."""

    run_id: str
    status: str
    output: Any
    cost: float
    error: dict[str, Any] | None


class Doing(Protocol):
    """What a context stands on."""

    async def model(self, messages: list[dict[str, Any]], options: Mapping[str, Any]) -> Answer:
        """Asks a model."""
        ...

    async def tool(self, name: str, arguments: dict[str, Any]) -> Any:
        """Uses a tool."""
        ...

    async def step(self, name: str, function: Callable[[], Any]) -> Any:
        """Calls a function once."""
        ...

    async def sleep(self, until: datetime | float) -> None:
        """Waits."""
        ...

    async def ask(self, question: str, request: Mapping[str, Any], seconds: float | None) -> Decision:
        """Asks a person."""
        ...

    async def agent(self, reference: str, value: Any, fields: Mapping[str, Any]) -> ChildRun:
        """Has another agent run."""
        ...

    async def job(self, name: str, value: Any, fields: Mapping[str, Any]) -> ChildRun:
        """Has other code of the platform run."""
        ...

    async def aside(self, work: Callable[[], Awaitable[T]]) -> T:
        """Does work that is no step."""
        ...

    def news(self) -> asyncio.Event:
        """Set when there is news of the run."""
        ...

    async def messages(self) -> list[Any]:
        """What was said into the run."""
        ...


class RunContext:
    """A run, as its code sees it. Each call is a step: done once, and given back when the code runs again."""

    def __init__(self, run: Mapping[str, Any], instructions: str, doing: Doing) -> None:
        self.run_id: str = run["id"]
        self.agent_id: str | None = run["agent_id"]
        self.session_id: str | None = run["session_id"]
        self.instructions = instructions
        self._doing = doing

    async def model(
        self,
        messages: str | Sequence[Mapping[str, Any]],
        *,
        model: str | None = None,
        tools: Sequence[str] | None = None,
        response_format: Mapping[str, Any] | None = None,
        **parameters: Any,
    ) -> Answer:
        """Asks a model: a text, or messages in OpenAI's form. `tools` are names of those that it may ask for.

        A text comes after the agent's instructions. When the model fails for good, so does the run.
        """
        said: list[dict[str, Any]]
        if isinstance(messages, str):
            said = [{"role": "system", "content": self.instructions}] if self.instructions else []
            said.append({"role": "user", "content": messages})
        else:
            said = [dict(message) for message in messages]
        options = {**parameters, "model": model, "tools": tools, "response_format": response_format}
        return await self._doing.model(
            said, {name: value for name, value in options.items() if value is not None}
        )

    async def tool(self, name: str, arguments: Mapping[str, Any] | None = None, /, **more: Any) -> Any:
        """Uses a tool, and answers its output.

        Raises:
            ToolCallError: it did not succeed.
        """
        return await self._doing.tool(name, {**(arguments or {}), **more})

    async def step(
        self, name: str, function: Callable[..., Awaitable[T] | T], /, *args: Any, **kwargs: Any
    ) -> T:
        """Calls a function of your own, and keeps what it answers, as JSON.

        A process that ends in the middle of it has it called again: what must not happen twice belongs into a tool.

        Raises:
            AgentCodeError: it raised an exception, or its answer is not JSON.
        """
        return await self._doing.step(name, lambda: function(*args, **kwargs))

    async def sleep(self, until: datetime | float) -> None:
        """Waits for so many seconds, or until a moment. Meanwhile nothing runs; restarts do not matter."""
        await self._doing.sleep(until)

    async def ask(
        self, question: str, request: Mapping[str, Any] | None = None, *, expires_in: float | None = None
    ) -> Decision:
        """Asks a person, and waits for the answer; one that does not come in time is a no. Meanwhile nothing runs."""
        return await self._doing.ask(question, request or {}, expires_in)

    async def agent(self, agent: str, value: Any) -> Any:
        """Has another agent (its id or name) run on an input, and answers its output. Meanwhile nothing runs here.

        Raises:
            ChildFailedError: its run did not complete.
        """
        child = await self.child(agent, value)
        if child.status != "completed":
            why = (child.error or {}).get("detail", "no reason is known")
            raise ChildFailedError(f"{agent}: {why}", run_id=child.run_id)
        return child.output

    async def child(
        self,
        agent: str,
        value: Any,
        *,
        configuration: Mapping[str, Any] | None = None,
        task_id: str | None = None,
        goal_id: str | None = None,
        name: str | None = None,
    ) -> ChildRun:
        """`agent`, but answers how the other's run ended, whatever its end. `configuration` is laid over the agent's.

        `name` is what the step is called; without it, as the agent.
        """
        fields = {"configuration": configuration, "task_id": task_id, "goal_id": goal_id, "name": name}
        return await self._doing.agent(
            agent, value, {name: field for name, field in fields.items() if field is not None}
        )

    async def child_job(
        self,
        name: str,
        value: Any,
        configuration: Mapping[str, Any],
        *,
        task_id: str | None = None,
        goal_id: str | None = None,
    ) -> ChildRun:
        """`child` for a run without an agent, such as that of a job (`Job.child`). The step has the name."""
        fields = {"configuration": configuration, "task_id": task_id, "goal_id": goal_id}
        return await self._doing.job(
            name[:255], value, {name: field for name, field in fields.items() if field is not None}
        )

    async def aside(self, work: Callable[[], Awaitable[T]]) -> T:
        """Does work that is no step, during which the run is not taken to be waiting.

        It is done again whenever the code runs again, so it must not matter how often; what it raises ends the run.
        """
        return await self._doing.aside(work)

    def news(self) -> asyncio.Event:
        """Set when somebody wakes the run after this was called: what it waits for, or works by, has changed."""
        return self._doing.news()

    async def branch(self, number: int, work: Callable[[], Awaitable[T]]) -> T:
        """Does work whose steps are found again by this number: for `asyncio.create_task(ctx.branch(7, work))`.

        Other tasks of your code are found again by the order in which they begin; branches may begin in any, and those that
        have not begun yet may be left out when the code runs again.
        """
        with branch(number):
            return await work()

    async def messages(self) -> list[Any]:
        """What was said into the run from outside since this was last called."""
        return await self._doing.messages()
