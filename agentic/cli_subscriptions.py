"""The commands `platform subscriptions …`: who is told of events, how far they are, and what could not be delivered."""

from __future__ import annotations

from typing import Annotated

import typer

from agentic.cli_options import DataDir, Json, Key, Url, where

subscriptions = typer.Typer(
    no_args_is_help=True, help="Subscriptions: how far they are, paused, replayed; their dead letters."
)

Name = Annotated[str, typer.Argument(metavar="NAME", help="The subscription.", show_default=False)]
Position = Annotated[int, typer.Argument(metavar="POSITION", help="Of the event.", show_default=False)]


@subscriptions.command("list")
def list_subscriptions(
    data_dir: DataDir = None, url: Url = None, key: Key = None, as_json: Json = False
) -> None:
    """List the subscriptions, with how far each is behind."""
    from agentic.platform.commands.subscriptions import show_all

    raise typer.Exit(show_all(where(data_dir, url, key), json=as_json))


@subscriptions.command("show")
def show_subscription(
    name: Name, data_dir: DataDir = None, url: Url = None, key: Key = None, as_json: Json = False
) -> None:
    """Show a subscription, and what became of its newest events."""
    from agentic.platform.commands.subscriptions import show

    raise typer.Exit(show(where(data_dir, url, key), name, json=as_json))


@subscriptions.command("pause")
def pause(name: Name, data_dir: DataDir = None, url: Url = None, key: Key = None) -> None:
    """Deliver nothing until it is resumed. Nothing is missed."""
    from agentic.platform.commands.subscriptions import switch

    raise typer.Exit(switch(where(data_dir, url, key), name, on=False))


@subscriptions.command("resume")
def resume(name: Name, data_dir: DataDir = None, url: Url = None, key: Key = None) -> None:
    """Go on where it was."""
    from agentic.platform.commands.subscriptions import switch

    raise typer.Exit(switch(where(data_dir, url, key), name, on=True))


@subscriptions.command("replay")
def replay(
    name: Name,
    after: Annotated[
        int | None, typer.Option(min=0, help="The events after this position.", show_default=False)
    ] = None,
    since: Annotated[
        str | None,
        typer.Option(help="The events from this time on, such as 2026-11-27T08:00:00Z.", show_default=False),
    ] = None,
    data_dir: DataDir = None,
    url: Url = None,
    key: Key = None,
) -> None:
    """Let events come again, after a position or from a time on."""
    from agentic.platform.commands.subscriptions import replay as run

    raise typer.Exit(run(where(data_dir, url, key), name, after=after, since=since))


@subscriptions.command("dead-letters")
def dead_letters(
    name: Name, data_dir: DataDir = None, url: Url = None, key: Key = None, as_json: Json = False
) -> None:
    """List the events that could not be delivered."""
    from agentic.platform.commands.subscriptions import show_letters

    raise typer.Exit(show_letters(where(data_dir, url, key), name, json=as_json))


@subscriptions.command("retry")
def retry(name: Name, position: Position, data_dir: DataDir = None, url: Url = None, key: Key = None) -> None:
    """Try a dead letter again: 0 when it was taken, or 1."""
    from agentic.platform.commands.subscriptions import retry as run

    raise typer.Exit(run(where(data_dir, url, key), name, position))


@subscriptions.command("drop")
def drop(name: Name, position: Position, data_dir: DataDir = None, url: Url = None, key: Key = None) -> None:
    """Give a dead letter up."""
    from agentic.platform.commands.subscriptions import drop as run

    raise typer.Exit(run(where(data_dir, url, key), name, position))
