"""`platform worker`: a process that carries runs, beside a platform that runs or on another host with the same stores."""

from __future__ import annotations

import asyncio
import json
import os
import sys
from collections.abc import AsyncGenerator, Iterable
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Final, NoReturn

from rich.console import Console
from rich.markup import escape

from agentic.layers.base.layer import Context
from agentic.layers.L02_agent_runtime.layer import AgentRuntime
from agentic.platform.catalogue import layer_class
from agentic.platform.command_error import CommandError
from agentic.platform.commands.ending import ending
from agentic.platform.commands.reached import NotRunningError
from agentic.platform.embedded import EmbeddedServers, running
from agentic.platform.exit_codes import FAILED
from agentic.platform.lifetime import leave, run
from agentic.platform.logs import log_to_terminal
from agentic.platform.stores import Stores, Yours
from agentic.platform.supervisor import Supervisor

LAYERS: Final = ("L01", "L03", "L04", "L02")
"""What carrying a run takes, in the order of their start. None of them listens anywhere."""
LOOK: Final = 1.0
SEPARATOR: Final = ","


class ModuleError(CommandError):
    """A module with somebody's own agents or tools cannot be imported."""


@dataclass(frozen=True)
class WorkerOptions:
    """The options of the command."""

    data_dir: Path
    concurrency: int | None
    modules: tuple[str, ...]
    drain: float


def worker(options: WorkerOptions) -> NoReturn:
    """Carries runs until it is told to stop, and ends the process with its exit code."""
    console = Console(highlight=False)

    async def main() -> int:
        log_to_terminal()
        stores_of(options.data_dir).export()
        _tell_settings(options)
        import_modules(options.modules)
        async with _carrying(options) as runtime:
            console.print(
                f"Carries runs as [bold]{escape(runtime.worker.name)}[/], {runtime.settings.concurrency} at once. "
                "Ctrl-C finishes what is at hand and gives back the rest."
            )
            try:
                await _show(console, runtime)
            except asyncio.CancelledError:
                await _drain(console, runtime)
                raise
        return FAILED

    leave(ending(lambda: run(main, lambda: None)))


def stores_of(data_dir: Path) -> Stores:
    """The database and the bus of the platform whose runs are carried.

    Raises:
        NotRunningError: there are none.
    """
    yours = Yours.from_environment()
    found = running(data_dir)
    if yours.database_url and yours.redis_url:
        return yours.beside(EmbeddedServers())
    if found is None:
        raise NotRunningError(
            f"No platform is running on {data_dir}. Start one with `platform up`; or give DATABASE_URL and REDIS_URL of "
            "one that runs on another host."
        )
    return yours.beside(found)


def _tell_settings(options: WorkerOptions) -> None:
    """The layers read their settings themselves."""
    if options.concurrency is not None:
        os.environ["PLATFORM_L02_CONCURRENCY"] = str(options.concurrency)
    os.environ["PLATFORM_L02_DRAIN"] = str(options.drain)
    os.environ["PLATFORM_L02_CARRIES"] = "true"
    if options.modules:
        named = os.environ.get("PLATFORM_L02_MODULES", "")
        agents = [*filter(None, named.split(SEPARATOR)), *options.modules]
        tools = json.loads(os.environ.get("PLATFORM_L03_MODULES", "[]"))
        os.environ["PLATFORM_L02_MODULES"] = SEPARATOR.join(dict.fromkeys(agents))
        os.environ["PLATFORM_L03_MODULES"] = json.dumps(list(dict.fromkeys([*tools, *options.modules])))


def import_modules(names: Iterable[str]) -> None:
    """Imports modules with somebody's own agents and tools, which may stand in the folder that this is called in.

    Raises:
        ModuleError: one cannot be imported.
    """
    from importlib import import_module

    if (here := str(Path.cwd())) not in sys.path:
        sys.path.insert(0, here)
    for name in names:
        try:
            import_module(name)
        except Exception as error:  # whatever their code does
            raise ModuleError(
                f"The module {name} cannot be imported: {type(error).__name__}: {error}"
            ) from error


@asynccontextmanager
async def _carrying(options: WorkerOptions) -> AsyncGenerator[AgentRuntime]:
    context = Context(data_dir=options.data_dir)
    supervisor = Supervisor([layer_class(layer_id) for layer_id in LAYERS], context)
    runtime = supervisor.layers["L02"]
    assert isinstance(runtime, AgentRuntime)
    async with supervisor.running():
        yield runtime


async def _show(console: Console, runtime: AgentRuntime) -> None:
    """Shows how much there is to do, in a terminal, until it is cancelled."""
    if not console.is_terminal:
        await asyncio.Event().wait()
    with console.status("") as status:
        while True:
            status.update(f"{runtime.worker.carried} carried now, {runtime.worker.taken} taken so far")
            await asyncio.sleep(LOOK)


async def _drain(console: Console, runtime: AgentRuntime) -> None:
    """Lets steps finish. When it is cancelled meanwhile, by a second signal, they are cut off and given back at once."""
    worker = runtime.worker
    worker.stop()
    if worker.carried:
        console.print(f"Stopping: {worker.carried} runs are at a step. Ctrl-C gives them back at once.")
    else:
        console.print("Stopping…")
    try:
        await worker.drain()
    except asyncio.CancelledError:
        runtime.settings.drain = 0
        raise
