"""Carries one run that was taken: what is to be done with it, done, and how that ends written down."""

from __future__ import annotations

import time
from collections.abc import Callable
from datetime import datetime
from uuid import UUID

import structlog

from agentic.layers.base import tracing
from agentic.layers.base.common_errors import StaleVersionError, StateError
from agentic.layers.base.errors import PlatformError
from agentic.layers.base.ids import now
from agentic.layers.L01_data_layer.client import L01Client
from agentic.layers.L01_data_layer.models.error_codes import FencedError
from agentic.layers.L01_data_layer.models.run import Run
from agentic.layers.L02_agent_runtime.asking import Asking
from agentic.layers.L02_agent_runtime.configuration import Configuration, configuration_of
from agentic.layers.L02_agent_runtime.context_lengths import ContextLengths
from agentic.layers.L02_agent_runtime.errors import BrokenRunError
from agentic.layers.L02_agent_runtime.functions import function_of, is_known
from agentic.layers.L02_agent_runtime.journal import UNSURE, Hold, Journal
from agentic.layers.L02_agent_runtime.lifecycle import pause_for_suspension
from agentic.layers.L02_agent_runtime.limits import Beside, Guard
from agentic.layers.L02_agent_runtime.loop import AgentLoop
from agentic.layers.L02_agent_runtime.outcomes import (
    InterruptedRunError,
    Outcome,
    RunEndsError,
    failed,
    in_seconds,
    suspended,
)
from agentic.layers.L02_agent_runtime.recovery import recover, used_beside
from agentic.layers.L02_agent_runtime.replay import FunctionRun
from agentic.layers.L02_agent_runtime.sessions import history, remember
from agentic.layers.L02_agent_runtime.settings import L02Settings
from agentic.layers.L02_agent_runtime.subagents import FINAL, KEEPS_CHILDREN, SubAgents, wake
from agentic.layers.L02_agent_runtime.tool_use import ToolUse
from agentic.layers.L03_tool_execution.client import L03Client
from agentic.layers.L04_model_gateway.client import L04Client

log = structlog.get_logger()


class Carrier:
    """What carries runs in this process."""

    def __init__(
        self,
        l01: Callable[[], L01Client],
        l03: Callable[[], L03Client],
        l04: Callable[[], L04Client],
        settings: L02Settings,
    ) -> None:
        self._l01 = l01
        self._l03 = l03
        self._l04 = l04
        self._settings = settings
        self._contexts: ContextLengths | None = None
        self._foreign: dict[str, float] = {}

    async def carry(self, run: Run, hold: Hold) -> str | None:
        """Goes on with a run until it ends or waits; answers what it became, none when others have decided that."""
        token = tracing.bind({"correlation_id": run["id"], "actor": f"agent {run['agent_id']}"})
        try:
            return await self._carry(run, hold)
        except (InterruptedRunError, FencedError) as error:
            log.info("a run is not carried on here", run=run["id"], why=str(error))
        except UNSURE as error:
            log.warning("a run is left to whoever takes it next", run=run["id"], why=str(error))
        finally:
            tracing.unbind(token)
        return None

    async def _carry(self, run: Run, hold: Hold) -> str | None:
        journal = Journal(self._l01(), run, hold, self._settings.lease / 2)
        outcome = await self._outcome(journal)
        while not await self._is_so(journal, outcome):
            outcome = await self._outcome(journal)
        await self._after(run, outcome)
        return outcome.status

    async def _is_so(self, journal: Journal, outcome: Outcome) -> bool:
        """Writes how a run ended; not, when somebody has said something into it that its result does not know of."""
        run, completed = journal.run, outcome.status == "completed"
        if completed:
            await remember(self._l01(), run, journal.steps)
        try:
            await self._l01().runs.move(
                run["id"],
                run["token"],
                outcome.status,
                output=outcome.output,
                error=outcome.error,
                due_at=outcome.due_at,
                last_step=journal.last if completed else None,
            )
        except StaleVersionError:
            return False
        except StateError as error:
            raise InterruptedRunError(str(error.members.get("current_status", "changed"))) from error
        return True

    async def _outcome(self, journal: Journal) -> Outcome:
        """How it ends; every error that is not about the run being ours is a reason to fail."""
        run = journal.run
        try:
            await journal.load()
            await recover(self._l01(), run, journal.steps, self._settings.attempts)
            await self._refuse_stopped_agent(run)
            beside = await used_beside(self._l01(), run, journal.steps)
            return await self._work(journal, configuration_of(run["configuration"]), beside)
        except RunEndsError as end:
            return end.outcome
        except (InterruptedRunError, FencedError, *UNSURE):
            raise
        except PlatformError as error:
            return failed(error)
        except Exception as error:
            log.error("a run broke", run=run["id"], exc_info=error)
            return failed(BrokenRunError(f"{type(error).__name__}: {error}"))

    async def _refuse_stopped_agent(self, run: Run) -> None:
        """Leaves a run whose agent was stopped while the run waited."""
        if run["agent_id"] is None:
            return
        l01 = self._l01()
        agent = await l01.agents.get(run["agent_id"])
        if agent["status"] in ("suspended", "error"):
            await pause_for_suspension(l01, run["id"])
            raise InterruptedRunError("suspended")
        if agent["status"] == "terminated":
            await l01.runs.cancel(run["id"], "The agent was terminated.")
            raise InterruptedRunError("cancelled")

    async def _work(self, journal: Journal, configuration: Configuration, beside: Beside) -> Outcome:
        l01, run, settings = self._l01(), journal.run, self._settings
        guard = Guard(configuration.limits, settings, beside)
        asking = Asking(journal, self._l04(), guard, settings)
        agents = SubAgents(l01, run, configuration.tools, configuration.depth, settings.depth)
        tools = ToolUse(journal, self._l03(), agents, run["configuration"], guard)
        if configuration.function is not None:
            if not is_known(configuration.function) and self._may_wait(run):
                return suspended(in_seconds(0))
            function = function_of(configuration.function)
            return await FunctionRun(journal, configuration, function, asking, tools, agents, guard).run()
        await tools.load()
        context = await self._context_of(configuration)
        loop = AgentLoop(
            journal,
            configuration,
            await history(l01, run, context),
            asking,
            tools,
            guard,
            context=context,
            reply_reserve=settings.reply_reserve,
        )
        return await loop.run()

    def _may_wait(self, run: Run) -> bool:
        """Leaves a run to whoever has its agent's code: here it is not taken again for a while.

        One that only this worker takes, as it is recorded, would wait in vain.
        """
        if run["configuration"].get(KEEPS_CHILDREN):
            return False
        age = (now() - datetime.fromisoformat(run["created_at"])).total_seconds()
        if age > self._settings.code_patience or run["agent_id"] is None:
            return False
        self._foreign[run["agent_id"]] = time.monotonic() + self._settings.code_look
        return True

    @property
    def foreign(self) -> list[str | UUID] | None:
        """The agents whose code is not here."""
        for agent_id in [each for each, until in self._foreign.items() if until < time.monotonic()]:
            del self._foreign[agent_id]
        return list(self._foreign) or None

    async def _context_of(self, configuration: Configuration) -> int:
        if self._contexts is None:
            self._contexts = ContextLengths(self._l04(), self._settings.context)
        return await self._contexts.of(configuration.model)

    async def _after(self, run: Run, outcome: Outcome) -> None:
        """Wakes the run that waits for this one, or this one when what it waits for is over already."""
        l01 = self._l01()
        if outcome.status in FINAL and run["parent_run_id"] is not None:
            await wake(l01, run["parent_run_id"])
        for child in outcome.children:
            if (await l01.runs.get(child))["status"] in FINAL:
                await wake(l01, run["id"])
                return
