"""What somebody should know about scores, told as events: `evaluation_alert.low`, `.unusual`, `.regression`; each once."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from hashlib import sha256
from statistics import fmean
from typing import Any, Final
from uuid import UUID

import structlog

from agentic.layers.base.unusual import COLD, deviation_of
from agentic.layers.L01_data_layer.client import L01Client
from agentic.layers.L01_data_layer.models.evaluation import Evaluation
from agentic.layers.L06_evaluation.settings import L06Settings

log = structlog.get_logger()

KIND: Final = "evaluation_alert"
LOW: Final = f"{KIND}.low"
UNUSUAL: Final = f"{KIND}.unusual"
REGRESSION: Final = f"{KIND}.regression"


class Alerts:
    """Tells, and finds what is to be told."""

    def __init__(self, l01: Callable[[], L01Client], settings: L06Settings) -> None:
        self._l01 = l01
        self._window = settings.alert_window
        self._history = settings.alert_history
        self._threshold = settings.alert_deviations

    async def tell(self, event_type: str, agent_id: str, payload: Mapping[str, Any], cause: str) -> None:
        """An alert about an agent; for the same cause there is one."""
        log.warning("scores want to be looked at", alert=event_type, agent=agent_id, cause=cause)
        key = sha256(f"{event_type} {cause}".encode()).hexdigest()
        await self._l01().events.append(
            event_type, KIND, UUID(agent_id), {"agent_id": agent_id, **payload}, idempotency_key=key
        )

    async def look(self, agent_id: str, evaluation_type: str, new: Sequence[Evaluation]) -> None:
        """Looks whether one of these scores made those of an agent and type unusual. Later ones may be there already."""
        ids = {each["id"] for each in new}
        page = await self._l01().evaluations.list(
            agent_id=agent_id,
            evaluation_type=evaluation_type,
            until=max(each["created_at"] for each in new),
            limit=min(1000, len(new) + self._window + self._history),
        )
        latest = [each for each in page["items"] if each["score"] is not None]
        for offset, each in enumerate(latest):
            if each["id"] not in ids:
                continue
            now, before = self._deviation(latest[offset:]), self._deviation(latest[offset + 1 :])
            if now is None or abs(now) < self._threshold:
                continue
            if before is None or abs(before) < self._threshold:  # it was usual until this one
                await self._unusual(latest[offset:], now)

    def _deviation(self, latest: Sequence[Evaluation]) -> float | None:
        scores = [float(each["score"] or 0) for each in latest[: self._window + self._history]]
        recent, before = scores[: self._window], scores[self._window :]
        if len(recent) < min(COLD, self._window):
            return None
        return deviation_of(fmean(recent), before, len(recent))

    async def _unusual(self, latest: Sequence[Evaluation], deviation: float) -> None:
        first = latest[0]
        recent = latest[: self._window]
        payload = {
            "evaluation_type": first["evaluation_type"],
            "evaluation_id": first["id"],
            "mean": round(fmean(float(each["score"] or 0) for each in recent), 4),
            "of": len(recent),
            "deviations": deviation,
        }
        await self.tell(UNUSUAL, str(first["agent_id"]), payload, f"evaluation {first['id']}")
