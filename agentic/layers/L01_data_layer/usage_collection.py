"""Model calls for the gateway: reserved before they are sent, settled when they are over."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any
from uuid import UUID

from agentic.layers.base.operation import Call
from agentic.layers.L01_data_layer.backends.backend import Backend
from agentic.layers.L01_data_layer.collection import Readable, given
from agentic.layers.L01_data_layer.models.model_usage import (
    CUT_USAGE,
    MODEL_USAGE,
    RECORD_USAGE,
    RESERVE_USAGE,
    SETTLE_USAGE,
    ModelUsage,
    UsageReserved,
)

Ref = str | UUID


class Usage(Readable[ModelUsage]):
    """What calls used: of those in flight, what is held for them of budgets."""

    def __init__(self, backend: Backend) -> None:
        super().__init__(backend, MODEL_USAGE)

    async def reserve(self, *, provider: str, model: str, **fields: Any) -> UsageReserved:
        """Writes a call that is about to be sent, and holds the most that it may use of every budget that it falls under.

        `agent_id`, `run_id`, `goal_id`, `key_id`, `step`, `token`, `tokens`, `input_tokens` (part of them), `cost`, `seconds`.

        Raises:
            BudgetExceededError: it would break a budget; `budget` and `left` say which and by what.
            FencedError: the run stands at another token.
            StateError: the run is not running.
        """
        body = {"provider": provider, "model": model, **given(fields)}
        return await self._backend.call(RESERVE_USAGE, Call(body=body))

    async def settle(
        self, usage_id: Ref, usage: Mapping[str, Any] | None = None, *, estimated: bool = False
    ) -> ModelUsage:
        """Says what a reserved call used; what was held of budgets and not used is free again.

        Raises:
            StateError: it is no longer reserved.
        """
        return await self._settle(usage_id, "completed", usage, None, estimated)

    async def fail(
        self,
        usage_id: Ref,
        error: Mapping[str, Any],
        usage: Mapping[str, Any] | None = None,
        *,
        estimated: bool = False,
    ) -> ModelUsage:
        """Says that a reserved call failed, and what it used all the same."""
        return await self._settle(usage_id, "failed", usage, error, estimated)

    async def cut_off(
        self,
        usage_id: Ref,
        usage: Mapping[str, Any] | None = None,
        error: Mapping[str, Any] | None = None,
    ) -> ModelUsage:
        """Says that a reserved call was cut in flight: it used this, by estimate, or what was held."""
        return await self._settle(usage_id, "cut", usage, error, True)

    async def cut(self, *, run_id: Ref, before_token: int) -> list[ModelUsage]:
        """Cuts the calls in flight that workers before this token sent for a run; answers them."""
        body = {"run_id": run_id, "before_token": before_token}
        return (await self._backend.call(CUT_USAGE, Call(body=body)))["items"]

    async def record_all(self, calls: list[Mapping[str, Any]]) -> list[str]:
        """Writes calls that are over, in one statement, all or nothing; answers their ids.

        Each as for `POST /model-usage`; one with an `id` of its own is written once (E1003 when it is there).
        """
        body = {"items": [dict(call) for call in calls]}
        return (await self._backend.call(RECORD_USAGE, Call(body=body)))["ids"]

    async def _settle(
        self,
        usage_id: Ref,
        status: str,
        usage: Mapping[str, Any] | None,
        error: Mapping[str, Any] | None,
        estimated: bool,
    ) -> ModelUsage:
        body: dict[str, Any] = {
            "status": status,
            "estimated": estimated,
            **given({"usage": usage and dict(usage), "error": error and dict(error)}),
        }
        return await self._backend.call(SETTLE_USAGE, Call({"id": usage_id}, body=body))
