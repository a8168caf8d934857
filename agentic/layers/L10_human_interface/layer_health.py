"""The health of the layers, as this layer measures it: each is asked again and again, and every answer is timed."""

from __future__ import annotations

import asyncio
import time
from collections import deque
from collections.abc import Awaitable, Callable, Mapping
from importlib.util import find_spec
from typing import Final, NamedTuple, cast

import httpx2

from agentic.layers.base import jsonio
from agentic.layers.base.backends import pooled
from agentic.layers.base.common_errors import UnreachableError
from agentic.layers.base.errors import PlatformError
from agentic.layers.base.ids import timestamp
from agentic.layers.base.layer import Check, Health
from agentic.layers.L10_human_interface.formats import duration
from agentic.layers.L10_human_interface.words import Word

SAMPLES: Final = 120
LIMIT: Final = 3.5
"""Seconds for one answer; a layer itself gives up on its checks after three."""
SLOW: Final = 1000.0
"""Milliseconds from which a p95 is called slow."""
FIRST: Final = 5


class Known(NamedTuple):
    """A layer that the design has: where it is, and what it needs."""

    id: str
    title: str
    package: str
    port: int
    requires: tuple[str, ...]
    events: str
    """The events that tell of its work, as a filter of the log; empty when no event does."""


KNOWN: Final = (
    Known("L01", "Data", "L01_data_layer", 8002, (), "*"),
    Known(
        "L02",
        "Runtime",
        "L02_agent_runtime",
        8003,
        ("L01", "L03", "L04"),
        "agent.*,session.*,run.*,run_step.*,approval.*,schedule.*",
    ),
    Known("L03", "Tools", "L03_tool_execution", 8004, ("L01",), "tool.*,tool_execution.*"),
    Known("L04", "Models", "L04_model_gateway", 8005, ("L01",), "model_usage.*,budget.*"),
    Known(
        "L05", "Planning", "L05_planning", 8006, ("L01", "L02", "L03", "L04", "L06"), "goal.*,plan.*,task.*"
    ),
    Known(
        "L06",
        "Evaluation",
        "L06_evaluation",
        8007,
        ("L01", "L02", "L03", "L04"),
        "evaluation.*,evaluation_alert.*,dataset.*,experiment.*",
    ),
    Known(
        "L07",
        "Learning",
        "L07_learning",
        8008,
        ("L01", "L02", "L03", "L04", "L06"),
        "feedback.*,improvement.*,export.*",
    ),
    Known("L09", "Gateway", "L09_api_gateway", 8000, ("L01",), "api_key.*"),
    Known("L10", "Interface", "L10_human_interface", 8001, ("L01",), ""),
    Known(
        "L11",
        "Integration",
        "L11_integration",
        8011,
        ("L01", "L02", "L03", "L05"),
        "subscription.*,webhook.*,delivery.*",
    ),
)
BY_ID: Final = {known.id: known for known in KNOWN}

Ask = Callable[[], Awaitable[Health]]


class Measured(NamedTuple):
    """What is known of one layer's health."""

    id: str
    title: str
    word: Word
    status: str
    checks: Mapping[str, Check]
    latency: float | None
    p50: float | None
    p95: float | None
    at: str | None
    asked: int
    """How often it was asked, of the last times that are remembered."""
    errors: int
    """How often of these it did not answer, or said that it is down."""
    requires: tuple[str, ...] = ()

    @property
    def note(self) -> str:
        """The latency, as a cell shows it."""
        if self.p95 is not None:
            return f"p95 {duration(self.p95)}"
        return duration(self.latency) if self.latency is not None else self.word.label.lower()


WORDS: Final = {
    "ok": Word("Ready", "success", "circle-check"),
    "degraded": Word("Degraded", "warning", "triangle-alert"),
    "slow": Word("Slow", "warning", "triangle-alert"),
    "down": Word("Down", "error", "circle-x"),
    "unreachable": Word("Not reached", "neutral", "circle"),
    "unknown": Word("Not measured yet", "neutral", "circle"),
}


FAILED: Final = ("down", "unreachable")


class _Record:
    """The answers of one layer."""

    def __init__(self) -> None:
        self.latencies: deque[float] = deque(maxlen=SAMPLES)
        self.failures: deque[bool] = deque(maxlen=SAMPLES)
        self.status = "unknown"
        self.checks: Mapping[str, Check] = {}
        self.at: str | None = None


class LayerMonitor:
    """Asks the layers that run beside this one; without a supervisor, those that are installed, over HTTP."""

    def __init__(self, checks: Mapping[str, Ask], own: Ask, interval: float) -> None:
        self._given = checks
        self._own = own
        self.interval = interval
        self._records: dict[str, _Record] = {}

    async def run(self) -> None:
        """Measures for ever; at first quickly, so that there is soon something to compare with."""
        for _ in range(FIRST):
            await asyncio.sleep(min(1.0, self.interval))
            await self.measure()
        while True:
            await asyncio.sleep(self.interval)
            await self.measure()

    async def measure(self) -> None:
        """Asks every layer once, all at the same time."""
        await asyncio.gather(*(self._ask(layer, ask) for layer, ask in self._checks().items()))

    def _checks(self) -> Mapping[str, Ask]:
        if self._given.keys() - {"L10"}:
            return {"L10": self._own, **self._given}
        installed = [known for known in KNOWN if _is_installed(f"agentic.layers.{known.package}")]
        return {known.id: self._own if known.id == "L10" else _over_http(known) for known in installed}

    async def _ask(self, layer: str, ask: Ask) -> None:
        record = self._records.setdefault(layer, _Record())
        started = time.perf_counter()  # The loop's own clock may count whole milliseconds.
        try:
            async with asyncio.timeout(LIMIT):
                health = await ask()
        except TimeoutError:
            record.status = "down"
            record.checks = {"answer": {"status": "down", "detail": f"none within {LIMIT:.1f} s"}}
        except UnreachableError as error:
            record.status = "unreachable"
            record.checks = {"answer": {"status": "down", "detail": error.detail}}
        except Exception as error:
            record.status = "down"
            record.checks = {"answer": {"status": "down", "detail": _detail(error)}}
        else:
            record.latencies.append((time.perf_counter() - started) * 1000)
            record.status = health["status"]
            record.checks = health["checks"]
        record.failures.append(record.status in FAILED)
        record.at = timestamp()

    async def layers(self) -> list[Measured]:
        """What is known of each layer, in the order of their numbers; asked now when nothing is known yet."""
        if not self._records:
            await self.measure()
        return [_measured(layer, self._records[layer]) for layer in sorted(self._records)]

    async def status_of(self, layer: str) -> str | None:
        """How a layer answered last; none when it is no part of this platform."""
        if not self._records:
            await self.measure()
        record = self._records.get(layer)
        return record and record.status


def _is_installed(package: str) -> bool:
    """Whether a layer is there; asked of the package first, since `find_spec` raises where that is missing."""
    return find_spec(package) is not None and find_spec(f"{package}.layer") is not None


def _over_http(known: Known) -> Ask:
    async def ask() -> Health:
        client = await pooled(f"http://localhost:{known.port}")
        try:
            response = await client.get("/health/ready")
        except httpx2.TransportError as error:
            raise UnreachableError(f"Nothing answers at port {known.port}.") from error
        return cast("Health", jsonio.decode(response.content))

    return ask


def _detail(error: Exception) -> str:
    return error.detail if isinstance(error, PlatformError) else f"{type(error).__name__}: {error}"


def _measured(layer: str, record: _Record) -> Measured:
    known = BY_ID.get(layer)
    times = sorted(record.latencies)
    enough = len(times) >= 5
    p95 = _percentile(times, 0.95) if enough else None
    slow = record.status == "ok" and p95 is not None and p95 > SLOW
    return Measured(
        layer,
        known.title if known else layer,
        WORDS["slow" if slow else record.status],
        record.status,
        record.checks,
        record.latencies[-1] if record.latencies else None,
        _percentile(times, 0.5) if enough else None,
        p95,
        record.at,
        len(record.failures),
        sum(record.failures),
        known.requires if known else (),
    )


def _percentile(ordered: list[float], part: float) -> float:
    return ordered[min(int(len(ordered) * part), len(ordered) - 1)]


def summary(layers: list[Measured]) -> str:
    """One line about all of them."""
    troubled = [layer.id for layer in layers if layer.word.tone != "success"]
    if not troubled:
        return f"All {len(layers)} layers ready" if len(layers) > 1 else "Ready"
    return f"{len(layers) - len(troubled)} of {len(layers)} layers ready"
