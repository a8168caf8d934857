"""The commands `platform goal` and `platform plan …`."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Annotated, Any

import typer

from agentic.cli_options import DataDir, Json, Key, Url, where

plan = typer.Typer(no_args_is_help=True, help="Plans of goals: shown, approved, paused, cancelled.")

Plan = Annotated[
    str, typer.Argument(metavar="PLAN", help="Its id, the end of it, or `last`.", show_default=False)
]
NoWait = Annotated[bool, typer.Option("--no-wait", help="Print the plan's id and leave it to itself.")]


def goal(
    description: Annotated[
        str, typer.Argument(metavar="GOAL", help="What is to be reached.", show_default=False)
    ],
    steps: Annotated[
        Path | None,
        typer.Option(metavar="FILE", help="The steps, as JSON; - reads them.", show_default=False),
    ] = None,
    template: Annotated[str | None, typer.Option(help="Take this template.", show_default=False)] = None,
    parameter: Annotated[
        list[str],
        typer.Option(
            "--set", metavar="NAME=VALUE", help="Of the template, again for each.", show_default=False
        ),
    ] = [],  # noqa: B006 - typer copies it
    model: Annotated[
        str | None, typer.Option(help="Have this model make the plan.", show_default=False)
    ] = None,
    criterion: Annotated[
        list[str],
        typer.Option(
            help="When it is reached: a text, or an evaluator as JSON; again for each.", show_default=False
        ),
    ] = [],  # noqa: B006
    agent: Annotated[str | None, typer.Option(help="Whose goal it is.", show_default=False)] = None,
    parallel: Annotated[
        int | None, typer.Option(min=1, max=200, help="Steps at once, at most.", show_default=False)
    ] = None,
    yes: Annotated[bool, typer.Option("--yes", help="Approve the plan without asking.")] = False,
    no_wait: NoWait = False,
    as_json: Json = False,
    data_dir: DataDir = None,
    url: Url = None,
    key: Key = None,
) -> None:
    """State a goal, see its plan, approve it, and watch it carried out.

    Without steps and template, a model makes the plan. Exit codes are those of a run: 0 reached, 7 failed, 8 cancelled,
    9 it waits for a person.
    """
    from agentic.platform.commands.plans import GoalOrder
    from agentic.platform.commands.plans import goal as run

    fields: dict[str, Any] = {} if parallel is None else {"options": {"parallel": parallel}}
    order = GoalOrder(
        description,
        tuple(criterion),
        agent,
        steps,
        template,
        tuple(parameter),
        model,
        fields,
        yes,
        not no_wait,
        as_json,
    )
    asks = sys.stdin.isatty() and not as_json
    raise typer.Exit(run(where(data_dir, url, key), order, _confirm if asks else None))


def _confirm() -> bool:
    return typer.confirm("Carry it out?", err=True)


@plan.command("list")
def list_plans(
    status: Annotated[
        str | None, typer.Option(help="In this state, such as draft or executing.", show_default=False)
    ] = None,
    limit: Annotated[int, typer.Option(min=1, max=1000, help="How many, at most.")] = 20,
    data_dir: DataDir = None,
    url: Url = None,
    key: Key = None,
    as_json: Json = False,
) -> None:
    """List the newest plans."""
    from agentic.platform.commands.plans import show_all

    raise typer.Exit(show_all(where(data_dir, url, key), status=status, limit=limit, json=as_json))


@plan.command("show")
def show_plan(
    plan: Plan, data_dir: DataDir = None, url: Url = None, key: Key = None, as_json: Json = False
) -> None:
    """Show a plan: what it may cost, its steps and how they stand, and what is wrong with it."""
    from agentic.platform.commands.plans import show

    raise typer.Exit(show(where(data_dir, url, key), plan, json=as_json))


@plan.command("approve")
def approve_plan(
    plan: Plan,
    no_wait: NoWait = False,
    data_dir: DataDir = None,
    url: Url = None,
    key: Key = None,
    as_json: Json = False,
) -> None:
    """Approve a plan and carry it out. The exit code says how it ended, as that of a run."""
    from agentic.platform.commands.plans import approve

    raise typer.Exit(approve(where(data_dir, url, key), plan, wait=not no_wait, json=as_json))


@plan.command("pause")
def pause_plan(plan: Plan, data_dir: DataDir = None, url: Url = None, key: Key = None) -> None:
    """Let nothing more of a plan begin."""
    _change(plan, "pause", data_dir, url, key)


@plan.command("resume")
def resume_plan(plan: Plan, data_dir: DataDir = None, url: Url = None, key: Key = None) -> None:
    """Let a paused plan go on."""
    _change(plan, "resume", data_dir, url, key)


@plan.command("cancel")
def cancel_plan(
    plan: Plan,
    reason: Annotated[str | None, typer.Option(help="Kept with the plan.", show_default=False)] = None,
    data_dir: DataDir = None,
    url: Url = None,
    key: Key = None,
) -> None:
    """End a plan, what it has begun, and its goal."""
    _change(plan, "cancel", data_dir, url, key, reason)


def _change(
    plan: str, what: str, data_dir: Path | None, url: str | None, key: str | None, reason: str | None = None
) -> None:
    from agentic.platform.commands.plans import change

    raise typer.Exit(change(where(data_dir, url, key), plan, what, reason))
