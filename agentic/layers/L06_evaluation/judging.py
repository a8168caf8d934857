"""Judges a value by evaluators, side by side; one that cannot is refused, and says why."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence

import structlog

from agentic.layers.base.common_errors import TimedOutError
from agentic.layers.base.errors import PlatformError
from agentic.layers.base.http import translate
from agentic.layers.L06_evaluation.evaluators import kind_of
from agentic.layers.L06_evaluation.evaluators.evaluator import Evaluator, Finding, Means, Subject
from agentic.layers.L06_evaluation.models import Judgement, Verdict

log = structlog.get_logger()


async def judge(subject: Subject, evaluators: Sequence[Evaluator], means: Means) -> Judgement:
    """What all of them say."""
    verdicts = await asyncio.gather(*(_verdict(subject, each, means) for each in evaluators))
    scores = [(verdict["score"], verdict["weight"]) for verdict in verdicts]
    known = [(score, weight) for score, weight in scores if score is not None]
    whole = bool(known) and len(known) == len(scores)
    return {
        "score": round(sum(score * weight for score, weight in known) / sum(weight for _, weight in known), 4)
        if whole
        else None,
        "passed": all(verdict["passed"] for verdict in verdicts) if whole else None,
        "verdicts": list(verdicts),
    }


async def _verdict(subject: Subject, evaluator: Evaluator, means: Means) -> Verdict:
    verdict: Verdict = {
        "name": evaluator.name or kind_of(evaluator),
        "kind": kind_of(evaluator),
        "version": evaluator.version,
        "score": None,
        "passed": None,
        "weight": evaluator.weight,
        "rationale": None,
        "metrics": {},
        "refused": None,
    }
    try:
        async with asyncio.timeout(means.settings.judge_seconds):
            finding = await evaluator.look(subject, means)
    except TimeoutError:
        error: PlatformError = TimedOutError(f"It took more than {means.settings.judge_seconds:g} s.")
    except Exception as failure:
        error = translate(failure)
    else:
        return _found(verdict, evaluator, finding)
    log.info("an evaluator gave no score", evaluator=verdict["name"], code=error.code, detail=error.detail)
    verdict["refused"] = {"code": error.code, "detail": error.detail}
    return verdict


def _found(verdict: Verdict, evaluator: Evaluator, finding: Finding) -> Verdict:
    score = round(finding.score, 4)
    return {
        **verdict,
        "score": score,
        "passed": evaluator.passes(score),
        "rationale": finding.rationale,
        "metrics": finding.metrics,
    }
