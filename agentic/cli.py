"""The command `platform`. Each command reads its options here and does its work elsewhere, imported when it is called."""

from __future__ import annotations

from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer

from agentic import (
    __version__,
    cli_agents,
    cli_eval,
    cli_goals,
    cli_learn,
    cli_mcp,
    cli_runs,
    cli_subscriptions,
)
from agentic.cli_options import DataDir, Json, data_folder

app = typer.Typer(
    name="platform",
    help="A self-hosted platform for AI agents in one process.",
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"]},
    epilog="Exit codes: 0 done, 1 failed, 2 wrong usage, 3 another platform runs on the data folder, "
    "4 a port is taken, 5 no platform is running, 6 refused because it would not be safe; of a run, 7 it failed, 8 it was "
    "cancelled, 9 it waits for a person, 10 it goes on without being watched; 11 an evaluation found a "
    "regression.",
)
for command in (cli_agents.run, cli_agents.demo, cli_agents.worker):
    app.command(rich_help_panel=cli_agents.PANEL)(command)
app.command(rich_help_panel=cli_agents.PANEL)(cli_goals.goal)
app.add_typer(cli_goals.plan, name="plan", rich_help_panel=cli_agents.PANEL)
app.command("eval", rich_help_panel=cli_agents.PANEL)(cli_eval.evaluate)
app.command(rich_help_panel=cli_mcp.PANEL)(cli_mcp.mcp)
app.add_typer(cli_runs.runs, name="runs", rich_help_panel=cli_agents.PANEL)
app.add_typer(cli_agents.agents, name="agents", rich_help_panel=cli_agents.PANEL)
app.add_typer(cli_agents.tools, name="tools", rich_help_panel=cli_agents.PANEL)
app.add_typer(cli_agents.models, name="models", rich_help_panel=cli_agents.PANEL)
app.add_typer(cli_learn.feedback, name="feedback", rich_help_panel=cli_agents.PANEL)
app.add_typer(cli_learn.learn, name="learn", rich_help_panel=cli_agents.PANEL)
app.command(rich_help_panel=cli_agents.PANEL)(cli_learn.export)
app.add_typer(cli_subscriptions.subscriptions, name="subscriptions")
db = typer.Typer(no_args_is_help=True, help="The database: the one in DATABASE_URL, or of the data folder.")
app.add_typer(db, name="db")
keys = typer.Typer(no_args_is_help=True, help="Keys to the API.")
app.add_typer(keys, name="keys")


class KeyScope(StrEnum):
    """What a key may do."""

    read = "read"
    write = "write"
    admin = "admin"


Host = Annotated[str, typer.Option(envvar="PLATFORM_HOST", help="The address to listen on.")]
Port = Annotated[
    int,
    typer.Option(
        envvar="PLATFORM_PORT",
        min=0,
        max=65535,
        help="The front door. The other ports keep their distance from it: with 9000, the dashboard alone is on "
        "9001 and the data layer on 9002. 0 takes free ones.",
    ),
]
Separate = Annotated[
    bool, typer.Option("--separate", help="Each layer in a process of its own, on its own port.")
]
File = Annotated[Path, typer.Argument(dir_okay=False, resolve_path=True)]
Force = Annotated[bool, typer.Option("--force", help="Replace what is there.")]


@app.command()
def up(
    host: Host = "localhost",
    port: Port = 8000,
    data_dir: DataDir = None,
    separate: Separate = False,
    open_browser: Annotated[bool, typer.Option("--open", help="Open the dashboard in the browser.")] = False,
) -> None:
    """Start the platform, with a database and a bus of its own unless DATABASE_URL and REDIS_URL name yours.

    It runs until Ctrl-C or SIGTERM, and then stops everything in order.
    """
    from agentic.platform.commands.up import Up
    from agentic.platform.commands.up import up as run

    run(Up(host, port, data_folder(data_dir), separate, open_browser))


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

    raise typer.Exit(run(data_folder(data_dir), json=as_json))


@app.command()
def layer(
    layer_id: Annotated[str, typer.Argument(metavar="LAYER", help="L01 to L05, L09, L10 or L11.")],
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
        inherited_layer(layer_id, inherited, data_folder(data_dir))
    run(layer_id, host, port, data_folder(data_dir))


@app.command()
def verify(
    data_dir: DataDir = None,
    url: Annotated[
        str | None,
        typer.Option(
            help="The front door of a platform that runs elsewhere, or whose layers were started one by one; its "
            "database and bus are then those of DATABASE_URL and REDIS_URL.",
            show_default=False,
        ),
    ] = None,
    key: Annotated[
        str | None,
        typer.Option(
            envvar="PLATFORM_KEY",
            help="A key with the scope admin, for a platform that listens beyond its machine. Without it: the "
            "specification's test key.",
            show_default=False,
        ),
    ] = None,
    as_json: Json = False,
) -> None:
    """Walk the specification's verification steps and success criteria against what is running: 0 when all pass, or 1.

    It makes a few records, and deletes those that the API can delete.
    """
    from agentic.platform.commands.verify import Verify
    from agentic.platform.commands.verify import verify as run

    raise typer.Exit(run(Verify(data_folder(data_dir), url, key), json=as_json))


@app.command()
def doctor(
    host: Host = "localhost",
    port: Port = 8000,
    data_dir: DataDir = None,
    separate: Separate = False,
    as_json: Json = False,
) -> None:
    """Look for what is in the way of `platform up` with the same options, and say what to do: 0 when nothing is, or 1.

    It changes nothing.
    """
    from agentic.platform.commands.doctor import Doctor
    from agentic.platform.commands.doctor import doctor as run

    raise typer.Exit(run(Doctor(host, port, data_folder(data_dir), separate), json=as_json))


@app.command()
def check(data_dir: DataDir = None, as_json: Json = False) -> None:
    """Compare every row with what its events add up to, and the log with its own rules: 0 when they agree, or 1.

    It only reads, and may run beside the platform or without it.
    """
    from agentic.platform.commands.check import check as run

    raise typer.Exit(run(data_folder(data_dir), json=as_json))


@app.command()
def errors(
    code: Annotated[str | None, typer.Argument(help="Such as E1002.", show_default=False)] = None,
) -> None:
    """List the errors that the platform answers with, or explain one."""
    from agentic.platform.commands.errors import errors as run

    raise typer.Exit(run(code))


@db.command()
def migrate(data_dir: DataDir = None) -> None:
    """Bring the schema up to date. `up` does that by itself."""
    from agentic.platform.commands.databases import migrate as run

    raise typer.Exit(run(data_folder(data_dir)))


@db.command()
def dump(file: File, data_dir: DataDir = None, force: Force = False) -> None:
    """Write everything into FILE, in the format of pg_dump. The platform may run meanwhile."""
    from agentic.platform.commands.databases import dump as run

    raise typer.Exit(run(data_folder(data_dir), file, force=force))


@db.command()
def restore(file: File, data_dir: DataDir = None, force: Force = False) -> None:
    """Put a dump back, whole or not at all. The platform must not run, and nothing be there without --force."""
    from agentic.platform.commands.databases import restore as run

    raise typer.Exit(run(data_folder(data_dir), file, force=force))


@db.command()
def reset(
    data_dir: DataDir = None,
    yes: Annotated[bool, typer.Option("--yes", help="Do not ask.")] = False,
) -> None:
    """Destroy everything in the database and begin anew. It says what there is, and asks. The platform must not run."""
    from agentic.platform.commands.databases import reset as run

    def ask(warning: str) -> bool:
        typer.echo(warning)
        return typer.confirm("Destroy it?")

    raise typer.Exit(run(data_folder(data_dir), None if yes else ask))


@keys.command("create")
def create_key(
    name: Annotated[str, typer.Argument(help="Whose key it is.")],
    scope: Annotated[
        list[KeyScope],
        typer.Option(help="What it may do, again for each; admin may do everything."),
    ] = [KeyScope.read, KeyScope.write],  # noqa: B006 - typer copies it
    expires: Annotated[
        str | None, typer.Option(help="After how long: 12h, 30d, 8w. Without it: never.", show_default=False)
    ] = None,
    data_dir: DataDir = None,
) -> None:
    """Make a key to the API and print it, this once."""
    from agentic.platform.commands.keys import create as run

    raise typer.Exit(run(data_folder(data_dir), name, [each.value for each in scope], expires))


@keys.command("list")
def list_keys(data_dir: DataDir = None, as_json: Json = False) -> None:
    """List all keys, revoked ones too. The keys themselves are stored nowhere."""
    from agentic.platform.commands.keys import show as run

    raise typer.Exit(run(data_folder(data_dir), json=as_json))


@keys.command("revoke")
def revoke_key(
    key: Annotated[str, typer.Argument(help="Its id, or its name.")], data_dir: DataDir = None
) -> None:
    """Revoke a key, for ever."""
    from agentic.platform.commands.keys import revoke as run

    raise typer.Exit(run(data_folder(data_dir), key))


@app.command()
def version() -> None:
    """Print the version."""
    typer.echo(__version__)


def main() -> None:
    """The console script."""
    app()
