"""The command `platform`. Each command reads its options here and does its work elsewhere, imported when it is called."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from agentic import __version__

app = typer.Typer(
    name="platform",
    help="A self-hosted platform for AI agents in one process.",
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"]},
    epilog="Exit codes: 0 done, 1 failed, 2 wrong usage, 3 another platform runs on the data folder, "
    "4 a port is taken, 5 no platform is running, 6 refused because it would not be safe.",
)

DataDir = Annotated[
    Path | None,
    typer.Option(
        envvar="PLATFORM_DATA_DIR",
        help="Where everything is kept. Without it: the usual place for this user's data.",
        show_default=False,
    ),
]
Host = Annotated[str, typer.Option(envvar="PLATFORM_HOST", help="The address to listen on.")]


@app.command()
def up(
    host: Host = "localhost",
    port: Annotated[
        int,
        typer.Option(
            envvar="PLATFORM_PORT",
            min=0,
            max=65535,
            help="The front door. The other ports keep their distance from it: with 9000, the dashboard alone is on "
            "9001 and the data layer on 9002. 0 takes free ones.",
        ),
    ] = 8000,
    data_dir: DataDir = None,
    separate: Annotated[
        bool, typer.Option("--separate", help="Each layer in a process of its own, on its own port.")
    ] = False,
    open_browser: Annotated[bool, typer.Option("--open", help="Open the dashboard in the browser.")] = False,
) -> None:
    """Start the platform, with a database and a bus of its own unless DATABASE_URL and REDIS_URL name yours.

    It runs until Ctrl-C or SIGTERM, and then stops everything in order.
    """
    from agentic.platform.commands.up import Up
    from agentic.platform.commands.up import up as run

    raise typer.Exit(run(Up(host, port, _data_dir(data_dir), separate, open_browser)))


@app.command()
def status(
    data_dir: DataDir = None,
    as_json: Annotated[
        bool,
        typer.Option(
            "--json",
            help="For programs: every address, with the passwords in those of the database and the bus.",
        ),
    ] = False,
) -> None:
    """Show what runs, where, and how it is: 0 when every layer is ready, 1 when one is not, 5 when none runs."""
    from agentic.platform.commands.status import status as run

    raise typer.Exit(run(_data_dir(data_dir), json=as_json))


@app.command()
def layer(
    layer_id: Annotated[str, typer.Argument(metavar="LAYER", help="L01, L09, L10 or L11.")],
    host: Host = "localhost",
    port: Annotated[
        int | None,
        typer.Option(min=0, max=65535, help="Without it: the layer's own port.", show_default=False),
    ] = None,
    data_dir: DataDir = None,
    inherited: Annotated[str | None, typer.Option(hidden=True, help="Sockets of `up --separate`.")] = None,
) -> None:
    """Run one layer in this process. It reaches the data layer at PLATFORM_L01_URL, or at port 8002 of this machine.

    L01 itself uses DATABASE_URL and REDIS_URL, or the servers of the data folder.
    """
    from agentic.platform.commands.layer import inherited_layer, known
    from agentic.platform.commands.layer import layer as run

    if not known(layer_id := layer_id.upper()):
        raise typer.BadParameter(f"there is no layer {layer_id!r}", param_hint="LAYER")
    if inherited is not None:
        raise typer.Exit(inherited_layer(layer_id, inherited, _data_dir(data_dir)))
    raise typer.Exit(run(layer_id, host, port, _data_dir(data_dir)))


@app.command()
def version() -> None:
    """Print the version."""
    typer.echo(__version__)


def main() -> None:
    """The console script."""
    app()


def _data_dir(given: Path | None) -> Path:
    from agentic.platform.servers.folder import default_data_dir

    return (given or default_data_dir()).expanduser().resolve()
