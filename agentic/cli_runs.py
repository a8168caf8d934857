"""The commands `platform runs …`: what a person may do with runs."""

from __future__ import annotations

from typing import Annotated

import typer

from agentic.cli_options import DataDir, Json, Key, Url, where

runs = typer.Typer(
    no_args_is_help=True, help="Runs of agents: looked at, cancelled, approved, tried otherwise."
)

Run = Annotated[
    str, typer.Argument(metavar="RUN", help="Its id, the end of it, or `last`.", show_default=False)
]
Watched = Annotated[bool, typer.Option("--watch", help="Watch the new run to its end.")]


@runs.command("list")
def list_runs(
    agent: Annotated[str | None, typer.Option(help="Of this agent.", show_default=False)] = None,
    status: Annotated[
        str | None, typer.Option(help="In this state, such as running or failed.", show_default=False)
    ] = None,
    limit: Annotated[int, typer.Option(min=1, max=1000, help="How many, at most.")] = 20,
    data_dir: DataDir = None,
    url: Url = None,
    key: Key = None,
    as_json: Json = False,
) -> None:
    """List the newest runs."""
    from agentic.platform.commands.runs import show_all

    raise typer.Exit(
        show_all(where(data_dir, url, key), agent=agent, status=status, limit=limit, json=as_json)
    )


@runs.command("show")
def show_run(
    run: Run, data_dir: DataDir = None, url: Url = None, key: Key = None, as_json: Json = False
) -> None:
    """Show a run: its steps, its answer, what it cost."""
    from agentic.platform.commands.runs import show

    raise typer.Exit(show(where(data_dir, url, key), run, json=as_json))


@runs.command("watch")
def watch_run(
    run: Run, data_dir: DataDir = None, url: Url = None, key: Key = None, as_json: Json = False
) -> None:
    """Watch a run from its first step to its end, as `platform run` does, with the same exit codes."""
    from agentic.platform.commands.runs import watch

    raise typer.Exit(watch(where(data_dir, url, key), run, json=as_json))


@runs.command("cancel")
def cancel_run(
    run: Run,
    reason: Annotated[str | None, typer.Option(help="Kept with the run.", show_default=False)] = None,
    data_dir: DataDir = None,
    url: Url = None,
    key: Key = None,
) -> None:
    """End a run, and those that it began. A model that is being asked is cut off."""
    from agentic.platform.commands.runs import cancel

    raise typer.Exit(cancel(where(data_dir, url, key), run, reason))


@runs.command("pause")
def pause_run(run: Run, data_dir: DataDir = None, url: Url = None, key: Key = None) -> None:
    """Let a run go no further than the step that it is taking."""
    from agentic.platform.commands.runs import pause

    raise typer.Exit(pause(where(data_dir, url, key), run))


@runs.command("resume")
def resume_run(run: Run, data_dir: DataDir = None, url: Url = None, key: Key = None) -> None:
    """Let a paused run go on."""
    from agentic.platform.commands.runs import resume

    raise typer.Exit(resume(where(data_dir, url, key), run))


@runs.command("steer")
def steer_run(
    run: Run,
    text: Annotated[str, typer.Argument(help="What is said.", show_default=False)],
    data_dir: DataDir = None,
    url: Url = None,
    key: Key = None,
) -> None:
    """Say something into a run that is not over: its model reads it before its next answer."""
    from agentic.platform.commands.runs import steer

    raise typer.Exit(steer(where(data_dir, url, key), run, text))


@runs.command("approve")
def approve_run(
    run: Run,
    deny: Annotated[bool, typer.Option("--deny", help="Refuse it instead.")] = False,
    reason: Annotated[str | None, typer.Option(help="Is told the agent.", show_default=False)] = None,
    approval: Annotated[
        str | None, typer.Option(help="Its id, when the run waits for several.", show_default=False)
    ] = None,
    data_dir: DataDir = None,
    url: Url = None,
    key: Key = None,
) -> None:
    """Allow what a run waits for, or refuse it. It goes on at once."""
    from agentic.platform.commands.runs import Decision, approve

    decision = Decision(not deny, approval, reason)
    raise typer.Exit(approve(where(data_dir, url, key), run, decision))


@runs.command("retry")
def retry_run(
    run: Run, watch: Watched = False, data_dir: DataDir = None, url: Url = None, key: Key = None
) -> None:
    """Try a failed or cancelled run again, in a new one that goes on where it ended."""
    from agentic.platform.commands.runs import retry

    raise typer.Exit(retry(where(data_dir, url, key), run, watched=watch))


@runs.command("fork")
def fork_run(
    run: Run,
    step: Annotated[
        int | None,
        typer.Option(min=0, help="The last step that is kept; all without it.", show_default=False),
    ] = None,
    model: Annotated[str | None, typer.Option(help="Ask another model.", show_default=False)] = None,
    instructions: Annotated[
        str | None, typer.Option(help="Other instructions; @FILE reads them.", show_default=False)
    ] = None,
    text: Annotated[str | None, typer.Option("--input", help="Another input.", show_default=False)] = None,
    tool_result: Annotated[
        tuple[int, str] | None,
        typer.Option(
            metavar="STEP RESULT",
            help="Another result of the tool in this step, as JSON or text; it is the last one kept.",
            show_default=False,
        ),
    ] = None,
    watch: Watched = False,
    data_dir: DataDir = None,
    url: Url = None,
    key: Key = None,
) -> None:
    """Try a moment of a run otherwise: a new run with its first steps, and with what you change."""
    from agentic.platform.commands.runs import Otherwise, fork

    otherwise = Otherwise(step, model, instructions, text, tool_result)
    raise typer.Exit(fork(where(data_dir, url, key), run, otherwise, watched=watch))
