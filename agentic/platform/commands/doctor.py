"""`platform doctor`: looks at everything that can be in the way of the platform, and says what to do."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Final
from urllib.parse import urlsplit

import msgspec
from rich.console import Console
from rich.markup import escape
from rich.table import Table

from agentic.layers.L01_data_layer.settings import Addresses
from agentic.platform.catalogue import in_order
from agentic.platform.diagnosis import data_folder, machine
from agentic.platform.diagnosis.bus import bus
from agentic.platform.diagnosis.database import database
from agentic.platform.diagnosis.file_systems import file_system
from agentic.platform.diagnosis.finding import Finding, Level
from agentic.platform.diagnosis.listening import ports
from agentic.platform.embedded import DataFolderError, EmbeddedServers, RunningServer, running
from agentic.platform.exit_codes import FAILED, OK
from agentic.platform.state import PlatformState, read_state
from agentic.platform.stores import Store, Yours
from agentic.platform.together import PORTS

_MARKS: Final[dict[Level, str]] = {"fine": "[green]✓[/]", "note": "[yellow]•[/]", "problem": "[red]✗[/]"}


@dataclass(frozen=True)
class Doctor:
    """The options of the command: those of the `up` that is to work."""

    host: str
    port: int
    data_dir: Path
    separate: bool


def doctor(options: Doctor, *, json: bool) -> int:
    """Prints what was found; answers the exit code."""
    findings = asyncio.run(examine(options))
    problems = sum(finding.level == "problem" for finding in findings)
    if json:
        report = {"ok": problems == 0, "findings": [asdict(finding) for finding in findings]}
        print(msgspec.json.format(msgspec.json.encode(report), indent=2).decode())
    else:
        _show(findings, problems)
    return FAILED if problems else OK


async def examine(options: Doctor) -> list[Finding]:
    """Looks at everything. Changes nothing, and makes no folder."""
    yours = Yours.from_environment(Addresses)
    state, servers = _what_runs(options.data_dir)
    of_database, of_bus = await asyncio.gather(
        database(_store(yours.database_url, servers.database)), bus(_store(yours.redis_url, servers.bus))
    )
    return [
        machine.python(),
        *_of_servers(yours),
        *await _of_folder(options.data_dir, embedded_database=yours.database_url is None),
        *ports(options.host, options.port, _wanted_ports(options.separate), _ports_of(state)),
        *of_database,
        of_bus,
    ]


def _of_servers(yours: Yours) -> list[Finding]:
    found: list[Finding] = []
    if yours.database_url is None:
        found += [machine.postgres_binaries(), data_folder.account()]
    if yours.redis_url is None:
        found.append(machine.valkey_binaries())
    return found


async def _of_folder(folder: Path, *, embedded_database: bool) -> list[Finding]:
    found = [data_folder.access(folder), file_system(folder), machine.disk(folder)]
    if embedded_database:
        found += [data_folder.content(folder), data_folder.sockets(folder)]
    return [*found, await data_folder.lock(folder)]


def _what_runs(folder: Path) -> tuple[PlatformState | None, EmbeddedServers]:
    try:
        return read_state(folder), running(folder) or EmbeddedServers()
    except DataFolderError:  # which is said of the lock
        return None, EmbeddedServers()


def _store(yours: str | None, server: RunningServer | None) -> Store | None:
    if yours is not None:
        return Store(yours, embedded=False, server="", pid=None)
    return None if server is None else Store(server.url, embedded=True, server=server.name, pid=server.pid)


def _wanted_ports(separate: bool) -> Mapping[str, int]:
    return {cls.id: cls.port for cls in in_order()} if separate else PORTS


def _ports_of(state: PlatformState | None) -> set[int]:
    urls = [layer.url for layer in state.layers] if state else []
    return {port for url in urls if (port := urlsplit(url).port)}


def _show(findings: list[Finding], problems: int) -> None:
    console = Console(highlight=False)
    table = Table(box=None, show_header=False, pad_edge=False, padding=(0, 1, 0, 0))
    table.add_column(width=1)
    table.add_column(no_wrap=True)
    table.add_column(overflow="fold")
    for finding in findings:
        table.add_row(_MARKS[finding.level], finding.subject, escape(finding.says))
        if finding.advice:
            table.add_row("", "", f"[bold]{escape(finding.advice)}[/bold]")
    console.print(table)
    if problems:
        console.print(f"\n[bold red]{problems} {'thing' if problems == 1 else 'things'} to put right.[/]")
    else:
        console.print("\n[bold green]Nothing is in the way.[/]")
