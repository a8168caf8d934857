"""One layer in a process of its own: by hand with `platform layer`, or as a child of `platform up --separate`.

The layers below it are reached over HTTP: their clients read the addresses from the environment.
"""

from __future__ import annotations

import json
import os
from collections.abc import Callable, Mapping
from contextlib import AsyncExitStack
from pathlib import Path
from typing import Final

from agentic.layers.base.layer import Context
from agentic.platform.catalogue import layer_class
from agentic.platform.child import DATA_DIR
from agentic.platform.lean_start import lean_start
from agentic.platform.ports import Endpoint
from agentic.platform.remote_health import health_check
from agentic.platform.serving import serving
from agentic.platform.supervisor import Supervisor

BESIDE: Final = "PLATFORM_LAYERS"
"""The variable with the addresses of all layers that run: a JSON object of URLs by layer id."""


async def run_alone(layer_id: str, endpoint: Endpoint, ready: Callable[[], None]) -> None:
    """Runs one layer until it is cancelled; `ready` is told once it answers.

    Raises:
        LayerStartError: it cannot be started.
    """
    async with AsyncExitStack() as stack:
        stack.callback(endpoint.close)
        context = Context(data_dir=_data_dir())
        context.health_checks.update({name: health_check(name, url) for name, url in _beside().items()})
        with lean_start():
            supervisor = Supervisor([layer_class(layer_id)], context)
            await stack.enter_async_context(supervisor.running())
            ended = await stack.enter_async_context(serving({endpoint: supervisor.apps[layer_id]}))
        ready()
        await ended


def _beside() -> Mapping[str, str]:
    return json.loads(os.environ.get(BESIDE, "{}"))


def _data_dir() -> Path | None:
    """The folder of the platform that this layer belongs to, if it was started as a part of one."""
    named = os.environ.get(DATA_DIR)
    return Path(named) if named else None
