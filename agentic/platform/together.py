"""`platform up`: every layer in one process, in one event loop, behind three addresses."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from contextlib import AsyncExitStack
from typing import Any, Final

from agentic.platform.foundation import Wishes, foundation
from agentic.platform.lean_start import lean_start
from agentic.platform.ports import FRONT_DOOR
from agentic.platform.screen import Screen
from agentic.platform.state import PlatformState, published

PORTS: Final = {
    "L09": FRONT_DOOR,
    "L10": 8001,
    "L01": 8002,
    "L02": 8003,
    "L03": 8004,
    "L04": 8005,
    "L05": 8006,
    "L06": 8007,
    "L07": 8008,
    "L11": 8011,
}
"""The gateway's is the front door. The others answer at their own ports as well: there the specification looks for the
first two, and a program of somebody's own for those that it has a client of."""


async def run_together(wishes: Wishes, screen: Screen, ready: Callable[[PlatformState], None]) -> None:
    """Runs until it is cancelled; `ready` is told once everything answers.

    What each step needs is entered after it and left before it: the ports, the servers, the layers, the requests.

    Raises:
        PortError, EmbeddedError, LayerStartError, NoKeyError: it cannot be started; nothing runs then.
    """
    async with AsyncExitStack() as stack:
        with screen.starting(), lean_start():
            # The layers are most of the code: they are imported while the servers start.
            importing = asyncio.create_task(asyncio.to_thread(_import_layers))
            base = await stack.enter_async_context(foundation(wishes, PORTS, screen.progress))
            layers_running = await importing
            state, ended = await stack.enter_async_context(layers_running(base))
            stack.enter_context(published(state))
            base.embedded.announce(state.url)
        ready(state)
        await ended


def _import_layers() -> Any:
    from agentic.platform.in_process import layers_running

    return layers_running
