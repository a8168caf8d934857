"""The filters of the list of goals."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import ClassVar

from agentic.layers.L01_data_layer.models.goal import Goal
from agentic.layers.L10_human_interface.list_query import ListQuery


@dataclass(frozen=True)
class GoalsQuery(ListQuery):
    """What the list of goals shows."""

    path: ClassVar[str] = "/goals"
    labels: ClassVar[Mapping[str, str]] = {
        "agent_id": "Agent",
        "priority": "Priority",
        "parent_goal_id": "Below",
    }

    status: str | None = None
    agent_id: str | None = None
    priority: str | None = None
    parent_goal_id: str | None = None
    order: str | None = None

    @property
    def filtered(self) -> bool:
        """True when some goals may be hidden."""
        return bool(self.status or self.others)

    @property
    def newest_first(self) -> bool:
        """True when new goals belong at the top."""
        return self.order != "asc"

    def lets_in(self, goal: Goal) -> bool:
        """True when a new goal belongs on the page."""
        return (
            self.newest_first
            and self.cursor is None
            and self.status in (None, goal["status"])
            and self.agent_id in (None, goal["agent_id"])
            and self.priority in (None, str(goal["priority"]))
            and self.parent_goal_id in (None, goal["parent_goal_id"])
        )
