"""The states of everything that has a life of its own, and the only changes between them.

A change that is not listed is refused (E1020) and changes nothing. The lines are those of the design's table of words,
plus the two that the specification's planning pattern needs: a task that somebody carried out elsewhere may be reported
`completed` or `failed` without having been `running` here (docs/decisions/0006).
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

Machine = Mapping[str, frozenset[str]]


def _machine(**changes: str) -> Machine:
    return {state: frozenset(targets.split()) for state, targets in changes.items()}


AGENT: Final = _machine(
    created="active terminated",
    active="suspended terminated error",
    suspended="active terminated",
    error="active terminated",
    terminated="",
)
GOAL: Final = _machine(
    pending="active cancelled",
    active="completed failed cancelled",
    completed="",
    failed="",
    cancelled="",
)
PLAN: Final = _machine(
    draft="approved cancelled",
    approved="executing cancelled",
    executing="completed failed cancelled",
    completed="",
    failed="",
    cancelled="",
)
TASK: Final = _machine(
    pending="ready running completed failed skipped cancelled",
    ready="running completed failed skipped cancelled",
    running="completed failed skipped cancelled",
    completed="",
    failed="",
    skipped="",
    cancelled="",
)
TOOL_EXECUTION: Final = _machine(
    pending="pending_approval running success error timeout cancelled permission_denied unknown",
    pending_approval="running cancelled permission_denied",
    running="success error timeout cancelled permission_denied unknown",
    success="",
    error="",
    timeout="",
    cancelled="",
    permission_denied="",
    unknown="success error running",
)
SESSION: Final = _machine(
    active="paused completed crashed",
    paused="active completed crashed",
    completed="",
    crashed="",
)


RUN: Final = _machine(
    queued="running suspended cancelled failed",
    running="waiting_approval suspended completed failed cancelled",
    waiting_approval="running suspended cancelled failed",
    suspended="running waiting_approval cancelled failed",
    completed="",
    failed="",
    cancelled="",
)
APPROVAL: Final = _machine(
    pending="approved denied expired",
    approved="consumed expired",
    denied="",
    expired="",
    consumed="",
)
EXPERIMENT: Final = _machine(
    pending="running failed cancelled",
    running="completed failed cancelled",
    completed="",
    failed="",
    cancelled="",
)
MODEL_CALL: Final = _machine(
    reserved="completed failed cut",
    completed="",
    failed="",
    cut="",
)
IMPROVEMENT: Final = _machine(
    running="ready refused failed cancelled",
    ready="promoted dismissed",
    promoted="rolled_back",
    refused="",
    failed="",
    cancelled="",
    dismissed="",
    rolled_back="",
)
EXPORT: Final = _machine(
    running="completed failed cancelled",
    completed="",
    failed="",
    cancelled="",
)


def sources(machine: Machine, target: str) -> frozenset[str]:
    """The states from which `target` may be reached, itself included: staying is no change."""
    return frozenset(state for state, targets in machine.items() if target in targets) | {target}


def final_states(machine: Machine) -> frozenset[str]:
    """The states that nothing leaves."""
    return frozenset(state for state, targets in machine.items() if not targets)
