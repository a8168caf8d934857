"""Patterns: which types of events they want, and what is none."""

from __future__ import annotations

import pytest

from agentic.layers.L11_integration.errors import PatternError
from agentic.layers.L11_integration.pattern import Pattern


@pytest.mark.parametrize(
    ("pattern", "wanted", "unwanted"),
    [
        ("agent.created", ["agent.created"], ["agent.created.twice", "agent", "xagent.created"]),
        ("agent.*", ["agent.created", "agent."], ["agent", "agents.created", "tool.created"]),
        ("*", ["agent.created", "x"], []),
        ("goal.*, plan.approved", ["goal.created", "plan.approved"], ["plan.created", "task.created"]),
    ],
)
def test_a_pattern_wants_what_it_says(pattern: str, wanted: list[str], unwanted: list[str]) -> None:
    wants = Pattern(pattern)
    assert [kind for kind in wanted + unwanted if wants(kind)] == wanted


@pytest.mark.parametrize("text", ["", " ", "a,,b", "a,", "*.created", "a*b", "**"])
def test_what_is_no_pattern_is_refused(text: str) -> None:
    with pytest.raises(PatternError, match="is no pattern"):
        Pattern(text)
