"""How a command reaches the layers of a platform that runs: that of the data folder, or the one at an address."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Final
from urllib.parse import urlsplit

import httpx2

from agentic.layers.base import backends
from agentic.layers.base.backends import pooled
from agentic.layers.base.errors import PlatformError
from agentic.layers.L01_data_layer.backends.http import HttpBackend as L01Backend
from agentic.layers.L01_data_layer.client import L01Client
from agentic.layers.L02_agent_runtime.backends import HttpBackend as L02Backend
from agentic.layers.L02_agent_runtime.client import L02Client
from agentic.layers.L03_tool_execution.client import L03Client
from agentic.layers.L04_model_gateway.client import HttpBackend as L04Backend
from agentic.layers.L04_model_gateway.client import L04Client
from agentic.layers.L05_planning.client import L05Client
from agentic.layers.L06_evaluation.client import L06Client
from agentic.layers.L07_learning.backends import HttpBackend as L07Backend
from agentic.layers.L07_learning.client import L07Client
from agentic.layers.L11_integration.client import L11Client
from agentic.platform.catalogue import layer_class
from agentic.platform.command_error import CommandError
from agentic.platform.commands.ending import ending
from agentic.platform.exit_codes import NOT_RUNNING, REFUSED
from agentic.platform.logs import log_to_terminal
from agentic.platform.ports import port_of
from agentic.platform.state import PlatformState, read_state

LAYERS: Final = ("L01", "L02", "L03", "L04", "L05", "L06", "L07", "L11")
_KEY_MISSING: Final = (401, 403)


class NotRunningError(CommandError):
    """There is no platform to ask."""

    exit_code = NOT_RUNNING


class KeyMissingError(CommandError):
    """The platform listens beyond its machine, and asks who is there."""

    exit_code = REFUSED


@dataclass(frozen=True)
class Where:
    """Which platform is meant. Without an address it is the one that runs on the data folder."""

    data_dir: Path
    url: str | None = None
    key: str | None = None


@dataclass(frozen=True)
class Reached:
    """A platform that runs, as the commands ask it."""

    url: str
    """Where its dashboard is."""
    layers: Mapping[str, str]
    l01: L01Client
    l02: L02Client
    l03: L03Client
    l04: L04Client
    l05: L05Client
    l06: L06Client
    l07: L07Client
    l11: L11Client
    here: PlatformState | None
    """The platform of the data folder; none when it was given by its address."""

    def page(self, path: str) -> str:
        """The address of a page of its dashboard."""
        return f"{self.url}{path}"


def on_platform(where: Where, work: Callable[[Reached], Awaitable[int]]) -> int:
    """Does a command's work with a platform that runs; answers the exit code. What goes wrong is said without a traceback."""

    async def main() -> int:
        try:
            return await work(await reach(where))
        except PlatformError as error:
            if error.status not in _KEY_MISSING:
                raise
            raise KeyMissingError(
                f"{error} Give a key with the scope admin, by --key or PLATFORM_KEY."
            ) from error

    log_to_terminal()
    return ending(lambda: asyncio.run(main()))


async def reach(where: Where) -> Reached:
    """The clients of a platform's layers.

    Raises:
        NotRunningError: none runs there.
        CommandError: the address is none.
    """
    if where.url is not None:
        layers = await _layers_of(where.url, LAYERS)
        return reached(where.url.rstrip("/"), layers, where.key, None)
    state = read_state(where.data_dir)
    if state is None:
        raise NotRunningError(
            f"No platform is running on {where.data_dir}. Start one with `platform up`, or say where it is with --url."
        )
    return reached(state.url, {layer.id: layer.url for layer in state.layers}, where.key, state)


def reached(url: str, layers: Mapping[str, str], key: str | None, here: PlatformState | None) -> Reached:
    """The clients of layers at these addresses."""
    headers = {"x-api-key": key} if key else {}
    return Reached(
        url,
        layers,
        L01Client(layers["L01"], backend=L01Backend(layers["L01"], headers)),
        L02Client(backend=L02Backend("L02", layers["L02"], headers)),
        L03Client(backend=backends.HttpBackend("L03", layers["L03"], headers)),
        L04Client(backend=L04Backend("L04", layers["L04"], headers)),
        L05Client(backend=backends.HttpBackend("L05", layers["L05"], headers)),
        L06Client(backend=backends.HttpBackend("L06", layers["L06"], headers)),
        L07Client(backend=L07Backend("L07", layers["L07"], headers)),
        L11Client(backend=backends.HttpBackend("L11", layers["L11"], headers)),
        here,
    )


async def _layers_of(url: str, wanted: tuple[str, ...]) -> dict[str, str]:
    """Where the layers of the platform at an address are: below its front door, or at ports of their own."""
    try:
        parts = urlsplit(url)
        host, front_door = parts.hostname, parts.port or {"http": 80, "https": 443}[parts.scheme]
    except (ValueError, KeyError):
        host, parts, front_door = None, urlsplit(""), 0
    if host is None:
        raise CommandError(f"{url!r} is no address: say http://localhost:8000.")
    door = url.rstrip("/")
    if await is_front_door(door):
        return {layer_id: f"{door}/{layer_id.lower()}" for layer_id in wanted}
    name = f"[{host}]" if ":" in host else host
    return {
        layer_id: f"{parts.scheme}://{name}:{port_of(layer_class(layer_id).port, front_door)}"
        for layer_id in wanted
    }


async def is_front_door(url: str) -> bool:
    """Whether the layers are found below an address.

    Raises:
        NotRunningError: nothing answers there.
    """
    try:
        response = await (await pooled(url)).get("/l02/health/live")
    except httpx2.TransportError as error:
        raise NotRunningError(f"Nothing answers at {url}: {error or type(error).__name__}") from error
    return response.status_code == 200
