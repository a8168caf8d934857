"""What model calls used and cost: reserved before they are sent, settled when they are over."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any, Final, NamedTuple
from uuid import UUID

from asyncpg import Record

from agentic.layers.base import jsonio
from agentic.layers.base.common_errors import (
    BudgetExceededError,
    DatabaseUnavailableError,
    InvalidError,
    StateError,
)
from agentic.layers.base.ids import now, timestamp, uuid7
from agentic.layers.base.operation import Answer, Call, validated
from agentic.layers.L01_data_layer.coalescer import Coalescer
from agentic.layers.L01_data_layer.models.model_usage import (
    MODEL_USAGE,
    ModelUsage,
    UsageCut,
    UsageRecords,
    UsageReserve,
    UsageSettle,
)
from agentic.layers.L01_data_layer.models.run_step import CallUsage
from agentic.layers.L01_data_layer.services.call_usage import as_held, counted, money, settlement
from agentic.layers.L01_data_layer.services.resource_service import ResourceService, parse_id
from agentic.layers.L01_data_layer.services.run_control import check_holder, check_running
from agentic.layers.L01_data_layer.store import Created, Store, payload_of, run, trace
from agentic.layers.L01_data_layer.tables.model_usage import MODEL_USAGE as TABLE
from agentic.layers.L01_data_layer.usage_statements import ENSURE, RESERVE, SETTLE, UsageStatements

TRIES: Final = 5
STATE: Final = "SELECT status, held, run_id FROM model_usage WHERE id = $1"
IN_FLIGHT: Final = """
SELECT id, held, run_id FROM model_usage WHERE run_id = $1 AND status = 'reserved' AND coalesce(token, 0) < $2 ORDER BY id
"""
OVERDUE: Final = """
SELECT id, held, run_id FROM model_usage WHERE status = 'reserved' AND expires_at <= now() ORDER BY expires_at LIMIT 200
"""
TAKEN_OVER: Final = {"code": "cut", "detail": "The worker that sent this call did not see its end."}
TOO_LATE: Final = {"code": "cut", "detail": "Nobody said in time how this call ended."}


class _Reservation(NamedTuple):
    """A call that is about to be sent."""

    id: UUID
    payload: bytes
    event_id: UUID
    metadata: bytes
    moment: datetime
    run_id: UUID | None
    token: int | None
    tokens: int
    cost: Decimal


class _Settlement(NamedTuple):
    """How a reserved call ended."""

    usage_id: UUID
    usage: bytes
    outcome: str
    tokens: int
    cost: Decimal
    usage_event_id: UUID
    metadata: bytes
    moment: datetime


class ModelUsageStore(ResourceService[ModelUsage]):
    """One record for each model call."""

    def __init__(self, store: Store, ended: Callable[[UUID], Awaitable[None]]) -> None:
        super().__init__(store, MODEL_USAGE, TABLE, UsageStatements(TABLE, MODEL_USAGE.name))
        self._reserves: Coalescer[_Reservation, Record] = Coalescer(self._reserve_all)
        self._settles: Coalescer[_Settlement, Record] = Coalescer(self._settle_all)
        self._ended = ended
        """Called with the run of a call that was settled outside its steps: if it is over, its totals have changed."""

    # -- reserved

    async def reserve(self, call: Call) -> Answer:
        """Writes a call in flight, and holds the most that it may use of every budget; or refuses it."""
        body = validated(UsageReserve, call.body)
        check_holder(body.run_id, body.token)
        if body.input_tokens > body.tokens:
            raise InvalidError.of(("input_tokens", "part of tokens, so not more"))
        item = self._reservation(body)
        row = await self._submit(item)
        check_running(body.run_id, body.token, row["token"], row["status"])
        if not row["accepted"]:
            raise _exceeded(jsonio.decode(row["refusal"]), body)
        return Answer(b'{"id":"%b"}' % str(item.id).encode())

    def _reservation(self, body: UsageReserve) -> _Reservation:
        new = self.new(
            {
                "agent_id": body.agent_id,
                "run_id": body.run_id,
                "goal_id": body.goal_id,
                "key_id": body.key_id,
                "step": body.step,
                "token": body.token,
                "model_provider": body.provider,
                "model_name": body.model,
                "status": "reserved",
                "held": {"input_tokens": body.input_tokens},
                "expires_at": timestamp(now() + timedelta(seconds=body.seconds)),
            }
        )
        ids = (new.id, new.payload, new.event_id, new.metadata, new.created_at)
        return _Reservation(*ids, body.run_id, body.token, body.tokens, money(body.cost))

    async def _submit(self, item: _Reservation) -> Record:
        row = await self._reserves.submit(item, len(item.payload))
        for _ in range(TRIES):
            if row["missing"]:
                await self.store.database.write(ENSURE, row["missing"], item.moment)
            elif row["refusal"] is None:
                break
            # Alone: what others asked for in the same breath was counted against it.
            (row,) = await self._reserve_all([item])
            if row["refusal"] is not None and not row["missing"]:
                break
        if row["missing"]:
            raise DatabaseUnavailableError(
                "The budgets of this call change all the time. Nothing was written."
            )
        self.store.written()
        return row

    async def _reserve_all(self, items: list[_Reservation]) -> list[Record]:
        return await run(self.store.database.write, RESERVE, items)

    # -- settled

    async def settle(self, call: Call) -> Answer:
        """Says how a reserved call ended, and frees what was held and not used."""
        usage_id = parse_id(call.path["id"])
        body = validated(UsageSettle, call.body)
        row = await self.store.database.fetchrow(STATE, usage_id)
        if row is None:
            raise self.missing(usage_id)
        usage, estimated = body.usage, body.estimated
        if usage is None:
            failed = body.status == "failed" or row["held"] is None
            usage = CallUsage() if failed else as_held(jsonio.decode(row["held"]))
            estimated = not failed
        item = _settlement(usage_id, body.status, usage, body.error, estimated=estimated)
        _, version, record = await self._settles.submit(item, len(item.usage), usage_id)
        if version is None:
            state = await self.store.database.fetchrow(STATE, usage_id)
            status = state["status"] if state else "gone"
            raise StateError(f"The call {usage_id} is {status}, not reserved.", current_status=status)
        self.store.written()
        if row["run_id"] is not None:
            await self._ended(row["run_id"])
        return Answer(record, version)

    async def cut(self, call: Call) -> Answer:
        """Counts the calls in flight that earlier workers sent for a run as what was held for them."""
        body = validated(UsageCut, call.body)
        rows = await self.store.database.fetch(IN_FLIGHT, body.run_id, body.before_token)
        return Answer(b'{"items":[%b]}' % b",".join(await self._cut(rows, TAKEN_OVER)))

    async def expire(self) -> int:
        """Cuts the calls whose time is over; answers how many."""
        rows = await self.store.database.fetch(OVERDUE)
        return len(await self._cut(rows, TOO_LATE))

    async def _cut(self, rows: list[Record], error: dict[str, Any]) -> list[bytes]:
        if not rows:
            return []
        items = [
            _settlement(row["id"], "cut", as_held(jsonio.decode(row["held"])), error, estimated=True)
            for row in rows
        ]
        done = await self._settle_all(items)
        self.store.written()
        for run_id in {row["run_id"] for row in rows if row["run_id"] is not None}:
            await self._ended(run_id)
        return [row["record"] for row in done if row["version"] is not None]

    async def _settle_all(self, items: list[_Settlement]) -> list[Record]:
        return await run(self.store.database.write, SETTLE, items)

    # -- recorded when they are over

    async def record(self, call: Call) -> Answer:
        """Writes calls that are over, all or none of them, in one statement."""
        items = [self._finished(item.__dict__) for item in validated(UsageRecords, call.body).items]
        await run(self.store.database.write, self.statements.create, items)
        self.store.written()
        return Answer(jsonio.encode({"ids": [str(item.id) for item in items]}))

    def _finished(self, values: Mapping[str, Any]) -> Created:
        item = self.new({name: value for name, value in values.items() if name != "id"})
        if values["id"] is None:
            return item
        record = jsonio.decode(item.payload) | {"id": str(values["id"])}
        return item._replace(id=values["id"], payload=payload_of(record))


def _settlement(
    usage_id: UUID, status: str, usage: CallUsage, error: dict[str, Any] | None, *, estimated: bool
) -> _Settlement:
    changes = payload_of(settlement(status, usage, error, estimated=estimated))
    moment = now()
    return _Settlement(usage_id, changes, status, counted(usage), money(usage.cost), uuid7(), trace(), moment)


def _exceeded(refusal: dict[str, Any], body: UsageReserve) -> BudgetExceededError:
    budget, left = refusal["budget"], refusal["left"]
    parts: list[str] = []
    if left["tokens"] is not None:
        parts.append(f"{left['tokens']} tokens (the call may use {body.tokens})")
    if left["cost"] is not None:
        parts.append(f"${left['cost']:.6f} (the call may cost ${body.cost or 0:.6f})")
    whose = " ".join(filter(None, (budget["scope"], budget["subject"], budget["period"])))
    return BudgetExceededError(f"Of the budget {whose} there are left {' and '.join(parts)}.", **refusal)
