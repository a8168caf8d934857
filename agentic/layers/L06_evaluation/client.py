"""`L06Client`: how good something is, a call when the layer lives in this process and HTTP when it does not.

judgement = await l06.judge([{"kind": "contains", "text": "Paris"}, "It is polite."], "Paris, of course.")
print(judgement["score"], judgement["passed"])
"""

from __future__ import annotations

import asyncio
import os
from collections.abc import Mapping, Sequence
from typing import Any, Final
from uuid import UUID

from agentic.layers.base.backends import Backend, HttpBackend
from agentic.layers.base.operation import Call
from agentic.layers.base.states import EXPERIMENT, final_states
from agentic.layers.L06_evaluation import errors, models, operations
from agentic.layers.L06_evaluation.models import Evaluation, Experiment, Filled, Judgement

__all__ = ["L06Client", "errors"]
# With the errors: what is refused over HTTP is raised here as the class that it was.

DEFAULT_URL: Final = "http://localhost:8007"
URL_VARIABLE: Final = "PLATFORM_L06_URL"
FINAL: Final = final_states(EXPERIMENT)

Ref = str | UUID
Criterion = Mapping[str, Any] | str


def given(fields: Mapping[str, Any]) -> dict[str, Any]:
    """The fields that are not none."""
    return {name: value for name, value in fields.items() if value is not None}


class L06Client:
    """The evaluation layer; without an address the one in `PLATFORM_L06_URL`, or else its own port on this machine."""

    def __init__(self, base_url: str | None = None, *, backend: Backend | None = None) -> None:
        self.backend = backend or HttpBackend("L06", base_url or os.environ.get(URL_VARIABLE) or DEFAULT_URL)

    async def close(self) -> None:
        """Lets go of what the client holds."""
        await self.backend.close()

    # -- judging

    async def judge(self, criteria: Sequence[Criterion], output: Any, **case: Any) -> Judgement:
        """Judges a value by evaluators, and keeps nothing. `input`, `expected`, `run_id` (whose steps and cost count), `agent_id`.

        A criterion is an object with a `kind`, or text, by which a model judges. An evaluator that cannot say anything is `refused`.

        Raises:
            InvalidError: a criterion is none, or no such run.
        """
        body = {"criteria": list(criteria), "output": output, **given(case)}
        return await self.backend.call(operations.JUDGE, Call(body=body))

    async def evaluate(self, evaluators: Sequence[Criterion], **case: Any) -> list[Evaluation]:
        """Judges a run, a task or a value, and keeps an evaluation by each evaluator.

        `run_id`, `task_id`, `agent_id`, `output`, `input`, `expected`; `origin`: under the same, it is done once.
        """
        body = {"evaluators": list(evaluators), **given(case)}
        return (await self.backend.call(operations.EVALUATE, Call(body=body)))["items"]

    async def evaluators(self) -> list[models.EvaluatorKind]:
        """Every kind of evaluator, with the JSON Schema of its settings."""
        return (await self.backend.call(operations.LIST_EVALUATORS, Call()))["items"]

    async def label(self, score: float, **fields: Any) -> Evaluation:
        """Keeps a person's judgement of a run or a task: `run_id` or `task_id`, `by`, `comment`, `evaluation_type`."""
        return await self.backend.call(operations.LABEL, Call(body={"score": float(score), **given(fields)}))

    async def agreement(self, evaluation_type: str, **query: Any) -> models.Agreement:
        """How often an evaluator's evaluations of a type and people's labels agree. `evaluator_version`, `threshold`."""
        query = {"evaluation_type": evaluation_type, **given(query)}
        return await self.backend.call(operations.AGREEMENT, Call(query=query))

    # -- rules

    async def rules(self) -> list[models.RuleRecord]:
        """What is judged by itself."""
        return (await self.backend.call(operations.LIST_RULES, Call()))["items"]

    async def set_rule(self, name: str, evaluators: Sequence[Criterion], **fields: Any) -> models.RuleRecord:
        """Makes or changes a rule: `on` (run.completed or task.completed), `agent_id`, `sample`, `alert_below`, `enabled`."""
        body = {"evaluators": list(evaluators), **given(fields)}
        return await self.backend.call(operations.SET_RULE, Call({"name": name}, body=body))

    async def delete_rule(self, name: str) -> None:
        """Takes a rule away.

        Raises:
            NotFoundError: there is none of this name.
        """
        await self.backend.call(operations.DELETE_RULE, Call({"name": name}))

    # -- datasets (made, and read, in the data layer)

    async def fill_from_file(self, dataset_id: Ref, text: str, **fields: Any) -> Filled:
        """Adds the lines of a file: `format` (jsonl, csv), `input` and `expected` (where they are), `split`."""
        return await self._on(operations.FILL_FROM_FILE, dataset_id, {"text": text, **given(fields)})

    async def fill_from_runs(self, dataset_id: Ref, **fields: Any) -> Filled:
        """Adds runs: `run_ids`, or by `agent_id`, `since`, `until`, `min_score`, `limit`; `expect_output`, `split`."""
        return await self._on(operations.FILL_FROM_RUNS, dataset_id, given(fields))

    async def fill_from_feedback(self, dataset_id: Ref, **fields: Any) -> Filled:
        """Adds what people corrected or thought good: `feedback_ids`, or by `agent_id`, `since`, `until`, `min_rating`; `split`."""
        return await self._on(operations.FILL_FROM_FEEDBACK, dataset_id, given(fields))

    # -- experiments

    async def experiment(
        self,
        dataset: Ref,
        agent: Ref,
        *,
        configuration: Mapping[str, Any] | None = None,
        baseline: Ref | None = None,
        baseline_configuration: Mapping[str, Any] | None = None,
        idempotency_key: str | None = None,
        **fields: Any,
    ) -> Experiment:
        """Begins an experiment: an agent, with a configuration laid over its own, on a dataset; against a baseline, if one is named.

        A baseline is another agent, or the same with another configuration. `revision`, `split`, `repeats`, `evaluators`, `name`,
        `margin`, `confidence`, `concurrency`, `max_cost`, `reuse`, `goal_id`.
        """
        body: dict[str, Any] = {
            "dataset": str(dataset),
            "subject": {"agent": str(agent), "configuration": dict(configuration or {})},
            **given(fields),
        }
        if baseline is not None or baseline_configuration is not None:
            body["baseline"] = {
                "agent": str(baseline or agent),
                "configuration": dict(baseline_configuration or {}),
            }
        return await self.backend.call(operations.BEGIN_EXPERIMENT, Call(body=body, key=idempotency_key))

    async def get_experiment(self, experiment_id: Ref) -> Experiment:
        """An experiment as it stands; its `summary` is an `ExperimentSummary`."""
        return await self.backend.call(operations.GET_EXPERIMENT, Call({"id": experiment_id}))

    async def wait(self, experiment_id: Ref, seconds: float = 3600.0) -> Experiment:
        """The experiment when it is over, or as it stands after so many seconds."""
        loop = asyncio.get_running_loop()
        until = loop.time() + seconds
        while True:
            wait = max(0, min(models.LONGEST_WAIT, int(until - loop.time())))
            look = Call({"id": experiment_id}, {"wait": wait})
            experiment: Experiment = await self.backend.call(operations.GET_EXPERIMENT, look)
            if experiment["status"] in FINAL or loop.time() >= until - 1:
                return experiment

    async def cancel_experiment(self, experiment_id: Ref) -> Experiment:
        """Ends an experiment, with the runs that it began."""
        return await self.backend.call(operations.CANCEL_EXPERIMENT, Call({"id": experiment_id}))

    # -- how scores go

    async def series(self, **query: Any) -> models.Series:
        """Scores over time with what is unusual: `agent_id`, `evaluation_type`, `bucket`, `since`, `until`, `threshold`."""
        return await self.backend.call(operations.SERIES, Call(query=given(query)))

    async def regression(
        self, agent_id: Ref, evaluation_type: str, since: str, **query: Any
    ) -> models.Regression:
        """The scores since a moment against earlier ones, or another agent's.

        `baseline_since`, `baseline_agent_id`, `margin`, `confidence`.
        """
        query = {
            "agent_id": str(agent_id),
            "evaluation_type": evaluation_type,
            "since": since,
            **given(query),
        }
        return await self.backend.call(operations.REGRESSION, Call(query=query))

    async def _on(self, operation: Any, record_id: Ref, body: Any) -> Any:
        return await self.backend.call(operation, Call({"id": record_id}, body=body))
