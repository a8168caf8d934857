"""Follows the log, and draws conclusions.

What evaluators and failures say becomes feedback; a change that makes an agent worse is taken back; records whose jobs came to no good
end are told. What comes a second time does no harm: feedback of the same cause has the same key, and a change is taken back once.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from typing import Any, Final

import structlog

from agentic.layers.base import jsonio
from agentic.layers.base.common_errors import NotFoundError, StateError
from agentic.layers.L01_data_layer.client import FeedEvent, L01Client
from agentic.layers.L01_data_layer.models.improvement import Improvement
from agentic.layers.L01_data_layer.models.run import Run
from agentic.layers.L06_evaluation.client import L06Client
from agentic.layers.L07_learning.deciding import Deciding
from agentic.layers.L07_learning.errors import ChangedError
from agentic.layers.L07_learning.records import Records
from agentic.layers.L07_learning.settings import L07Settings

log = structlog.get_logger()

NAME: Final = "L07.watching"
SCORED: Final = "evaluation.created"
NO_GOOD_END: Final = {"run.failed": "failed", "run.cancelled": "cancelled"}
WANTED: Final = ",".join((SCORED, *NO_GOOD_END))
WATCH: Final = "watch"
RATED: Final = {True: 5, False: 1}


class Watching:
    """One reader of the log, with a durable bookmark."""

    def __init__(
        self,
        l01: Callable[[], L01Client],
        l06: Callable[[], L06Client],
        records: Records,
        deciding: Deciding,
        settings: L07Settings,
    ) -> None:
        self._l01 = l01
        self._l06 = l06
        self._records = records
        self._deciding = deciding
        self._settings = settings

    async def run(self) -> None:
        """Runs until it is cancelled, or the data layer fails."""
        await self._l01().keep_up(NAME, self.take, event_type=WANTED)

    async def take(self, batch: Sequence[FeedEvent]) -> None:
        """The next events."""
        scored: dict[tuple[str, str], None] = {}
        for event in batch:
            if event.event_type != SCORED:
                await self._ended(event.aggregate_id, NO_GOOD_END[event.event_type])
                continue
            evaluation: dict[str, Any] = jsonio.decode(event.json)["payload"]
            if evaluation["score"] is None or evaluation.get("experiment_id") is not None:
                continue
            await self._collect(evaluation)
            if evaluation["agent_id"] is not None:
                scored[evaluation["agent_id"], evaluation["evaluation_type"]] = None
        for agent_id, kind in scored:
            await self._look(agent_id, kind)

    # -- feedback that nobody has to give

    async def _collect(self, evaluation: Mapping[str, Any]) -> None:
        good = evaluation["score"] >= self._settings.good_score
        if not self._settings.collect or not (good or evaluation["score"] <= self._settings.bad_score):
            return
        run = await self._run(evaluation.get("run_id"))
        if run is None:
            return
        await self._l01().feedback.create(
            **_about(run),
            feedback_type="evaluation",
            source="evaluator",
            author=str(evaluation["evaluation_type"])[:255],
            rating=RATED[good],
            content=evaluation["feedback"],
            metadata={"evaluation_id": evaluation["id"], "score": evaluation["score"]},
            idempotency_key=f"evaluation {evaluation['id']}",
        )

    async def _ended(self, run_id: str, status: str) -> None:
        await self._records.run_ended(run_id, status)
        run = await self._run(run_id) if self._settings.collect and status == "failed" else None
        if run is not None:
            await self._l01().feedback.create(
                **_about(run),
                feedback_type="outcome",
                source="outcome",
                author="runtime",
                rating=-1,
                content=(run["error"] or {}).get("detail"),
                idempotency_key=f"outcome {run_id}",
            )

    async def _run(self, run_id: str | None) -> Run | None:
        """A run of an agent in earnest; none for trials, and what is no agent's."""
        if run_id is None:
            return None
        with suppress(NotFoundError):
            run = await self._l01().runs.get(run_id)
            if run["agent_id"] is not None and not await self._is_trial(run):
                return run
        return None

    async def _is_trial(self, run: Run) -> bool:
        if run["parent_run_id"] is None:
            return False
        parent = await self._l01().runs.get(run["parent_run_id"])
        return parent["configuration"].get("carried_by") in ("L06", "L07")

    # -- changes that were none for the better

    async def _look(self, agent_id: str, kind: str) -> None:
        """Whether an agent's scores are worse since its last promotion: then that is taken back."""
        page = await self._l01().improvements.list(agent_id=agent_id, status="promoted", limit=1)
        for improvement in page["items"]:
            found = await self._l06().regression(
                agent_id,
                kind,
                str(improvement["promoted_at"]),
                margin=float(improvement["asked"].get("margin", 0.0)),
                confidence=self._settings.watch_confidence,
            )
            least, most = self._settings.watch_least, self._settings.watched
            if found["regressed"] and least <= found["current"]["count"] <= most:
                await self._take_back(improvement, kind, found)

    async def _take_back(self, improvement: Improvement, kind: str, found: Mapping[str, Any]) -> None:
        now, before = found["current"], found["baseline"]
        reason = (
            f"Taken back: over {now['count']} evaluations by {kind} the mean is {now['mean']:.3f}, "
            f"and was {before['mean']:.3f} before (p = {found['p_value']:.4f})."
        )
        try:
            await self._deciding.undo(improvement["id"], WATCH, reason)
            log.warning("a promoted change was taken back", improvement=improvement["id"], reason=reason)
        except (ChangedError, StateError):  # somebody has changed the agent, or was faster
            log.info("a change that did no good was replaced already", improvement=improvement["id"])


def _about(run: Run) -> dict[str, Any]:
    return {"run_id": run["id"], "agent_id": run["agent_id"], "task_id": run["task_id"]}
