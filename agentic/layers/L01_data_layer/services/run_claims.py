"""Who carries which run: taken for a lease, kept by signs of life, adopted when they stop."""

from __future__ import annotations

from agentic.layers.base.ids import now, uuid7
from agentic.layers.base.operation import Answer, Call, validated
from agentic.layers.L01_data_layer.models.run import RunBeat, RunClaim
from agentic.layers.L01_data_layer.run_statements import BEAT, CLAIM, CLAIM_LOCK
from agentic.layers.L01_data_layer.store import Store, trace


class RunClaims:
    """Leases with fencing: a run that is taken gets a new token, and what bears an older one is refused."""

    def __init__(self, store: Store) -> None:
        self._store = store

    async def claim(self, call: Call) -> Answer:
        """Takes runs that are due, or whose lease is over."""
        body = validated(RunClaim, call.body)
        event_ids = [uuid7() for _ in range(body.limit)]
        async with self._store.transaction() as tx:
            await tx.fetch(CLAIM_LOCK)
            (row,) = await tx.fetch(
                CLAIM,
                body.worker,
                body.limit,
                body.lease_seconds,
                body.agent_ids,
                body.overall,
                event_ids,
                trace(),
                now(),
                body.except_agent_ids,
            )
        return Answer(b'{"items":%b}' % row[0])

    async def beat(self, call: Call) -> Answer:
        """Begins the leases of runs anew; answers those that are no longer the worker's. No event."""
        body = validated(RunBeat, call.body)
        ids, tokens = list(body.runs), list(body.runs.values())
        (row,) = await self._store.database.write(BEAT, ids, tokens, body.worker, body.lease_seconds)
        return Answer(b'{"items":%b}' % row[0])
