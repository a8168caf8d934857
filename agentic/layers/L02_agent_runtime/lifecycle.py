"""The life of an agent: spawned, started, suspended, resumed, terminated, and what that means for its runs.

The data layer makes a fact of each change (`agent.created`, `agent.active`, `agent.suspended`, `agent.terminated`); what it
cannot know is added here: `agent.spawned`, once.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Any, Final

from agentic.layers.base import jsonio
from agentic.layers.base.common_errors import StateError
from agentic.layers.base.operation import Answer, Call, validated
from agentic.layers.base.tracing import traced
from agentic.layers.L01_data_layer.client import L01Client
from agentic.layers.L01_data_layer.models.agent import Agent
from agentic.layers.L01_data_layer.models.run import Run
from agentic.layers.L02_agent_runtime.configuration import check_configuration
from agentic.layers.L02_agent_runtime.models import Spawn

SUSPENSION: Final = "suspension of the agent"
"""What caused that a run was paused, as its event has it."""


class Lifecycle:
    """What may be done with agents."""

    def __init__(self, l01: Callable[[], L01Client]) -> None:
        self._l01 = l01

    async def spawn(self, call: Call) -> Answer:
        """A new agent, started unless told otherwise."""
        body = validated(Spawn, call.body)
        check_configuration(body.configuration)
        fields = {name: value for name, value in body.__dict__.items() if name != "start"}
        l01 = self._l01()
        agent = await l01.agents.create(**fields, idempotency_key=call.key)
        await l01.events.append(
            "agent.spawned",
            "agent",
            agent["id"],
            {"name": agent["name"], "agent_type": agent["agent_type"]},
            idempotency_key=f"agent.spawned {agent['id']}",
        )
        if body.start:
            agent = await self.activate(agent["id"])
        return answer(agent)

    async def start(self, call: Call) -> Answer:
        """An agent takes runs from now on."""
        return answer(await self._move(call.path["id"], "active", ("created", "active", "error")))

    async def suspend(self, call: Call) -> Answer:
        """An agent takes no new runs, and those that it has are paused."""
        agent = await self._move(call.path["id"], "suspended", ("active", "suspended"))
        for status in ("running", "queued", "suspended"):
            await self._each(agent["id"], status, self._pause)
        return answer(agent)

    async def resume(self, call: Call) -> Answer:
        """An agent takes runs again, and those go on that its suspension paused; what a person paused stays so."""
        agent = await self._move(call.path["id"], "active", ("suspended", "active", "error"))
        await self._each(agent["id"], "suspended", self._resume)
        return answer(agent)

    async def terminate(self, call: Call) -> Answer:
        """An agent is done for good; its runs are cancelled."""
        agent = await self._move(call.path["id"], "terminated", None)
        l01 = self._l01()
        for status in ("queued", "suspended", "waiting_approval", "running"):
            await self._each(
                agent["id"], status, lambda run: l01.runs.cancel(run["id"], "The agent was terminated.")
            )
        return answer(agent)

    async def activate(self, agent_id: str) -> Agent:
        """An agent that was only created is started; another stays what it is."""
        l01 = self._l01()
        agent = await l01.agents.get(agent_id)
        if agent["status"] != "created":
            return agent
        try:
            return await l01.agents.update(agent_id, {"status": "active"}, expected_version=agent["version"])
        except StateError:
            return await l01.agents.get(agent_id)

    async def _move(self, agent_id: str, status: str, sources: tuple[str, ...] | None) -> Agent:
        """Changes the state, when it is one of `sources`; what it is already, it stays, without a new fact."""
        l01 = self._l01()
        agent = await l01.agents.get(agent_id)
        if agent["status"] == status:
            return agent
        if sources is not None and agent["status"] not in sources:
            raise StateError(
                f"An agent that is {agent['status']} cannot become {status} so.",
                current_status=agent["status"],
            )
        return await l01.agents.update(agent_id, {"status": status})

    async def _each(self, agent_id: str, status: str, do: Callable[[Run], Awaitable[Any]]) -> None:
        """Does something with each run of an agent in a state; one that has left it meanwhile is left alone."""
        runs: list[Run] = [
            run async for run in self._l01().runs.all(agent_id=agent_id, status=status, limit=1000)
        ]
        for run in runs:
            try:
                await do(run)
            except StateError:
                continue

    async def _pause(self, run: Run) -> None:
        if run["status"] != "suspended" or run["due_at"] is not None:
            await pause_for_suspension(self._l01(), run["id"])

    async def _resume(self, run: Run) -> None:
        l01 = self._l01()
        newest = await l01.events.list(aggregate_type="run", aggregate_id=run["id"], limit=1)
        if newest["items"][0]["metadata"].get("causation_id") == SUSPENSION:
            await l01.runs.resume(run["id"])


async def pause_for_suspension(l01: L01Client, run_id: str) -> None:
    """Pauses a run because its agent is suspended; the fact says so, and is what lets it go on with the agent."""
    with traced(causation_id=SUSPENSION):
        await l01.runs.pause(run_id)


def answer(record: Any) -> Answer:
    """A record as an answer, with its version as the ETag."""
    return Answer(jsonio.encode(record), record.get("version"))
