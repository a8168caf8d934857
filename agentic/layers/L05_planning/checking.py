"""Looks a plan through before it may run, and says all that is wrong with it at once."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Final, cast

from agentic.layers.base.common_errors import InvalidError
from agentic.layers.base.operation import validated
from agentic.layers.L01_data_layer.models.agent import Agent
from agentic.layers.L05_planning.directory import WORKING, Directory
from agentic.layers.L05_planning.graph import cycles, needs_of, waves
from agentic.layers.L05_planning.models import Options, Problem, Report, Step
from agentic.layers.L05_planning.references import MalformedReferenceError, references
from agentic.layers.L05_planning.settings import L05Settings

MOST_PROBLEMS: Final = 200
"""Problems that are told; a plan that has more is not read to its end by anybody."""
WORKERS: Final = ("agent", "tool", "capability", "goal")


@dataclass
class Form:
    """A plan as it was read: its steps, what each waits for, and what is wrong with it so far."""

    steps: list[Step] = field(default_factory=list[Step])
    needs: dict[str, list[str]] = field(default_factory=dict[str, list[str]])
    problems: list[Problem] = field(default_factory=list[Problem])

    def wrong(self, step: str | None, kind: str, detail: str) -> None:
        """Notes a problem."""
        self.problems.append({"step": step, "kind": kind, "detail": detail[:2000]})


def read_form(raw: Sequence[Any], plan_type: str, most: int) -> Form:
    """Reads steps and how they hang together. Nobody is asked; what can be seen of the plan itself is all told."""
    form = Form()
    if len(raw) > most:
        form.wrong(None, "size", f"the plan has {len(raw)} steps, and may have {most}")
        return form
    if not raw:
        form.wrong(None, "size", "the plan has no steps")
    for index, each in enumerate(raw):
        _read_step(form, each, index)
    if not form.problems:
        form.needs = needs_of(form.steps, plan_type)
        _check_needs(form, plan_type)
    return form


def _read_step(form: Form, raw: Any, index: int) -> None:
    name = cast("Mapping[str, Any]", raw).get("id") if isinstance(raw, Mapping) else None
    step_id = name[:100] if isinstance(name, str) and name else f"#{index + 1}"
    try:
        step = validated(Step, cast("object", raw))
        list(references(step.input))
    except InvalidError as error:
        form.wrong(step_id, "invalid", error.detail)
        return
    except MalformedReferenceError as error:
        form.wrong(step_id, "reference", str(error))
        return
    named = [worker for worker in WORKERS if getattr(step, worker) is not None]
    if len(named) != 1:
        said = f"names {' and '.join(named)}" if named else "names nobody"
        form.wrong(
            step.id, "invalid", f"one of agent, tool, capability and goal does a step; this one {said}"
        )
    if step.limits is not None and step.tool is not None:
        form.wrong(step.id, "invalid", "limits are of agents and goals; a tool has a time limit of its own")
    form.steps.append(step)


def _check_needs(form: Form, plan_type: str) -> None:
    seen: set[str] = set()
    for step in form.steps:
        if step.id in seen:
            form.wrong(step.id, "duplicate", "there are two steps of this id")
        seen.add(step.id)
        needs = form.needs[step.id]
        if plan_type == "parallel" and needs:
            form.wrong(
                step.id, "dangling", f"steps of a parallel plan wait for none, and this one for {needs[0]!r}"
            )
        for need in needs:
            if need not in form.needs:
                form.wrong(step.id, "dangling", f"there is no step {need!r}")
    for circle in cycles(form.needs):
        told = " → ".join(reversed(circle))
        form.wrong(circle[0], "cycle", f"steps wait for each other in a circle: {told}")


class Checker:
    """Checks plans against what there is."""

    def __init__(self, directory: Directory, settings: L05Settings) -> None:
        self._directory = directory
        self._settings = settings

    async def report(
        self, raw: Sequence[Any], plan_type: str, options: Options, goal_id: str | None = None
    ) -> Report:
        """Everything that is to be said of a plan."""
        form = await self._form(raw, plan_type, depth=1)
        cost, unknown = 0.0, list[str]()
        if not form.problems:
            cost, unknown = await self._estimate(form.steps)
            await self._check_budget(form, cost, options, goal_id)
        sound = not form.problems
        return {
            "ok": sound,
            "problems": form.problems[:MOST_PROBLEMS],
            "estimate": {"cost": round(cost, 6), "unknown": unknown},
            "waves": waves(form.needs) if sound else [],
            "needs": form.needs,
        }

    async def _form(self, raw: Sequence[Any], plan_type: str, depth: int) -> Form:
        form = read_form(raw, plan_type, self._settings.max_steps)
        await self._check_agents(form)
        await self._check_calls(form)
        for step in form.steps:
            if step.goal is not None:
                await self._check_goal(form, step, depth)
        return form

    async def _check_agents(self, form: Form) -> None:
        known = await self._directory.agents(step.agent for step in form.steps if step.agent is not None)
        capable = await self._directory.capable(
            step.capability for step in form.steps if step.capability is not None
        )
        for step in form.steps:
            if step.agent is not None:
                if (agent := known.get(step.agent)) is None:
                    form.wrong(step.id, "unknown_agent", f"there is no agent {step.agent!r}")
                elif agent["status"] not in WORKING:
                    form.wrong(step.id, "unknown_agent", f"the agent {step.agent!r} is {agent['status']}")
            elif step.capability is not None and step.capability not in capable:
                form.wrong(
                    step.id, "unknown_capability", f"no active agent has the capability {step.capability!r}"
                )

    async def _check_calls(self, form: Form) -> None:
        steps = [step for step in form.steps if step.tool is not None]
        checks = await self._directory.check_calls([(step.tool or "", step.input) for step in steps])
        for step, check in zip(steps, checks, strict=True):
            places = [reference.place for reference in references(step.input)]
            errors = [each for each in check["errors"] if not _stands_for_something(each["field"], places)]
            if check["detail"] is not None and not check["errors"]:
                form.wrong(step.id, "unknown_tool", check["detail"])
            for error in errors:
                form.wrong(step.id, "arguments", f"{error['field']}: {error['message']}")

    async def _check_goal(self, form: Form, step: Step, depth: int) -> None:
        goal = step.goal
        assert goal is not None
        if depth >= self._settings.depth:
            form.wrong(step.id, "size", f"plans may be {self._settings.depth} deep in each other")
        elif sum(each is not None for each in (goal.steps, goal.template, goal.model)) != 1:
            form.wrong(step.id, "invalid", "goal: takes one of steps, template and model")
        elif goal.steps is not None:
            inner = await self._form(goal.steps, goal.plan_type, depth + 1)
            for problem in inner.problems:
                form.wrong(f"{step.id}/{problem['step'] or ''}", problem["kind"], problem["detail"])

    async def _estimate(self, steps: Sequence[Step]) -> tuple[float, list[str]]:
        """What the steps may cost, each done once; and those of which nobody knows."""
        agents = await self._directory.agents(step.agent for step in steps if step.agent is not None)
        agents |= await self._directory.capable(
            step.capability for step in steps if step.capability is not None
        )
        usual: dict[str, float | None] = {}
        total, unknown = 0.0, list[str]()
        for step in steps:
            cost = await self._cost(step, agents, usual)
            if cost is None:
                unknown.append(step.id)
            total += cost or 0.0
        return total, unknown

    async def _cost(
        self, step: Step, agents: Mapping[str, Agent], usual: dict[str, float | None]
    ) -> float | None:
        if step.limits is not None and step.limits.cost is not None:
            return step.limits.cost
        if step.tool is not None:
            return 0.0
        if step.goal is not None:
            return step.goal.options.limits.cost
        name = step.agent or step.capability or ""
        if name not in usual:
            usual[name] = await self._directory.usual_cost(agents[name])
        return usual[name]

    async def _check_budget(self, form: Form, cost: float, options: Options, goal_id: str | None) -> None:
        bounds = await self._directory.left(goal_id) if cost > 0 else []
        if options.limits.cost is not None:
            bounds.append(("the limit of the plan", options.limits.cost))
        for name, left in bounds:
            if cost > left:
                form.wrong(None, "budget", f"the plan may cost {cost:.4f} $, and {name} leaves {left:.4f} $")


def _stands_for_something(place: str, references_at: Sequence[str]) -> bool:
    """Whether a place lies at or below a reference: what will stand there nobody knows yet."""
    return any(not at or place == at or place.startswith(f"{at}.") for at in references_at)
