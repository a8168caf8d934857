"""The layers as services: how each fares, asked again and again, and left alone for a while when it does not answer."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Awaitable, Callable, Mapping
from typing import Any, Final
from uuid import UUID, uuid5

import structlog

from agentic.layers.base import jsonio
from agentic.layers.base.breaker import Breaker
from agentic.layers.base.errors import PlatformError
from agentic.layers.base.ids import timestamp
from agentic.layers.base.layer import Health, health_of
from agentic.layers.base.operation import Answer, Call
from agentic.layers.L01_data_layer.client import L01Client
from agentic.layers.L11_integration.models import Service

log = structlog.get_logger()

LIMIT: Final = 5.0
"""Seconds for one answer."""
CHANGED: Final = "service.status_changed"
_NAMES: Final = UUID("6a1b0b0e-58ea-5a3c-8a8e-5f0f5f0f6a11")

Ask = Callable[[], Awaitable[Health]]


class _Known:
    """What is known of one layer."""

    def __init__(self, breaker: Breaker) -> None:
        self.breaker = breaker
        self.status = "unknown"
        self.since: str | None = None
        self.latency: float | None = None
        self.asked = 0
        self.failed = 0
        self.checks: dict[str, Any] = {}


class ServiceRegistry:
    """Asks every layer that runs beside this one. A change of a status is an event."""

    def __init__(
        self,
        client: Callable[[], L01Client],
        checks: Mapping[str, Ask],
        *,
        own: str,
        every: float,
        failures: int,
    ) -> None:
        self._client = client
        self._checks = checks
        self._own = own
        self._every = every
        self._failures = failures
        self._known: dict[str, _Known] = {}

    async def run(self) -> None:
        """Runs until it is cancelled."""
        while True:
            await self.look()
            await asyncio.sleep(self._every)

    async def look(self) -> None:
        """Asks every layer once, all at the same time; those that are left alone are not asked."""
        asks = [self._ask(layer, ask) for layer, ask in self._checks.items() if layer != self._own]
        await asyncio.gather(*asks)

    async def list(self, call: Call) -> Answer:
        """Every layer, as it was found last."""
        items: list[Service] = [
            {
                "id": layer,
                "status": known.status,
                "breaker": known.breaker.state,
                "since": known.since,
                "latency_ms": known.latency,
                "asked": known.asked,
                "failed": known.failed,
                "checks": known.checks,
            }
            for layer, known in sorted(self._known.items())
        ]
        return Answer(jsonio.encode({"items": items}))

    async def _ask(self, layer: str, ask: Ask) -> None:
        if layer not in self._known:
            self._known[layer] = _Known(Breaker(self._failures, self._every, time.monotonic))
        known = self._known[layer]
        if not known.breaker.admits():
            return
        known.asked += 1
        started = time.perf_counter()
        try:
            async with asyncio.timeout(LIMIT):
                health = await ask()
        except Exception as error:
            detail = error.detail if isinstance(error, PlatformError) else f"{type(error).__name__}: {error}"
            health = health_of(layer, {"answer": {"status": "down", "detail": detail}})
        known.latency = round((time.perf_counter() - started) * 1000, 3)
        known.checks = dict(health["checks"])
        if health["status"] == "down":
            known.failed += 1
            known.breaker.failed()
        else:
            known.breaker.succeeded()
        await self._tell(layer, known, health["status"])

    async def _tell(self, layer: str, known: _Known, status: str) -> None:
        before, known.status = known.status, status
        if before == status:
            return
        known.since = timestamp()
        if before == "unknown" and status != "down":
            return
        body = {"service": layer, "status": status, "before": before, "checks": known.checks}
        try:
            await self._client().events.append(CHANGED, "service", uuid5(_NAMES, layer), body)
        except PlatformError as error:
            log.warning("a change of a service was not told", service=layer, status=status, error=str(error))
