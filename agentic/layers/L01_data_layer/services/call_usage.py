"""What a model call used, as the columns of its row and as what budgets count."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

from agentic.layers.L01_data_layer.models.run_step import CallUsage


def settlement(
    status: str, usage: CallUsage, error: dict[str, Any] | None = None, *, estimated: bool = False
) -> dict[str, Any]:
    """The changes of a reserved call that is over."""
    changes: dict[str, Any] = {
        "status": status,
        "input_tokens": usage.input_tokens,
        "output_tokens": usage.output_tokens,
        "cached_tokens": usage.cached_tokens,
        "reasoning_tokens": usage.reasoning_tokens,
        "latency_ms": usage.latency_ms,
        "ttft_ms": usage.ttft_ms,
        "cost_estimate": usage.cost,
        "cost_known": usage.cost_known,
        "estimated": estimated,
        "error": error,
        "held": None,
    }
    if usage.provider is not None:
        changes["model_provider"] = usage.provider
    if usage.model is not None:
        changes["model_name"] = usage.model
    return changes


def as_held(held: dict[str, Any]) -> CallUsage:
    """A call whose end nobody saw, counted as the most that it may have used."""
    cost: Any = held["cost"]
    known = int(held["input_tokens"] or 0)
    return CallUsage(
        input_tokens=known,
        output_tokens=max(0, int(held["tokens"]) - known),
        cost=None if cost is None else float(cost),
        cost_known=cost is not None,
    )


def counted(usage: CallUsage | None) -> int:
    """The tokens that budgets count."""
    return usage.input_tokens + usage.output_tokens if usage is not None else 0


def money(cost: float | None) -> Decimal:
    """A sum as the database counts it."""
    return Decimal(repr(cost)) if cost else Decimal(0)
