"""`platform keys`: make, list and revoke keys to the API. They count at once, and when the platform runs again."""

from __future__ import annotations

import asyncio
import re
from collections.abc import Callable, Coroutine
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any, Final

import msgspec
from rich.console import Console
from rich.markup import escape
from rich.table import Table

from agentic.layers.base.ids import now
from agentic.layers.L01_data_layer.client import L01Client
from agentic.layers.L01_data_layer.models.access import ApiKey
from agentic.layers.L09_api_gateway.keys import create_key, list_keys, revoke_key
from agentic.platform.command_error import CommandError
from agentic.platform.commands.ending import ending
from agentic.platform.commands.own_data_layer import data_layer_in_use
from agentic.platform.exit_codes import OK
from agentic.platform.logs import log_to_terminal

_UNITS: Final = {"m": "minutes", "h": "hours", "d": "days", "w": "weeks"}
_SPAN: Final = re.compile(r"([1-9]\d{0,4})([mhdw])")

Work = Callable[[L01Client], Coroutine[Any, Any, None]]


class SpanError(CommandError):
    """A span of time is not said as the command understands it."""


def create(data_dir: Path, name: str, scopes: list[str], expires: str | None) -> int:
    """Makes a key: on standard output nothing but the key, for scripts; answers the exit code."""
    return ending(lambda: _create(data_dir, name, scopes, None if expires is None else span(expires)))


def _create(data_dir: Path, name: str, scopes: list[str], lifetime: timedelta | None) -> int:
    async def work(l01: L01Client) -> None:
        expires_at = None if lifetime is None else now() + lifetime
        made = await create_key(l01, name, tuple(scopes), expires_at)
        print(made.key, flush=True)
        _say("This key is shown only now. Send it as the header `X-API-Key`, or as `Authorization: Bearer`.")
        _say(f"{_facts(made.record)}. End it with `platform keys revoke {made.record['id']}`.")

    return _run(data_dir, work, make=True)


def show(data_dir: Path, *, json: bool) -> int:
    """Prints all keys, revoked ones too; answers the exit code."""

    async def work(l01: L01Client) -> None:
        records = await list_keys(l01)
        if json:
            print(msgspec.json.format(msgspec.json.encode([_public(record) for record in records])).decode())
        elif records:
            _print_whole(_table(records))
        else:
            _say("There are no keys yet. Make one with `platform keys create NAME`.")

    return ending(lambda: _run(data_dir, work))


def revoke(data_dir: Path, reference: str) -> int:
    """Revokes the key with an id or a name; answers the exit code."""

    async def work(l01: L01Client) -> None:
        record = await revoke_key(l01, reference)
        _say(f"The key {record['name']!r} ({record['prefix']}…) is revoked, for ever.")

    return ending(lambda: _run(data_dir, work))


def span(text: str) -> timedelta:
    """A span of time: a number and m, h, d or w.

    Raises:
        SpanError: it is none.
    """
    match = _SPAN.fullmatch(text.strip().lower())
    if match is None:
        raise SpanError(f"{text!r} is no span of time: say 30d, or a number with m, h, d or w.")
    return timedelta(**{_UNITS[match[2]]: int(match[1])})


def state(record: ApiKey) -> str:
    """Whether a key can be used."""
    if record["revoked_at"] is not None:
        return "revoked"
    expires = record["expires_at"]
    return "expired" if expires is not None and datetime.fromisoformat(expires) <= now() else "valid"


def _table(records: list[ApiKey]) -> Table:
    table = Table(box=None, pad_edge=False, padding=(0, 2, 0, 0), header_style="dim")
    table.add_column("Name", overflow="fold", max_width=30)
    for column in ("Key", "May", "State", "Expires", "Id"):
        table.add_column(column, no_wrap=True)
    styles = {"valid": "green", "expired": "yellow", "revoked": "red"}
    for record in records:
        status = state(record)
        table.add_row(
            escape(record["name"]),
            f"{record['prefix']}…",
            ", ".join(record["scopes"]),
            f"[{styles[status]}]{status}[/]",
            (record["expires_at"] or "never")[:10],
            record["id"],
        )
    return table


def _print_whole(table: Table) -> None:
    """On lines as long as they must be: an id that is cut off is of no use."""
    console = Console(highlight=False)
    console.width = max(
        console.width, console.measure(table, options=console.options.update(width=500)).maximum
    )
    console.print(table)


def _facts(record: ApiKey) -> str:
    until = "until it is revoked" if record["expires_at"] is None else f"until {record['expires_at'][:16]}Z"
    allowed = "do everything" if "admin" in record["scopes"] else " and ".join(record["scopes"])
    return f"{record['name']!r} may {allowed}, {until}"


def _public(record: ApiKey) -> dict[str, Any]:
    return {name: value for name, value in record.items() if name != "key_hash"} | {"state": state(record)}


def _say(text: str) -> None:
    Console(stderr=True, highlight=False).print(escape(text), soft_wrap=True)


def _run(data_dir: Path, work: Work, *, make: bool = False) -> int:
    async def main() -> int:
        async with data_layer_in_use(data_dir, _say, make=make) as l01:
            await work(l01)
        return OK

    log_to_terminal()
    return asyncio.run(main())
