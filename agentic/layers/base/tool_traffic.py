"""The one place where a tool really runs, as seen by who wants to record what happens there or to put a recording in its place."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from typing import Any, Protocol

Outcome = dict[str, Any]
"""What came of a tool, JSON-ready: its status, output or error. What it means is the tool layer's business."""


class ToolTraffic(Protocol):
    """Stands between the pipeline of a tool call and its execution.

    The pipeline asks it after everything that decides whether the tool may run, and records what it answers as it would the tool's own
    outcome. Retries are within `execute`: what counts is what came of them.
    """

    async def carry(
        self, name: str, arguments: Mapping[str, Any], execute: Callable[[], Awaitable[Outcome]]
    ) -> Outcome:
        """The outcome of this call: `execute` brings it about, and a recording may know it without.

        Raises:
            PlatformError: what `execute` raised, or that the recording has no such call.
        """
        ...


class Straight:
    """Nobody stands there: the tool is executed."""

    async def carry(
        self, name: str, arguments: Mapping[str, Any], execute: Callable[[], Awaitable[Outcome]]
    ) -> Outcome:
        """What came of it."""
        return await execute()
