"""`platform mcp`: the Model Context Protocol over this process's input and output, for a client that starts it.

Nothing but the protocol is written to standard output; what there is to say goes to standard error. Which platform is meant is
looked up at each call: it may be started after the client, and again.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Generator
from contextlib import contextmanager
from typing import Any, Final, NoReturn

import structlog

from agentic.layers.base.common_errors import UnreachableError
from agentic.layers.base.tracing import traced
from agentic.layers.L11_integration.mcp.server import records_server, whole_server
from agentic.layers.L11_integration.mcp.tool import Layers
from agentic.platform.command_error import CommandError
from agentic.platform.commands.ending import ending
from agentic.platform.commands.reached import Where, reach
from agentic.platform.exit_codes import OK
from agentic.platform.lifetime import leave, run
from agentic.platform.logs import log_to_terminal

log = structlog.get_logger()

ACTOR: Final = "mcp"


def mcp(where: Where, *, work: bool) -> NoReturn:
    """Serves until the client closes its end; with `work`, runs, approvals, goals and feedback too."""

    async def main() -> int:
        from mcp.server.stdio import stdio_server

        server = (whole_server if work else records_server)(_layers_at(where), _admitted)
        log.info("serves the Model Context Protocol", work=work)
        async with stdio_server() as (read, write):
            await server.run(read, write, server.create_initialization_options())
        return OK

    log_to_terminal()
    # Told to stop, it stops: the thread that reads cannot be interrupted, and nothing is held here that a call has not settled.
    leave(ending(lambda: run(main, lambda: leave(OK))))


def _layers_at(where: Where) -> Callable[[], Awaitable[Layers]]:
    found: Layers | None = None

    async def layers() -> Layers:
        nonlocal found
        if found is not None and where.url is not None:
            return found
        try:
            platform = await reach(where)
        except CommandError as error:
            raise UnreachableError(str(error)) from error
        found = Layers(platform.l01, platform.l02)
        return found

    return layers


@contextmanager
def _admitted(_request: Any, _needed: Any) -> Generator[None]:
    """Whoever can start this command may do what it can."""
    with traced(actor=ACTOR):
        yield
