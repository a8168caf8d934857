"""What a process finds that takes a run over, and puts in order before it goes on.

- A model call that was in flight when the other process ended: its answer is lost, and whether it was given nobody knows.
  It is marked as cut, with what was held for it as what it cost; the step is taken anew.
- A tool call in flight: the effect ledger says what it was. The tools' layer makes it again when it is idempotent, and
  otherwise a person is asked. Nothing is to be done here: the call has no step, so the loop makes it, under the same key.
- The same step again and again: a step that ends every process that carries it must not end them all.
"""

from __future__ import annotations

import structlog

from agentic.layers.L01_data_layer.client import L01Client
from agentic.layers.L01_data_layer.models.run import Run
from agentic.layers.L01_data_layer.models.run_step import RunStep
from agentic.layers.L02_agent_runtime.errors import AttemptsError
from agentic.layers.L02_agent_runtime.limits import Beside

log = structlog.get_logger()

CLAIMED = "run.running"


async def recover(l01: L01Client, run: Run, steps: list[RunStep], attempts: int) -> None:
    """Puts a run in order that another process has carried before.

    Raises:
        AttemptsError: too many processes ended while they carried its next step.
    """
    if run["token"] <= 1:
        return  # nobody had it before
    cut = await l01.usage.cut(run_id=run["id"], before_token=run["token"])
    if run["attempts"] <= 1:
        return  # it was let go in order
    log.warning("a run was taken over", run=run["id"], attempt=run["attempts"], calls_cut=len(cut))
    if run["attempts"] > attempts:
        await _require_progress(l01, run, steps, attempts)


async def used_beside(l01: L01Client, run: Run, steps: list[RunStep]) -> Beside:
    """What calls of a run used that came to no step: nothing, when nobody has carried it before."""
    if run["token"] <= 1:
        return Beside()
    in_steps = {step["usage_id"] for step in steps}
    tokens, cost = 0, 0.0
    for status in ("cut", "failed"):
        async for call in l01.model_usage.all(run_id=run["id"], status=status, limit=1000):
            if call["id"] not in in_steps:
                tokens += call["input_tokens"] + call["output_tokens"]
                cost += float(call["cost_estimate"] or 0)
    return Beside(tokens, cost)


async def _require_progress(l01: L01Client, run: Run, steps: list[RunStep], attempts: int) -> None:
    """Counts the attempts since the last step: a run that gets on, however often it is interrupted, may go on."""
    page = await l01.events.list(
        aggregate_type="run", aggregate_id=run["id"], event_type=CLAIMED, limit=attempts + 1
    )
    last = steps[-1]["created_at"] if steps else ""
    since = sum(event["created_at"] > last for event in page["items"])
    if since > attempts:
        raise AttemptsError(
            f"{attempts} processes ended, one after the other, while they carried step {len(steps) + 1} of this run.",
            attempts=attempts,
        )
