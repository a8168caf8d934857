"""A breaker opens after failures in a row, lets one call try, and closes when that one succeeds."""

from __future__ import annotations

import pytest

from agentic.layers.L03_tool_execution.breaker import Breaker, Breakers
from agentic.layers.L03_tool_execution.errors import ToolDownError


def test_it_opens_tries_with_one_call_and_closes() -> None:
    now = 0.0
    breaker = Breaker(2, 10, lambda: now)
    breaker.failed()
    breaker.succeeded()
    breaker.failed()
    breaker.admit("t")
    assert breaker.state == "closed", "only failures in a row count"
    breaker.failed()
    assert breaker.state == "open"
    with pytest.raises(ToolDownError) as caught:
        breaker.admit("t")
    assert caught.value.members["retry_after"] == 10

    now = 11
    assert breaker.state == "half-open"
    breaker.admit("t")
    with pytest.raises(ToolDownError):
        breaker.admit("t")
    breaker.failed()
    assert breaker.state == "open"

    now = 22
    breaker.admit("t")
    breaker.left()  # that call ended without a word about the tool
    breaker.admit("t")
    breaker.succeeded()
    assert breaker.state == "closed"


def test_each_tool_has_its_own() -> None:
    breakers = Breakers(1, 10)
    breakers.of("a").failed()
    breakers.of("b").admit("b")
    assert breakers.open() == ["a"]
