"""A platform that runs, with a model provider on loopback that says what a test tells it to."""

from __future__ import annotations

import asyncio
import threading
import time
from collections.abc import Callable, Generator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import httpx2

from tests.kit.commands import PATIENCE, Ended, run, up
from tests.kit.providers import CountingProvider
from tests.kit.servers import temporary_folder
from tests.kit.terminal import Typed

MODEL = "test/small"
PRICES = {"input": 1.0, "output": 2.0}
"""US dollars for a million tokens of `MODEL`."""
WITHOUT_MODELS = {
    "PLATFORM_L04_LOCAL_FILE": "/nowhere/model.gguf",
    "PLATFORM_L04_OLLAMA_URL": "http://127.0.0.1:1",
}
"""The environment of a platform that has no model but those that a test gives it."""


class ScriptedPlatform:
    """Commands beside it are given with `run`; `models` is asked whenever an agent wants a model."""

    def __init__(self, data_dir: Path, status: dict[str, Any], models: CountingProvider) -> None:
        self.data_dir = data_dir
        self.url: str = status["url"]
        self.layers: dict[str, str] = {layer["id"]: layer["url"] for layer in status["layers"]}
        self.status = status
        self.models = models

    @property
    def environment(self) -> dict[str, str]:
        """Of commands that mean this platform."""
        return {"PLATFORM_DATA_DIR": str(self.data_dir)}

    def run(self, *arguments: object) -> Ended:
        """Gives a command beside it."""
        return run(*arguments, environment=self.environment)

    def typed(self, *arguments: object) -> Typed:
        """Gives a command at a terminal."""
        return Typed(*arguments, environment=self.environment)

    def agent(self, name: str, *arguments: object) -> str:
        """Makes an agent, and answers its id."""
        made = self.run("agents", "create", name, "--model", MODEL, *arguments)
        assert made.code == 0, made
        return made.out.strip()

    def get(self, layer: str, path: str, **query: Any) -> Any:
        """What a layer answers."""
        response = httpx2.get(f"{self.layers[layer]}{path}", params=query, trust_env=False)
        response.raise_for_status()
        return response.json()

    def run_in_state(self, run_id: str, status: str) -> dict[str, Any]:
        """The run, once it is in a state."""
        return until(lambda: (found := self.get("L01", f"/runs/{run_id}"))["status"] == status and found)


@contextmanager
def scripted_platform(
    *arguments: object, environment: Mapping[str, str] | None = None
) -> Generator[ScriptedPlatform]:
    """A platform on a folder of its own."""
    with temporary_folder() as folder, models_in_a_thread() as models:
        data_dir = folder / "my data"
        with up(data_dir, *arguments, environment={**WITHOUT_MODELS, **(environment or {})}) as running:
            platform = ScriptedPlatform(data_dir, running.wait_until_it_runs(), models)
            provide(platform, "test", {"small": {"context_length": 8192, "prices": PRICES}})
            yield platform


def provide(platform: ScriptedPlatform, name: str, models: Mapping[str, Any], **setting: Any) -> None:
    """Makes the scripted models those of a provider."""
    body = {
        "kind": "openai",
        "base_url": f"{platform.models.url}/v1",
        "discover": False,
        "models": dict(models),
        **setting,
    }
    response = httpx2.put(f"{platform.layers['L04']}/providers/{name}", json=body, trust_env=False)
    assert response.status_code == 200, response.text


@contextmanager
def models_in_a_thread() -> Generator[CountingProvider]:
    """A provider that answers while the test waits for a command."""
    provider, loop = CountingProvider(models=("small",)), asyncio.new_event_loop()
    loop.run_until_complete(provider.start())
    thread = threading.Thread(target=loop.run_forever)
    thread.start()
    try:
        yield provider
    finally:
        asyncio.run_coroutine_threadsafe(provider.stop(), loop).result(PATIENCE)
        loop.call_soon_threadsafe(loop.stop)
        thread.join()
        loop.run_until_complete(loop.shutdown_asyncgens())
        loop.close()


def until(true: Callable[[], Any]) -> Any:
    """What it answers, once that is something: for what can only be looked at."""
    deadline = time.monotonic() + PATIENCE
    while not (found := true()):
        assert time.monotonic() < deadline, "it did not happen"
        time.sleep(0.02)
    return found
