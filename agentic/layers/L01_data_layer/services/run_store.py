"""Runs: made, changed in their state, ended, and forked."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final
from uuid import UUID

from sqlalchemy import ColumnElement, Text, bindparam, literal_column

from agentic.layers.base import jsonio
from agentic.layers.base.common_errors import StaleVersionError, StateError
from agentic.layers.base.ids import timestamp
from agentic.layers.base.operation import Answer, Call, validated
from agentic.layers.base.states import RUN, final_states
from agentic.layers.L01_data_layer.idempotency import once
from agentic.layers.L01_data_layer.models.run import RUNS, Run, RunCancel, RunCreate, RunMove
from agentic.layers.L01_data_layer.services.approval_store import ApprovalStore
from agentic.layers.L01_data_layer.services.resource_service import ResourceService, parse_id
from agentic.layers.L01_data_layer.services.run_control import fenced, held, not_running, totals
from agentic.layers.L01_data_layer.store import Store, Transaction
from agentic.layers.L01_data_layer.tables.run import RUNS as TABLE

FINAL: Final = final_states(RUN)

CONFIGURATION: Final = "SELECT configuration FROM agents WHERE id = $1"
PARENT: Final = "SELECT status FROM runs WHERE id = $1 FOR SHARE"
FAMILY: Final = """
WITH RECURSIVE family (id) AS (
  SELECT $1::uuid UNION SELECT runs.id FROM runs JOIN family ON runs.parent_run_id = family.id
) SELECT id FROM family
"""
LOCK_OPEN: Final = """
SELECT id, status FROM runs WHERE id = ANY($1::uuid[]) AND (status NOT IN ('completed', 'failed', 'cancelled') OR id = $2)
ORDER BY id FOR NO KEY UPDATE
"""

LET_GO: Final = "UPDATE runs SET lease_until = NULL WHERE id = $1"
"""Whoever takes it next need not wait for the end of the lease."""


class RunStore(ResourceService[Run]):
    """The runs of agents. Taking them is `run_claims.py`, their steps are `run_step_store.py`."""

    def __init__(self, store: Store, approvals: ApprovalStore) -> None:
        super().__init__(store, RUNS, TABLE)
        self._approvals = approvals

    def condition(self, name: str, rows: Any) -> ColumnElement[bool]:
        """`called_at` is kept in the configuration; the others are as usual."""
        if name == "called_at":
            # Said as by the index `idx_runs_called_at`, word for word: a parameter would not be recognised.
            return rows["configuration"].op("->>", is_comparison=False)(
                literal_column("'called_at'")
            ) == bindparam(name, type_=Text())
        return super().condition(name, rows)

    # -- made

    async def create(self, call: Call) -> Answer:
        """A new run, `queued`. Under a parent that is over there is none."""
        values = dict(validated(RunCreate, call.body).__dict__)
        if values["configuration"] is None:
            values["configuration"] = await self._configuration(values["agent_id"])
        parent_id: UUID | None = values["parent_run_id"]
        if parent_id is None:
            return await self.add(call, values)
        item = self.new(values)

        async def write(tx: Transaction) -> Answer:
            await self._check_parent(tx, parent_id)
            return await self._create_in(tx, item)

        if call.key is not None:
            return await once(self.store, self.resource.name, call, write)
        async with self.store.transaction() as tx:
            return await write(tx)

    def complete(self, record: dict[str, Any]) -> None:
        """Due at once, when nobody said when."""
        record["due_at"] = record["due_at"] or record["created_at"]

    async def make_in(self, tx: Transaction, values: Mapping[str, Any]) -> UUID:
        """A new run within a transaction; answers its id."""
        item = self.new(values)
        await tx.create(self.statements, item)
        return item.id

    async def _configuration(self, agent_id: UUID | None) -> dict[str, Any]:
        row = await self.store.database.fetchrow(CONFIGURATION, agent_id)
        return {} if row is None else jsonio.decode(row[0])

    async def _check_parent(self, tx: Transaction, parent_id: UUID) -> None:
        # Locked, so that who cancels the family meanwhile waits, and finds the child.
        rows = await tx.fetch(PARENT, parent_id)
        if rows and rows[0]["status"] in FINAL:
            raise not_running(parent_id, rows[0]["status"])

    # -- by its worker

    async def move(self, call: Call) -> Answer:
        """The worker that holds a run lets it go, or ends it; its totals are summed."""
        run_id = parse_id(call.path["id"])
        body = validated(RunMove, call.body)
        async with self.store.transaction() as tx:
            run = await held(tx, run_id)
            if run["token"] != body.token:
                raise fenced(run_id, body.token, run["token"])
            if body.status not in RUN[run["status"]]:
                detail = f"A run that is {run['status']} cannot become {body.status}."
                raise StateError(detail, current_status=run["status"])
            used = await totals(tx, run_id)
            if body.last_step is not None and used["steps"] != body.last_step:
                detail = f"The run has {used['steps']} steps, and not {body.last_step}."
                raise StaleVersionError(detail, steps=used["steps"])
            changes = {"status": body.status, "due_at": None, **used}
            if body.status in ("suspended", "waiting_approval"):
                changes |= {"due_at": body.due_at, "attempts": 0}
                if run["due_at"] is not None:
                    # Woken between the question and this: what it would wait for is there.
                    changes["due_at"] = timestamp(run["due_at"])
            said = body.model_fields_set
            changes |= {"output": body.output} if "output" in said else {}
            changes |= {"error": body.error and body.error.__dict__} if "error" in said else {}
            await tx.fetch(LET_GO, run_id)
            return await self.change_in(tx, run_id, changes, None)

    async def retotal(self, run_id: UUID) -> None:
        """Sums anew what a run used that is over: the answer to a call came after its end."""
        async with self.store.transaction() as tx:
            run = await held(tx, run_id)
            if run["status"] in FINAL:
                await self.change_in(tx, run_id, await totals(tx, run_id), None)

    # -- by anybody

    async def pause(self, call: Call) -> Answer:
        """Suspends a run until it is resumed; its worker stops at its next step."""
        run_id = parse_id(call.path["id"])
        async with self.store.transaction() as tx:
            run = await held(tx, run_id)
            if run["status"] in FINAL:
                raise not_running(run_id, run["status"])
            changes = {"status": "suspended", "due_at": None, **await totals(tx, run_id)}
            return await self.change_in(tx, run_id, changes, None)

    async def resume(self, call: Call) -> Answer:
        """Lets a suspended run go on at once."""
        run_id = parse_id(call.path["id"])
        async with self.store.transaction() as tx:
            run = await held(tx, run_id)
            if run["status"] != "suspended":
                raise not_running(run_id, run["status"])
            return await self.change_in(tx, run_id, {"due_at": timestamp(), "attempts": 0}, None)

    async def wake(self, call: Call) -> Answer:
        """There is news of what a run waits for: it is due. One that is paused, or over, stays as it is."""
        run_id = parse_id(call.path["id"])
        async with self.store.transaction() as tx:
            answer = await self.wake_in(tx, run_id)
        return answer or await self.get(Call({"id": run_id}))

    async def cancel(self, call: Call) -> Answer:
        """Ends a run with all that it began, and what waits for approval in them. Once more changes nothing."""
        run_id = parse_id(call.path["id"])
        reason = validated(RunCancel, call.body).reason
        async with self.store.transaction() as tx:
            await held(tx, run_id)
            family = await self._lock_family(tx, run_id)
            status = family.pop(run_id)
            if status in FINAL and status != "cancelled":
                raise not_running(run_id, status)
            answer = None
            if status != "cancelled":
                answer = await self._end_in(tx, run_id, reason)
            for child_id in family:
                await self._end_in(tx, child_id, "The run that began it was cancelled.")
            await self._approvals.expire_of(tx, [run_id, *family])
        return answer or await self.get(Call({"id": run_id}))

    async def _lock_family(self, tx: Transaction, run_id: UUID) -> dict[UUID, str]:
        """The states of a run and its descendants that are not over, locked. Who is born meanwhile is found too."""
        known: set[UUID] = set()
        states: dict[UUID, str] = {}
        while (family := {row["id"] for row in await tx.fetch(FAMILY, run_id)}) != known:
            known = family
            rows = await tx.fetch(LOCK_OPEN, sorted(family), run_id)
            states = {row["id"]: row["status"] for row in rows}
        return states

    async def _end_in(self, tx: Transaction, run_id: UUID, reason: str | None) -> Answer:
        error = {"code": "cancelled", "detail": reason} if reason else None
        changes = {"status": "cancelled", "due_at": None, "error": error, **await totals(tx, run_id)}
        return await self.change_in(tx, run_id, changes, None)

    async def wake_in(self, tx: Transaction, run_id: UUID) -> Answer | None:
        """There is news for a run that waits for them, or is about to: it is due. Locks the run."""
        run = await held(tx, run_id)
        sleeps = run["status"] == "suspended" and run["due_at"] is not None
        if not sleeps and run["status"] not in ("waiting_approval", "running"):
            return None
        return await self.change_in(tx, run_id, {"due_at": timestamp()}, None)
