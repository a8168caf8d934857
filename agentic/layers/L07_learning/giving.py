"""Feedback as it comes in: checked against the run that it is about, so that what is kept can be learned from."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Final

from agentic.layers.base.common_errors import InvalidError, NotFoundError
from agentic.layers.base.ids import timestamp
from agentic.layers.base.operation import Answer, Call, validated
from agentic.layers.L01_data_layer.client import L01Client
from agentic.layers.L01_data_layer.models.feedback import FEEDBACK
from agentic.layers.L01_data_layer.models.run import Run
from agentic.layers.L07_learning.errors import FeedbackError
from agentic.layers.L07_learning.models import Give, Handle
from agentic.layers.L07_learning.verdicts import SIGNED

NEEDED: Final = {
    "thumb": "rating",
    "outcome": "rating",
    "rating": "rating",
    "evaluation": "rating",
    "correction": "correction",
    "comparison": "better_than",
    "comment": "content",
}
"""What each kind of feedback cannot be without."""


class Giving:
    """Takes feedback, and notes what was done with it."""

    def __init__(self, l01: Callable[[], L01Client]) -> None:
        self._l01 = l01

    async def give(self, call: Call) -> Answer:
        """Keeps what somebody thinks of a run; its agent and its task are the run's."""
        given = validated(Give, call.body)
        _check(given)
        run = await self._run(given.run_id, "run_id")
        if given.step is not None and given.step > run["steps"] and run["completed_at"] is not None:
            raise FeedbackError(f"The run has {run['steps']} steps; there is no step {given.step}.")
        if given.better_than is not None:
            await self._comparable(run, given)
        fields = {name: value for name, value in given.__dict__.items() if name != "kind"}
        body = {**fields, "feedback_type": given.kind, "agent_id": run["agent_id"], "task_id": run["task_id"]}
        return await self._l01().answer(FEEDBACK.operations["create"], Call(body=body, key=call.key))

    async def handle(self, call: Call) -> Answer:
        """Notes what was done with feedback, which is processed then."""
        body = validated(Handle, call.body)
        return await self.note(call.path["id"], body.done, by=body.by, reference=body.reference)

    async def note(self, feedback_id: Any, done: str, **more: str | None) -> Answer:
        """`handle`, for the layer's own work."""
        handled = {"done": done, "at": timestamp(), **{name: value for name, value in more.items() if value}}
        changes = {"processed": True, "handled": handled}
        return await self._l01().answer(
            FEEDBACK.operations["update"], Call({"id": feedback_id}, body=changes)
        )

    async def _comparable(self, run: Run, given: Give) -> None:
        if str(given.better_than) == run["id"]:
            raise FeedbackError("A run is no better than itself.")
        other = await self._run(given.better_than, "better_than")
        if other["agent_id"] != run["agent_id"]:
            raise FeedbackError("The two runs are of different agents, so one says nothing of the other.")

    async def _run(self, run_id: Any, field: str) -> Run:
        try:
            return await self._l01().runs.get(run_id)
        except NotFoundError as error:
            raise InvalidError.of((field, error.detail)) from None


def _check(given: Give) -> None:
    """Raises when feedback of this kind says nothing, or more than its kind can."""
    needed = NEEDED[given.kind]
    if getattr(given, needed) is None:
        raise InvalidError.of((needed, f"needed in a {given.kind}"))
    if given.rating is None:
        return
    signed = given.kind in SIGNED
    if signed and given.rating not in (1, -1):
        raise InvalidError.of(("rating", f"of a {given.kind}: 1 or -1"))
    if not signed and given.rating < 1:
        raise InvalidError.of(("rating", f"of a {given.kind}: from 1, bad, to 5, good"))
