"""Approvals: a person's word allows one execution, once."""

from __future__ import annotations

from typing import Final
from uuid import UUID

from agentic.layers.base.common_errors import ConsumedError
from agentic.layers.base.ids import now
from agentic.layers.L01_data_layer.models.approval import APPROVALS, Approval
from agentic.layers.L01_data_layer.services.resource_service import ResourceService
from agentic.layers.L01_data_layer.store import Store, Transaction
from agentic.layers.L01_data_layer.tables.approval import APPROVALS as TABLE

OPEN_OF_RUNS: Final = """
SELECT id FROM approvals WHERE run_id = ANY($1::uuid[]) AND status IN ('pending', 'approved') ORDER BY id FOR UPDATE
"""
LOCK: Final = "SELECT status, expires_at FROM approvals WHERE id = $1 FOR UPDATE"


class ApprovalStore(ResourceService[Approval]):
    """What was asked of people. Their answers are `decisions.py`."""

    def __init__(self, store: Store) -> None:
        super().__init__(store, APPROVALS, TABLE)

    async def expire_of(self, tx: Transaction, run_ids: list[UUID]) -> None:
        """Nobody needs the approvals of these runs any more."""
        for row in await tx.fetch(OPEN_OF_RUNS, run_ids):
            await self.change_in(tx, row["id"], {"status": "expired"}, None)

    async def consume_in(self, tx: Transaction, approval_id: UUID) -> None:
        """Uses an approval up.

        Raises:
            NotFoundError: there is none.
            ConsumedError: it was not given, has expired, or was used before.
        """
        rows = await tx.fetch(LOCK, approval_id)
        if not rows:
            raise self.missing(approval_id)
        status, expires_at = rows[0]
        if status != "approved" or (expires_at is not None and expires_at <= now()):
            status = "expired" if status == "approved" else status
            raise ConsumedError(f"The approval {approval_id} is {status}.", current_status=status)
        await self.change_in(tx, approval_id, {"status": "consumed"}, None)
