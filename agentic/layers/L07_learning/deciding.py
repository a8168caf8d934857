"""Improvements as people and rules decide on them: begun, looked at, promoted, dismissed, rolled back.

A promotion is two writes: the agent, then the record. Cut between them, it is completed by whoever asks again: the agent's instructions
tell that the first was made.
"""

from __future__ import annotations

import difflib
from collections.abc import Callable, Mapping, Sequence
from typing import Any, Final, cast

from agentic.layers.base import jsonio
from agentic.layers.base.common_errors import StaleVersionError, StateError
from agentic.layers.base.operation import Answer, Call, validated
from agentic.layers.base.tracing import traced
from agentic.layers.L01_data_layer.client import L01Client
from agentic.layers.L01_data_layer.models.agent import Agent
from agentic.layers.L01_data_layer.models.improvement import Improvement
from agentic.layers.L02_agent_runtime.jobs import Job
from agentic.layers.L06_evaluation.client import L06Client
from agentic.layers.L07_learning.cases import Cases
from agentic.layers.L07_learning.errors import CannotImproveError, ChangedError
from agentic.layers.L07_learning.models import Decide, Improve, ImprovementView
from agentic.layers.L07_learning.records import Records

RULE: Final = "rule"
JUDGE: Final = "judge"
ATTEMPTS: Final = 5
"""Times that a change of the agent is tried when somebody else changes something of it at the same moment."""


class Deciding:
    """What is done with improvements, beside looking for them."""

    def __init__(
        self,
        l01: Callable[[], L01Client],
        l06: Callable[[], L06Client],
        records: Records,
        cases: Cases,
        job: Callable[[], Job],
    ) -> None:
        self._l01 = l01
        self._l06 = l06
        self._records = records
        self._cases = cases
        self._job = job

    async def begin(self, call: Call) -> Answer:
        """Begins the search for a better agent, when there are cases to learn from and to prove on."""
        wanted = validated(Improve, call.body)
        agent = await self._l01().agents.get(wanted.agent_id)
        if agent["status"] == "terminated":
            raise CannotImproveError()
        await self._check(wanted.evaluators)
        wanted = await self._cases.fixed(wanted)
        await self._cases.split(wanted)
        asked = wanted.model_dump(mode="json")
        asked["title"] = wanted.title or f"Better {agent['name']}"[:255]
        configuration = agent["configuration"]
        before = {"instructions": instructions_of(agent), "model": configuration.get("model")}
        run = await self._job().begin(
            {"wanted": asked, "base_version": agent["version"], "before": before},
            idempotency_key=call.key and f"improvement:{call.key}",
        )
        return _answer(await self._records.of_run(run["id"]))

    async def view(self, call: Call) -> Answer:
        """An improvement with its change as a diff, and what it has cost."""
        improvement = await self._get(call)
        run_id, agent_id = improvement["run_id"], improvement["agent_id"]
        agent = await self._l01().agents.get(agent_id) if agent_id is not None else None
        told: ImprovementView = {
            "improvement": improvement,
            "diff": diff_of(improvement),
            "agent_name": agent and agent["name"],
            "cost": await self._records.spent(run_id) if run_id is not None else 0.0,
            "runs": int(improvement["numbers"].get("runs", 0)),
        }
        return Answer(jsonio.encode(told), improvement["version"])

    async def promote(self, call: Call) -> Answer:
        """Makes a proven change the agent's."""
        body = validated(Decide, call.body or {})
        return _answer(await self.make_it_so(call.path["id"], body.by, body.reason))

    async def dismiss(self, call: Call) -> Answer:
        """Lets a proven change go."""
        body = validated(Decide, call.body or {})
        improvement = await self._in_state(call.path["id"], "ready")
        return _answer(await self._decided(improvement, "dismissed", body.by, body.reason))

    async def roll_back(self, call: Call) -> Answer:
        """Gives the agent back what it had before."""
        body = validated(Decide, call.body or {})
        return _answer(await self.undo(call.path["id"], body.by, body.reason))

    async def make_it_so(
        self, improvement_id: Any, by: str | None = RULE, reason: str | None = None
    ) -> Improvement:
        """`promote`, for the rule too."""
        improvement = await self._in_state(improvement_id, "ready")
        assert improvement["proposal"] is not None
        before, after = improvement["before"]["instructions"], improvement["proposal"]["instructions"]
        agent = await self._changed(improvement, before, after)
        return await self._decided(improvement, "promoted", by, reason, promoted_version=agent["version"])

    async def undo(self, improvement_id: Any, by: str | None, reason: str | None) -> Improvement:
        """`roll_back`, for the watch too."""
        improvement = await self._in_state(improvement_id, "promoted")
        assert improvement["proposal"] is not None
        before, after = improvement["before"]["instructions"], improvement["proposal"]["instructions"]
        await self._changed(improvement, after, before)
        return await self._decided(improvement, "rolled_back", by, reason)

    async def _check(self, evaluators: Sequence[Any]) -> None:
        """Raises when an evaluator is none. Those that ask a model are not tried: that would cost something."""
        objects = [cast("Mapping[str, Any]", each) for each in evaluators if isinstance(each, Mapping)]
        others = [each for each in objects if each.get("kind") != JUDGE]
        if others:
            await self._l06().judge(others, "")

    async def _changed(self, improvement: Improvement, old: str, new: str) -> Agent:
        """The agent with other instructions. Whatever else is different in it by now stays as it is.

        Raises:
            ChangedError: it has neither the old nor the new ones.
        """
        agents = self._l01().agents
        for _ in range(ATTEMPTS):
            agent = await agents.get(str(improvement["agent_id"]))
            if instructions_of(agent) == new:
                return agent
            if instructions_of(agent) != old:
                raise ChangedError()
            configuration = {**agent["configuration"], "instructions": new}
            try:
                with traced(causation_id=f"improvement {improvement['id']}"):
                    return await agents.update(
                        agent["id"], {"configuration": configuration}, expected_version=agent["version"]
                    )
            except StaleVersionError:
                continue
        raise ChangedError()

    async def _decided(
        self, improvement: Improvement, status: str, by: str | None, reason: str | None, **more: Any
    ) -> Improvement:
        told = " ".join(part for part in (improvement["reason"], reason) if part) or None
        changes = {"status": status, "decided_by": by, "reason": told, **more}
        return await self._l01().improvements.update(improvement["id"], changes)

    async def _in_state(self, improvement_id: Any, status: str) -> Improvement:
        improvement = await self._l01().improvements.get(improvement_id)
        if improvement["status"] != status:
            raise StateError(
                f"The improvement is {improvement['status']}, not {status}.",
                current_status=improvement["status"],
            )
        return improvement

    async def _get(self, call: Call) -> Improvement:
        return await self._l01().improvements.get(call.path["id"])


def instructions_of(agent: Agent) -> str:
    """What an agent's configuration tells its model."""
    return str(agent["configuration"].get("instructions") or "")


def diff_of(improvement: Improvement) -> str:
    """What would change in the instructions, line by line; empty while there is nothing proposed."""
    if improvement["proposal"] is None:
        return ""
    before = improvement["before"]["instructions"].splitlines()
    after = improvement["proposal"]["instructions"].splitlines()
    return "\n".join(difflib.unified_diff(before, after, "before", "after", lineterm=""))


def _answer(improvement: Improvement) -> Answer:
    return Answer(jsonio.encode(improvement), improvement["version"])
