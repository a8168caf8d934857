"""The commands of `platform` about what is learned: feedback, improvements, files of examples."""

from __future__ import annotations

from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer

from agentic.cli_options import DataDir, Json, Key, Url, where

feedback = typer.Typer(no_args_is_help=True, help="Feedback on runs: given, listed, handled.")
learn = typer.Typer(
    no_args_is_help=True, help="Improvements of agents: looked for, proven, promoted, rolled back."
)


class Kind(StrEnum):
    """What examples are for."""

    sft = "sft"
    dpo = "dpo"
    kto = "kto"


class Format(StrEnum):
    """How files are written."""

    jsonl = "jsonl"
    parquet = "parquet"


class Method(StrEnum):
    """How a change is looked for."""

    instructions = "instructions"
    lessons = "lessons"
    examples = "examples"


Run = Annotated[
    str, typer.Argument(metavar="RUN", help="Its id, the end of it, or `last`.", show_default=False)
]
Improvement = Annotated[
    str, typer.Argument(metavar="IMPROVEMENT", help="Its id, or `last`.", show_default=False)
]
By = Annotated[str | None, typer.Option(help="Who says so.", show_default=False)]
Why = Annotated[str | None, typer.Option("--reason", help="Kept with it.", show_default=False)]
Agent = Annotated[str | None, typer.Option(help="Of this agent.", show_default=False)]


@feedback.command("give")
def give_feedback(
    run: Run,
    up: Annotated[bool, typer.Option("--up", help="It was good.")] = False,
    down: Annotated[bool, typer.Option("--down", help="It was not.")] = False,
    rating: Annotated[
        int | None, typer.Option(min=1, max=5, help="From 1, bad, to 5, good.", show_default=False)
    ] = None,
    correction: Annotated[
        str | None, typer.Option(help="What the answer should have been.", show_default=False)
    ] = None,
    better_than: Annotated[
        str | None, typer.Option(metavar="RUN", help="It is better than this run.", show_default=False)
    ] = None,
    say: Annotated[str | None, typer.Option(help="In words.", show_default=False)] = None,
    step: Annotated[
        int | None, typer.Option(min=1, help="It is about this step.", show_default=False)
    ] = None,
    by: By = None,
    data_dir: DataDir = None,
    url: Url = None,
    key: Key = None,
) -> None:
    """Say what you think of a run; each of --up, --down, --rating, --correction, --better-than is feedback of its own."""
    from agentic.platform.commands.feedback import Opinion, give

    opinion = Opinion(up, down, rating, correction, better_than, say, step, by)
    raise typer.Exit(give(where(data_dir, url, key), run, opinion))


@feedback.command("list")
def list_feedback(
    agent: Agent = None,
    run: Annotated[str | None, typer.Option(metavar="RUN", help="On this run.", show_default=False)] = None,
    unprocessed: Annotated[
        bool, typer.Option("--unprocessed", help="With which nothing was done yet, the oldest first.")
    ] = False,
    limit: Annotated[int, typer.Option(min=1, max=1000, help="How many, at most.")] = 20,
    data_dir: DataDir = None,
    url: Url = None,
    key: Key = None,
    as_json: Json = False,
) -> None:
    """List the newest feedback."""
    from agentic.platform.commands.feedback import Wanted, show_all

    wanted = Wanted(agent, run, unprocessed, limit)
    raise typer.Exit(show_all(where(data_dir, url, key), wanted, json=as_json))


@feedback.command("handled")
def handle_feedback(
    feedback_id: Annotated[
        str, typer.Argument(metavar="FEEDBACK", help="Its id, or `last`.", show_default=False)
    ],
    done: Annotated[str, typer.Argument(help="What was done with it.", show_default=False)],
    by: By = None,
    reference: Annotated[
        str | None, typer.Option(help="What came of it, such as a ticket.", show_default=False)
    ] = None,
    data_dir: DataDir = None,
    url: Url = None,
    key: Key = None,
) -> None:
    """Note what was done with feedback: it is processed then."""
    from agentic.platform.commands.feedback import handle

    raise typer.Exit(handle(where(data_dir, url, key), feedback_id, done, by, reference))


@learn.command("start")
def start_learning(
    agent: Annotated[str, typer.Argument(metavar="AGENT", help="Its name or id.", show_default=False)],
    cases: Annotated[
        Path | None,
        typer.Option(
            metavar="FILE",
            exists=True,
            dir_okay=False,
            show_default=False,
            help='Cases, one a line: {"input": …, "expected": …}.',
        ),
    ] = None,
    dataset: Annotated[
        str | None, typer.Option(help="A dataset, instead of a file.", show_default=False)
    ] = None,
    evaluator: Annotated[
        list[str] | None,
        typer.Option(
            help="How answers are judged: a kind such as exact, JSON, or words for a model. May be given again.",
            show_default="exact",
        ),
    ] = None,
    method: Annotated[
        list[Method] | None, typer.Option(help="May be given again.", show_default="all")
    ] = None,
    model: Annotated[
        str | None, typer.Option(help="The model that thinks; the agent's without it.", show_default=False)
    ] = None,
    rounds: Annotated[int, typer.Option(min=1, max=100, help="Proposals, at most.")] = 6,
    held_out: Annotated[float, typer.Option(min=0.1, max=0.9, help="The share of cases that prove.")] = 0.5,
    margin: Annotated[float, typer.Option(min=0, max=1, help="By how much it must be better.")] = 0.02,
    max_runs: Annotated[int, typer.Option(min=1, max=10_000, help="Runs of the agent, at most.")] = 400,
    max_cost: Annotated[float | None, typer.Option(help="US dollars, at most.", show_default=False)] = None,
    by_rule: Annotated[
        bool, typer.Option("--promote", help="Promote what is proven, without asking.")
    ] = False,
    no_wait: Annotated[bool, typer.Option("--no-wait", help="Print its id and leave it to itself.")] = False,
    data_dir: DataDir = None,
    url: Url = None,
    key: Key = None,
    as_json: Json = False,
) -> None:
    """Look for better instructions for an agent, and prove them on cases that nothing was learned from."""
    from agentic.platform.commands.learn import Search, start

    search = Search(
        agent,
        cases,
        dataset,
        evaluator or ["exact"],
        [str(each) for each in method or ()] or None,
        model,
        rounds,
        held_out,
        margin,
        max_runs,
        max_cost,
        by_rule,
    )
    raise typer.Exit(start(where(data_dir, url, key), search, wait=not no_wait, json=as_json))


@learn.command("list")
def list_improvements(
    agent: Agent = None,
    limit: Annotated[int, typer.Option(min=1, max=1000, help="How many, at most.")] = 20,
    data_dir: DataDir = None,
    url: Url = None,
    key: Key = None,
    as_json: Json = False,
) -> None:
    """List the newest improvements, with what came of them."""
    from agentic.platform.commands.learn import show_all

    raise typer.Exit(show_all(where(data_dir, url, key), agent, limit, json=as_json))


@learn.command("show")
def show_improvement(
    improvement: Improvement,
    data_dir: DataDir = None,
    url: Url = None,
    key: Key = None,
    as_json: Json = False,
) -> None:
    """Show an improvement: its diff, its numbers, why it stopped."""
    from agentic.platform.commands.learn import show

    raise typer.Exit(show(where(data_dir, url, key), improvement, json=as_json))


@learn.command("promote")
def promote_improvement(
    improvement: Improvement,
    by: By = None,
    reason: Why = None,
    data_dir: DataDir = None,
    url: Url = None,
    key: Key = None,
) -> None:
    """Make a proven change the agent's."""
    from agentic.platform.commands.learn import decide

    raise typer.Exit(decide(where(data_dir, url, key), improvement, "promote", by, reason))


@learn.command("dismiss")
def dismiss_improvement(
    improvement: Improvement,
    by: By = None,
    reason: Why = None,
    data_dir: DataDir = None,
    url: Url = None,
    key: Key = None,
) -> None:
    """Let a proven change go."""
    from agentic.platform.commands.learn import decide

    raise typer.Exit(decide(where(data_dir, url, key), improvement, "dismiss", by, reason))


@learn.command("rollback")
def roll_back_improvement(
    improvement: Improvement,
    by: By = None,
    reason: Why = None,
    data_dir: DataDir = None,
    url: Url = None,
    key: Key = None,
) -> None:
    """Give the agent back the instructions that it had before."""
    from agentic.platform.commands.learn import decide

    raise typer.Exit(decide(where(data_dir, url, key), improvement, "roll_back", by, reason))


def export(
    kind: Annotated[Kind, typer.Argument(help="What the examples are for.", show_default=False)],
    out: Annotated[
        Path | None,
        typer.Option(
            metavar="FOLDER",
            file_okay=False,
            resolve_path=True,
            show_default=False,
            help="Fetch the files into this folder.",
        ),
    ] = None,
    file_format: Annotated[Format, typer.Option("--format", help="Parquet needs pyarrow.")] = Format.jsonl,
    agent: Agent = None,
    since: Annotated[str | None, typer.Option(help="Feedback since this moment.", show_default=False)] = None,
    test: Annotated[float, typer.Option(min=0, max=1, help="The share kept for testing.")] = 0.1,
    seed: Annotated[int, typer.Option(min=0, help="Which conversations those are.")] = 0,
    people_only: Annotated[
        bool, typer.Option("--people-only", help="Evaluators and outcomes do not count.")
    ] = False,
    data_dir: DataDir = None,
    url: Url = None,
    key: Key = None,
    as_json: Json = False,
) -> None:
    """Make files of examples of what was said of runs, in the formats of TRL."""
    from agentic.platform.commands.export import Ask, export

    ask = Ask(str(kind), str(file_format), agent, since, test, seed, people_only)
    raise typer.Exit(export(where(data_dir, url, key), ask, out, json=as_json))
