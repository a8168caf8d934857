"""Goals."""

from __future__ import annotations

from agentic.layers.L01_data_layer.models.goal import GOALS, Goal
from agentic.layers.L01_data_layer.services.resource_service import ResourceService
from agentic.layers.L01_data_layer.store import Store
from agentic.layers.L01_data_layer.tables.goal import GOALS as GOALS_TABLE


class GoalStore(ResourceService[Goal]):
    """What agents are to reach."""

    def __init__(self, store: Store) -> None:
        super().__init__(store, GOALS, GOALS_TABLE)
