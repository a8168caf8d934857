"""A run that is carried by the command itself, so that all it hears is recorded, or told again from a recording.

Nobody else takes such a run: its configuration names who carries it, which only this process knows. The steps, and what a
person sees, are those of any run.
"""

from __future__ import annotations

from collections.abc import AsyncGenerator, Callable, Mapping
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any, Final
from uuid import uuid4

from agentic.layers.base.common_errors import InvalidError
from agentic.layers.L01_data_layer.models.agent import Agent
from agentic.layers.L01_data_layer.models.run import RunRef
from agentic.layers.L02_agent_runtime.crew import Crew
from agentic.layers.L02_agent_runtime.settings import L02Settings
from agentic.layers.L02_agent_runtime.subagents import CARRIED_BY, KEEPS_CHILDREN
from agentic.layers.L03_tool_execution.client import L03Client
from agentic.layers.L03_tool_execution.models import Outcome
from agentic.layers.L04_model_gateway.cassette_file import read
from agentic.layers.L04_model_gateway.cassettes import CassetteBackend, Player, Recorder, Traffic
from agentic.layers.L04_model_gateway.client import L04Client
from agentic.platform.commands.listing import say
from agentic.platform.commands.reached import Reached

NOT_OVER: Final = ("waiting_approval", "waiting_time", "unknown")


class _NotOverError(Exception):
    """A tool waits: there is no outcome yet to be recorded."""

    def __init__(self, outcome: Outcome) -> None:
        super().__init__(outcome.status)
        self.outcome = outcome


class RecordedTools(L03Client):
    """The tools of a platform, through a recorder or from a player."""

    def __init__(self, below: L03Client, traffic: Traffic) -> None:
        super().__init__(backend=below.backend)
        self._below = below
        self._traffic = traffic

    async def execute(
        self,
        name: str,
        arguments: Any,
        *,
        agent_id: str | None = None,
        agent_configuration: Mapping[str, Any] | None = None,
        run: RunRef | None = None,
        call_id: str | None = None,
        approval_id: str | None = None,
    ) -> Outcome:
        """Executes it for real and has it recorded, or answers what was."""
        real: list[Outcome] = []

        async def really() -> dict[str, Any]:
            outcome = await self._below.execute(
                name,
                arguments,
                agent_id=agent_id,
                agent_configuration=agent_configuration,
                run=run,
                call_id=call_id,
                approval_id=approval_id,
            )
            if outcome.status in NOT_OVER:
                raise _NotOverError(outcome)
            real.append(outcome)
            return {"status": outcome.status, "output": outcome.output, "error": outcome.error}

        try:
            told = await self._traffic.carry(name, arguments, really)
        except _NotOverError as waiting:
            return waiting.outcome
        return real[-1] if real else Outcome(**told)


def configuration_for(agent: Agent, changes: Mapping[str, Any], marker: str) -> dict[str, Any]:
    """The configuration of a run that only who knows the marker takes, with the runs of the agents that it calls."""
    return {**agent["configuration"], **changes, CARRIED_BY: marker, KEEPS_CHILDREN: True}


@asynccontextmanager
async def carried_here(platform: Reached, marker: str, traffic: Traffic) -> AsyncGenerator[None]:
    """Carries the runs with a marker until the block is left."""
    settings = L02Settings(concurrency=1)
    l01, l03 = platform.l01, RecordedTools(platform.l03, traffic)
    l04 = L04Client(backend=CassetteBackend(traffic, platform.l04.backend))
    async with Crew(l01, l03, l04, settings, carried_by=marker).at_work("a run that is recorded"):
        yield


@asynccontextmanager
async def recording(
    platform: Reached, marker: str, file: Path, about: Mapping[str, Any]
) -> AsyncGenerator[Callable[[], None]]:
    """Records into a new file. What is yielded is called when the run has ended.

    Raises:
        CassetteFileError: the file is there already, or cannot be made.
    """
    with Recorder(file, about) as recorder:
        async with carried_here(platform, marker, recorder):
            yield lambda: say(f"{len(read(file).entries)} calls are recorded in {file}.")


@asynccontextmanager
async def replaying(platform: Reached, marker: str, player: Player) -> AsyncGenerator[Callable[[], None]]:
    """Tells a recording again. What is yielded is called when the run has ended.

    Raises:
        CassetteMismatchError: by what is yielded: the recording goes on where the run has ended.
    """
    async with carried_here(platform, marker, player):
        yield player.finish


def new_marker() -> str:
    """What nobody else knows."""
    return f"cassette:{uuid4()}"


def input_of(player: Player) -> Any:
    """What the recorded run was told.

    Raises:
        InvalidError: the recording does not say.
    """
    if "input" not in player.cassette.about:
        raise InvalidError("The recording does not say what the agent was told: give INPUT.")
    return player.cassette.about["input"]
