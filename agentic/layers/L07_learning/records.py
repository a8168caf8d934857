"""What the job of an improvement reads and writes. Each of these may be done again after a crash, and comes to the same."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any, Final

from agentic.layers.base.common_errors import NotFoundError
from agentic.layers.L01_data_layer.client import L01Client
from agentic.layers.L01_data_layer.models.feedback import Feedback
from agentic.layers.L01_data_layer.models.improvement import Improvement
from agentic.layers.L07_learning.cases import HELD_OUT, TRAIN, Cases
from agentic.layers.L07_learning.conversations import opening_of
from agentic.layers.L07_learning.giving import Giving
from agentic.layers.L07_learning.models import Improve
from agentic.layers.L07_learning.verdicts import AUTOMATIC

REMARKS: Final = 10
"""Remarks of people from which one improvement learns."""


class Records:
    """The data layer, as the job sees it."""

    def __init__(self, l01: Callable[[], L01Client], cases: Cases, giving: Giving) -> None:
        self._l01 = l01
        self._cases = cases
        self._giving = giving

    async def of_run(self, run_id: str) -> Improvement:
        """The improvement that a run carries: the same for whoever is first, the request or the job."""
        l01 = self._l01()
        there = (await l01.improvements.list(run_id=run_id, limit=1))["items"]
        if there:
            return there[0]
        begun: dict[str, Any] = (await l01.runs.get(run_id))["input"]
        wanted = {name: value for name, value in begun["wanted"].items() if name != "cases"}
        return await l01.improvements.create(
            run_id=run_id,
            agent_id=wanted["agent_id"],
            title=wanted["title"],
            method=", ".join(wanted["methods"]),
            asked=wanted,
            base_version=begun["base_version"],
            before=begun["before"],
            idempotency_key=f"improvement of {run_id}",
        )

    async def cases(self, improvement: Improvement, wanted: Improve) -> dict[str, Any]:
        """The dataset of the improvement, and of it what may be learned from: of the rest, only how much there is."""
        items = await self._cases.split(wanted)
        dataset = await self._cases.keep(items, improvement)
        train: list[dict[str, Any]] = []
        held_out = 0
        async for each in self._l01().dataset_items.all(dataset_id=dataset["id"], order="asc", limit=1000):
            if each["split"] == TRAIN:
                train.append({name: each[name] for name in ("id", "input", "expected")})
            held_out += each["split"] == HELD_OUT
        return {"dataset_id": dataset["id"], "train": train, "held_out": held_out}

    async def remarks(self, improvement: Improvement, wanted: Improve) -> list[dict[str, Any]]:
        """What people said of the agent's runs and nobody has learned from yet, unless it is about a held-out case."""
        items = await self._cases.split(wanted)
        kept_back = {opening_of(item["input"]) for item in items if item["split"] == HELD_OUT}
        remarks: list[dict[str, Any]] = []
        async for each in self._l01().feedback.all(
            agent_id=improvement["agent_id"], processed=False, until=improvement["created_at"]
        ):
            said = _said(each)
            if said is None or each["source"] in AUTOMATIC or each["run_id"] is None:
                continue
            run = await self._l01().runs.get(each["run_id"])
            if opening_of(run["input"]) not in kept_back:
                told = {"input": run["input"], "output": run["output"], "said": said}
                remarks.append({"feedback_id": each["id"], **told})
            if len(remarks) >= REMARKS:
                break
        return remarks

    async def spent(self, run_id: str) -> float:
        """US dollars that a job has used so far: for its own questions, and for the runs that it began."""
        l01 = self._l01()
        total, after = 0.0, 0
        while steps := await l01.runs.steps(run_id, after):
            total += sum(float(step["cost"] or 0) for step in steps if step["kind"] == "model")
            after = steps[-1]["number"]
        async for child in l01.runs.all(parent_run_id=run_id, limit=1000):
            total += float(child["cost"] or 0)
        return total

    async def end(
        self, improvement_id: str, changes: Mapping[str, Any], learned_from: Sequence[str] = ()
    ) -> Improvement:
        """Says what came of a search; one that was cancelled meanwhile stays so. What was learned from is processed then."""
        improvement = await self._l01().improvements.get(improvement_id)
        running = improvement["status"] == "running"
        status = changes["status"] if running else improvement["status"]
        for feedback_id in learned_from:
            done = f"Learned from in the improvement {improvement['title']!r}, which is {status}."
            await self._giving.note(feedback_id, done, by="learning", reference=improvement_id)
        if running:  # last: whoever sees that it is over sees all of it
            improvement = await self._l01().improvements.update(improvement_id, changes)
        return improvement

    async def run_ended(self, run_id: str, status: str) -> None:
        """Tells the improvement or export of a run that the run came to no good end."""
        l01 = self._l01()
        try:
            run = await l01.runs.get(run_id)
        except NotFoundError:
            return
        reason = (run["error"] or {}).get("detail", f"Its run is {status}.")
        for records in (l01.improvements, l01.exports):
            for record in (await records.list(run_id=run_id, status="running", limit=1))["items"]:
                await records.update(record["id"], {"status": status, "reason": reason})


def _said(feedback: Feedback) -> str | None:
    """A person's remark in words."""
    parts = [feedback["content"] or ""]
    if feedback["correction"] is not None:
        parts.append(f"It should have been: {feedback['correction']}")
    return " ".join(part for part in parts if part) or None
