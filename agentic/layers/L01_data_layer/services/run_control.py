"""What the services of runs share: a run under its lock, the refusals, and the totals of its steps."""

from __future__ import annotations

from typing import Any, Final
from uuid import UUID

from asyncpg import Record

from agentic.layers.base.common_errors import FencedError, InvalidError, NotFoundError, StateError
from agentic.layers.L01_data_layer.store import Transaction

LOCK: Final = (
    "SELECT id, status, token, due_at FROM runs WHERE id = ANY($1::uuid[]) ORDER BY id FOR NO KEY UPDATE"
)
TOTALS: Final = """
WITH step AS (
  SELECT count(*) AS steps, coalesce(sum(input_tokens), 0)::bigint AS input_tokens,
    coalesce(sum(output_tokens), 0)::bigint AS output_tokens, coalesce(sum(cost), 0) AS cost
  FROM run_steps WHERE run_id = $1
), stray AS (
  SELECT coalesce(sum(input_tokens), 0)::bigint AS input_tokens,
    coalesce(sum(output_tokens), 0)::bigint AS output_tokens, coalesce(sum(cost_estimate), 0) AS cost
  FROM model_usage WHERE run_id = $1 AND status <> 'reserved' AND id NOT IN (
    SELECT usage_id FROM run_steps WHERE run_id = $1 AND usage_id IS NOT NULL)
)
SELECT steps, step.input_tokens + stray.input_tokens AS input_tokens,
  step.output_tokens + stray.output_tokens AS output_tokens, step.cost + stray.cost AS cost
FROM step CROSS JOIN stray
"""
"""What a run used: in its steps, and in calls that came to no step because they failed or were cut."""


async def held(tx: Transaction, run_id: UUID) -> Record:
    """The run, which nobody else changes before the transaction is over.

    Raises:
        NotFoundError: there is none.
    """
    rows = await tx.fetch(LOCK, [run_id])
    if not rows:
        raise no_run(run_id)
    return rows[0]


async def totals(tx: Transaction, run_id: UUID) -> dict[str, Any]:
    """What a run took up to now. It must be locked: then no step of it is on its way."""
    (row,) = await tx.fetch(TOTALS, run_id)
    return dict(row)


def no_run(run_id: UUID) -> NotFoundError:
    """The error for an unknown run."""
    return NotFoundError(f"There is no run {run_id}.")


def fenced(run_id: UUID, token: int | None, current: int) -> FencedError:
    """The error for a worker whose run was taken over."""
    return FencedError(f"The run {run_id} stands at token {current}, not {token}.", current_token=current)


def not_running(run_id: UUID, status: str) -> StateError:
    """The error for what only a running run may do."""
    return StateError(f"The run {run_id} is {status}.", current_status=status)


def check_holder(run_id: UUID | None, token: int | None) -> None:
    """Refuses what is done for a run by somebody who does not say as which holder.

    Raises:
        InvalidError: a run without a token.
    """
    if run_id is not None and token is None:
        raise InvalidError.of(("token", "needed with run_id"))


def check_running(run_id: UUID | None, token: int | None, current: Any, status: str | None) -> None:
    """Refuses what is done for a run by a worker that does not hold it; `current` and `status` are the run's.

    Raises:
        NotFoundError, FencedError, StateError: there is no run; it is another worker's; it is not running.
    """
    if run_id is None:
        return
    if status is None:
        raise no_run(run_id)
    if current != token:
        raise fenced(run_id, token, current)
    if status != "running":
        raise not_running(run_id, status)
