"""One durable call of a model: reserved by the gateway, answered, and settled with the step that keeps the answer."""

from __future__ import annotations

from collections.abc import Mapping
from contextlib import suppress
from datetime import timedelta
from typing import Any, Final

from agentic.layers.base.errors import PlatformError
from agentic.layers.base.ids import now
from agentic.layers.L01_data_layer.models.error_codes import BudgetExceededError, FencedError, StateError
from agentic.layers.L01_data_layer.models.run_step import RunStep
from agentic.layers.L02_agent_runtime.errors import LimitReachedError
from agentic.layers.L02_agent_runtime.journal import Journal, started
from agentic.layers.L02_agent_runtime.limits import Guard, Spending
from agentic.layers.L02_agent_runtime.live import LiveText
from agentic.layers.L02_agent_runtime.outcomes import (
    InterruptedRunError,
    Outcome,
    RunEndsError,
    error_of,
    failed,
    suspended,
)
from agentic.layers.L02_agent_runtime.settings import L02Settings
from agentic.layers.L04_model_gateway.client import L04Client

TRANSIENT: Final = frozenset((408, 425, 429, 500, 502, 503, 504))


class Asking:
    """The model calls of one run."""

    def __init__(self, journal: Journal, l04: L04Client, guard: Guard, settings: L02Settings) -> None:
        self._journal = journal
        self._l04 = l04
        self._guard = guard
        self._settings = settings

    async def ask(
        self,
        name: str,
        request: dict[str, Any],
        given: Mapping[str, Any],
        spent: Spending,
        *,
        live: bool = True,
    ) -> RunStep:
        """Asks, and answers the step with the answer in it. `given` is what the step says of the question.

        Raises:
            RunEndsError: the model failed; the step says so, and the run waits or ends.
            LimitReachedError: the answer took too long.
            InterruptedRunError, FencedError: the run is not ours any more.
        """
        journal = self._journal
        began = started()
        text = LiveText(journal.l01, journal.run["id"], journal.last + 1) if live else None
        try:
            async with self._guard.time(spent):
                reply = await self._l04.complete(
                    request, run=journal.ref(), agent_id=journal.run["agent_id"], on_text=text
                )
        except FencedError:
            raise
        except StateError as error:  # nothing is reserved for a run that is paused or over
            raise InterruptedRunError(str(error.members.get("current_status", "stopped"))) from error
        except PlatformError as error:
            await journal.write("model", name, started_at=began, given=dict(given), error=error_of(error))
            if isinstance(error, LimitReachedError):
                raise
            raise RunEndsError(self._after(error)) from error
        finally:
            if text is not None:
                await text.end()
        return await journal.write(
            "model",
            name,
            started_at=began,
            given={**given, "provider": reply.provider, "model": reply.model},
            output={"message": reply.message, "finish_reason": reply.finish_reason},
            usage=reply.usage,
            usage_id=reply.usage_id,
        )

    def _after(self, error: PlatformError) -> Outcome:
        """What becomes of the run: it waits and asks again, or it ends."""
        failures = 0
        for step in reversed(self._journal.steps):
            if step["kind"] != "model" or step["status"] != "failed":
                break
            failures += 1
        passing = error.status in TRANSIENT and not isinstance(error, BudgetExceededError)
        if not passing or failures >= self._settings.model_attempts:
            return failed(error)
        pause = min(self._settings.first_pause * 2 ** (failures - 1), self._settings.longest_pause)
        with suppress(TypeError, ValueError):
            pause = max(pause, float(error.members.get("retry_after", 0)))
        return suspended(now() + timedelta(seconds=pause))
