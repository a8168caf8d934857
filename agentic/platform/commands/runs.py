"""`platform runs`: looks at runs, and does with them what a person may."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import dataclass, replace
from typing import Any, Final

from rich.console import Console

from agentic.layers.base import jsonio
from agentic.layers.base.common_errors import InvalidError
from agentic.layers.L01_data_layer.client import L01Client
from agentic.layers.L01_data_layer.models.run import Run
from agentic.layers.L01_data_layer.models.run_step import RunStep
from agentic.platform.commands.finding import agent_of, run_of
from agentic.platform.commands.listing import (
    ago,
    lasted,
    money,
    plain_table,
    print_json,
    print_whole,
    say,
    short,
    status_of,
)
from agentic.platform.commands.reached import Reached, Where, on_platform
from agentic.platform.commands.run_screen import JsonScreen, TextScreen, cost_of
from agentic.platform.commands.watching import ENDS, Terminal, Watch, person
from agentic.platform.exit_codes import OK

_ON_ONE_PAGE: Final = 1000


def show_all(where: Where, *, agent: str | None, status: str | None, limit: int, json: bool) -> int:
    """Prints the newest runs; answers the exit code."""

    async def work(platform: Reached) -> int:
        l01 = platform.l01
        wanted = None if agent is None else (await agent_of(l01, agent))["id"]
        page = await l01.runs.list(agent_id=wanted, status=status, limit=limit)
        runs: list[Run] = page["items"]
        if json:
            print_json(runs)
            return OK
        if not runs:
            say('There are no such runs. `platform run AGENT "input"` begins one.')
            return OK
        names = {each["id"]: each["name"] for each in (await l01.agents.list(limit=_ON_ONE_PAGE))["items"]}
        table = plain_table(
            "Agent", "Status", "Begun", "Took", "Steps", "Cost", "Input", "Id", right=("Steps", "Cost")
        )
        for each in runs:
            table.add_row(
                short(names.get(each["agent_id"] or "", each["agent_id"] or "none"), 30),
                status_of(each),
                ago(each["created_at"]),
                lasted(each["started_at"], each["completed_at"]),
                str(each["steps"]),
                money(each["cost"]),
                short(each["input"], 40),
                each["id"],
            )
        print_whole(table)
        if page["next_cursor"] is not None:
            say(f"These are the newest {limit}; --limit shows more, --agent and --status fewer.")
        return OK

    return on_platform(where, work)


def show(where: Where, reference: str, *, json: bool) -> int:
    """Prints a run with its steps; answers the exit code."""

    async def work(platform: Reached) -> int:
        l01 = platform.l01
        run = await run_of(l01, reference)
        steps = await _steps(l01, run["id"])
        usage = [call async for call in l01.model_usage.all(run_id=run["id"])]
        approvals = (await l01.approvals.list(run_id=run["id"], status="pending"))["items"]
        if json:
            print_json({**run, "run_steps": steps, "model_usage": usage, "pending_approvals": approvals})
            return OK
        screen = TextScreen()
        agent = await l01.agents.get(run["agent_id"]) if run["agent_id"] else None
        screen.begun(run, agent["name"] if agent else "no agent", platform.page(f"/runs/{run['id']}"))
        if run["forked_from"]:
            say(f"A fork of {run['forked_from']} after its step {run['fork_step']}.")
        say(f"Input: {short(run['input'], 1000)}")
        for step in steps:
            screen.step(step)
        if run["status"] in ENDS:
            screen.ended(run, usage)
            return OK
        Console(stderr=True, highlight=False).print(f"{status_of(run)}, {cost_of(usage)} so far")
        for approval in approvals:
            say(
                f"It waits for a person: {approval['title']} Decide with `platform runs approve {run['id']}`."
            )
        return OK

    return on_platform(where, work)


async def _steps(l01: L01Client, run_id: str) -> list[RunStep]:
    steps: list[RunStep] = []
    while page := await l01.runs.steps(run_id, after=len(steps), limit=_ON_ONE_PAGE):
        steps.extend(page)
    return steps


def watch(where: Where, reference: str, *, json: bool) -> int:
    """Watches a run from its first step to its end; answers the exit code, which says how it ended."""

    async def work(platform: Reached) -> int:
        run = await run_of(platform.l01, reference)
        return await _watched(platform, run, json=json)

    return on_platform(where, work)


async def _watched(platform: Reached, run: Run, *, json: bool) -> int:
    screen = JsonScreen() if json else TextScreen()
    agent = await platform.l01.agents.get(run["agent_id"]) if run["agent_id"] else None
    watch = Watch(platform, screen, None if json else Terminal.here())
    return await watch.to_end(run, agent["name"] if agent else "no agent")


def cancel(where: Where, reference: str, reason: str | None) -> int:
    """Ends a run; answers the exit code."""
    return _done(
        where,
        reference,
        lambda platform, run: platform.l02.cancel(run["id"], reason or f"Cancelled by {person()}."),
    )


def pause(where: Where, reference: str) -> int:
    """Has a run go no further than the step that it takes; answers the exit code."""
    return _done(where, reference, lambda platform, run: platform.l02.pause(run["id"]))


def resume(where: Where, reference: str) -> int:
    """Has a paused run go on; answers the exit code."""
    return _done(where, reference, lambda platform, run: platform.l02.resume_run(run["id"]))


def _done(where: Where, reference: str, do: Callable[[Reached, Run], Awaitable[Run]]) -> int:
    async def work(platform: Reached) -> int:
        run = await do(platform, await run_of(platform.l01, reference))
        Console(stderr=True, highlight=False).print(f"The run {run['id']} is {status_of(run)}.")
        return OK

    return on_platform(where, work)


def steer(where: Where, reference: str, text: str) -> int:
    """Says something into a run, which its model reads before its next answer; answers the exit code."""

    async def work(platform: Reached) -> int:
        run = await run_of(platform.l01, reference)
        step = await platform.l02.steer(run["id"], text)
        say(f"Said, as step {step['number']} of run {run['id']}.")
        return OK

    return on_platform(where, work)


@dataclass(frozen=True)
class Decision:
    """A person's word on what a run waits for."""

    approved: bool
    approval: str | None
    reason: str | None


def approve(where: Where, reference: str, decision: Decision) -> int:
    """Decides what a run waits for; answers the exit code."""

    async def work(platform: Reached) -> int:
        run = await run_of(platform.l01, reference)
        approval = await platform.l02.approve(
            run["id"],
            "approved" if decision.approved else "denied",
            approval_id=decision.approval,
            by=person(),
            reason=decision.reason,
        )
        say(f"{approval['title']} {approval['status'].capitalize()}. The run goes on.")
        return OK

    return on_platform(where, work)


def retry(where: Where, reference: str, *, watched: bool) -> int:
    """A new run that goes on where one failed or was cancelled; answers the exit code."""
    return _begun(where, reference, watched, lambda platform, run: platform.l02.retry(run["id"]))


@dataclass(frozen=True)
class Otherwise:
    """What is different in a fork."""

    step: int | None
    model: str | None
    instructions: str | None
    input: str | None
    tool_result: tuple[int, str] | None

    def changes(self) -> dict[str, Any]:
        """As the runtime takes them."""
        told = {"model": self.model, "instructions": self.instructions, "input": self.input}
        changes: dict[str, Any] = {name: value for name, value in told.items() if value is not None}
        if self.tool_result is not None:
            number, text = self.tool_result
            changes["tool_result"] = {"number": number, "output": _json_or_text(text)}
        return changes


def fork(where: Where, reference: str, otherwise: Otherwise, *, watched: bool) -> int:
    """A new run that begins after a step of another, with changes; answers the exit code."""
    if otherwise.step is None and otherwise.tool_result is not None:
        otherwise = replace(otherwise, step=otherwise.tool_result[0])
    return _begun(
        where,
        reference,
        watched,
        lambda platform, run: platform.l02.fork(run["id"], otherwise.step, otherwise.changes()),
    )


def _begun(
    where: Where, reference: str, watched: bool, begin: Callable[[Reached, Run], Awaitable[Run]]
) -> int:
    async def work(platform: Reached) -> int:
        run = await begin(platform, await run_of(platform.l01, reference))
        if watched:
            return await _watched(platform, run, json=False)
        print(run["id"])
        say(f"It runs. `platform runs watch {run['id']}` watches it.")
        return OK

    return on_platform(where, work)


def _json_or_text(text: str) -> Any:
    """A tool's result as it was typed: JSON when it is some, or the text itself."""
    try:
        return jsonio.decode(text)
    except InvalidError:
        return text
