"""The steps of runs: each written, with what its model call used, before the next begins."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from datetime import datetime
from decimal import Decimal
from typing import Any, Final, NamedTuple
from uuid import UUID

from asyncpg import Record

from agentic.layers.base import jsonio
from agentic.layers.base.common_errors import ExistsError
from agentic.layers.base.ids import uuid7
from agentic.layers.base.operation import Answer, Call, validated
from agentic.layers.L01_data_layer.coalescer import Coalescer
from agentic.layers.L01_data_layer.models.run_step import (
    RUN_STEPS,
    CallUsage,
    RunMessage,
    RunStep,
    StepQuery,
    StepTake,
)
from agentic.layers.L01_data_layer.run_statements import STEP
from agentic.layers.L01_data_layer.services.call_usage import counted, money, settlement
from agentic.layers.L01_data_layer.services.resource_service import ResourceService, parse_id
from agentic.layers.L01_data_layer.services.run_control import fenced, held, no_run, not_running
from agentic.layers.L01_data_layer.sql_text import record
from agentic.layers.L01_data_layer.store import Created, Store, Transaction, payload_of, run
from agentic.layers.L01_data_layer.tables.run import RUN_STEPS as TABLE

OF_RUN: Final = f"""
SELECT coalesce(json_agg({record(TABLE, "step")} ORDER BY number), '[]') FROM (
  SELECT * FROM run_steps WHERE run_id = $1 AND number > $2 ORDER BY number LIMIT $3
) step
"""
THERE: Final = "SELECT 1 FROM runs WHERE id = $1"


class _Item(NamedTuple):
    """A step on its way. Without a token it comes from outside the run's worker."""

    id: UUID
    run_id: UUID
    token: int | None
    payload: bytes
    event_id: UUID
    metadata: bytes
    moment: datetime
    usage_id: UUID | None
    usage: bytes | None
    usage_event_id: UUID
    tokens: int
    cost: Decimal


class RunStepStore(ResourceService[RunStep]):
    """Every step that a run took."""

    def __init__(self, store: Store, ended: Callable[[UUID], Awaitable[None]]) -> None:
        super().__init__(store, RUN_STEPS, TABLE)
        self._takes: Coalescer[_Item, Record] = Coalescer(self._take_all)
        self._ended = ended
        """Called with a run that was over when it took a step: its totals have changed."""

    async def step(self, call: Call) -> Answer:
        """The worker that holds a run writes a step, and settles the call in it."""
        run_id = parse_id(call.path["id"])
        values = dict(validated(StepTake, call.body).__dict__)
        usage: CallUsage | None = values.pop("usage")
        token: int = values.pop("token")
        if usage is not None:
            values |= {
                "input_tokens": usage.input_tokens,
                "output_tokens": usage.output_tokens,
                "cost": usage.cost or 0,
            }
        return await self._take(run_id, token, values, usage)

    async def message(self, call: Call) -> Answer:
        """Anybody writes a message into a run that is not over."""
        run_id = parse_id(call.path["id"])
        content = validated(RunMessage, call.body).content
        values = {"kind": "message", "name": "user", "input": {"content": content}}
        return await self._take(run_id, None, values, None)

    async def of_run(self, call: Call) -> Answer:
        """The steps of a run after a number, in order."""
        run_id = parse_id(call.path["id"])
        query = validated(StepQuery, call.query)
        row = await self.store.database.fetchrow(OF_RUN, run_id, query.after, query.limit)
        assert row is not None
        if row[0] == b"[]" and await self.store.database.fetchrow(THERE, run_id) is None:
            raise no_run(run_id)
        return Answer(b'{"items":%b}' % row[0])

    def complete(self, record: dict[str, Any]) -> None:
        """A step is written when it is over."""
        record["completed_at"] = record["completed_at"] or record["created_at"]

    async def copy_in(self, tx: Transaction, steps: list[dict[str, Any]]) -> None:
        """Writes whole steps, with their numbers, within a transaction."""
        if steps:
            items: list[Created] = [self.new(values) for values in steps]
            await run(tx.fetch, self.statements.create, items)

    async def _take(
        self, run_id: UUID, token: int | None, values: dict[str, Any], usage: CallUsage | None
    ) -> Answer:
        new = self.new({**values, "run_id": str(run_id)})
        settled = None
        if usage is not None and values.get("usage_id") is not None:
            settled = payload_of(settlement("completed", usage))
        item = _Item(
            new.id,
            run_id,
            token,
            new.payload,
            new.event_id,
            new.metadata,
            new.created_at,
            values.get("usage_id"),
            settled,
            uuid7(),
            counted(usage),
            money(usage.cost if usage else None),
        )
        row = await self._submit(item)
        _, current, status, number = row
        if status is None:
            raise no_run(run_id)
        if number is None:
            if token is not None and token != current:
                raise fenced(run_id, token, current)
            raise not_running(run_id, status)
        if status == "cancelled":
            await self._ended(run_id)
        return Answer(jsonio.encode({"id": str(item.id), "number": number, "run_status": status}))

    async def _submit(self, item: _Item) -> Record:
        try:
            row = await self._takes.submit(item, len(item.payload) + len(item.usage or b""), item.usage_id)
        except ExistsError:
            # Another process gave the number to a step while this statement waited for the run. Under the run's lock the
            # next statement sees that step.
            async with self.store.transaction() as tx:
                await held(tx, item.run_id)
                (row,) = await run(tx.fetch, STEP, [item])
        self.store.written()
        return row

    async def _take_all(self, items: list[_Item]) -> list[Record]:
        return await run(self.store.database.write, STEP, items)
