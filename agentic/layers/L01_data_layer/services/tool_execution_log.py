"""Executions of tools, and the ledger of effects: reserved under a key, carried out once, recorded."""

from __future__ import annotations

from datetime import datetime
from typing import Any, Final, NamedTuple
from uuid import UUID

from asyncpg import Record

from agentic.layers.base.common_errors import DatabaseUnavailableError, StateError
from agentic.layers.base.operation import Answer, Call, validated
from agentic.layers.base.states import TOOL_EXECUTION, final_states
from agentic.layers.L01_data_layer.coalescer import Coalescer
from agentic.layers.L01_data_layer.effect_statements import RESERVE
from agentic.layers.L01_data_layer.models.tool import (
    TOOL_EXECUTIONS,
    EffectAgain,
    EffectRecord,
    EffectReserve,
    ToolExecution,
)
from agentic.layers.L01_data_layer.services.approval_store import ApprovalStore
from agentic.layers.L01_data_layer.services.resource_service import ResourceService, parse_id
from agentic.layers.L01_data_layer.services.run_control import check_holder, check_running, held
from agentic.layers.L01_data_layer.store import Fetch, Store, Transaction, run
from agentic.layers.L01_data_layer.tables.tool import TOOL_EXECUTIONS as TABLE

FINAL: Final = final_states(TOOL_EXECUTION)
TRIES: Final = 5
STATE: Final = "SELECT status, run_id, attempt, idempotent FROM tool_executions WHERE id = $1 FOR UPDATE"
RUN_OF: Final = "SELECT run_id FROM tool_executions WHERE id = $1"


class _Reservation(NamedTuple):
    """An execution that is about to happen."""

    id: UUID
    payload: bytes
    event_id: UUID
    metadata: bytes
    moment: datetime
    effect_key: str
    run_id: UUID | None
    token: int | None


class ToolExecutionLog(ResourceService[ToolExecution]):
    """What each call of a tool was given and gave."""

    def __init__(self, store: Store, approvals: ApprovalStore) -> None:
        super().__init__(store, TOOL_EXECUTIONS, TABLE)
        self._approvals = approvals
        self._reserves: Coalescer[_Reservation, Record] = Coalescer(self._reserve_all)

    def complete(self, record: dict[str, Any]) -> None:
        """When it began and ended, for one that is recorded without: an execution may be created in any state.

        Raises:
            InvalidError: there is no such state.
        """
        self.states_before(record["status"])
        record["started_at"] = record["started_at"] or record["created_at"]
        if record["status"] in FINAL:
            record["completed_at"] = record["completed_at"] or record["created_at"]

    # -- reserved

    async def reserve(self, call: Call) -> Answer:
        """The execution with this key: a new one, which the caller is to carry out, or the one that is there."""
        body = validated(EffectReserve, call.body)
        check_holder(body.run_id, body.token)
        new = self.new({**body.__dict__, "status": "running"})
        ids = (new.id, new.payload, new.event_id, new.metadata, new.created_at)
        item = _Reservation(*ids, body.effect_key, body.run_id, body.token)
        if body.approval_id is not None:
            return await self._reserve_approved(item, body.approval_id)
        for _ in range(TRIES):
            answer = _outcome(item, await self._reserves.submit(item, len(item.payload)))
            if answer is not None:
                self.store.written()
                return answer
        raise DatabaseUnavailableError("Others write this execution all the time. Nothing was written.")

    async def _reserve_approved(self, item: _Reservation, approval_id: UUID) -> Answer:
        """The same with an approval, which a new execution uses up: both or neither."""
        for _ in range(TRIES):
            async with self.store.transaction() as tx:
                (row,) = await self._reserve_on(tx.fetch, [item])
                if row["fresh"]:
                    await self._approvals.consume_in(tx, approval_id)
            answer = _outcome(item, row)
            if answer is not None:
                return answer
        raise DatabaseUnavailableError("Others write this execution all the time. Nothing was written.")

    async def _reserve_all(self, items: list[_Reservation]) -> list[Record]:
        return await self._reserve_on(self.store.database.write, items)

    async def _reserve_on(self, fetch: Fetch, items: list[_Reservation]) -> list[Record]:
        return await run(fetch, RESERVE, items)

    # -- recorded

    async def record(self, call: Call) -> Answer:
        """Writes how an execution ended. It is taken from a worker that lost the run too: it is what happened."""
        execution_id = parse_id(call.path["id"])
        changes = dict(validated(EffectRecord, call.body).__dict__)
        item = self.change(execution_id, changes, None)._replace(allowed="pending,pending_approval,running")
        return self.changed(execution_id, item, await self._writes.change(item))

    async def resolve_in(self, tx: Transaction, execution_id: UUID, changes: dict[str, Any]) -> Answer:
        """The end of an execution that nobody saw."""
        item = self.change(execution_id, changes, None)._replace(allowed="unknown")
        return self.changed(execution_id, item, await tx.change(self.statements, item))

    async def again(self, call: Call) -> Answer:
        """Another attempt at an idempotent execution that has no end yet."""
        execution_id = parse_id(call.path["id"])
        body = validated(EffectAgain, call.body)
        of = await self.store.database.fetchrow(RUN_OF, execution_id)
        if of is None:
            raise self.missing(execution_id)
        check_holder(of["run_id"], body.token)
        async with self.store.transaction() as tx:
            if of["run_id"] is not None:
                holder = await held(tx, of["run_id"])
                check_running(of["run_id"], body.token, holder["token"], holder["status"])
            (state,) = await tx.fetch(STATE, execution_id)
            if not state["idempotent"] or state["status"] not in ("running", "unknown"):
                detail = f"An execution that is {state['status']} cannot be attempted again."
                if not state["idempotent"]:
                    detail = "An execution that is not idempotent cannot be attempted again."
                raise StateError(detail, current_status=state["status"])
            changes = {"status": "running", "attempt": state["attempt"] + 1, "token": body.token}
            return await self.change_in(tx, execution_id, {**changes, "error_message": None}, None)


def _outcome(item: _Reservation, row: Record) -> Answer | None:
    """The answer; none when somebody was writing the execution at the same time.

    Raises:
        FencedError, StateError: the run is not the caller's, or not running.
    """
    if not row["allowed"]:
        check_running(item.run_id, item.token, row["token"], row["status"])
    if row["fresh"]:
        return Answer(b'{"execution":%b,"fresh":true}' % item.payload)
    if row["there"] is None:
        return None
    return Answer(b'{"execution":%b,"fresh":false}' % row["there"])
