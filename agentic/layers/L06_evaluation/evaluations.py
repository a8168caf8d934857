"""What is asked of the layer at once: judging, with or without keeping it, and how far judges agree with people."""

from __future__ import annotations

from statistics import fmean
from typing import Any, Final

from agentic.layers.base import jsonio
from agentic.layers.base.common_errors import InvalidError
from agentic.layers.base.operation import Answer, Call, validated
from agentic.layers.L01_data_layer.models.run import Run
from agentic.layers.L06_evaluation.evaluators import kinds, parse
from agentic.layers.L06_evaluation.evaluators.evaluator import Means, Subject
from agentic.layers.L06_evaluation.judging import judge
from agentic.layers.L06_evaluation.keeping import keep, kept
from agentic.layers.L06_evaluation.models import (
    HUMAN,
    Agreement,
    AgreementQuery,
    Case,
    EvaluateOrder,
    JudgeOrder,
    LabelOrder,
)
from agentic.layers.L06_evaluation.statistics import correlation, kappa

MOST_LABELS: Final = 10_000
"""The newest labels of people that an evaluator is compared with."""


class Evaluations:
    """Judges on demand."""

    def __init__(self, means: Means) -> None:
        self._means = means

    async def kinds(self, call: Call) -> Answer:
        """Every kind of evaluator, and what it takes."""
        return Answer(jsonio.encode({"items": kinds()}))

    async def judge(self, call: Call) -> Answer:
        """Judges a value, and keeps nothing."""
        order = validated(JudgeOrder, call.body)
        evaluators = parse(order.criteria, "criteria")
        subject = await self._subject(order)
        return Answer(jsonio.encode(await judge(subject, evaluators, self._means)))

    async def evaluate(self, call: Call) -> Answer:
        """Judges a run, a task or a value, and keeps an evaluation by each evaluator."""
        order = validated(EvaluateOrder, call.body)
        evaluators = parse(order.evaluators, "evaluators")
        l01 = self._means.l01()
        if order.origin is not None:
            found = await kept(l01, [str(each.name) for each in evaluators], order.origin)
            if found is not None:
                return Answer(jsonio.encode({"items": found}))
        subject = await self._subject(order, None if order.task_id is None else str(order.task_id))
        judgement = await judge(subject, evaluators, self._means)
        of = {
            "agent_id": subject.agent_id,
            "task_id": order.task_id or (subject.run and subject.run["task_id"]),
            "run_id": subject.run and subject.run["id"],
        }
        return Answer(jsonio.encode({"items": await keep(l01, judgement, of, order.origin)}))

    async def label(self, call: Call) -> Answer:
        """Keeps a person's judgement."""
        order = validated(LabelOrder, call.body)
        if (order.run_id is None) == (order.task_id is None):
            raise InvalidError.of(("run_id", "either a run or a task is judged"))
        l01 = self._means.l01()
        record: Any = (
            await l01.runs.get(order.run_id) if order.run_id else await l01.tasks.get(str(order.task_id))
        )
        evaluation = await l01.evaluations.create(
            agent_id=record["agent_id"],
            task_id=order.task_id,
            run_id=order.run_id,
            evaluation_type=order.evaluation_type,
            evaluator=HUMAN,
            score=order.score,
            feedback=order.comment,
            metrics={} if order.by is None else {"by": order.by},
        )
        return Answer(jsonio.encode(evaluation), evaluation["version"])

    async def agreement(self, call: Call) -> Answer:
        """How often an evaluator and people say the same of the same run or task."""
        query = validated(AgreementQuery, call.query)
        people = await self._scores(evaluator=HUMAN)
        others = await self._scores(evaluation_type=query.evaluation_type, version=query.evaluator_version)
        pairs = [(others[key], score) for key, score in people.items() if key in others]
        return Answer(jsonio.encode(agreement_of(pairs, query.threshold)))

    async def _subject(self, case: Case, task_id: str | None = None) -> Subject:
        """What is judged: what the order does not say, the run or the task does."""
        l01 = self._means.l01()
        run: Run | None = None if case.run_id is None else await l01.runs.get(case.run_id)
        task: Any = None if task_id is None else await l01.tasks.get(task_id)
        if run is None and task is not None:
            runs = (await l01.runs.list(task_id=task_id, status="completed", limit=1))["items"]
            run = runs[0] if runs else None
        told = case.model_fields_set
        given = (
            _first(run, ("input", "output")) if task is None else _first(task, ("input_data", "output_data"))
        )
        return Subject(
            output=case.output if "output" in told else given[1],
            input=case.input if "input" in told else given[0],
            expected=case.expected,
            agent_id=str(case.agent_id) if case.agent_id else _agent(run) or _agent(task),
            run=run,
        )

    async def _scores(self, version: str | None = None, **filters: str) -> dict[str, float]:
        """The newest score of each run or task."""
        scores: dict[str, float] = {}
        seen = 0
        async for each in self._means.l01().evaluations.all(**filters, limit=1000):
            key, score = each["run_id"] or each["task_id"], each["score"]
            if key and score is not None and version in (None, each["evaluator_version"]):
                scores.setdefault(key, score)
            seen += 1
            if seen >= MOST_LABELS:
                break
        return scores


def agreement_of(pairs: list[tuple[float, float]], threshold: float) -> Agreement:
    """How an evaluator's scores and those of people go together."""
    if not pairs:
        nothing = dict.fromkeys(("agreement", "kappa", "error", "bias", "correlation"))
        return {"count": 0, **nothing}  # type: ignore[typeddict-item]
    ones, others = [one for one, _ in pairs], [other for _, other in pairs]
    good, other_good = [one >= threshold for one in ones], [other >= threshold for other in others]
    return {
        "count": len(pairs),
        "agreement": round(fmean(a == b for a, b in zip(good, other_good, strict=True)), 4),
        "kappa": _rounded(kappa(good, other_good)),
        "error": round(fmean(abs(one - other) for one, other in pairs), 4),
        "bias": round(fmean(one - other for one, other in pairs), 4),
        "correlation": _rounded(correlation(ones, others)),
    }


def _rounded(value: float | None) -> float | None:
    return None if value is None else round(value, 4)


def _first(record: Any, names: tuple[str, str]) -> tuple[Any, Any]:
    return (None, None) if record is None else (record[names[0]], record[names[1]])


def _agent(record: Any) -> str | None:
    return None if record is None else record["agent_id"]
