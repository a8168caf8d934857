"""`platform up`: every layer in this process, in one event loop, behind three addresses."""

from __future__ import annotations

import asyncio
import os
from collections.abc import Callable, Mapping
from contextlib import AsyncExitStack
from typing import Final

from starlette.types import ASGIApp

from agentic.layers.base.layer import Context
from agentic.layers.L01_data_layer.client import L01Client
from agentic.platform import catalogue
from agentic.platform.foundation import Foundation, Wishes, foundation
from agentic.platform.front_door import FrontDoor
from agentic.platform.locked import Lock, Locked
from agentic.platform.ports import FRONT_DOOR, is_loopback
from agentic.platform.screen import Screen
from agentic.platform.serving import serving
from agentic.platform.state import LayerState, PlatformState, published
from agentic.platform.supervisor import Supervisor

PORTS: Final = {"L09": FRONT_DOOR, "L10": 8001, "L01": 8002}
"""The gateway's is the front door; two more layers answer where the specification looks for them as well."""


async def run_together(wishes: Wishes, screen: Screen, ready: Callable[[PlatformState], None]) -> None:
    """Runs until it is cancelled; `ready` is told once everything answers.

    What each step needs is entered after it and left before it: the ports, the servers, the layers, the requests.

    Raises:
        PortError, EmbeddedError, LayerStartError, NoKeyError: it cannot be started; nothing runs then.
    """
    async with AsyncExitStack() as stack:
        with screen.starting():
            # Importing the layers takes as long as the servers need to start.
            importing = asyncio.create_task(asyncio.to_thread(catalogue.in_order))
            base = await stack.enter_async_context(foundation(wishes, PORTS, screen.progress))
            context = Context(public=not is_loopback(wishes.host))
            supervisor = Supervisor(await importing, context)
            await stack.enter_async_context(supervisor.running())
            apps: dict[str, ASGIApp] = {**supervisor.apps, "L09": FrontDoor(supervisor.apps)}
            if context.public:
                apps = await _locked(apps, context.client(L01Client))
            served = {base.endpoints[layer_id]: apps[layer_id] for layer_id in PORTS}
            ended = await stack.enter_async_context(serving(served, public=context.public))
            state = _describe(base, supervisor)
            stack.enter_context(published(state))
            base.embedded.announce(state.url)
        ready(state)
        await ended


async def _locked(apps: Mapping[str, ASGIApp], l01: L01Client) -> dict[str, ASGIApp]:
    lock = Lock(l01)
    await lock.require_a_key()
    own_gate = {"L09": ("/api/",)}
    return {layer_id: Locked(app, lock, own_gate.get(layer_id, ())) for layer_id, app in apps.items()}


def _describe(base: Foundation, supervisor: Supervisor) -> PlatformState:
    front_door = base.endpoints["L09"].url
    own = {layer_id: endpoint.url for layer_id, endpoint in base.endpoints.items()}
    layers = [
        LayerState(layer.id, layer.title, own.get(layer.id, f"{front_door}/{layer.id.lower()}"), os.getpid())
        for layer in supervisor.layers.values()
    ]
    return base.describe("one process", front_door, layers)
