"""The real local model, for tests that ask it. `make test` installs it."""

from __future__ import annotations

import os
from typing import Any

import psutil
import pytest

from agentic.layers.L04_model_gateway.local_model import weights
from agentic.layers.L04_model_gateway.models import ProviderSetting
from agentic.layers.L04_model_gateway.providers.local import LocalProvider
from agentic.layers.L04_model_gateway.streaming import Collected
from agentic.layers.L04_model_gateway.upstream import Timeouts, Upstream

PATIENCE = 60.0


def require_local_model() -> None:
    """Skips where a person has not installed it; fails in CI, where nothing may be left out unseen."""
    if missing := weights.missing():
        if os.environ.get("CI"):
            pytest.fail(f"CI must ask the local model, and cannot. {missing}")
        pytest.skip(missing)


def provider(**settings: Any) -> LocalProvider:
    """A provider of the local model, which has not started anything yet."""
    return LocalProvider("local", ProviderSetting(kind="local", **settings))


async def ask(local: LocalProvider, **request: Any) -> dict[str, Any]:
    """A whole answer, in OpenAI's form."""
    body = {"model": weights.NAME, "temperature": 0, "max_tokens": 60, **request}
    async with local.serving(), connections() as upstream:
        response = await upstream.send(local.request("chat", body, weights.NAME), Timeouts())
        content = await response.read(1_000_000)
        assert response.status == 200, content
        return local.to_openai("chat", content, body)


async def stream(local: LocalProvider, **request: Any) -> tuple[list[str], Collected]:
    """A streamed answer: the pieces of text in which it came, and what they add up to."""
    body = {"model": weights.NAME, "temperature": 0, "max_tokens": 60, "stream": True, **request}
    pieces, collected = list[str](), Collected()
    async with local.serving(), connections() as upstream:
        response = await upstream.send(local.request("chat", body, weights.NAME), Timeouts())
        assert response.status == 200
        reader = local.reader(body)
        async for part in response.parts(1_000_000):
            for delta in reader.feed(part):
                pieces += [delta.text] if delta.text else []
                collected.add(delta)
        assert reader.finished
    return pieces, collected


class connections:  # noqa: N801 - it reads as what it gives
    """Connections that are cut at the end."""

    async def __aenter__(self) -> Upstream:
        self._upstream = Upstream()
        return self._upstream

    async def __aexit__(self, *_: object) -> None:
        await self._upstream.close()


def lives(pid: int | None) -> bool:
    """Whether there is such a process, and not only what is left of it."""
    try:
        return pid is not None and psutil.Process(pid).status() != psutil.STATUS_ZOMBIE
    except psutil.NoSuchProcess:
        return False
