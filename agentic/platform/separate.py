"""`platform up --separate`: each layer in a process of its own, on its own port, reached over HTTP.

The servers of the data folder are ours; the layers' processes get their addresses, and each other's, by environment.
"""

from __future__ import annotations

import asyncio
import json
from collections.abc import Callable, Mapping
from contextlib import AsyncExitStack
from typing import Final

from agentic.layers.base.layer import Layer
from agentic.platform import catalogue
from agentic.platform.alone import BESIDE
from agentic.platform.child import DATA_DIR, Child
from agentic.platform.foundation import Foundation, Wishes, foundation
from agentic.platform.ports import require_loopback
from agentic.platform.screen import Screen
from agentic.platform.state import LayerState, PlatformState, published, write_state

STOP_LIMIT: Final = 2.2
"""Seconds that a process has for stopping; there are two waves of them."""


async def run_separate(wishes: Wishes, screen: Screen, ready: Callable[[PlatformState], None]) -> None:
    """Runs until it is cancelled; `ready` is told once everything answers.

    Raises:
        NotAloneError, PortError, EmbeddedError, ChildStartError: it cannot be started; nothing runs then.
    """
    require_loopback(wishes.host, "`platform up --separate`")
    async with AsyncExitStack() as stack:
        with screen.starting():
            waves = catalogue.in_waves()
            classes = [cls for wave in waves for cls in wave]
            ports = {cls.id: cls.port for cls in classes}
            base = await stack.enter_async_context(foundation(wishes, ports, screen.progress))
            children = _children(base)
            for wave in waves:
                await _start([children[cls.id] for cls in wave], stack)

            def state() -> PlatformState:
                return _describe(base, classes, children)

            stack.enter_context(published(state()))
            watches = [
                asyncio.create_task(child.keep_running(lambda: write_state(state())))
                for child in children.values()
            ]
            stack.push_async_callback(_cancel, watches)
            base.embedded.announce(state().url)
        ready(state())
        await asyncio.gather(*watches)


def _children(base: Foundation) -> dict[str, Child]:
    urls = {layer_id: endpoint.url for layer_id, endpoint in base.endpoints.items()}
    environment = {f"PLATFORM_{layer_id}_URL": url for layer_id, url in urls.items()}
    environment[BESIDE] = json.dumps(urls)
    environment[DATA_DIR] = str(base.wishes.data_dir)
    return {layer_id: Child(layer_id, endpoint, environment) for layer_id, endpoint in base.endpoints.items()}


async def _start(wave: list[Child], stack: AsyncExitStack) -> None:
    """Starts them at once; they are stopped at once, after those of later waves, also when one does not start."""

    async def stop() -> None:
        await asyncio.gather(*(child.stop(STOP_LIMIT) for child in wave))

    stack.push_async_callback(stop)
    await asyncio.gather(*(child.start() for child in wave))


async def _cancel(tasks: list[asyncio.Task[None]]) -> None:
    for task in tasks:
        task.cancel()
    await asyncio.wait(tasks)


def _describe(base: Foundation, classes: list[type[Layer]], children: Mapping[str, Child]) -> PlatformState:
    layers = [
        LayerState(cls.id, cls.title, base.endpoints[cls.id].url, children[cls.id].pid) for cls in classes
    ]
    return base.describe("separate", base.endpoints["L10"].url, layers)
