"""How the commands show records: tables for people, JSON for programs, and figures as people read them."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime
from typing import Any, Final

import msgspec
from rich.console import Console
from rich.markup import escape
from rich.table import Table

from agentic.layers.base.ids import now

_CONTROLS: Final = dict.fromkeys([*range(9), *range(11, 32), *range(127, 160)])
_SPANS: Final = ((86_400, "d"), (3600, "h"), (60, "min"))
STATUS_STYLES: Final = {
    "active": "green",
    "completed": "green",
    "running": "cyan",
    "queued": "cyan",
    "waiting_approval": "yellow",
    "suspended": "yellow",
    "failed": "red",
    "error": "red",
    "cancelled": "dim",
    "terminated": "dim",
}


def printable(text: str) -> str:
    """Text as a terminal may be given it: what a model or a tool wrote must not move the cursor or change the title."""
    return text.translate(_CONTROLS)


def say(text: str) -> None:
    """Says something beside the result, on standard error."""
    Console(stderr=True, highlight=False).print(escape(printable(text)), soft_wrap=True)


def print_json(value: Any) -> None:
    """The value for programs, on standard output."""
    print(msgspec.json.format(msgspec.json.encode(value), indent=2).decode())


def plain_table(*columns: str, right: Iterable[str] = ()) -> Table:
    """A table without lines; those in `right` hold numbers."""
    table = Table(box=None, pad_edge=False, padding=(0, 2, 0, 0), header_style="dim")
    numbers = set(right)
    for column in columns:
        table.add_column(column, justify="right" if column in numbers else "left", no_wrap=True)
    return table


def print_whole(table: Table) -> None:
    """On lines as long as they must be: an id that is cut off is of no use."""
    console = Console(highlight=False)
    widest = console.measure(table, options=console.options.update(width=2000)).maximum
    console.width = max(console.width, widest)
    console.print(table)


def status_of(record: Any) -> str:
    """Its state, in colour."""
    status = str(record["status"])
    return f"[{STATUS_STYLES.get(status, 'default')}]{status.replace('_', ' ')}[/]"


def short(value: Any, most: int = 60) -> str:
    """A value on one line, cut to what a table has room for."""
    text = value if isinstance(value, str) else "" if value is None else msgspec.json.encode(value).decode()
    text = " ".join(printable(text).split())
    return escape(text if len(text) <= most else f"{text[: most - 1]}…")


def money(dollars: float | None) -> str:
    """US dollars to the micro-dollar; what is not known is said so."""
    if dollars is None:
        return "unknown"
    whole, _, rest = f"{dollars:.6f}".partition(".")
    kept = rest.rstrip("0")
    return f"${whole}" if not kept else f"${whole}.{kept.ljust(2, '0')}"


def tokens(record: Any) -> str:
    """Tokens in and out."""
    return f"{record['input_tokens']:,} → {record['output_tokens']:,} tokens"


def lasted(start: str | None, end: str | None) -> str:
    """The time between two moments; until now when there is no second one."""
    if start is None:
        return ""
    until = now() if end is None else datetime.fromisoformat(end)
    return seconds((until - datetime.fromisoformat(start)).total_seconds())


def seconds(count: float) -> str:
    """A span of time."""
    if count < 1:
        return f"{count * 1000:.0f} ms"
    if count < 60:
        return f"{count:.1f} s"
    minutes, rest = divmod(round(count), 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours} h {minutes} min" if hours else f"{minutes} min {rest} s"


def ago(moment: str | None) -> str:
    """How long ago a moment was."""
    if moment is None:
        return ""
    past = (now() - datetime.fromisoformat(moment)).total_seconds()
    for size, unit in _SPANS:
        if past >= size:
            return f"{past / size:.0f} {unit} ago"
    return "just now"
