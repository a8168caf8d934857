"""Two runs side by side."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any, Final

from agentic.layers.L01_data_layer.models.run import Run
from agentic.layers.L01_data_layer.models.run_step import RunStep
from agentic.layers.L02_agent_runtime.models import ComparedRun, ComparedStep, Comparison

SAID: Final = ("kind", "name", "status", "input", "output", "error")
"""What of steps is compared; moments and costs differ always."""


def compare(
    a: Run, steps_of_a: Sequence[RunStep], b: Run, steps_of_b: Sequence[RunStep], moment: datetime
) -> Comparison:
    """Two runs side by side, with the steps by their numbers."""
    of_a = {step["number"]: step for step in steps_of_a}
    of_b = {step["number"]: step for step in steps_of_b}
    steps = [
        _pair(number, of_a.get(number), of_b.get(number)) for number in sorted(of_a.keys() | of_b.keys())
    ]
    common = next((i for i, pair in enumerate(steps) if pair["differs"]), len(steps))
    return {
        "a": _run(a, steps_of_a, moment),
        "b": _run(b, steps_of_b, moment),
        "common": common,
        "steps": steps,
    }


def _pair(number: int, a: RunStep | None, b: RunStep | None) -> ComparedStep:
    differs = ["missing"] if a is None or b is None else [name for name in SAID if a[name] != b[name]]
    return {"number": number, "a": a, "b": b, "differs": differs}


def _run(run: Run, steps: Sequence[RunStep], moment: datetime) -> ComparedRun:
    began = run["started_at"]
    ended = datetime.fromisoformat(run["completed_at"]) if run["completed_at"] else moment
    model: Any = run["configuration"].get("model")
    return {
        "id": run["id"],
        "agent_id": run["agent_id"],
        "status": run["status"],
        "model": model,
        "output": run["output"],
        "error": run["error"],
        "forked_from": run["forked_from"],
        "fork_step": run["fork_step"],
        "steps": len(steps),
        "input_tokens": sum(step["input_tokens"] or 0 for step in steps),
        "output_tokens": sum(step["output_tokens"] or 0 for step in steps),
        "cost": round(sum(float(step["cost"] or 0) for step in steps), 6),
        "seconds": 0.0
        if began is None
        else round((ended - datetime.fromisoformat(began)).total_seconds(), 6),
    }
