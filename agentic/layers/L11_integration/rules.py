"""Rules: what is done when an event matches. Once for each event, however often the process dies between.

What a rule begins is known by a key made of the rule and the event. The layers below keep such keys for a day; of an event that is
older, the log is asked whether it has had its effect. A rule whose effects lead to itself is stopped after some rounds.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from datetime import datetime, timedelta
from typing import Any, Final

import structlog

from agentic.layers.base import jsonio
from agentic.layers.base.errors import PlatformError
from agentic.layers.base.ids import now
from agentic.layers.L01_data_layer.client import L01Client
from agentic.layers.L01_data_layer.models.event import Event
from agentic.layers.L01_data_layer.models.plan import Plan
from agentic.layers.L01_data_layer.models.subscription import Subscription as Stored
from agentic.layers.L02_agent_runtime.client import L02Client
from agentic.layers.L03_tool_execution.client import L03Client
from agentic.layers.L05_planning.client import L05Client
from agentic.layers.L11_integration import templates
from agentic.layers.L11_integration.causes import RULE, rules_before
from agentic.layers.L11_integration.errors import ActionError
from agentic.layers.L11_integration.targets import PlanTarget, RunTarget, ToolTarget

log = structlog.get_logger()

LOOP_STOPPED: Final = "subscription.loop_stopped"
KEPT: Final = timedelta(hours=12)
"""Up to this age of an event, its key is surely still known below."""
_TRANSIENT: Final = frozenset((408, 425, 429))
_DONE: Final = frozenset(("success", "waiting_approval", "waiting_time", "unknown"))
"""Outcomes of a tool after which there is nothing to try again: the last three wait for a person or a time, and are seen there."""


class Clients:
    """The layers that rules act through, each asked for when it is needed."""

    def __init__(
        self,
        l01: Callable[[], L01Client],
        l02: Callable[[], L02Client],
        l03: Callable[[], L03Client],
        l05: Callable[[], L05Client],
    ) -> None:
        self.l01 = l01
        self.l02 = l02
        self.l03 = l03
        self.l05 = l05


class Rule:
    """One rule: the handler of its subscription."""

    def __init__(self, stored: Stored, target: Any, clients: Clients, most_rounds: int) -> None:
        self._stored = stored
        self._target = target
        self._clients = clients
        self._most_rounds = most_rounds

    async def __call__(self, event: Event) -> None:
        """Acts on an event.

        Raises:
            ActionError: it was refused, and would be again.
            PlatformError: a layer does not answer.
        """
        if event["event_type"] == LOOP_STOPPED:
            return
        if await rules_before(self._clients.l01(), event, self._most_rounds) >= self._most_rounds:
            await self._stop_loop(event)
            return
        acts: dict[type[Any], Callable[[Any, Event, str], Awaitable[None]]] = {
            RunTarget: self._run,
            ToolTarget: self._call,
            PlanTarget: self._plan,
        }
        key = f"rule {self._stored['id']} {self._stored['generation']} {event['id']}"
        try:
            await acts[type(self._target)](self._target, event, key)
        except ActionError:
            raise
        except PlatformError as error:
            if 400 <= error.status < 500 and error.status not in _TRANSIENT:
                raise ActionError(str(error)) from error
            raise

    async def _run(self, target: RunTarget, event: Event, key: str) -> None:
        if await self._effect(event, "run.created") is not None:
            return
        more: dict[str, Any] = {}
        if target.configuration is not None:
            more["configuration"] = target.configuration
        await self._clients.l02().run(
            target.agent_id, templates.filled(target.input, event), idempotency_key=key, **more
        )

    async def _call(self, target: ToolTarget, event: Event, key: str) -> None:
        outcome = await self._clients.l03().execute(
            target.tool,
            templates.filled(target.arguments, event),
            agent_id=None if target.agent_id is None else str(target.agent_id),
            call_id=key,
        )
        if outcome.status not in _DONE:
            detail = (outcome.error or {}).get("detail") or outcome.status
            raise ActionError(f"The tool {target.tool} ended with {outcome.status}: {detail}")

    async def _plan(self, target: PlanTarget, event: Event, key: str) -> None:
        l01, l05 = self._clients.l01(), self._clients.l05()
        goal_id = await self._effect(event, "goal.created")
        if goal_id is None:
            said = templates.filled(target.goal, event)
            goal = await l01.goals.create(
                description=said if isinstance(said, str) else jsonio.encode(said).decode(),
                agent_id=target.agent_id,
                success_criteria=templates.filled(target.success_criteria, event),
                idempotency_key=key,
            )
            goal_id = goal["id"]
        # Whatever was done before a crash is there: only the rest is done.
        plans = (await l01.plans.list(goal_id=goal_id, limit=1))["items"]
        plan = plans[0] if plans else await self._planned(l05, goal_id, target, event)
        if target.approved and plan["status"] == "draft":
            plan = await l05.approve(plan["id"])
        if plan["status"] == "approved":
            await l05.execute(plan["id"])

    async def _planned(self, l05: L05Client, goal_id: str, target: PlanTarget, event: Event) -> Plan:
        parameters = None if target.template is None else templates.filled(target.parameters, event)
        steps = templates.filled(target.steps, event)
        made = await l05.plan(goal_id, steps=steps, template=target.template, parameters=parameters)
        assert made["plan"] is not None, "only a model's plan is waited for"
        return made["plan"]

    async def _effect(self, event: Event, event_type: str) -> str | None:
        """What this rule has made of an event already, by the log; asked only of events that a kept key may not cover."""
        if now() - datetime.fromisoformat(event["created_at"]) < KEPT:
            return None
        found = await self._clients.l01().events.list(
            event_type=event_type, causation_id=event["id"], limit=100
        )
        actor = f"{RULE}{self._stored['name']}"
        return next(
            (each["aggregate_id"] for each in found["items"] if each["metadata"].get("actor") == actor), None
        )

    async def _stop_loop(self, event: Event) -> None:
        log.error("a rule led to itself and was stopped", rule=self._stored["name"], event_id=event["id"])
        body = {
            "subscription": self._stored["name"],
            "event_id": event["id"],
            "position": event["position"],
            "rounds": self._most_rounds,
        }
        await self._clients.l01().events.append(
            LOOP_STOPPED,
            "subscription",
            self._stored["id"],
            body,
            idempotency_key=f"loop {self._stored['id']} {event['id']}",
        )
