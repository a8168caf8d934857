"""Experiments as they are asked for: begun, looked at, waited for, cancelled. What carries them is `experiment_job.py`."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Final

from agentic.layers.base import jsonio
from agentic.layers.base.common_errors import InvalidError, NotFoundError, StateError
from agentic.layers.base.operation import Answer, Call, validated
from agentic.layers.base.states import EXPERIMENT, RUN, final_states
from agentic.layers.L01_data_layer.client import L01Client
from agentic.layers.L01_data_layer.models.agent import Agent
from agentic.layers.L01_data_layer.models.dataset import Dataset
from agentic.layers.L01_data_layer.models.experiment import Experiment
from agentic.layers.L01_data_layer.models.run import Run
from agentic.layers.L02_agent_runtime.client import L02Client
from agentic.layers.L02_agent_runtime.jobs import Job
from agentic.layers.L06_evaluation.errors import NothingToTryError
from agentic.layers.L06_evaluation.evaluators import parse
from agentic.layers.L06_evaluation.models import ExperimentLook, ExperimentOrder, Subject

FINAL: Final = final_states(EXPERIMENT)
RUN_OVER: Final = final_states(RUN)
OPTIONS: Final = ("margin", "confidence", "concurrency", "max_cost", "reuse")
RUN_END: Final = {"failed": "failed", "cancelled": "cancelled"}


class Experiments:
    """Experiments of the data layer, each with the run that carries it."""

    def __init__(self, l01: Callable[[], L01Client], l02: Callable[[], L02Client], job: Job) -> None:
        self._l01 = l01
        self._l02 = l02
        self._job = job

    async def begin(self, call: Call) -> Answer:
        """A new experiment, and the run that carries it."""
        order = validated(ExperimentOrder, call.body)
        dataset = await self._dataset(order.dataset)
        revision = dataset["revision"] if order.revision is None else order.revision
        if revision > dataset["revision"]:
            raise InvalidError.of(("revision", f"the dataset is at revision {dataset['revision']}"))
        await self._check(order, dataset, revision)
        agent, configuration = await self._subject(order.subject, "subject.agent")
        fields: dict[str, Any] = {}
        if order.baseline is not None:
            other, fields["baseline_configuration"] = await self._subject(order.baseline, "baseline.agent")
            fields["baseline_agent_id"] = other["id"]
        if order.goal_id is not None:
            fields["goal_id"] = order.goal_id
        if order.split is not None:
            fields["split"] = order.split
        experiment = await self._l01().experiments.create(
            # Without the time: a request that is repeated is to be the same.
            name=order.name or f"{dataset['name'][:200]}, version {revision}",
            dataset_id=dataset["id"],
            dataset_revision=revision,
            agent_id=agent["id"],
            configuration=configuration,
            repeats=order.repeats,
            evaluators=order.evaluators or dataset["evaluators"],
            options={name: getattr(order, name) for name in OPTIONS},
            idempotency_key=call.key,
            **fields,
        )
        await self.carry(experiment)
        return Answer(jsonio.encode(await self._l01().experiments.get(experiment["id"])))

    async def carry(self, experiment: Experiment) -> None:
        """Begins the run of an experiment that has none yet."""
        run = await self._job.begin(
            {"experiment_id": experiment["id"]},
            idempotency_key=f"experiment {experiment['id']}",
            goal_id=experiment["goal_id"],
        )
        if experiment["run_id"] is None:
            await self._l01().experiments.update(experiment["id"], {"run_id": run["id"]})

    async def look(self, call: Call) -> Answer:
        """An experiment as it stands; with `wait`, when it has ended or the time is over."""
        query = validated(ExperimentLook, call.query)
        experiment = await self._l01().experiments.get(call.path["id"])
        if query.wait and experiment["status"] not in FINAL and experiment["run_id"] is not None:
            await self._l02().wait(experiment["run_id"], float(query.wait))
            experiment = await self._l01().experiments.get(experiment["id"])
        experiment = await self.settled(experiment)
        return Answer(jsonio.encode(experiment), experiment["version"])

    async def cancel(self, call: Call) -> Answer:
        """Ends an experiment, with the runs that it began."""
        experiment = await self._l01().experiments.get(call.path["id"])
        if experiment["status"] in FINAL:
            raise StateError(
                f"The experiment is {experiment['status']}.", current_status=experiment["status"]
            )
        if experiment["run_id"] is not None:
            await self._l01().runs.cancel(experiment["run_id"], "The experiment was cancelled.")
        experiment = await self._l01().experiments.update(experiment["id"], {"status": "cancelled"})
        return Answer(jsonio.encode(experiment), experiment["version"])

    async def settled(self, experiment: Experiment) -> Experiment:
        """The experiment; when its run has ended and it does not know, after it was told."""
        if experiment["status"] in FINAL or experiment["run_id"] is None:
            return experiment
        run = await self._l01().runs.get(experiment["run_id"])
        return await self._told(experiment, run) if run["status"] in RUN_END else experiment

    async def run_ended(self, run_id: str) -> None:
        """Tells the experiment of a run, if there is one, that the run came to no good end."""
        for experiment in (await self._l01().experiments.list(run_id=run_id, limit=1))["items"]:
            await self.settled(experiment)

    async def left_behind(self) -> None:
        """Begins the runs of experiments that have none: the process ended between the two."""
        async for experiment in self._l01().experiments.all(status="pending"):
            if experiment["run_id"] is None:
                await self.carry(experiment)

    async def _told(self, experiment: Experiment, run: Run) -> Experiment:
        changes: dict[str, Any] = {"status": RUN_END[run["status"]], "error": run["error"]}
        try:
            return await self._l01().experiments.update(experiment["id"], changes)
        except StateError:  # another one was faster
            return await self._l01().experiments.get(experiment["id"])

    async def _check(self, order: ExperimentOrder, dataset: Dataset, revision: int) -> None:
        evaluators = order.evaluators or dataset["evaluators"]
        if not evaluators:
            raise NothingToTryError("Neither the experiment nor the dataset says how answers are judged.")
        parse(evaluators, "evaluators")
        filters: dict[str, Any] = {"dataset_id": dataset["id"], "revision": revision, "limit": 1}
        if order.split is not None:
            filters["split"] = order.split
        if not (await self._l01().dataset_items.list(**filters))["items"]:
            raise NothingToTryError

    async def _subject(self, subject: Subject, field: str) -> tuple[Agent, dict[str, Any]]:
        """The agent, and its whole configuration as it is now, with what is different: the experiment keeps to it."""
        agent = await _by_id_or_name(self._l01().agents, subject.agent, field)
        return agent, {**agent["configuration"], **subject.configuration}

    async def _dataset(self, reference: str) -> Dataset:
        return await _by_id_or_name(self._l01().datasets, reference, "dataset")


async def _by_id_or_name(collection: Any, reference: str, field: str) -> Any:
    try:
        return await collection.get(reference)
    except (InvalidError, NotFoundError):
        found = (await collection.list(name=reference, limit=1))["items"]
    if not found:
        raise InvalidError.of((field, f"there is none with the id or name {reference!r}"))
    return found[0]
