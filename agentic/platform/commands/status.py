"""`platform status`."""

from __future__ import annotations

import asyncio
from pathlib import Path

from rich.console import Console
from rich.markup import escape
from rich.table import Table

from agentic.layers.base.layer import Health
from agentic.platform.commands.ending import ending
from agentic.platform.exit_codes import FAILED, NOT_RUNNING, OK
from agentic.platform.remote_health import health_check
from agentic.platform.state import LayerState, PlatformState, as_json, read_state

_STYLES = {"ok": "green", "degraded": "yellow", "down": "red"}


def status(data_dir: Path, *, json: bool) -> int:
    """Prints what runs on a data folder; answers the exit code."""
    return ending(lambda: _status(data_dir, json=json))


def _status(data_dir: Path, *, json: bool) -> int:
    state = read_state(data_dir)
    if state is None:
        Console(stderr=True).print(f"No platform is running on {escape(str(data_dir))}.", soft_wrap=True)
        return NOT_RUNNING
    healths = asyncio.run(_ask_all(state.layers))
    if json:
        print(as_json(state, health=healths))
    else:
        _show(state, healths)
    return OK if all(h["status"] != "down" for h in healths.values()) else FAILED


async def _ask_all(layers: list[LayerState]) -> dict[str, Health]:
    answers = await asyncio.gather(*(health_check(layer.id, layer.url)() for layer in layers))
    return {layer.id: answer for layer, answer in zip(layers, answers, strict=True)}


def _show(state: PlatformState, healths: dict[str, Health]) -> None:
    console = Console(highlight=False)
    console.print(f"[bold]Agentic platform {state.version}[/bold], {state.mode}, since {state.started_at}")
    table = Table(box=None, pad_edge=False, padding=(0, 2, 0, 0), header_style="dim")
    for name in ("Layer", "", "Address", "Process", "Health"):
        table.add_column(name)
    for layer in state.layers:
        table.add_row(layer.id, layer.title, layer.url, str(layer.pid), _health(healths[layer.id]))
    for name, store in (("Database", state.database), ("Bus", state.bus)):
        table.add_row("", name, escape(store.shown), str(store.pid or ""), "")
    console.print(table)
    console.print(f"Data {escape(state.data_dir)}    Log {escape(state.log)}", soft_wrap=True)


def _health(health: Health) -> str:
    status = health["status"]
    worse = [
        f"{name}: {check['detail']}" for name, check in health["checks"].items() if check["status"] != "ok"
    ]
    return f"[{_STYLES[status]}]{status}[/] {escape('; '.join(worse))}"
