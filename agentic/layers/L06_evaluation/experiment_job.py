"""What carries an experiment: a durable run. Each item, arm and repeat is a branch of it: a child run, then its judgement.

What a branch has done is in its steps, so a process that takes the run over does nothing a second time; the result of a try, and each
of its evaluations, is one row that there can be but once.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from datetime import datetime
from hashlib import sha256
from typing import Any, Final, NamedTuple

from agentic.layers.base import jsonio
from agentic.layers.L01_data_layer.client import L01Client
from agentic.layers.L01_data_layer.models.dataset import DatasetItem
from agentic.layers.L01_data_layer.models.error_codes import ExistsError
from agentic.layers.L01_data_layer.models.experiment import Arm, Experiment, ExperimentResult
from agentic.layers.L01_data_layer.models.run import Run
from agentic.layers.L02_agent_runtime.jobs import ChildRun, RunContext
from agentic.layers.L06_evaluation.alerts import REGRESSION, Alerts
from agentic.layers.L06_evaluation.evaluators import parse
from agentic.layers.L06_evaluation.evaluators.evaluator import Evaluator, Means, Subject
from agentic.layers.L06_evaluation.evaluators.judge import Judge, Opinion
from agentic.layers.L06_evaluation.judging import judge
from agentic.layers.L06_evaluation.keeping import keep
from agentic.layers.L06_evaluation.models import ExperimentSummary
from agentic.layers.L06_evaluation.opinions import Opinions, opinions
from agentic.layers.L06_evaluation.summary import summarise

LOOKS_AT_ONCE: Final = 16
TOO_DEAR: Final = "runs and judges have cost what they may"


class Try(NamedTuple):
    """One subject, at one item, for the so-manieth time."""

    number: int
    item: DatasetItem
    arm: Arm
    repeat: int
    agent_id: str
    configuration: dict[str, Any]

    @property
    def fingerprint(self) -> str:
        """Of what is run: input and agent with its whole configuration."""
        what = [self.agent_id, self.configuration, self.item["input"], self.repeat]
        return sha256(jsonio.encode(what)).hexdigest()


class ExperimentJob:
    """Carries experiments."""

    def __init__(self, l01: Callable[[], L01Client], means: Means, alerts: Alerts) -> None:
        self._l01 = l01
        self._means = means
        self._alerts = alerts

    async def carry(self, ctx: RunContext, value: Any) -> Any:
        """Tries every item with each subject so many times, and sums up."""
        experiment: Experiment = await ctx.step("begin", self._begin, value["experiment_id"], ctx.run_id)
        evaluators = parse(experiment["evaluators"], "evaluators")
        tries = await self._tries(experiment)
        reused: dict[str, str] = await ctx.step("what is there", self._reusable, experiment, tries)
        gate = asyncio.Semaphore(experiment["options"]["concurrency"])
        carried = _Carried(ctx, experiment, evaluators)

        async def one(each: Try) -> None:
            async with gate:
                there = reused.get(str(each.number))
                await ctx.branch(each.number, lambda: self._one(carried, each, there))

        await asyncio.gather(*(asyncio.create_task(one(each)) for each in tries))
        return await ctx.step("sum up", self._end, experiment, len(tries))

    # -- the whole

    async def _begin(self, experiment_id: str, run_id: str) -> Experiment:
        return await self._l01().experiments.update(experiment_id, {"status": "running", "run_id": run_id})

    async def _tries(self, experiment: Experiment) -> list[Try]:
        filters: dict[str, Any] = {
            "dataset_id": experiment["dataset_id"],
            "revision": experiment["dataset_revision"],
        }
        if experiment["split"] is not None:
            filters["split"] = experiment["split"]
        subjects: list[tuple[Arm, str, dict[str, Any]]] = [
            ("subject", experiment["agent_id"], experiment["configuration"])
        ]
        if experiment["baseline_agent_id"] is not None:
            other = experiment["baseline_configuration"] or {}
            subjects.append(("baseline", experiment["baseline_agent_id"], other))
        items = [item async for item in self._l01().dataset_items.all(**filters, order="asc", limit=1000)]
        return [
            Try(number, item, arm, repeat, agent_id, configuration)
            for number, (item, repeat, (arm, agent_id, configuration)) in enumerate(
                (item, repeat, subject)
                for item in items
                for repeat in range(experiment["repeats"])
                for subject in subjects
            )
        ]

    async def _reusable(self, experiment: Experiment, tries: list[Try]) -> dict[str, str]:
        """The run that was made with the same before, by the number of the try."""
        if not experiment["options"]["reuse"]:
            return {}
        gate = asyncio.Semaphore(LOOKS_AT_ONCE)

        async def earlier(each: Try) -> tuple[str, str] | None:
            async with gate:
                page = await self._l01().experiment_results.list(fingerprint=each.fingerprint, limit=10)
            good = (found["run_id"] for found in page["items"] if found["error"] is None)
            run_id = next((run_id for run_id in good if run_id is not None), None)
            return None if run_id is None else (str(each.number), run_id)

        found = await asyncio.gather(*(earlier(each) for each in tries))
        return dict(pair for pair in found if pair is not None)

    async def _end(self, experiment: Experiment, tries: int) -> ExperimentSummary:
        results = [
            result
            async for result in self._l01().experiment_results.all(experiment_id=experiment["id"], limit=1000)
        ]
        options = experiment["options"]
        summary = await asyncio.to_thread(summarise, results, options["margin"], options["confidence"])
        if len(results) < tries:
            summary["stopped"] = f"{TOO_DEAR}: {tries - len(results)} of {tries} tries were not made"
        changes = {"status": "completed", "summary": dict(summary)}
        await self._l01().experiments.update(experiment["id"], changes)
        if summary["comparison"] is not None and summary["comparison"]["regressed"]:
            told = {"experiment_id": experiment["id"], "comparison": summary["comparison"]}
            await self._alerts.tell(
                REGRESSION, experiment["agent_id"], told, f"experiment {experiment['id']}"
            )
        return summary

    # -- one try

    async def _one(self, carried: _Carried, each: Try, there: str | None) -> None:
        ctx, experiment = carried.ctx, carried.experiment
        if there is not None:
            run = await ctx.aside(lambda: self._l01().runs.get(there))
            said = await self._opinions(carried, each, run["output"])
            await ctx.step("judge", self._judged, carried, each, there, True, said)
            return
        if experiment["options"]["max_cost"] is not None and not await ctx.step("may it?", carried.may_go_on):
            return
        child: ChildRun = await ctx.child(
            each.agent_id,
            each.item["input"],
            configuration=each.configuration,
            goal_id=experiment["goal_id"],
        )
        carried.cost += child.cost
        said: Opinions = {}
        if child.status == "completed":
            said = await self._opinions(carried, each, child.output)
        await ctx.step("judge", self._judged, carried, each, child.run_id, False, said)

    async def _opinions(self, carried: _Carried, each: Try, output: Any) -> Opinions:
        said = await opinions(carried.ctx, carried.judges, _subject(each, output), self._means)
        carried.cost += sum(opinion.cost for opinion in said.values() if isinstance(opinion, Opinion))
        return said

    async def _judged(
        self,
        carried: _Carried,
        each: Try,
        run_id: str,
        reused: bool,
        said: Opinions,
    ) -> str:
        """Judges the output of a run, and keeps the result of the try."""
        experiment = carried.experiment
        run = await self._l01().runs.get(run_id)
        fields: dict[str, Any] = {"score": 0.0, "scores": {str(it.name): 0.0 for it in carried.evaluators}}
        if run["status"] == "completed":
            fields = await self._scores(carried, each, run, said)
        else:
            fields["error"] = run["error"] or {
                "code": run["status"],
                "detail": f"The run is {run['status']}.",
            }
        try:
            result: ExperimentResult = await self._l01().experiment_results.create(
                experiment_id=experiment["id"],
                item_id=each.item["id"],
                arm=each.arm,
                repeat=each.repeat,
                run_id=run_id,
                reused=reused,
                fingerprint=each.fingerprint,
                output=run["output"],
                cost=float(run["cost"]),
                latency_ms=latency_of(run),
                **fields,
            )
        except ExistsError:  # the process ended before the step was written
            return run_id
        return result["id"]

    async def _scores(self, carried: _Carried, each: Try, run: Run, said: Opinions) -> dict[str, Any]:
        experiment = carried.experiment
        subject = _subject(each, run["output"], run, said)
        judgement = await judge(subject, carried.evaluators, self._means)
        of = {
            "agent_id": each.agent_id,
            "task_id": run["task_id"],
            "run_id": run["id"],
            "experiment_id": experiment["id"],
        }
        origin = f"experiment {experiment['id']} {each.item['id']} {each.arm} {each.repeat}"
        await keep(self._l01(), judgement, of, origin)
        return {
            "score": judgement["score"],
            "scores": {verdict["name"]: verdict["score"] for verdict in judgement["verdicts"]},
        }


class _Carried:
    """An experiment in the hands of this process."""

    def __init__(self, ctx: RunContext, experiment: Experiment, evaluators: list[Evaluator]) -> None:
        self.ctx = ctx
        self.experiment = experiment
        self.evaluators = evaluators
        self.judges = [each for each in evaluators if isinstance(each, Judge)]
        self.cost = 0.0

    def may_go_on(self) -> bool:
        """Whether the runs that are over, and what judges said of them, have cost less than they may."""
        return self.cost < self.experiment["options"]["max_cost"]


def _subject(each: Try, output: Any, run: Run | None = None, said: Opinions | None = None) -> Subject:
    item = each.item
    return Subject(output, item["input"], item["expected"], each.agent_id, run, said or {})


def latency_of(run: Run) -> int | None:
    """Milliseconds from the start of a run to its end."""
    if run["started_at"] is None or run["completed_at"] is None:
        return None
    took = datetime.fromisoformat(run["completed_at"]) - datetime.fromisoformat(run["started_at"])
    return max(0, round(took.total_seconds() * 1000))
