"""`platform eval`: begins an experiment, waits for its end, shows what came of it, and fails when that is worse than before."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from agentic.layers.base import jsonio
from agentic.layers.base.common_errors import InvalidError
from agentic.layers.L01_data_layer.models.dataset import Dataset
from agentic.layers.L01_data_layer.models.experiment import Experiment
from agentic.layers.L06_evaluation.client import FINAL
from agentic.layers.L06_evaluation.models import (
    ArmSummary,
    ComparisonSummary,
    ExperimentSummary,
    Filled,
    Interval,
)
from agentic.platform.command_error import CommandError
from agentic.platform.commands.finding import agent_of
from agentic.platform.commands.listing import money, plain_table, print_json, print_whole, say, seconds, short
from agentic.platform.commands.reached import Reached, Where, on_platform
from agentic.platform.exit_codes import FAILED, OK, REGRESSED

LOOK: Final = 60.0
"""Seconds after which it is said again that the experiment goes on."""
LARGEST_PART: Final = 4_000_000
"""Characters of a file that are sent at once, as whole lines."""
SHOWN: Final = 5


@dataclass(frozen=True)
class Wanted:
    """What is tried, on what, and how it is judged."""

    dataset: str
    agent: str
    baseline: str | None
    by: tuple[str, ...]
    file: Path | None
    split: str | None
    repeats: int
    max_cost: float | None
    reuse: bool


@dataclass(frozen=True)
class Gate:
    """What must hold for the command to succeed."""

    margin: float
    min_score: float | None

    def failure(self, summary: ExperimentSummary) -> str | None:
        """Why it does not hold; none when it does."""
        score, comparison = summary["subject"]["score"], summary["comparison"]
        if comparison is not None and comparison["regressed"]:
            return f"It has become worse by {-comparison['difference']['mean']:.3f}."
        if self.min_score is not None and (score is None or score["mean"] < self.min_score):
            return f"The mean score is below {self.min_score:g}."
        return None


def evaluate(where: Where, wanted: Wanted, gate: Gate, *, json: bool) -> int:
    """Carries an experiment to its end; answers the exit code."""

    async def work(platform: Reached) -> int:
        by = [evaluator(each) for each in wanted.by]
        dataset = await _dataset(platform, wanted, by)
        agent = await agent_of(platform.l01, wanted.agent)
        baseline = None if wanted.baseline is None else await agent_of(platform.l01, wanted.baseline)
        experiment = await platform.l06.experiment(
            dataset["id"],
            agent["id"],
            baseline=None if baseline is None else baseline["id"],
            evaluators=by or None,
            split=wanted.split,
            repeats=wanted.repeats,
            margin=gate.margin,
            max_cost=wanted.max_cost,
            reuse=wanted.reuse,
        )
        experiment = await _to_its_end(platform, experiment)
        if experiment["status"] != "completed":
            reason = (experiment["error"] or {}).get("detail", "no reason is known")
            raise CommandError(f"The experiment is {experiment['status']}: {reason}")
        summary: Any = experiment["summary"]
        return _told(
            experiment, summary, gate, (agent["name"], baseline and str(baseline["name"])), json=json
        )

    return on_platform(where, work)


def evaluator(text: str) -> Any:
    """An evaluator as it is written on a command line.

    Raises:
        CommandError: it is no JSON.
    """
    if text.lstrip().startswith("{"):
        try:
            return jsonio.decode(text)
        except InvalidError as error:
            raise CommandError(f"--by {text}: {error.detail}") from None
    return {"kind": text} if text.isidentifier() else text


async def _dataset(platform: Reached, wanted: Wanted, by: list[Any]) -> Dataset:
    """The dataset, with the items of the file.

    Raises:
        CommandError: there is none.
    """
    datasets = platform.l01.datasets
    found = (await datasets.list(name=wanted.dataset, limit=1))["items"]
    if not found and wanted.file is None:
        try:
            return await datasets.get(wanted.dataset)
        except InvalidError:
            raise CommandError(
                f"There is no dataset {wanted.dataset!r}. --from FILE makes one of a file."
            ) from None
    dataset = found[0] if found else await datasets.create(name=wanted.dataset, evaluators=by)
    return await _filled(platform, dataset, wanted.file) if wanted.file else dataset


async def _filled(platform: Reached, dataset: Dataset, file: Path) -> Dataset:
    text = await asyncio.to_thread(file.read_text, encoding="utf-8", errors="replace")
    form = "csv" if file.suffix.lower() == ".csv" else "jsonl"
    for part in [text] if form == "csv" else _parts(text):
        filled: Filled = await platform.l06.fill_from_file(dataset["id"], part, format=form)
        dataset = filled["dataset"]
        say(f"{filled['added']} items of {file.name} are new, {filled['there']} were there already.")
        for each in filled["left_out"][:SHOWN]:
            say(f"Left out: {each['source']}, {each['reason']}.")
    return dataset


def _parts(text: str) -> list[str]:
    parts: list[str] = []
    lines: list[str] = []
    size = 0
    for line in text.split("\n"):
        if size + len(line) > LARGEST_PART and lines:
            parts.append("\n".join(lines))
            lines, size = [], 0
        lines.append(line)
        size += len(line) + 1
    return [*parts, "\n".join(lines)]


async def _to_its_end(platform: Reached, experiment: Experiment) -> Experiment:
    say(f"Experiment {experiment['id']}: {experiment['name']}")
    while True:
        experiment = await platform.l06.wait(experiment["id"], LOOK)
        if experiment["status"] in FINAL:
            return experiment
        tried = await platform.l01.experiment_results.list(
            experiment_id=experiment["id"], limit=1, total=True
        )
        say(f"{tried.get('total', 0)} tries are judged so far.")


def _told(
    experiment: Experiment,
    summary: ExperimentSummary,
    gate: Gate,
    names: tuple[str, str | None],
    *,
    json: bool,
) -> int:
    failure = gate.failure(summary)
    if json:
        print_json({"experiment": experiment, "passed": failure is None, "failure": failure})
    else:
        _print(summary, names)
    if summary["subject"]["scored"] == 0:
        say("No answer could be judged: the evaluations of the experiment say why.")
        return FAILED
    if failure is not None:
        say(failure)
        return REGRESSED
    return OK


def _print(summary: ExperimentSummary, names: tuple[str, str | None]) -> None:
    subject, baseline, comparison = summary["subject"], summary["baseline"], summary["comparison"]
    columns = ["", short(names[0], 30)]
    if baseline is not None:
        columns += [short(names[1], 30), "Difference"]
    table = plain_table(*columns, right=columns[1:])
    arms = [subject] if baseline is None else [subject, baseline]
    table.add_row("score", *(_interval(arm["score"]) for arm in arms), *_difference(comparison, None))
    for name in subject["by_evaluator"]:
        row = (_interval(arm["by_evaluator"].get(name)) for arm in arms)
        table.add_row(f"  {short(name, 30)}", *row, *_difference(comparison, name))
    for label, cells in (
        ("tries", [str(arm["tries"]) for arm in arms]),
        ("without a score", [str(arm["tries"] - arm["scored"]) for arm in arms]),
        ("failed", [str(arm["failed"]) for arm in arms]),
        ("taken from before", [str(arm["reused"]) for arm in arms]),
        ("cost", [money(arm["cost"]) for arm in arms]),
        ("time", [_time(arm) for arm in arms]),
    ):
        table.add_row(label, *cells, *([""] if baseline is not None else []))
    print_whole(table)
    if comparison is not None:
        print(_sentence(comparison))
    if summary["stopped"] is not None:
        say(f"Not everything was tried: {summary['stopped']}.")


def _sentence(comparison: ComparisonSummary) -> str:
    word = "worse" if comparison["regressed"] else "better" if comparison["improved"] else "no clear change"
    counts = f"{comparison['better']} better, {comparison['worse']} worse, {comparison['same']} the same"
    return f"{word}: of {comparison['items']} items {counts} (p = {comparison['p_value']:.3g})"


def _difference(comparison: ComparisonSummary | None, name: str | None) -> list[str]:
    if comparison is None:
        return []
    found = comparison["difference"] if name is None else comparison["by_evaluator"].get(name)
    return [_interval(found, signed=True)]


def _interval(interval: Interval | None, *, signed: bool = False) -> str:
    if interval is None:
        return "none"
    form = "+.3f" if signed else ".3f"
    return f"{interval['mean']:{form}} ({interval['low']:{form}} to {interval['high']:{form}})"


def _time(arm: ArmSummary) -> str:
    return "" if arm["latency_ms"] is None else seconds(arm["latency_ms"] / 1000)
