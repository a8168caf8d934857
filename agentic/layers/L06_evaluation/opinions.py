"""What judges say within a durable run: each answer of a model is a step of it, paid for once whatever becomes of the process."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Mapping, Sequence
from typing import Any

from agentic.layers.base.common_errors import TimedOutError
from agentic.layers.base.errors import PlatformError
from agentic.layers.L02_agent_runtime.jobs import RunContext
from agentic.layers.L04_model_gateway.models import Reply
from agentic.layers.L06_evaluation.errors import JudgeUnavailableError
from agentic.layers.L06_evaluation.evaluators.evaluator import Means, Subject
from agentic.layers.L06_evaluation.evaluators.judge import Judge, Opinion

Opinions = Mapping[str, Opinion | PlatformError]
"""What each judge says, or why it says nothing, by its version."""


async def opinions(ctx: RunContext, judges: Sequence[Judge], subject: Subject, means: Means) -> Opinions:
    """What all of them say. In the branch of `ctx` that this is called in, each has one of its own, and in that each vote."""
    branches = (
        ctx.branch(index, lambda judge=judge: _opinion(ctx, judge, subject, means))
        for index, judge in enumerate(judges)
    )
    said = await asyncio.gather(*map(asyncio.create_task, branches))
    return {judge.version: opinion for judge, opinion in zip(judges, said, strict=True)}


async def _opinion(ctx: RunContext, judge: Judge, subject: Subject, means: Means) -> Opinion | PlatformError:
    async def ask(number: int, request: dict[str, Any]) -> Reply:
        async def answer() -> Any:
            reply = await means.l04().complete(request, agent_id=subject.agent_id)
            return reply._asdict()

        asking = ctx.branch(number, lambda: _kept(ctx, "ask the judge", answer, means))
        return Reply(**await asyncio.create_task(asking))

    try:
        model = await _kept(ctx, "which model judges", lambda: judge.model_of(means), means)
        return await judge.opinion(subject, model, ask)
    except PlatformError as error:
        return error


async def _kept(ctx: RunContext, name: str, work: Callable[[], Awaitable[Any]], means: Means) -> Any:
    """What the work gives, or why it gives nothing: either is found again when the run is carried anew.

    Raises:
        JudgeUnavailableError: it gave nothing.
    """

    async def tried() -> dict[str, Any]:
        try:
            async with asyncio.timeout(means.settings.judge_seconds):
                return {"given": await work()}
        except TimeoutError:
            error: PlatformError = TimedOutError(f"It took more than {means.settings.judge_seconds:g} s.")
        except PlatformError as failure:
            error = failure
        return {"refused": f"{error.code} {error.detail}"}

    outcome = await ctx.step(name, tried)
    if "refused" in outcome:
        raise JudgeUnavailableError(outcome["refused"])
    return outcome["given"]
