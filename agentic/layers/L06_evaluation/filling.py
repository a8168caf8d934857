"""Datasets that are filled: from files, from runs, from what people think."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, Final

from pydantic import ValidationError

from agentic.layers.base import jsonio
from agentic.layers.base.common_errors import InvalidError, NotFoundError, invalid_from
from agentic.layers.base.operation import Answer, Call, validated
from agentic.layers.L01_data_layer.client import L01Client
from agentic.layers.L01_data_layer.models.dataset import LARGEST_ADDITION, Dataset, DatasetItemCreate
from agentic.layers.L01_data_layer.models.feedback import Feedback
from agentic.layers.L01_data_layer.models.run import Run
from agentic.layers.L06_evaluation.dataset_files import read
from agentic.layers.L06_evaluation.models import FeedbackOrder, FileOrder, Filled, LeftOut, RunsOrder

MOST_LEFT_OUT: Final = 100
"""Of what became no item, so many are named."""
Item = dict[str, Any]


class Filling:
    """Adds items to datasets of the data layer."""

    def __init__(self, l01: Callable[[], L01Client]) -> None:
        self._l01 = l01

    async def from_file(self, call: Call) -> Answer:
        """Items from the text of a file."""
        order = validated(FileOrder, call.body)
        dataset = await self._dataset(call)
        found = read(order)
        return await self._filled(dataset, found.items, found.left_out)

    async def from_runs(self, call: Call) -> Answer:
        """Items from runs that completed."""
        order = validated(RunsOrder, call.body)
        dataset = await self._dataset(call)
        items: list[Item] = []
        left_out: list[LeftOut] = []
        for run in await self._runs(order, left_out):
            if run["status"] != "completed":
                left_out.append({"source": run["id"], "reason": f"the run is {run['status']}"})
            elif order.min_score is not None and not await self._is_good(run, order.min_score):
                left_out.append({"source": run["id"], "reason": "not evaluated as good enough"})
            else:
                items.append(self._of_run(run, order))
        return await self._filled(dataset, items, left_out)

    async def from_feedback(self, call: Call) -> Answer:
        """Items from what people corrected, or thought good."""
        order = validated(FeedbackOrder, call.body)
        dataset = await self._dataset(call)
        items: list[Item] = []
        left_out: list[LeftOut] = []
        for feedback in await self._feedback(order, left_out):
            item = await self._of_feedback(feedback, order)
            if isinstance(item, str):
                left_out.append({"source": feedback["id"], "reason": item})
            else:
                items.append(item)
        return await self._filled(dataset, items, left_out)

    # -- what they are made of

    async def _runs(self, order: RunsOrder, left_out: list[LeftOut]) -> Sequence[Run]:
        runs = self._l01().runs
        if order.run_ids is not None:
            return await _each(runs.get, order.run_ids, left_out)
        filters = _given(agent_id=order.agent_id, since=order.since, until=order.until)
        return (await runs.list(**filters, status="completed", limit=order.limit))["items"]

    async def _is_good(self, run: Run, least: float) -> bool:
        page = await self._l01().evaluations.list(run_id=run["id"], limit=1000)
        scores = [each["score"] for each in page["items"] if each["score"] is not None]
        return bool(scores) and sum(scores) / len(scores) >= least

    def _of_run(self, run: Run, order: RunsOrder) -> Item:
        item: Item = {"input": run["input"], "source_run_id": run["id"], "split": order.split}
        return item | ({"expected": run["output"]} if order.expect_output else {})

    async def _feedback(self, order: FeedbackOrder, left_out: list[LeftOut]) -> Sequence[Feedback]:
        feedback = self._l01().feedback
        if order.feedback_ids is not None:
            return await _each(feedback.get, order.feedback_ids, left_out)
        filters = _given(agent_id=order.agent_id, since=order.since, until=order.until)
        return (await feedback.list(**filters, limit=order.limit))["items"]

    async def _of_feedback(self, feedback: Feedback, order: FeedbackOrder) -> Item | str:
        """The item, or why there is none."""
        run, given, output = await self._judged(feedback)
        if given is None:
            return "it is of no run and of no task with an input"
        item: Item = {
            "input": given,
            "source_feedback_id": feedback["id"],
            "source_run_id": run,
            "split": order.split,
            "person": feedback["metadata"].get("by"),
            "metadata": {"feedback_type": feedback["feedback_type"], "rating": feedback["rating"]},
        }
        if (correction := correction_in(feedback)) is not None:
            return item | {"expected": correction}
        if feedback["rating"] is None or feedback["rating"] < order.min_rating:
            return "it corrects nothing, and its rating is not good"
        return item | {"expected": output}

    async def _judged(self, feedback: Feedback) -> tuple[str | None, Any, Any]:
        """The run that feedback is about, with the input and output of the run or the task."""
        run_id = feedback.get("run_id") or feedback["metadata"].get("run_id")
        if run_id is not None:
            run = await self._l01().runs.get(str(run_id))
            return run["id"], run["input"], run["output"]
        if feedback["task_id"] is None:
            return None, None, None
        task = await self._l01().tasks.get(feedback["task_id"])
        return None, task["input_data"] or task["description"], task["output_data"]

    # -- what is added

    async def _dataset(self, call: Call) -> Dataset:
        return await self._l01().datasets.get(call.path["id"])

    async def _filled(self, dataset: Dataset, items: Sequence[Item], left_out: list[LeftOut]) -> Answer:
        good = [item for item in items if _is_item(item, left_out)]
        added = 0
        for begin in range(0, len(good), LARGEST_ADDITION):
            change = await self._l01().datasets.add(dataset["id"], good[begin : begin + LARGEST_ADDITION])
            dataset, added = change["dataset"], added + change["changed"]
        filled: Filled = {
            "dataset": dataset,
            "added": added,
            "there": len(good) - added,
            "left_out": left_out[:MOST_LEFT_OUT],
        }
        return Answer(jsonio.encode(filled))


def correction_in(feedback: Feedback) -> Any:
    """What a person says that the output should have been; none when they do not say."""
    if "correction" in feedback["metadata"]:
        return feedback["metadata"]["correction"]
    return feedback["content"] if feedback["feedback_type"] == "correction" else None


def _is_item(item: Item, left_out: list[LeftOut]) -> bool:
    try:
        DatasetItemCreate.model_validate(item)
    except ValidationError as error:
        listed = error.errors(include_url=False, include_context=False, include_input=False)
        left_out.append({"source": f"{item['input']!r:.60}", "reason": invalid_from(listed).detail})
        return False
    return True


async def _each(get: Callable[..., Any], ids: Sequence[Any], left_out: list[LeftOut]) -> list[Any]:
    found: list[Any] = []
    for record_id in ids:
        try:
            found.append(await get(record_id))
        except (NotFoundError, InvalidError) as error:
            left_out.append({"source": str(record_id), "reason": error.detail})
    return found


def _given(**filters: Any) -> dict[str, Any]:
    return {name: value for name, value in filters.items() if value is not None}
