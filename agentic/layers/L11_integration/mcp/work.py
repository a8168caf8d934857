"""For who has work done: runs begun, watched and cancelled, approvals, goals and feedback."""

from __future__ import annotations

import asyncio
from contextlib import aclosing
from typing import Annotated, Any, Final

from pydantic import Field

from agentic.layers.L01_data_layer.models.agent import AGENTS
from agentic.layers.L01_data_layer.models.approval import APPROVALS, DECIDE_APPROVAL
from agentic.layers.L01_data_layer.models.feedback import FEEDBACK, UNPROCESSED_FEEDBACK
from agentic.layers.L01_data_layer.models.fields import MAX_INT, Body, Id
from agentic.layers.L01_data_layer.models.goal import GOALS
from agentic.layers.L01_data_layer.models.run import RUNS
from agentic.layers.L02_agent_runtime.client import at_rest
from agentic.layers.L02_agent_runtime.models import BEGIN_RUN, CANCEL, GET_RUN, LONGEST_WAIT, STEER
from agentic.layers.L11_integration.mcp.tool import Layers, Tool, operation_tool, own_tool

_RUN: Final = {
    "agent_id": "The agent that runs.",
    "input": "What the agent is told: text, or any JSON.",
    "session_id": "The conversation that it is part of.",
    "configuration": "Laid over the agent's configuration, for this run alone.",
    "priority": "Higher ones go first; 5 without it.",
    "due_at": "Not before this moment (RFC 3339).",
    "goal_id": "The goal that it serves.",
    "task_id": "The task that it serves.",
    "status": "queued, running, waiting_approval, suspended, completed, failed or cancelled.",
    "parent_run_id": "Those that this run began.",
    "forked_from": "Those that try a moment of this run otherwise.",
    "called_at": "Where in its parent's code it was begun.",
    "wait": "How many seconds the answer may wait for the run to end, or to need somebody.",
    "content": "What is said: text, or any JSON.",
    "reason": "Kept with the run.",
}
_APPROVAL: Final = {
    "status": "`pending`: nobody has decided it yet.",
    "run_id": "What this run waits for.",
    "decision": "Whether it may be done.",
    "by": "Who decides.",
    "reason": "Is told the agent.",
}
_GOAL: Final = {
    "agent_id": "The agent whose goal it is.",
    "description": "What is wanted, in words.",
    "success_criteria": "How one sees that it is reached: a list of texts or objects.",
    "priority": "0 to 100; a lower number comes first.",
    "parent_goal_id": "The goal that it is a part of.",
    "status": "pending, active, completed, failed or cancelled; the last three are final.",
    "result": "What came of it: any object.",
}
_FEEDBACK: Final = {
    "agent_id": "The agent that it is about.",
    "task_id": "The task that it is about.",
    "feedback_type": "What kind it is, such as human, correction or comparison.",
    "rating": "A number; which scale is yours to say, and the same for one type.",
    "content": "What there is to say, in words.",
    "metadata": "Whatever else belongs to it, as a JSON object.",
    "run_id": "The run that it is about.",
    "step": "The number of the run's step that it is about.",
    "source": "Where it came from, such as chat, api or evaluator.",
    "author": "Who says it.",
    "correction": "What the answer should have been.",
    "better_than": "Another run, which this one is better than.",
    "processed": "Whether somebody has done something with it.",
    "min_rating": "Rated at least this.",
    "max_rating": "Rated at most this.",
}


class Watch(Body):
    """Which run is watched, from where, for how long."""

    run_id: Id
    after: Annotated[
        int,
        Field(ge=0, le=MAX_INT, description="The `number` of the last step that you have seen; 0 for all."),
    ] = 0
    limit: Annotated[int, Field(ge=1, le=1000, description="How many steps at most.")] = 100
    wait: Annotated[
        int,
        Field(ge=0, le=LONGEST_WAIT, description="How many seconds to wait when there is nothing new yet."),
    ] = 0


async def watch(layers: Layers, wanted: Watch) -> dict[str, Any]:
    """See what a run does: its `steps` after a number, and the `run` itself.

    With `wait`, the answer comes with the next step, or when the run ends or needs somebody. Call it again with the last `number` until the run is completed, failed or
    cancelled; one that is waiting_approval goes on after `approval_decide`.
    """
    runtime, run_id = layers.l02, str(wanted.run_id)
    run = await runtime.get(run_id)
    steps = await runtime.steps(run_id, wanted.after, wanted.limit)
    if wanted.wait and not steps and not at_rest(run):
        try:
            async with asyncio.timeout(wanted.wait):
                await _until_news(layers, run_id, wanted.after)
        except TimeoutError:
            pass
        run = await runtime.get(run_id)
        steps = await runtime.steps(run_id, wanted.after, wanted.limit)
    return {"run": run, "steps": steps}


async def _until_news(layers: Layers, run_id: str, after: int) -> None:
    async with aclosing(layers.l02.stream(run_id, after)) as events:
        async for event in events:
            if event.event == "step" or (event.event == "run" and at_rest(event.data)):
                return


_AGENTS, _RUNS, _GOALS, _GIVEN = (each.operations for each in (AGENTS, RUNS, GOALS, FEEDBACK))

TOOLS: Final[list[Tool]] = [
    operation_tool(
        "agent_list",
        _AGENTS["list"],
        "List agents, the newest first. Those that are `active` take runs.",
        about={
            "status": "created, active, suspended, terminated or error.",
            "agent_type": "A word for what kind of agent it is.",
            "name": "Its whole name.",
            "did": "Its decentralised identifier.",
            "search": "Part of its name.",
        },
    ),
    operation_tool(
        "run_begin",
        BEGIN_RUN,
        "Have an agent do something: a run, which goes on by itself and survives restarts. Give an `idempotency_key` where you "
        "may ask twice.",
        layer="l02",
        about=_RUN,
    ),
    operation_tool(
        "run_get",
        GET_RUN,
        "Read a run: its state, its answer in `output`, what it cost.",
        layer="l02",
        about=_RUN,
    ),
    own_tool("run_watch", Watch, watch, "read"),
    operation_tool("run_list", _RUNS["list"], "List runs, the newest first.", about=_RUN),
    operation_tool(
        "run_steer",
        STEER,
        "Say something into a run that is not over; its model reads it before its next answer.",
        layer="l02",
        about=_RUN,
    ),
    operation_tool(
        "run_cancel",
        CANCEL,
        "End a run, and those that it began. It cannot go on afterwards.",
        layer="l02",
        about=_RUN,
        idempotent=True,
        destructive=True,
    ),
    operation_tool(
        "approval_list",
        APPROVALS.operations["list"],
        "List what agents asked to be allowed, the newest first. `request` is exactly what would be done.",
        about=_APPROVAL,
    ),
    operation_tool(
        "approval_decide",
        DECIDE_APPROVAL,
        "Allow what an agent asked for, once, or refuse it. The run that waits for it goes on at once. Only a person should "
        "decide this: ask yours.",
        about=_APPROVAL,
        destructive=True,
    ),
    operation_tool("goal_create", _GOALS["create"], "State a goal.", about=_GOAL),
    operation_tool("goal_get", _GOALS["get"], "Read a goal."),
    operation_tool("goal_list", _GOALS["list"], "List goals, the newest first.", about=_GOAL),
    operation_tool(
        "goal_update",
        _GOALS["update"],
        "Change a goal, or its state; only what is given is changed.",
        about=_GOAL,
        destructive=True,
    ),
    operation_tool(
        "feedback_give",
        _GIVEN["create"],
        "Say what one thinks of what an agent or a task produced.",
        about=_FEEDBACK,
    ),
    operation_tool("feedback_list", _GIVEN["list"], "List feedback, the newest first.", about=_FEEDBACK),
    operation_tool(
        "feedback_list_unprocessed",
        UNPROCESSED_FEEDBACK,
        "List feedback that nobody has done anything with, the oldest first.",
        about={"order": "`asc`: the oldest first."},
    ),
]
