"""`platform check`: whether the rows equal the fold of their events, and the log keeps its own rules."""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import Final

import msgspec
from rich.console import Console
from rich.markup import escape
from rich.table import Table

from agentic.layers.L01_data_layer.models.check import CheckReport
from agentic.platform.commands.ending import ending
from agentic.platform.commands.own_data_layer import data_layer_in_use
from agentic.platform.exit_codes import FAILED, OK
from agentic.platform.logs import log_to_terminal

_SHOWN: Final = 20
"""How many differences a person is shown; a program gets up to `_LISTED`."""
_LISTED: Final = 1000


def check(data_dir: Path, *, json: bool) -> int:
    """Prints what was compared and what differs; answers the exit code."""
    log_to_terminal()
    return ending(lambda: _check(data_dir, json=json))


def _check(data_dir: Path, *, json: bool) -> int:
    report = asyncio.run(_compare(data_dir, _LISTED if json else _SHOWN))
    if json:
        print(msgspec.json.format(msgspec.json.encode(report), indent=2).decode())
    else:
        _show(report)
    return OK if report["ok"] else FAILED


async def _compare(data_dir: Path, limit: int) -> CheckReport:
    console = Console(stderr=True, highlight=False)

    def say(text: str) -> None:
        console.print(escape(text), soft_wrap=True)

    with console.status("Comparing the rows with their events…"):
        async with data_layer_in_use(data_dir, say, make=False) as l01:
            return await l01.check(limit)


def _show(report: CheckReport) -> None:
    console = Console(highlight=False)
    table = Table(box=None, pad_edge=False, padding=(0, 2, 0, 0), header_style="dim")
    table.add_column("")
    table.add_column("Compared", justify="right")
    table.add_column("Differing", justify="right")
    for name, part in report["parts"].items():
        style = "red" if part["differing"] else "green"
        table.add_row(_title(name), f"{part['checked']:,}", f"[{style}]{part['differing']:,}[/]")
    console.print(table)
    if report["ok"]:
        console.print("\n[bold green]Every row is what its events add up to, and the log is whole.[/]")
    else:
        _show_differences(console, report)


def _show_differences(console: Console, report: CheckReport) -> None:
    total = sum(part["differing"] for part in report["parts"].values())
    console.print(
        f"\n[bold red]{total:,} differ.[/] Somebody wrote past the platform, or it has a fault: report it.\n"
    )
    for difference in report["differences"]:
        place = f"{difference['part']} {difference['id']}"
        what = difference["field"] or difference["what"]
        console.print(f"[bold]{escape(place)}[/]  {escape(what)}", soft_wrap=True)
        console.print(f"    in the row: {escape(difference['row'] or 'nothing')}", soft_wrap=True)
        console.print(f"    in the log: {escape(difference['log'] or 'nothing')}", soft_wrap=True)
    if total > len(report["differences"]):
        console.print(f"\n`platform check --json` lists the first {_LISTED:,}.", style="dim")


def _title(part: str) -> str:
    return {"versions": "versions of aggregates", "kinds": "counts of kinds"}.get(
        part, part.replace("_", " ")
    )
