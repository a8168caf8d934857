"""How goals get plans: of steps that are given, of a template, or by a model that is told what is wrong until nothing is."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any, Final, NamedTuple, cast

from agentic.layers.base import jsonio
from agentic.layers.base.common_errors import InvalidError
from agentic.layers.L01_data_layer.client import L01Client
from agentic.layers.L01_data_layer.models.plan import Plan
from agentic.layers.L02_agent_runtime.jobs import RunContext
from agentic.layers.L05_planning import prompts
from agentic.layers.L05_planning.checking import Checker
from agentic.layers.L05_planning.directory import Directory
from agentic.layers.L05_planning.errors import PlanRefusedError
from agentic.layers.L05_planning.models import Options, Problem, Report
from agentic.layers.L05_planning.settings import L05Settings
from agentic.layers.L05_planning.templates import TemplateStore

MOST_AGENTS: Final = 50
"""Agents that a model is told of when nobody says which."""
TOLD: Final = 20
"""Problems that are told at once."""


class Draft(NamedTuple):
    """A plan that nobody has kept yet."""

    steps: list[Any]
    plan_type: str
    options: Options
    agent_id: str | None = None


class Making:
    """Makes plans."""

    def __init__(
        self,
        l01: Callable[[], L01Client],
        directory: Directory,
        checker: Checker,
        templates: TemplateStore,
        settings: L05Settings,
    ) -> None:
        self._l01 = l01
        self._directory = directory
        self._checker = checker
        self._templates = templates
        self._settings = settings

    async def from_template(self, name: str, parameters: Mapping[str, Any]) -> Draft:
        """What a template makes of parameters.

        Raises:
            NotFoundError, TemplateError: there is none, or they do not fill it.
        """
        filled = await self._templates.filled(name, parameters)
        return Draft(filled.steps, filled.plan_type, filled.options)

    async def keep(self, goal_id: str | None, draft: Draft, key: str | None = None) -> Plan:
        """The plan of a draft, as a record.

        Raises:
            PlanRefusedError: something is wrong with it; nothing is kept.
        """
        refuse(await self._checker.report(draft.steps, draft.plan_type, draft.options, goal_id))
        return await self._l01().plans.create(
            goal_id=goal_id,
            agent_id=draft.agent_id,
            plan_type=draft.plan_type,
            steps=draft.steps,
            options=draft.options.model_dump(mode="json", exclude_unset=True),
            idempotency_key=key,
        )

    # -- by a model

    async def by_model(
        self, ctx: RunContext, goal: Mapping[str, Any], wishes: Mapping[str, Any]
    ) -> tuple[list[Any], list[Problem]]:
        """Steps for a goal, by a model, and what is wrong with them when it does not get them right.

        `wishes` may have `model`, `instructions`, `tools`, `agents`, and `done`: what was done of an earlier plan.
        """
        offer = await ctx.step("offer", self._offer, wishes.get("tools"), wishes.get("agents"))
        messages = prompts.opening(goal, offer, wishes)
        done = cast("Mapping[str, Any]", wishes.get("done") or {})
        found: dict[str, Any] = {"steps": [], "problems": []}
        for _ in range(self._settings.repairs + 1):
            answer = await ctx.model(
                messages, model=wishes.get("model"), response_format=prompts.form_of_answer(offer)
            )
            found = await ctx.step("check", self._judge, answer.text, goal.get("id"), done)
            if not found["problems"]:
                break
            messages += prompts.correction(answer.text, found["problems"][:TOLD])
        return found["steps"], found["problems"]

    async def _offer(self, tools: Sequence[str] | None, agents: Sequence[str] | None) -> dict[str, Any]:
        workers = await self._directory.workers(agents, MOST_AGENTS)
        told = [{"name": each["name"], "does": _purpose(each["configuration"])} for each in workers]
        return {"tools": await self._directory.tools(tools), "agents": told}

    async def _judge(self, text: str, goal_id: str | None, done: Mapping[str, Any]) -> dict[str, Any]:
        """The steps in an answer, and what is wrong with them; those that were done before stand before them."""
        try:
            steps = read_answer(text)
        except ValueError as error:
            problem: Problem = {"step": None, "kind": "invalid", "detail": str(error)}
            return {"steps": [], "problems": [problem]}
        whole = [*done.get("steps", ()), *steps]
        report = await self._checker.report(whole, "dag", Options(), goal_id)
        problems, failed = report["problems"], done.get("failure", {}).get("id")
        for step in steps if report["ok"] else ():
            if failed in report["needs"][step["id"]]:
                detail = f"it waits for {failed!r}, which failed"
                problems = [*problems, {"step": step["id"], "kind": "dangling", "detail": detail}]
        return {"steps": steps, "problems": problems}


def refuse(report: Report) -> None:
    """Returns when a report has nothing against a plan.

    Raises:
        PlanRefusedError: it has.
    """
    if not report["ok"]:
        raise refusal(report["problems"])


def refusal(problems: Sequence[Problem]) -> PlanRefusedError:
    """The error for a plan with these problems."""
    told = "; ".join(
        f"{problem['step']}: {problem['detail']}" if problem["step"] else problem["detail"]
        for problem in problems[:TOLD]
    )
    return PlanRefusedError(f"The plan is not right: {told}", problems=list(problems))


def read_answer(text: str) -> list[Any]:
    """The steps in a model's answer, which may stand in a fence.

    Raises:
        ValueError: there are none.
    """
    inner = text.strip()
    if inner.startswith("```"):
        inner = inner.partition("\n")[2].rpartition("```")[0]
    try:
        answer = jsonio.decode(inner)
        jsonio.check(answer, "answer")
    except InvalidError as error:
        raise ValueError(f"the answer is not JSON: {error.detail[:300]}") from None
    steps = cast("Mapping[str, Any]", answer).get("steps") if isinstance(answer, Mapping) else None
    if not isinstance(steps, list):
        raise ValueError('the answer is not an object with "steps"')
    return cast("list[Any]", steps)


def _purpose(configuration: Mapping[str, Any]) -> str:
    return str(configuration.get("description") or configuration.get("instructions") or "")[:500]
