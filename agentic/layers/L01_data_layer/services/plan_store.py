"""Plans and their tasks."""

from __future__ import annotations

from agentic.layers.L01_data_layer.models.plan import PLANS, Plan
from agentic.layers.L01_data_layer.models.task import TASKS, Task
from agentic.layers.L01_data_layer.services.resource_service import ResourceService
from agentic.layers.L01_data_layer.store import Store
from agentic.layers.L01_data_layer.tables.plan import PLANS as PLANS_TABLE
from agentic.layers.L01_data_layer.tables.task import TASKS as TASKS_TABLE


class PlanStore(ResourceService[Plan]):
    """How goals are to be reached."""

    def __init__(self, store: Store) -> None:
        super().__init__(store, PLANS, PLANS_TABLE)


class TaskStore(ResourceService[Task]):
    """The pieces of work of a plan."""

    def __init__(self, store: Store) -> None:
        super().__init__(store, TASKS, TASKS_TABLE)
