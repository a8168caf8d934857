"""What a person sees of `platform up`: what is being prepared, then what runs and where."""

from __future__ import annotations

from collections.abc import Generator
from contextlib import contextmanager

from rich.console import Console
from rich.markup import escape
from rich.status import Status
from rich.table import Table

from agentic.platform.state import PlatformState


class Screen:
    """The terminal of one command."""

    def __init__(self) -> None:
        self.console = Console(highlight=False)
        self._status: Status | None = None

    @contextmanager
    def starting(self) -> Generator[None]:
        """Shows that something goes on, until the block is left."""
        try:
            with self.console.status("Starting…") as self._status:
                yield
        finally:
            self._status = None

    def progress(self, what: str) -> None:
        """Says what takes time, or went wrong."""
        if self._status is not None and self.console.is_terminal:
            self._status.update(escape(what))
        else:
            self.console.print(escape(what))

    def started(self, state: PlatformState) -> None:
        """Says what runs, where, and what to open."""
        layers = Table.grid(padding=(0, 2))
        for layer in state.layers:
            layers.add_row(f"[dim]{layer.id}[/dim]", escape(layer.title), _link(layer.url))
        rest = Table.grid(padding=(0, 2))
        for name, value in (
            ("Database", state.database.shown),
            ("Bus", state.bus.shown),
            ("Data", state.data_dir),
            ("Log", state.log),
        ):
            rest.add_row(f"[dim]{name}[/dim]", escape(value))
        self.console.print(f"\n[bold]Agentic platform {state.version}[/bold] is running.\n")
        self.console.print(layers, "", rest, sep="\n")
        self.console.print(f"\nOpen [bold]{_link(state.url)}[/bold]    Ctrl-C stops everything.\n")

    def serves(self, layer_id: str, url: str) -> None:
        """Says where a layer alone answers."""
        self.console.print(f"{layer_id} answers at [bold]{_link(url)}[/bold]    Ctrl-C stops it.")

    def stopping(self) -> None:
        """Says that the end has begun."""
        self.console.print("Stopping…")


def say_failure(error: Exception, advice: str = "") -> None:
    """Says on standard error what went wrong, and what helps."""
    text = f"{error} {advice}".rstrip()
    Console(stderr=True, highlight=False).print(f"[bold red]Error:[/bold red] {escape(text)}", soft_wrap=True)


def _link(url: str) -> str:
    return f"[link={url}]{url}[/link]"
