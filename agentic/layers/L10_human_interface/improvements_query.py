"""The filters of the list of improvements, and of exports."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import ClassVar

from agentic.layers.L01_data_layer.models.improvement import Improvement
from agentic.layers.L10_human_interface.list_query import ListQuery


@dataclass(frozen=True)
class ImprovementsQuery(ListQuery):
    """What the list shows."""

    path: ClassVar[str] = "/improvements"
    labels: ClassVar[Mapping[str, str]] = {"agent_id": "Agent"}

    status: str | None = None
    agent_id: str | None = None

    def lets_in(self, improvement: Improvement) -> bool:
        """True when a new improvement belongs on the page."""
        return (
            self.cursor is None
            and self.status in (None, improvement["status"])
            and self.agent_id in (None, improvement["agent_id"])
        )


@dataclass(frozen=True)
class ExportsQuery(ListQuery):
    """The list of exports."""

    path: ClassVar[str] = "/exports"
