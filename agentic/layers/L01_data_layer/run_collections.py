"""Collections of what agents do: runs and their steps, executions, approvals, model calls, budgets, schedules."""

from __future__ import annotations

from collections.abc import AsyncGenerator, Mapping
from typing import Any, Literal
from uuid import UUID

from agentic.layers.base.operation import Call
from agentic.layers.L01_data_layer.backends.backend import Backend
from agentic.layers.L01_data_layer.collection import Collection, given
from agentic.layers.L01_data_layer.models.approval import APPROVALS, DECIDE_APPROVAL, Approval
from agentic.layers.L01_data_layer.models.budget import BUDGET_LEFT, BUDGETS, Budget, BudgetLeft
from agentic.layers.L01_data_layer.models.run import (
    BEAT_RUNS,
    CANCEL_RUN,
    CLAIM_RUNS,
    FORK_RUN,
    MOVE_RUN,
    PAUSE_RUN,
    RESUME_RUN,
    RUNS,
    TELL_RUN,
    USED_BY_RUN,
    WAKE_RUN,
    LiveText,
    LostRun,
    Run,
    Used,
)
from agentic.layers.L01_data_layer.models.run_step import (
    MESSAGE_RUN,
    RUN_STEPS_OF,
    STEP_RUN,
    RunStep,
    StepTaken,
)
from agentic.layers.L01_data_layer.models.schedule import FIRE_SCHEDULES, SCHEDULES, FiredSchedule, Schedule
from agentic.layers.L01_data_layer.models.tool import (
    RECORD_EFFECT,
    REPEAT_EFFECT,
    RESERVE_EFFECT,
    RESOLVE_EFFECT,
    TOOL_EXECUTIONS,
    EffectReserved,
    ToolExecution,
)

Ref = str | UUID


class Runs(Collection[Run]):
    """Runs: taken, kept, stepped and moved by the worker that holds them; steered by anybody."""

    def __init__(self, backend: Backend) -> None:
        super().__init__(backend, RUNS)

    async def claim(
        self,
        worker: str,
        limit: int = 1,
        lease_seconds: float = 30.0,
        agent_ids: list[Ref] | None = None,
        overall: int | None = None,
        except_agent_ids: list[Ref] | None = None,
        carried_by: str | None = None,
    ) -> list[Run]:
        """Takes runs that are due, or whose worker is gone: `running`, each with a new token and a lease.

        The highest priority first; then an agent's next run after every other agent that has fewer running; then the
        one that has been due for longest. An agent has at most `configuration.limits.concurrency` running at a time,
        the platform at most `overall`. Runs whose configuration names a `carried_by` are taken by who says the same, alone.
        """
        body = given(
            {
                "worker": worker,
                "limit": limit,
                "lease_seconds": float(lease_seconds),
                "agent_ids": agent_ids,
                "except_agent_ids": except_agent_ids,
                "overall": overall,
                "carried_by": carried_by,
            }
        )
        return (await self._backend.call(CLAIM_RUNS, Call(body=body)))["items"]

    async def beat(self, worker: str, held: Mapping[str, int], lease_seconds: float = 30.0) -> list[LostRun]:
        """Begins the leases of runs anew, given their tokens; answers those that are no longer this worker's."""
        body = {"worker": worker, "lease_seconds": float(lease_seconds), "runs": dict(held)}
        return (await self._backend.call(BEAT_RUNS, Call(body=body)))["items"]

    async def step(self, run_id: Ref, token: int, *, kind: str, name: str, **fields: Any) -> StepTaken:
        """Writes a step, and settles the reserved model call `usage_id` with `usage`; answers its number and the run's state.

        `input`, `output`, `error`, `status` (completed or failed), `started_at`, `usage_id`, `usage`, `execution_id`. It is
        taken while the run is suspended, waiting or cancelled too: what was paid for is kept.

        Raises:
            FencedError: another worker has taken the run.
            StateError: it is completed or failed.
        """
        body = {"token": token, "kind": kind, "name": name, **fields}
        return await self._backend.call(STEP_RUN, Call({"id": run_id}, body=body))

    async def steps(self, run_id: Ref, after: int = 0, limit: int = 1000) -> list[RunStep]:
        """The steps of a run after a number, in order."""
        query = {"after": after, "limit": limit}
        return (await self._backend.call(RUN_STEPS_OF, Call({"id": run_id}, query)))["items"]

    async def message(self, run_id: Ref, content: Any) -> StepTaken:
        """Writes a message into a run that is not over, as a step of its own.

        Raises:
            StateError: it is over.
        """
        return await self._backend.call(MESSAGE_RUN, Call({"id": run_id}, body={"content": content}))

    async def move(
        self,
        run_id: Ref,
        token: int,
        status: str,
        *,
        output: Any = None,
        error: Mapping[str, Any] | None = None,
        due_at: str | None = None,
        last_step: int | None = None,
    ) -> Run:
        """Changes the state of a run that this worker holds; its totals are summed from its steps.

        A run that waits for time is `suspended` until `due_at`; one that waits for a decision is `waiting_approval` until
        there is one, or until `due_at`.

        Raises:
            FencedError: another worker has taken the run.
            StaleVersionError: `last_step` is not its last one.
            StateError: it cannot become that, such as when it was cancelled or paused meanwhile.
        """
        body = {
            "token": token,
            "status": status,
            **given(
                {"output": output, "error": error and dict(error), "due_at": due_at, "last_step": last_step}
            ),
        }
        return await self._backend.call(MOVE_RUN, Call({"id": run_id}, body=body))

    async def cancel(self, run_id: Ref, reason: str | None = None) -> Run:
        """Ends a run and those that it began; what waits for approval in them has expired.

        Raises:
            StateError: it is completed or failed.
        """
        return await self._backend.call(CANCEL_RUN, Call({"id": run_id}, body=given({"reason": reason})))

    async def pause(self, run_id: Ref) -> Run:
        """Suspends a run until it is resumed.

        Raises:
            StateError: it is over.
        """
        return await self._backend.call(PAUSE_RUN, Call({"id": run_id}))

    async def resume(self, run_id: Ref) -> Run:
        """Lets a suspended run go on at once.

        Raises:
            StateError: it is not suspended.
        """
        return await self._backend.call(RESUME_RUN, Call({"id": run_id}))

    async def wake(self, run_id: Ref) -> Run:
        """There is news of what a run waits for: it is due at once. One that is paused, or over, stays as it is."""
        return await self._backend.call(WAKE_RUN, Call({"id": run_id}))

    async def used(self, run_id: Ref) -> Used:
        """What the model calls of a run, and of all that it began, used up to now."""
        return await self._backend.call(USED_BY_RUN, Call({"id": run_id}))

    async def fork(self, run_id: Ref, step: int, changes: Mapping[str, Any] | None = None) -> Run:
        """A new run that begins after this step of another, with copies of the steps up to it.

        `changes`: `model`, `instructions`, `input`, `tool_result` ({number, output}), `configuration` (laid over).
        """
        body = {"step": step, "changes": dict(changes or {})}
        return await self._backend.call(FORK_RUN, Call({"id": run_id}, body=body))

    async def tell(self, run_id: Ref, payload: Mapping[str, Any]) -> None:
        """Tells those who listen to a run, in any process. Nothing is written: who does not listen misses it."""
        await self._backend.call(TELL_RUN, Call({"id": run_id}, body={"payload": dict(payload)}))

    def listen(self, run_id: Ref) -> AsyncGenerator[LiveText]:
        """What is told of a run from now on, in this process or any other, until the layer stops."""
        return self._backend.listen(str(run_id))


class ToolExecutions(Collection[ToolExecution]):
    """Executions of tools; those of runs are reserved before they happen, so that none happens twice."""

    def __init__(self, backend: Backend) -> None:
        super().__init__(backend, TOOL_EXECUTIONS)

    async def reserve(self, effect_key: str, **fields: Any) -> EffectReserved:
        """The execution with this key: a new one that is `running` and `fresh`, or the one that is there.

        `tool_id`, `agent_id`, `run_id`, `step`, `token`, `input_params`, `idempotent`, `approval_id`.

        Raises:
            FencedError: the run stands at another token.
            StateError: the run is over.
            ConsumedError: the approval was not given, or was used before.
        """
        body = {"effect_key": effect_key, **given(fields)}
        return await self._backend.call(RESERVE_EFFECT, Call(body=body))

    async def record(
        self, execution_id: Ref, status: str, output_result: Any = None, error_message: str | None = None
    ) -> ToolExecution:
        """Writes how an execution ended.

        Raises:
            StateError: it has an end already.
        """
        body = {"status": status, "output_result": output_result, "error_message": error_message}
        return await self._backend.call(RECORD_EFFECT, Call({"id": execution_id}, body=body))

    async def unknown(self, execution_id: Ref) -> ToolExecution:
        """Says that nobody saw how an execution ended: a person is to say."""
        return await self.record(execution_id, "unknown", error_message="Nobody saw how it ended.")

    async def resolve(
        self,
        execution_id: Ref,
        status: Literal["success", "error"],
        output_result: Any = None,
        error_message: str | None = None,
        by: str | None = None,
    ) -> ToolExecution:
        """A person's word on how an execution ended that is `unknown`; the run that waits for it goes on at once.

        Raises:
            StateError: it is not unknown.
        """
        body = {
            "status": status,
            "output_result": output_result,
            "error_message": error_message,
            **given({"by": by}),
        }
        return await self._backend.call(RESOLVE_EFFECT, Call({"id": execution_id}, body=body))

    async def again(self, execution_id: Ref, token: int | None = None) -> ToolExecution:
        """Another attempt at an idempotent execution that is running or unknown, by the worker that holds its run.

        Raises:
            FencedError: the run stands at another token.
            StateError: the execution has an end, or may not be repeated.
        """
        body = given({"token": token})
        return await self._backend.call(REPEAT_EFFECT, Call({"id": execution_id}, body=body))


class Approvals(Collection[Approval]):
    """What waits for a person's word."""

    def __init__(self, backend: Backend) -> None:
        super().__init__(backend, APPROVALS)

    async def decide(
        self,
        approval_id: Ref,
        decision: Literal["approved", "denied"],
        by: str | None = None,
        reason: str | None = None,
    ) -> Approval:
        """A person's word. The run that waits for it goes on at once.

        Raises:
            StateError: it was decided before, or has expired.
        """
        body = given({"decision": decision, "by": by, "reason": reason})
        return await self._backend.call(DECIDE_APPROVAL, Call({"id": approval_id}, body=body))


class Budgets(Collection[Budget]):
    """Budgets of tokens and money."""

    def __init__(self, backend: Backend) -> None:
        super().__init__(backend, BUDGETS)

    async def left(self, budget_id: Ref) -> BudgetLeft:
        """What is spent or held, and what is left of it in the present period."""
        return await self._backend.call(BUDGET_LEFT, Call({"id": budget_id}))


class Schedules(Collection[Schedule]):
    """When agents are to run."""

    def __init__(self, backend: Backend) -> None:
        super().__init__(backend, SCHEDULES)

    async def fire(self, limit: int = 100) -> list[FiredSchedule]:
        """Makes the runs of schedules that are due, each once, whoever else asks at the same time."""
        return (await self._backend.call(FIRE_SCHEDULES, Call(body={"limit": limit})))["items"]
