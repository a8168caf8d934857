"""The command `platform eval`: an experiment on a dataset, for a person or for CI."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from agentic.cli_options import DataDir, Json, Key, Url, where


def evaluate(
    dataset: Annotated[str, typer.Argument(metavar="DATASET", help="Its name or id.", show_default=False)],
    agent: Annotated[str, typer.Option(help="Who is tried, by name or id.", show_default=False)],
    baseline: Annotated[str | None, typer.Option(help="Who it is held against.", show_default=False)] = None,
    by: Annotated[
        list[str] | None,
        typer.Option(
            help="How answers are judged: exact, a JSON object with a kind, or words by which a model judges. As often as "
            "you like. Without it: as the dataset says.",
            show_default=False,
        ),
    ] = None,
    file: Annotated[
        Path | None,
        typer.Option(
            "--from",
            exists=True,
            dir_okay=False,
            help="Items for the dataset, which is made if it is not there: .jsonl, or .csv with a header; `input` and `expected`.",
            show_default=False,
        ),
    ] = None,
    split: Annotated[
        str | None, typer.Option(help="Only the items of this split.", show_default=False)
    ] = None,
    repeats: Annotated[int, typer.Option(min=1, max=100, help="How often each item is tried.")] = 1,
    margin: Annotated[
        float, typer.Option(min=0, max=1, help="By how much it may be worse without having regressed.")
    ] = 0.0,
    min_score: Annotated[
        float | None,
        typer.Option(min=0, max=1, help="Fail below this mean score too.", show_default=False),
    ] = None,
    max_cost: Annotated[
        float | None,
        typer.Option(min=0, help="US dollars after which no run is begun.", show_default=False),
    ] = None,
    fresh: Annotated[
        bool, typer.Option("--fresh", help="Run again what was run with the same input and configuration.")
    ] = False,
    data_dir: DataDir = None,
    url: Url = None,
    key: Key = None,
    as_json: Json = False,
) -> None:
    """Try an agent on a dataset, against another one; exits with 11 when it has become worse."""
    from agentic.platform.commands.evaluating import Gate, Wanted, evaluate

    wanted = Wanted(dataset, agent, baseline, tuple(by or ()), file, split, repeats, max_cost, not fresh)
    raise typer.Exit(evaluate(where(data_dir, url, key), wanted, Gate(margin, min_score), json=as_json))
