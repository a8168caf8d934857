"""A write that may be asked for twice and is done once: its answer is kept for a day under the `Idempotency-Key`."""

from __future__ import annotations

import asyncio
import hashlib
from collections.abc import Awaitable, Callable
from datetime import timedelta
from typing import Final

from agentic.layers.base import jsonio
from agentic.layers.base.common_errors import IdempotencyError
from agentic.layers.base.ids import now
from agentic.layers.base.operation import Answer, Call
from agentic.layers.L01_data_layer.database import Database
from agentic.layers.L01_data_layer.store import Store, Transaction

KEPT_FOR: Final = timedelta(days=1)
EVERY: Final = timedelta(hours=1)

RESERVE = """
INSERT INTO idempotent_answers (key, request_hash, body, version, created_at) VALUES ($1, $2, '', 1, $3)
ON CONFLICT (key) DO NOTHING RETURNING key
"""
KEEP = "UPDATE idempotent_answers SET body = $2, version = $3 WHERE key = $1"
KEPT = "SELECT request_hash, body, version FROM idempotent_answers WHERE key = $1"
FORGET = "DELETE FROM idempotent_answers WHERE created_at < $1"


async def once(
    store: Store, name: str, call: Call, write: Callable[[Transaction], Awaitable[Answer]]
) -> Answer:
    """The answer of `write`, which runs in the transaction that keeps it; or the one that was kept.

    A second request that comes while the first is at work waits for it: both want the same row.

    Raises:
        IdempotencyError: the key was used for another request.
    """
    digest = hashlib.sha256(name.encode() + b"\0" + jsonio.encode(call.body)).hexdigest()
    async with store.transaction() as tx:
        if await tx.fetch(RESERVE, call.key, digest, now()):
            answer = await write(tx)
            await tx.fetch(KEEP, call.key, answer.body, answer.version)
            return answer
        (kept,) = await tx.fetch(KEPT, call.key)
    if kept["request_hash"] != digest:
        raise IdempotencyError
    return Answer(kept["body"], kept["version"], jsonio.decode(kept["body"])["id"])


async def forget_old(database: Database) -> None:
    """Drops the answers that are over a day old, hour by hour. Runs until it is cancelled."""
    while True:
        await database.fetch(FORGET, now() - KEPT_FOR)
        await asyncio.sleep(EVERY.total_seconds())
