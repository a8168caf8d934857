"""`platform layer`."""

from __future__ import annotations

import socket
import sys
from contextlib import AsyncExitStack
from pathlib import Path
from typing import NoReturn

from agentic.platform.alone import run_alone
from agentic.platform.catalogue import CATALOGUE, layer_class
from agentic.platform.child import READY
from agentic.platform.commands.ending import ending
from agentic.platform.exit_codes import FAILED
from agentic.platform.lifetime import leave, run
from agentic.platform.logs import log_to_file, log_to_terminal
from agentic.platform.ports import LOCALHOST, Endpoint, bind, require_loopback
from agentic.platform.screen import Screen
from agentic.platform.stores import attached_or_started


def layer(layer_id: str, host: str, port: int | None, data_dir: Path) -> NoReturn:
    """Runs one layer until it is told to stop, and ends the process with its exit code."""
    screen = Screen()

    async def main() -> int:
        log_to_terminal()
        require_loopback(host, "`platform layer`")
        endpoint = bind(host, layer_class(layer_id).port if port is None else port)
        async with AsyncExitStack() as stack:
            if layer_id == "L01":
                stores = await stack.enter_async_context(attached_or_started(data_dir, screen.progress))
                stores.export()
            await run_alone(layer_id, endpoint, lambda: screen.serves(layer_id, endpoint.url))
        return FAILED

    leave(ending(lambda: run(main, screen.stopping)))


def inherited_layer(layer_id: str, descriptors: str, data_dir: Path) -> NoReturn:
    """Runs one layer as a child of `platform up --separate`, on sockets and beside layers that it was given."""
    sockets = tuple(socket.socket(fileno=int(number)) for number in descriptors.split(","))
    endpoint = Endpoint(LOCALHOST, sockets[0].getsockname()[1], sockets)

    async def main() -> int:
        log_to_terminal()
        log_to_file(data_dir / f"{layer_id.lower()}.log")
        await run_alone(layer_id, endpoint, say_ready)
        return FAILED

    def say_ready() -> None:
        sys.stdout.buffer.write(READY)
        sys.stdout.flush()

    leave(ending(lambda: run(main, lambda: None, until_eof=sys.stdin.fileno())))


def known(layer_id: str) -> bool:
    """Whether there is such a layer."""
    return layer_id in CATALOGUE
