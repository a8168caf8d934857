"""`platform goal` and `platform plan …`: goals that get plans, seen, approved and carried out."""

from __future__ import annotations

import sys
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final, cast

from rich.console import Console

from agentic.layers.base import jsonio
from agentic.layers.base.common_errors import InvalidError
from agentic.layers.L05_planning.client import PlanState, Report, rests
from agentic.layers.L05_planning.errors import PlanRefusedError
from agentic.platform.command_error import CommandError
from agentic.platform.commands.finding import agent_of, plan_of
from agentic.platform.commands.listing import (
    ago,
    lasted,
    plain_table,
    print_json,
    print_whole,
    say,
    short,
    status_of,
)
from agentic.platform.commands.reached import Reached, Where, on_platform
from agentic.platform.exit_codes import FAILED, OK, RUN_CANCELLED, RUN_FAILED, RUN_GOES_ON, RUN_WAITS

ROUND: Final = 2.0
"""Seconds after which it is said again how far a plan has come."""
ENDS: Final = {"completed": OK, "failed": RUN_FAILED, "cancelled": RUN_CANCELLED}
Confirm = Callable[[], bool] | None
"""Asks whether a plan is to be carried out; none where nobody can be asked."""


class InputFileError(CommandError):
    """A file of steps, or a parameter, cannot be read."""


@dataclass(frozen=True)
class GoalOrder:
    """A goal, and how it is to get its plan: by steps of a file, a template, or a model."""

    description: str
    criteria: tuple[str, ...] = ()
    agent: str | None = None
    steps: Path | None = None
    template: str | None = None
    parameters: tuple[str, ...] = ()
    model: str | None = None
    fields: Mapping[str, Any] = field(default_factory=dict[str, Any])
    """`plan_type`, `options`."""
    yes: bool = False
    wait: bool = True
    json: bool = False


def goal(where: Where, order: GoalOrder, confirm: Confirm) -> int:
    """Makes a goal and its plan, shows it, and carries it out once it is approved; the exit code says how it ended."""

    async def work(platform: Reached) -> int:
        making = _making(order)
        agent_id = (await agent_of(platform.l01, order.agent))["id"] if order.agent else None
        made = await platform.l01.goals.create(
            description=order.description,
            agent_id=agent_id,
            success_criteria=[_criterion(each) for each in order.criteria],
        )
        try:
            planned = await platform.l05.plan(made["id"], **making)
        except PlanRefusedError as error:
            await platform.l01.goals.update(made["id"], {"status": "cancelled"})
            return _refused(error)
        if planned["plan"] is None:
            say(f"The model still plans: `platform runs watch {planned['run_id']}` watches it.")
            return RUN_GOES_ON
        plan_id = planned["plan"]["id"]
        if not order.json:
            _show(await platform.l05.look(plan_id), await platform.l05.check(plan_id))
        if not order.yes and (confirm is None or not confirm()):
            say(f"Nothing was done. `platform plan approve {plan_id}` carries it out.")
            if order.json:
                print_json(planned["plan"])
            return OK
        return await _carry_out(platform, plan_id, wait=order.wait, json=order.json)

    return on_platform(where, work)


def approve(where: Where, reference: str, *, wait: bool, json: bool) -> int:
    """Approves a plan and carries it out; the exit code says how it ended."""

    async def work(platform: Reached) -> int:
        plan = await plan_of(platform.l01, reference)
        return await _carry_out(platform, plan["id"], wait=wait, json=json)

    return on_platform(where, work)


def show(where: Where, reference: str, *, json: bool) -> int:
    """Shows a plan: what it may cost, its steps and how they stand."""

    async def work(platform: Reached) -> int:
        plan = await plan_of(platform.l01, reference)
        state, report = await platform.l05.look(plan["id"]), await platform.l05.check(plan["id"])
        if json:
            print_json({**state, "report": report})
        else:
            _show(state, report)
        return OK

    return on_platform(where, work)


def show_all(where: Where, *, status: str | None, limit: int, json: bool) -> int:
    """Lists the newest plans."""

    async def work(platform: Reached) -> int:
        plans = (await platform.l01.plans.list(status=status, limit=limit))["items"]
        if json:
            print_json(plans)
            return OK
        table = plain_table("plan", "status", "steps", "made", right=("steps",))
        for plan in plans:
            table.add_row(plan["id"], status_of(plan), str(len(plan["steps"])), ago(plan["created_at"]))
        print_whole(table)
        return OK

    return on_platform(where, work)


def change(where: Where, reference: str, what: str, reason: str | None = None) -> int:
    """Pauses, resumes or cancels a plan."""

    async def work(platform: Reached) -> int:
        plan = await plan_of(platform.l01, reference)
        if what == "cancel":
            state = await platform.l05.cancel(plan["id"], reason)
        else:
            state = await (platform.l05.pause if what == "pause" else platform.l05.resume)(plan["id"])
        paused = " and paused" if what == "pause" else ""
        say(f"The plan is {state['plan']['status']}{paused}.")
        return OK

    return on_platform(where, work)


# -- carrying out


async def _carry_out(platform: Reached, plan_id: str, *, wait: bool, json: bool) -> int:
    try:
        await platform.l05.approve(plan_id)
    except PlanRefusedError as error:
        return _refused(error)
    state = await platform.l05.execute(plan_id)
    if not wait:
        print(plan_id)
        return OK
    told = -1
    while not rests(state):
        over = sum(task["completed_at"] is not None for task in state["tasks"])
        if state["tasks"] and over != told and not json:
            say(f"{over} of {len(state['tasks'])} steps are over.")
            told = over
        state = await platform.l05.wait(plan_id, ROUND)
    return _ended(state, json=json)


def _ended(state: PlanState, *, json: bool) -> int:
    """Prints what came of a plan; answers the exit code."""
    plan, goal = state["plan"], state["goal"]
    if json:
        print_json(state)
    elif plan["status"] == "completed" and goal is not None:
        print_json((goal["result"] or {}).get("outputs"))
    if plan["status"] not in ENDS:
        say(f"The plan waits for a person: `platform plan show {plan['id']}` says for what.")
        return RUN_WAITS
    if plan["status"] != "completed":
        say(f"The plan is {plan['status']}: {(plan['error'] or {}).get('detail', 'no reason is known')}")
    elif goal is not None and goal["status"] == "failed":
        say("All of the plan was done, and the goal's criteria are not met.")
        return RUN_FAILED
    return ENDS[plan["status"]]


def _refused(error: PlanRefusedError) -> int:
    for problem in error.members.get("problems", []):
        say(f"{problem['step'] or 'plan'}: {problem['detail']}")
    say("The plan is not right. Nothing was done.")
    return FAILED


# -- showing


def _show(state: PlanState, report: Report) -> None:
    plan, goal = state["plan"], state["goal"]
    console = Console(highlight=False)
    if goal is not None:
        console.print(short(goal["description"], 200))
    console.print(f"Plan {plan['id']}, {status_of(plan)}, may cost {_estimate(report)}", soft_wrap=True)
    tasks = {task["step_id"]: task for task in state["tasks"]}
    table = plain_table("step", "done by", "waits for", "status", "took")
    for step in _objects(plan["steps"]):
        task = tasks.get(step.get("id"))
        status = status_of(task) if task is not None else ""
        took = (
            lasted(task["started_at"], task["completed_at"])
            if task is not None and task["started_at"]
            else ""
        )
        needs = report["needs"].get(str(step.get("id")), [])
        table.add_row(short(step.get("id"), 40), _worker(step), short(", ".join(needs), 40), status, took)
    print_whole(table)
    for problem in report["problems"]:
        say(f"{problem['step'] or 'plan'}: {problem['detail']}")


def _objects(steps: list[Any]) -> list[dict[str, Any]]:
    return [step for step in steps if isinstance(step, dict)]


def _worker(step: Mapping[str, Any]) -> str:
    for kind in ("agent", "tool", "capability"):
        if step.get(kind):
            return short(f"{kind} {step[kind]}", 40)
    return "goal" if step.get("goal") else ""


def _estimate(report: Report) -> str:
    estimate = report["estimate"]
    more = (
        f", and what {len(estimate['unknown'])} steps cost that nobody knows" if estimate["unknown"] else ""
    )
    return f"${estimate['cost']:.4f}{more}"


# -- reading


def _making(order: GoalOrder) -> dict[str, Any]:
    making: dict[str, Any] = dict(order.fields)
    if order.steps is not None:
        making["steps"] = _steps_of(order.steps)
    if order.template is not None:
        making |= {"template": order.template, "parameters": dict(map(_parameter, order.parameters))}
    if order.model is not None:
        making["model"] = order.model
    return making


def _steps_of(file: Path) -> list[Any]:
    """The steps of a JSON file: a list, or an object with `steps`.

    Raises:
        InputFileError: it has none.
    """
    try:
        text = sys.stdin.read() if str(file) == "-" else file.read_text()
        value = jsonio.decode(text)
    except (OSError, UnicodeDecodeError) as error:
        raise InputFileError(f"{file} cannot be read: {error}") from None
    except InvalidError as error:
        raise InputFileError(f"{file} is not JSON: {error.detail}") from None
    steps: Any = cast("dict[str, Any]", value).get("steps") if isinstance(value, dict) else value
    if not isinstance(steps, list):
        raise InputFileError(f"{file} holds no list of steps.")
    return cast("list[Any]", steps)


def _parameter(text: str) -> tuple[str, Any]:
    """`name=value`, where the value is JSON, or else a text."""
    name, equals, value = text.partition("=")
    if not equals:
        raise InputFileError(f"{text!r} is no parameter: say name=value.")
    return name, _json_or_text(value)


def _criterion(text: str) -> Any:
    return _json_or_text(text) if text.startswith("{") else text


def _json_or_text(text: str) -> Any:
    try:
        return jsonio.decode(text)
    except InvalidError:
        return text
