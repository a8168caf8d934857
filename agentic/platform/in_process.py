"""Every layer in this process: the supervisor, the front door, the lock and the servers put together."""

from __future__ import annotations

import asyncio
import os
from collections.abc import AsyncGenerator, Mapping
from contextlib import asynccontextmanager

from starlette.types import ASGIApp

from agentic.layers.base.layer import Context
from agentic.layers.L01_data_layer.client import L01Client
from agentic.platform import catalogue
from agentic.platform.foundation import Foundation
from agentic.platform.front_door import FrontDoor
from agentic.platform.locked import Lock, Locked
from agentic.platform.ports import is_loopback
from agentic.platform.serving import serving
from agentic.platform.state import LayerState, PlatformState
from agentic.platform.supervisor import Supervisor

LAYERS = catalogue.in_order()


@asynccontextmanager
async def layers_running(base: Foundation) -> AsyncGenerator[tuple[PlatformState, asyncio.Task[None]]]:
    """Runs the layers and answers at the endpoints; the task ends if that does.

    Raises:
        LayerStartError: a layer cannot be started.
        NoKeyError: others than this machine could enter, without a key.
    """
    context = Context(public=not is_loopback(base.wishes.host), data_dir=base.wishes.data_dir)
    supervisor = Supervisor(LAYERS, context)
    async with supervisor.running():
        apps: dict[str, ASGIApp] = {**supervisor.apps, "L09": FrontDoor(supervisor.apps)}
        if context.public:
            apps = await _locked(apps, context.client(L01Client))
        served = {endpoint: apps[layer_id] for layer_id, endpoint in base.endpoints.items()}
        async with serving(served, public=context.public) as ended:
            yield _describe(base, supervisor), ended


async def _locked(apps: Mapping[str, ASGIApp], l01: L01Client) -> dict[str, ASGIApp]:
    lock = Lock(l01)
    await lock.require_a_key()
    own_gate = {"L09": ("/api/", "/v1/", "/hooks/", "/mcp/")}  # keys, keys, signatures, and keys
    return {layer_id: Locked(app, lock, own_gate.get(layer_id, ())) for layer_id, app in apps.items()}


def _describe(base: Foundation, supervisor: Supervisor) -> PlatformState:
    front_door = base.endpoints["L09"].url
    own = {layer_id: endpoint.url for layer_id, endpoint in base.endpoints.items()}
    layers = [
        LayerState(layer.id, layer.title, own.get(layer.id, f"{front_door}/{layer.id.lower()}"), os.getpid())
        for layer in supervisor.layers.values()
    ]
    return base.describe("one process", front_door, layers)
