"""The commands of `platform` that are about agents: run them, look after their tools and models."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from agentic.cli_options import DataDir, Json, Key, Url, data_folder, where

PANEL = "Agents"
agents = typer.Typer(no_args_is_help=True, help="Agents: listed, shown, made.")
tools = typer.Typer(no_args_is_help=True, help="Tools: listed, shown, switched on and off.")
models = typer.Typer(no_args_is_help=True, help="Models: which can be asked, and whether they answer.")

Agent = Annotated[str, typer.Argument(metavar="AGENT", help="Its name or id.", show_default=False)]
Tool = Annotated[str, typer.Argument(metavar="TOOL", help="Its name or id.", show_default=False)]


def run(
    agent: Agent,
    text: Annotated[
        str | None,
        typer.Argument(
            metavar="INPUT", help="What it is told; - or nothing: standard input.", show_default=False
        ),
    ] = None,
    session: Annotated[
        str | None,
        typer.Option(
            help="The conversation that it is part of: `new`, `last` (the agent's), or an id.",
            show_default=False,
        ),
    ] = None,
    model: Annotated[
        str | None, typer.Option(help="Ask this model, in this run alone.", show_default=False)
    ] = None,
    json_input: Annotated[bool, typer.Option("--json-input", help="INPUT is JSON, not text.")] = False,
    priority: Annotated[
        int | None,
        typer.Option(min=-1000, max=1000, help="Higher ones go first; 5 without it.", show_default=False),
    ] = None,
    no_wait: Annotated[
        bool, typer.Option("--no-wait", help="Print the run's id and leave it to itself.")
    ] = False,
    record: Annotated[
        Path | None,
        typer.Option(
            metavar="FILE",
            dir_okay=False,
            resolve_path=True,
            show_default=False,
            help="Record all that it hears from models and tools. The run is carried by this command.",
        ),
    ] = None,
    replay: Annotated[
        Path | None,
        typer.Option(
            metavar="FILE",
            dir_okay=False,
            resolve_path=True,
            show_default=False,
            help="Tell it again what was recorded, without a model and without tools; a difference is an error.",
        ),
    ] = None,
    module: Annotated[
        list[str],
        typer.Option(
            help="With --record or --replay: a Python module with agents of yours, again for each.",
            show_default=False,
        ),
    ] = [],  # noqa: B006 - typer copies it
    as_json: Annotated[
        bool,
        typer.Option("--json", help="For programs: a line of JSON for each event; the last is the run."),
    ] = False,
    data_dir: DataDir = None,
    url: Url = None,
    key: Key = None,
) -> None:
    """Run an agent and watch it: its steps, its words as they come, tokens and cost.

    Standard output has the answer alone. Ctrl-C asks whether to leave the run to itself or to cancel it.

    Exit codes: 0 completed, 7 failed, 8 cancelled, 9 it waits for a person, 10 it goes on without being watched.
    """
    from agentic.platform.commands.run import Order
    from agentic.platform.commands.run import run as begin

    if record and replay:
        raise typer.BadParameter("either --record or --replay")
    if (record or replay) and no_wait:
        raise typer.BadParameter(
            "a run that is recorded or replayed is carried by this command: no --no-wait"
        )
    order = Order(
        agent,
        text,
        json_input=json_input,
        session=session,
        model=model,
        priority=priority,
        wait=not no_wait,
        record=record,
        replay=replay,
        modules=tuple(module),
        json=as_json,
    )
    raise typer.Exit(begin(where(data_dir, url, key), order))


def worker(
    concurrency: Annotated[
        int | None,
        typer.Option(min=1, help="Runs that it carries at once; 100 without it.", show_default=False),
    ] = None,
    module: Annotated[
        list[str],
        typer.Option(
            help="A Python module with agents or tools of yours, again for each. It is looked for here, too.",
            show_default=False,
        ),
    ] = [],  # noqa: B006 - typer copies it
    drain: Annotated[
        float,
        typer.Option(min=0, help="Seconds that steps have to finish when it is told to stop."),
    ] = 10.0,
    data_dir: DataDir = None,
) -> None:
    """Add a process that carries runs: beside a platform that runs, or on another host.

    On another host, DATABASE_URL and REDIS_URL are those of the platform. At Ctrl-C or SIGTERM it takes no more runs,
    lets the steps in hand finish, and gives the rest back to the others; a second Ctrl-C does so at once.
    """
    from agentic.platform.commands.worker import WorkerOptions
    from agentic.platform.commands.worker import worker as carry

    carry(WorkerOptions(data_folder(data_dir), concurrency, tuple(module), drain))


def demo(
    model: Annotated[
        str | None, typer.Option(help="Without it: the best that can be asked.", show_default=False)
    ] = None,
    no_browser: Annotated[bool, typer.Option("--no-browser", help="Do not open the browser.")] = False,
    port: Annotated[
        int,
        typer.Option(
            envvar="PLATFORM_PORT",
            min=0,
            max=65535,
            help="The front door of the platform that it starts, if it does.",
        ),
    ] = 8000,
    data_dir: DataDir = None,
    url: Url = None,
    key: Key = None,
) -> None:
    """Set up an example agent with tools, run it, and open its run in the browser.

    It takes the local model, or whatever other one can be asked; and starts the platform if none runs, which then
    stays until Ctrl-C.
    """
    from agentic.platform.commands.demo import demo as show

    show(where(data_dir, url, key), model, port, browser=not no_browser)


# -- agents


@agents.command("list")
def list_agents(
    status: Annotated[
        str | None, typer.Option(help="In this state, such as active.", show_default=False)
    ] = None,
    everyone: Annotated[bool, typer.Option("--all", help="Those that are terminated, too.")] = False,
    data_dir: DataDir = None,
    url: Url = None,
    key: Key = None,
    as_json: Json = False,
) -> None:
    """List the agents."""
    from agentic.platform.commands.agents import show_all

    raise typer.Exit(show_all(where(data_dir, url, key), status=status, everyone=everyone, json=as_json))


@agents.command("show")
def show_agent(
    agent: Agent, data_dir: DataDir = None, url: Url = None, key: Key = None, as_json: Json = False
) -> None:
    """Show an agent, its configuration and its last runs."""
    from agentic.platform.commands.agents import show

    raise typer.Exit(show(where(data_dir, url, key), agent, json=as_json))


@agents.command("create")
def create_agent(
    name: Annotated[str, typer.Argument(help="What it is called.", show_default=False)],
    model: Annotated[
        str | None,
        typer.Option(help="Which model it asks. `platform models list` lists them.", show_default=False),
    ] = None,
    instructions: Annotated[
        str | None, typer.Option(help="What it is told first; @FILE reads them.", show_default=False)
    ] = None,
    tool: Annotated[
        list[str], typer.Option(help="A tool that it may use, again for each.", show_default=False)
    ] = [],  # noqa: B006 - typer copies it
    approve: Annotated[
        list[str],
        typer.Option(help="A tool that it may use when a person allows each call.", show_default=False),
    ] = [],  # noqa: B006 - typer copies it
    max_steps: Annotated[
        int | None, typer.Option(min=1, help="Steps of one run, at most.", show_default=False)
    ] = None,
    max_cost: Annotated[
        float | None, typer.Option(min=0, help="US dollars of one run, at most.", show_default=False)
    ] = None,
    configuration: Annotated[
        Path | None,
        typer.Option(
            help="A JSON file with its configuration; the other options go over it.", show_default=False
        ),
    ] = None,
    data_dir: DataDir = None,
    url: Url = None,
    key: Key = None,
    as_json: Json = False,
) -> None:
    """Make an agent and start it; prints its id."""
    from agentic.platform.commands.agents import NewAgent, create

    wanted = NewAgent(name, model, instructions, tool, approve, max_steps, max_cost, configuration)
    raise typer.Exit(create(where(data_dir, url, key), wanted, json=as_json))


# -- tools


@tools.command("list")
def list_tools(data_dir: DataDir = None, url: Url = None, key: Key = None, as_json: Json = False) -> None:
    """List the tools."""
    from agentic.platform.commands.tools import show_all

    raise typer.Exit(show_all(where(data_dir, url, key), json=as_json))


@tools.command("show")
def show_tool(
    tool: Tool, data_dir: DataDir = None, url: Url = None, key: Key = None, as_json: Json = False
) -> None:
    """Show a tool: what it does, what it takes, when it was used last."""
    from agentic.platform.commands.tools import show

    raise typer.Exit(show(where(data_dir, url, key), tool, json=as_json))


@tools.command("enable")
def enable_tool(tool: Tool, data_dir: DataDir = None, url: Url = None, key: Key = None) -> None:
    """Switch a tool on."""
    from agentic.platform.commands.tools import switch

    raise typer.Exit(switch(where(data_dir, url, key), tool, on=True))


@tools.command("disable")
def disable_tool(tool: Tool, data_dir: DataDir = None, url: Url = None, key: Key = None) -> None:
    """Switch a tool off, for all agents and at once."""
    from agentic.platform.commands.tools import switch

    raise typer.Exit(switch(where(data_dir, url, key), tool, on=False))


# -- models


@models.command("list")
def list_models(data_dir: DataDir = None, url: Url = None, key: Key = None, as_json: Json = False) -> None:
    """List the models that can be asked, and say of the others why they cannot."""
    from agentic.platform.commands.models import show_all

    raise typer.Exit(show_all(where(data_dir, url, key), json=as_json))


@models.command("test")
def test_model(
    model: Annotated[
        str | None,
        typer.Argument(help="Without it: the first that can be asked.", show_default=False),
    ] = None,
    data_dir: DataDir = None,
    url: Url = None,
    key: Key = None,
    as_json: Json = False,
) -> None:
    """Ask a model for five words: 0 when it answers, or 1. It costs what five words cost."""
    from agentic.platform.commands.models import test

    raise typer.Exit(test(where(data_dir, url, key), model, json=as_json))


@models.command("install-local")
def install_local() -> None:
    """Fetch the file of the local model (93 MB), which the extra `local` cannot bring by itself.

    It is a very small model, for demos and tests: it answers without an account and without a network.
    """
    from agentic.platform.commands.models import install_local as run

    raise typer.Exit(run())
