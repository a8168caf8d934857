"""What a run used, with all the runs that it began."""

from __future__ import annotations

from typing import Final

from agentic.layers.base.common_errors import NotFoundError
from agentic.layers.base.operation import Answer, Call
from agentic.layers.L01_data_layer.database import Database
from agentic.layers.L01_data_layer.services.resource_service import parse_id
from agentic.layers.L01_data_layer.usage_statements import USED

TREE: Final = f"""
WITH RECURSIVE tree (id) AS (
  SELECT id FROM runs WHERE id = $1 UNION SELECT runs.id FROM tree, runs WHERE runs.parent_run_id = tree.id
)
SELECT (SELECT count(*) FROM tree) AS runs, jsonb_build_object({USED}) AS used
FROM tree JOIN model_usage ON model_usage.run_id = tree.id
"""


class RunUse:
    """Sums over the model calls of runs."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def used(self, call: Call) -> Answer:
        """What a run and all that it began used up to now."""
        run_id = parse_id(call.path["id"])
        row = await self._database.fetchrow(TREE, run_id)
        if row is None or not row["runs"]:
            raise NotFoundError(f"There is no run {run_id}.")
        return Answer(row["used"])
