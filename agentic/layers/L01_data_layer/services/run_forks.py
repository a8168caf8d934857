"""A run that begins in the middle of another, to try the same moment differently."""

from __future__ import annotations

from typing import Any, Final

from agentic.layers.base import jsonio
from agentic.layers.base.common_errors import InvalidError
from agentic.layers.base.operation import Answer, Call, validated
from agentic.layers.L01_data_layer.models.run import ForkChanges, RunFork
from agentic.layers.L01_data_layer.services.resource_service import parse_id
from agentic.layers.L01_data_layer.services.run_step_store import OF_RUN, RunStepStore
from agentic.layers.L01_data_layer.services.run_store import RunStore

KEPT: Final = ("agent_id", "session_id", "goal_id", "task_id", "input", "priority")
COPIED: Final = ("kind", "name", "status", "input", "output", "error", "started_at", "completed_at")


class RunForks:
    """Copies the steps of a run up to one into a new run. What they cost stays with the first."""

    def __init__(self, runs: RunStore, steps: RunStepStore) -> None:
        self._runs = runs
        self._steps = steps

    async def fork(self, call: Call) -> Answer:
        """A new run, `queued`, with the steps of another up to one, and changes."""
        source_id = parse_id(call.path["id"])
        body = validated(RunFork, call.body)
        source: dict[str, Any] = jsonio.decode((await self._runs.get(Call({"id": source_id}))).body)
        row = await self._runs.store.database.fetchrow(OF_RUN, source_id, 0, body.step)
        assert row is not None
        steps: list[dict[str, Any]] = jsonio.decode(row[0])
        if len(steps) < body.step:
            raise InvalidError.of(("step", f"the run has {len(steps)} steps"))
        _replace_result(steps, body.changes)
        values = {name: source[name] for name in KEPT} | {
            "configuration": _configuration(source["configuration"], body.changes),
            "forked_from": str(source_id),
            "fork_step": body.step,
        }
        if "input" in body.changes.model_fields_set:
            values["input"] = body.changes.input
        item = self._runs.new(values)
        copies = [
            {name: step[name] for name in COPIED}
            | {"run_id": str(item.id), "number": step["number"], "copied_from": step["id"]}
            for step in steps
        ]
        async with self._runs.store.transaction() as tx:
            await tx.create(self._runs.statements, item)
            await self._steps.copy_in(tx, copies)
        return Answer(item.payload, 1)


def _replace_result(steps: list[dict[str, Any]], changes: ForkChanges) -> None:
    if changes.tool_result is None:
        return
    for step in steps:
        if step["number"] == changes.tool_result.number and step["kind"] == "tool":
            step |= {"output": changes.tool_result.output, "status": "completed", "error": None}
            return
    raise InvalidError.of(("changes.tool_result.number", "not the number of a tool step that is copied"))


def _configuration(configuration: dict[str, Any], changes: ForkChanges) -> dict[str, Any]:
    changed = configuration | (changes.configuration or {})
    said = changes.model_fields_set
    return changed | {name: getattr(changes, name) for name in ("model", "instructions") if name in said}
