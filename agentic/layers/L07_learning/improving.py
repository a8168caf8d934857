"""An improvement as a durable job: propose, try on training cases, prove on held-out ones, and say honestly what came of it.

The held-out cases are not known here: they are in a dataset, and only the experiment that proves reads them, once, for one candidate.
"""

from __future__ import annotations

import random
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Final

from agentic.layers.L01_data_layer.client import L01Client
from agentic.layers.L01_data_layer.models.improvement import Improvement
from agentic.layers.L02_agent_runtime.jobs import RunContext
from agentic.layers.L06_evaluation.client import L06Client
from agentic.layers.L07_learning.candidates import PERFECT, Candidate, Pool, TrainingCase
from agentic.layers.L07_learning.cases import HELD_OUT
from agentic.layers.L07_learning.deciding import Deciding
from agentic.layers.L07_learning.models import Improve
from agentic.layers.L07_learning.proof import Conclusion, conclude
from agentic.layers.L07_learning.proposing import Remark, question, read, with_examples
from agentic.layers.L07_learning.records import Records
from agentic.layers.L07_learning.trials import CannotScoreError, Trials

UNDER_WAY: Final = ("pending", "running")
PROOF_LOOK: Final = 300.0
"""Seconds for which one step waits for the experiment; then it waits in another."""


@dataclass
class Search:
    """The state of one search. It is made again from the steps when the job is carried anew."""

    wanted: Improve
    record: Improvement
    pool: Pool
    trials: Trials
    held_out: int
    remarks: list[Remark]
    rounds: int = 0
    misses: int = 0

    def runs_left(self) -> int:
        """Runs that may still be used for learning: those of the proof are set aside."""
        return self.wanted.budget.runs - self.trials.runs - 2 * self.held_out


class Improving:
    """Carries improvements."""

    def __init__(
        self,
        l01: Callable[[], L01Client],
        l06: Callable[[], L06Client],
        records: Records,
        deciding: Deciding,
        at_once: int,
    ) -> None:
        self._l01 = l01
        self._l06 = l06
        self._records = records
        self._deciding = deciding
        self._at_once = at_once

    async def carry(self, ctx: RunContext, asked: Any) -> Any:
        """The job."""
        record: Improvement = await ctx.step("record", self._records.of_run, ctx.run_id)
        wanted = Improve.model_validate(asked["wanted"], strict=False)
        prepared = await ctx.step("cases", self._records.cases, record, wanted)
        trials = Trials(ctx, self._l06, str(wanted.agent_id), wanted.evaluators, self._at_once)
        cases = [TrainingCase(**case) for case in prepared["train"]]
        first = Candidate(record["before"]["instructions"])
        try:
            await trials.run(first, cases)
            found: list[Any] = await ctx.step("remarks", self._records.remarks, record, wanted)
            remarks = [Remark(**each) for each in found]
            search = Search(wanted, record, Pool(first, cases), trials, prepared["held_out"], remarks)
            stopped = await self._search(ctx, search)
        except CannotScoreError as error:
            told = {"status": "failed", "reason": f"Answers could not be judged: {error}"}
            return await ctx.step("keep", self._records.end, record["id"], told)
        return await self._conclude(ctx, search, prepared["dataset_id"], stopped)

    # -- learning

    async def _search(self, ctx: RunContext, search: Search) -> str:
        """Rounds of proposals; answers why there is no further one."""
        wanted, pool = search.wanted, search.pool
        while search.rounds < wanted.rounds:
            if pool.mean(pool.best) >= PERFECT:
                return "The training cases have nothing more to teach: all are answered perfectly."
            if search.misses >= wanted.patience:
                return f"{search.misses} rounds brought nothing better."
            if search.runs_left() < len(pool.cases):
                return f"The budget of {wanted.budget.runs} runs is spent, but for the proof."
            if await self._too_dear(ctx, wanted):
                return f"The budget of {wanted.budget.cost} US dollars is spent."
            search.rounds += 1
            better = await self._round(ctx, search)
            search.misses = 0 if better else search.misses + 1
        return f"All {wanted.rounds} rounds were used."

    async def _round(self, ctx: RunContext, search: Search) -> bool:
        """One proposal, tried on a few failures first; true when it is the best so far."""
        pool = search.pool
        rng = random.Random(f"{search.wanted.seed}:{search.rounds}")
        method = search.wanted.methods[(search.rounds - 1) % len(search.wanted.methods)]
        parent = pool.draw(rng)
        failures = pool.failures(parent, search.wanted.batch, rng)
        if not failures:
            return False
        instructions = await self._propose(ctx, search, method, parent, failures)
        if instructions is None or pool.knows(instructions):
            return False
        candidate, before = Candidate(instructions, method), pool.mean(pool.best)
        await search.trials.run(candidate, failures)
        ids = [case.id for case in failures]
        if candidate.mean(ids) <= parent.mean(ids):
            return False
        await search.trials.run(candidate, pool.cases)
        pool.candidates.append(candidate)
        return pool.mean(candidate) > before

    async def _propose(
        self, ctx: RunContext, search: Search, method: str, parent: Candidate, failures: list[TrainingCase]
    ) -> str | None:
        if method == "examples":
            return with_examples(parent.instructions, failures)
        model = search.wanted.model or search.record["before"].get("model")
        answer = await ctx.model(question(method, parent, failures, search.remarks), model=model)
        return read(method, parent.instructions, answer.text)

    async def _too_dear(self, ctx: RunContext, wanted: Improve) -> bool:
        if wanted.budget.cost is None:
            return False
        return await ctx.step("spent", self._records.spent, ctx.run_id) >= wanted.budget.cost

    # -- proving

    async def _conclude(self, ctx: RunContext, search: Search, dataset_id: str, stopped: str) -> Any:
        pool, wanted = search.pool, search.wanted
        best = pool.best
        numbers: dict[str, Any] = {
            "training": {
                "cases": len(pool.cases),
                "before": round(pool.mean(pool.candidates[0]), 4),
                "after": round(pool.mean(best), 4),
            },
            "candidates": len(pool.candidates) - 1,
            "rounds": search.rounds,
            "runs": search.trials.runs,
            "stopped": stopped,
            "held_out": None,
        }
        if best is pool.candidates[0]:
            reason = f"No candidate was better on the training cases, so none was proven. {stopped}"
            return await self._end(ctx, search, "refused", {"reason": reason, "numbers": numbers})
        experiment = await self._prove(ctx, search, best, dataset_id)
        numbers["experiment_id"] = experiment["id"]
        numbers["runs"] += 2 * search.held_out
        summary: Mapping[str, Any] = experiment["summary"] or {}
        numbers["held_out"] = summary.get("comparison")
        conclusion = _concluded(experiment, summary, wanted)
        changes = {
            "reason": conclusion.reason,
            "numbers": numbers,
            "proposal": {"instructions": best.instructions, "method": best.method},
        }
        end = await self._end(ctx, search, "ready" if conclusion.proven else "refused", changes)
        if conclusion.proven and wanted.promote == "rule":
            end = await ctx.step("promote", self._deciding.make_it_so, search.record["id"])
        return end

    async def _prove(
        self, ctx: RunContext, search: Search, best: Candidate, dataset_id: str
    ) -> Mapping[str, Any]:
        """The experiment on the held-out cases: begun once, and waited for."""
        experiment: Any = await ctx.step("prove", self._begin_proof, search, best, dataset_id, ctx.run_id)
        while experiment["status"] in UNDER_WAY:
            experiment = await ctx.step("proof", self._l06().wait, experiment["id"], PROOF_LOOK)
        return experiment

    async def _begin_proof(
        self, search: Search, best: Candidate, dataset_id: str, run_id: str
    ) -> Mapping[str, Any]:
        wanted = search.wanted
        left: dict[str, Any] = {}
        if wanted.budget.cost is not None:
            left["max_cost"] = max(0.0, wanted.budget.cost - await self._records.spent(run_id))
        return await self._l06().experiment(
            dataset_id,
            str(wanted.agent_id),
            configuration={"instructions": best.instructions},
            baseline_configuration={"instructions": search.pool.candidates[0].instructions},
            split=HELD_OUT,
            evaluators=list(wanted.evaluators),
            confidence=wanted.confidence,
            concurrency=self._at_once,
            name=f"Proof of {search.record['title']}"[:255],
            idempotency_key=f"proof of {search.record['id']}",
            **left,
        )

    async def _end(self, ctx: RunContext, search: Search, status: str, changes: Mapping[str, Any]) -> Any:
        told = {**changes, "status": status}
        learned_from = [remark.feedback_id for remark in search.remarks]
        return await ctx.step("keep", self._records.end, search.record["id"], told, learned_from)


def _concluded(experiment: Mapping[str, Any], summary: Mapping[str, Any], wanted: Improve) -> Conclusion:
    if experiment["status"] != "completed":
        error: dict[str, Any] = experiment["error"] or {}
        detail = error.get("detail", "no reason is known")
        return Conclusion(False, f"The proof is {experiment['status']}: {detail}")
    return conclude(summary.get("comparison"), summary.get("stopped"), wanted.margin, wanted.confidence)
