"""Budgets, and what is left of them."""

from __future__ import annotations

from typing import Any, Final
from uuid import UUID

from agentic.layers.base.common_errors import InvalidError
from agentic.layers.base.ids import now
from agentic.layers.base.operation import Answer, Call, validated
from agentic.layers.L01_data_layer.models.budget import BUDGETS, Budget, BudgetUpdate
from agentic.layers.L01_data_layer.services.resource_service import ResourceService, parse_id
from agentic.layers.L01_data_layer.store import Store
from agentic.layers.L01_data_layer.tables.budget import BUDGETS as TABLE
from agentic.layers.L01_data_layer.usage_statements import ENSURE, LEFT

FORGET: Final = "DELETE FROM budget_spending WHERE budget_id = $1"
OF_ID: Final = ("agent", "run", "goal")


class BudgetStore(ResourceService[Budget]):
    """How much may be used, by whom, in which time."""

    def __init__(self, store: Store) -> None:
        super().__init__(store, BUDGETS, TABLE)

    def complete(self, record: dict[str, Any]) -> None:
        """The subject as calls name it.

        Raises:
            InvalidError: there is none although the scope needs one, or the other way round, or it is no id.
        """
        scope, subject = record["scope"], record["subject"]
        if (scope == "all") != (subject is None):
            raise InvalidError.of(("subject", "needed for every scope but all, which has none"))
        if scope in OF_ID:
            try:
                record["subject"] = str(UUID(subject))
            except ValueError:
                raise InvalidError.of(("subject", f"not the id of one, as {scope} needs")) from None

    async def update(self, call: Call) -> Answer:
        """Changes how much it is, or whether it counts. What it missed while it did not count is counted again."""
        budget_id = parse_id(call.path["id"])
        body = validated(BudgetUpdate, call.body)
        if "enabled" not in body.model_fields_set:
            return await super().update(call)
        changes = {name: body.__dict__[name] for name in body.model_fields_set}
        async with self.store.transaction() as tx:
            answer = await self.change_in(tx, budget_id, changes, call.expected)
            await tx.fetch(FORGET, budget_id)
        return answer

    async def left(self, call: Call) -> Answer:
        """What is spent or held of a budget in the present period, and what is left."""
        budget_id = parse_id(call.path["id"])
        moment = now()
        await self.store.database.write(ENSURE, [budget_id], moment)
        row = await self.store.database.fetchrow(LEFT, budget_id, moment)
        if row is None:
            raise self.missing(budget_id)
        return Answer(row[0])
