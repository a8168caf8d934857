"""`platform verify`: walks the specification's verification steps and success criteria, and prints what passed."""

from __future__ import annotations

import asyncio
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Final

import msgspec
from rich.console import Console
from rich.markup import escape
from rich.table import Table

from agentic.layers.L09_api_gateway.errors import InvalidKeyError, MissingKeyError, MissingScopeError
from agentic.platform.command_error import CommandError
from agentic.platform.commands.ending import ending
from agentic.platform.exit_codes import FAILED, NOT_RUNNING, OK
from agentic.platform.logs import log_to_terminal
from agentic.platform.state import PlatformState, read_state
from agentic.platform.verification.addresses import Addresses, of_state, of_url, with_running
from agentic.platform.verification.agents_running import running
from agentic.platform.verification.bystanders import Bystanders
from agentic.platform.verification.criteria import criteria
from agentic.platform.verification.goal_to_change import goal_to_change
from agentic.platform.verification.steps import STEPS
from agentic.platform.verification.walk import Check, Result, walk_through

_KEY_CODES: Final = tuple(error.code for error in (MissingKeyError, InvalidKeyError, MissingScopeError))


class NotRunningError(CommandError):
    """There is nothing to verify."""

    exit_code = NOT_RUNNING


@dataclass(frozen=True)
class Verify:
    """The options of the command."""

    data_dir: Path
    url: str | None
    key: str | None


def verify(options: Verify, *, json: bool) -> int:
    """Prints what passed and what failed; answers the exit code."""
    log_to_terminal()
    return ending(lambda: _verify(options, json=json))


def _verify(options: Verify, *, json: bool) -> int:
    state = read_state(options.data_dir)
    if state is not None and options.url and not _is_front_door(options.url, state):
        state = None
    addresses = _addresses(options, state)
    ours = {state.pid, *(layer.pid for layer in state.layers)} if state else set[int]()
    if state is None and options.url:
        addresses = asyncio.run(with_running(addresses, options.url))
    results = asyncio.run(_walk(addresses, Bystanders(ours), quiet=json))
    failed = sum(not result.ok for result in results)
    if json:
        report = {"ok": not failed, "failed": failed, "checks": [asdict(result) for result in results]}
        print(msgspec.json.format(msgspec.json.encode(report), indent=2).decode())
    else:
        _show(results, failed)
    return FAILED if failed else OK


def _addresses(options: Verify, state: PlatformState | None) -> Addresses:
    if state is not None:
        return of_state(state, options.key)
    if options.url:
        return of_url(options.url, options.key)
    raise NotRunningError(
        f"No platform is running on {options.data_dir}. Start one with `platform up`, or say where it is with --url."
    )


def _is_front_door(url: str, state: PlatformState) -> bool:
    """Whether an address is that of the platform on the data folder, whose database and bus are known then."""
    gateway = state.layer("L09")
    return gateway is not None and url.rstrip("/").replace("//127.0.0.1", "//localhost") == gateway.url


async def _walk(addresses: Addresses, bystanders: Bystanders, *, quiet: bool) -> list[Result]:
    with Console(stderr=True, quiet=quiet).status("Verifying…") as status:

        def tell(check: Check) -> None:
            status.update(f"Step {check.step}: {escape(check.what)}…")

        working = [*running(), *goal_to_change()] if addresses.l02 else []
        return await walk_through(addresses, [*STEPS, *criteria(bystanders), *working], tell)


def _show(results: list[Result], failed: int) -> None:
    console = Console(highlight=False)
    table = Table(box=None, pad_edge=False, padding=(0, 2, 0, 0), header_style="dim")
    table.add_column("Step", justify="right")
    table.add_column("What", no_wrap=True)
    table.add_column("")
    table.add_column("Seen", overflow="fold")
    table.add_column("ms", justify="right")
    for result in results:
        mark, style = ("[green]✓[/]", "dim") if result.ok else ("[bold red]✗[/]", "red")
        table.add_row(
            result.step, result.what, mark, f"[{style}]{escape(result.detail)}[/]", f"{result.ms:.0f}"
        )
    console.print(table)
    console.print("\n[dim]1 to 9: the specification's verification steps; a to i: its success criteria.[/]")
    if any(result.step == "L02" for result in results):
        console.print(
            "[dim]L02 to L11: an agent that runs, on a model that this command serves itself, and a goal with all that follows.[/]"
        )
    else:
        console.print(
            "[dim]L02 to L07 and L11 do not all run there, or not on this machine: no agent was run.[/]"
        )
    if any(code in result.detail for result in results for code in _KEY_CODES):
        console.print("It asks for a key: give one with the scope admin, by --key or PLATFORM_KEY.")
    if failed:
        console.print(f"[bold red]{failed} of {len(results)} checks failed.[/]")
    else:
        console.print(f"[bold green]All {len(results)} checks passed.[/]")
