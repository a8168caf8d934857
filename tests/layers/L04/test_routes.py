"""The routes of OpenAI's and Anthropic's APIs, over providers of each kind: what comes back, and what is booked."""

from __future__ import annotations

import json
from collections.abc import Awaitable, Callable
from typing import Any

import httpx2
import pytest

from tests.kit.providers import CountingProvider, Reply, Tool
from tests.layers.L04.conftest import KINDS, Configure, Usage, chat

pytestmark = pytest.mark.anyio
each_kind = pytest.mark.parametrize("kind", KINDS)


async def test_a_chat_is_answered_and_booked(
    api: httpx2.AsyncClient, openai: CountingProvider, usage: Callable[..., Awaitable[Usage]]
) -> None:
    openai.script(Reply("Good morning", input_tokens=5, output_tokens=2, cached_tokens=3, reasoning_tokens=1))
    response = await api.post("/v1/chat/completions", json=chat())
    assert response.status_code == 200
    assert response.json()["choices"][0]["message"]["content"] == "Good morning"
    assert (response.headers["x-model-provider"], response.headers["x-model"]) == ("main", "small")
    (row,) = await usage()
    assert row["status"] == "completed"
    assert (row["input_tokens"], row["output_tokens"]) == (5, 2)
    assert (row["cached_tokens"], row["reasoning_tokens"]) == (3, 1)
    assert (row["model_provider"], row["model_name"]) == ("main", "small")
    assert (row["cost_estimate"], row["cost_known"], row["estimated"]) == (0, True, False)
    assert row["latency_ms"] is not None
