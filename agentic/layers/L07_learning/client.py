"""`L07Client`: feedback, files of examples and improvements, a call when the layer lives in this process and HTTP when it does not.

await l07.give(run_id, "correction", correction="Paris.", author="ada")
export = await l07.export("dpo")
improvement = await l07.improve(agent_id, evaluators=[{"kind": "exact"}], cases=cases)
"""

from __future__ import annotations

import asyncio
import os
from collections.abc import Mapping, Sequence
from typing import Any, Final
from uuid import UUID

from agentic.layers.base.operation import Call, Operation
from agentic.layers.L01_data_layer.models.resource import Page
from agentic.layers.L07_learning import errors, models
from agentic.layers.L07_learning.backends import Backend, HttpBackend, Pieces
from agentic.layers.L07_learning.models import (
    EXPORTS,
    FEEDBACK,
    IMPROVEMENTS,
    UNPROCESSED_FEEDBACK,
    Export,
    Feedback,
    Improvement,
    ImprovementView,
)

__all__ = ["Export", "Feedback", "Improvement", "ImprovementView", "L07Client", "errors"]
# With the errors: what is refused over HTTP is raised here as the class that it was.

DEFAULT_URL: Final = "http://localhost:8008"
URL_VARIABLE: Final = "PLATFORM_L07_URL"
RUNNING: Final = "running"
LOOK: Final = 0.2
LONGEST_LOOK: Final = 2.0

Ref = str | UUID


def given(fields: Mapping[str, Any]) -> dict[str, Any]:
    """The fields that are not none."""
    return {name: value for name, value in fields.items() if value is not None}


class L07Client:
    """The learning layer; without an address the one in `PLATFORM_L07_URL`, or else its own port on this machine."""

    def __init__(self, base_url: str | None = None, *, backend: Backend | None = None) -> None:
        self.backend = backend or HttpBackend("L07", base_url or os.environ.get(URL_VARIABLE) or DEFAULT_URL)

    async def close(self) -> None:
        """Lets go of what the client holds."""
        await self.backend.close()

    # -- feedback

    async def give(
        self, run_id: Ref, kind: str, *, idempotency_key: str | None = None, **fields: Any
    ) -> Feedback:
        """Keeps what somebody thinks of a run: `rating`, `content`, `correction`, `better_than`, `step`, `author`, `source`.

        Raises:
            InvalidError, FeedbackError: it does not fit its kind, or the run.
        """
        body = {"run_id": str(run_id), "kind": kind, **given(fields)}
        return await self.backend.call(models.GIVE, Call(body=body, key=idempotency_key))

    async def thumb(self, run_id: Ref, *, up: bool, **fields: Any) -> Feedback:
        """A thumb up or down."""
        return await self.give(run_id, "thumb", rating=1 if up else -1, **fields)

    async def feedback(self, **query: Any) -> Page[Feedback]:
        """One page of feedback. Filters `agent_id`, `run_id`, `source`, `processed` …; paging."""
        return await self.backend.call(FEEDBACK.operations["list"], Call(query=given(query)))

    async def unprocessed(self, **query: Any) -> Page[Feedback]:
        """One page of the feedback with which nothing was done yet, the oldest first."""
        return await self.backend.call(UNPROCESSED_FEEDBACK, Call(query=given(query)))

    async def handle(self, feedback_id: Ref, done: str, **fields: Any) -> Feedback:
        """Notes what was done with feedback: `by`, and a `reference` to what came of it."""
        return await self._on(models.HANDLE, feedback_id, {"done": done, **given(fields)})

    # -- files of examples

    async def export(self, kind: str, *, idempotency_key: str | None = None, **fields: Any) -> Export:
        """Begins an export (`sft`, `dpo`, `kto`): `file_format`, `agent_id`, `since`, `until`, `test`, `seed`, `name`.

        Raises:
            NoFolderError, NoParquetError: it cannot be written here.
        """
        body = {"kind": kind, **given(fields)}
        return await self.backend.call(models.EXPORT, Call(body=body, key=idempotency_key))

    async def exports(self, **query: Any) -> Page[Export]:
        """One page of exports. Filters `kind`, `status`, `run_id`; paging."""
        return await self.backend.call(EXPORTS.operations["list"], Call(query=given(query)))

    async def get_export(self, export_id: Ref) -> Export:
        """An export as it stands."""
        return await self.backend.call(EXPORTS.operations["get"], Call({"id": export_id}))

    async def export_file(self, export_id: Ref, name: str) -> Pieces:
        """The bytes of a file of an export, piece by piece: `train.jsonl`, or another that its result names.

        Raises:
            NotFoundError, NotExportedError: there is no such export, or it has no such file.
        """
        return await self.backend.file(str(export_id), name)

    async def wait_for_export(self, export_id: Ref, seconds: float = 600.0) -> Export:
        """The export when it is over, or as it stands after so many seconds."""
        return await self._until_over(EXPORTS.operations["get"], export_id, seconds)

    # -- improvements

    async def improve(
        self,
        agent_id: Ref,
        *,
        evaluators: Sequence[Mapping[str, Any] | str],
        idempotency_key: str | None = None,
        **fields: Any,
    ) -> Improvement:
        """Begins the search for a better agent, on a `dataset` or on `cases`.

        `methods`, `model`, `rounds`, `batch`, `patience`, `held_out`, `margin`, `confidence`, `budget`, `promote`, `seed`, `title`.

        Raises:
            CasesError, CannotImproveError: there is nothing to learn from, or nothing that could change.
        """
        body = {"agent_id": str(agent_id), "evaluators": list(evaluators), **given(fields)}
        return await self.backend.call(models.IMPROVE, Call(body=body, key=idempotency_key))

    async def improvements(self, **query: Any) -> Page[Improvement]:
        """One page of improvements. Filters `agent_id`, `status`, `run_id`; paging."""
        return await self.backend.call(IMPROVEMENTS.operations["list"], Call(query=given(query)))

    async def get_improvement(self, improvement_id: Ref) -> Improvement:
        """An improvement as it stands."""
        return await self.backend.call(IMPROVEMENTS.operations["get"], Call({"id": improvement_id}))

    async def view(self, improvement_id: Ref) -> ImprovementView:
        """An improvement with its change as a diff, and what it has cost."""
        return await self.backend.call(models.VIEW, Call({"id": improvement_id}))

    async def wait_for_improvement(self, improvement_id: Ref, seconds: float = 3600.0) -> Improvement:
        """The improvement when its search is over, or as it stands after so many seconds."""
        return await self._until_over(IMPROVEMENTS.operations["get"], improvement_id, seconds)

    async def promote(self, improvement_id: Ref, **fields: Any) -> Improvement:
        """Makes the change the agent's: `by`, `reason`.

        Raises:
            StateError: it is not ready, such as when it was not proven.
            ChangedError: the agent's instructions are others by now.
        """
        return await self._on(models.PROMOTE, improvement_id, given(fields))

    async def dismiss(self, improvement_id: Ref, **fields: Any) -> Improvement:
        """Lets a change that is ready go: `by`, `reason`."""
        return await self._on(models.DISMISS, improvement_id, given(fields))

    async def roll_back(self, improvement_id: Ref, **fields: Any) -> Improvement:
        """Gives the agent back the instructions that it had before: `by`, `reason`.

        Raises:
            StateError: it is not promoted.
            ChangedError: the agent's instructions are others by now.
        """
        return await self._on(models.ROLL_BACK, improvement_id, given(fields))

    async def _on(self, operation: Operation, record_id: Ref, body: Any) -> Any:
        return await self.backend.call(operation, Call({"id": record_id}, body=body))

    async def _until_over(self, operation: Operation, record_id: Ref, seconds: float) -> Any:
        loop = asyncio.get_running_loop()
        until, pause = loop.time() + seconds, LOOK
        while True:
            record = await self.backend.call(operation, Call({"id": record_id}))
            if record["status"] != RUNNING or loop.time() >= until:
                return record
            await asyncio.sleep(min(pause, max(0.0, until - loop.time())))
            pause = min(pause * 1.5, LONGEST_LOOK)
