"""Follows the log for what wants to be judged, or told; after a crash from where it was.

What comes a second time does no harm: an evaluation by a rule has an origin, under which there is one.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence
from typing import Final

from agentic.layers.base import jsonio
from agentic.layers.L01_data_layer.client import FeedEvent, L01Client
from agentic.layers.L01_data_layer.models.evaluation import Evaluation
from agentic.layers.L06_evaluation.alerts import Alerts
from agentic.layers.L06_evaluation.experiments import Experiments
from agentic.layers.L06_evaluation.rules import Rules

CURSOR: Final = "L06.following"
OVER: Final = frozenset(("run.completed", "task.completed"))
NO_GOOD_END: Final = frozenset(("run.failed", "run.cancelled"))
SCORED: Final = "evaluation.created"
WANTED: Final = ",".join((*sorted(OVER), *sorted(NO_GOOD_END), SCORED))
AT_ONCE: Final = 8


class Following:
    """One reader of the log, with a durable cursor."""

    def __init__(
        self, l01: Callable[[], L01Client], rules: Rules, experiments: Experiments, alerts: Alerts
    ) -> None:
        self._l01 = l01
        self._rules = rules
        self._experiments = experiments
        self._alerts = alerts

    async def run(self) -> None:
        """Runs until it is cancelled, or the data layer fails."""
        await self._experiments.left_behind()
        await self._l01().keep_up(CURSOR, self._take, event_type=WANTED)

    async def _take(self, batch: Sequence[FeedEvent]) -> None:
        gate = asyncio.Semaphore(AT_ONCE)

        async def one(event: FeedEvent) -> None:
            async with gate:
                if event.event_type in OVER:
                    await self._rules.apply(event.event_type, event.aggregate_id)
                elif event.event_type in NO_GOOD_END:
                    await self._experiments.run_ended(event.aggregate_id)

        await asyncio.gather(*(one(event) for event in batch))
        for (agent_id, evaluation_type), new in _scored(batch).items():
            await self._alerts.look(agent_id, evaluation_type, new)


def _scored(batch: Sequence[FeedEvent]) -> dict[tuple[str, str], list[Evaluation]]:
    """The scores that came of each agent and type, beside those of experiments, which have their own summary."""
    found: dict[tuple[str, str], list[Evaluation]] = {}
    for event in batch:
        if event.event_type == SCORED:
            payload: Evaluation = jsonio.decode(event.json)["payload"]
            if payload["agent_id"] and payload["score"] is not None and not payload.get("experiment_id"):
                found.setdefault((payload["agent_id"], payload["evaluation_type"]), []).append(payload)
    return found
