"""`platform learn`: looks for improvements of an agent, shows them, and decides on them."""

from __future__ import annotations

from pathlib import Path
from typing import Any, Final, NamedTuple

from rich.console import Console
from rich.markup import escape

from agentic.layers.base import jsonio
from agentic.layers.base.errors import PlatformError
from agentic.layers.L01_data_layer.models.improvement import Improvement
from agentic.layers.L07_learning.client import ImprovementView
from agentic.platform.command_error import CommandError
from agentic.platform.commands.finding import LAST, agent_of
from agentic.platform.commands.listing import (
    ago,
    money,
    plain_table,
    print_json,
    print_whole,
    printable,
    say,
    short,
    status_of,
)
from agentic.platform.commands.reached import Reached, Where, on_platform
from agentic.platform.exit_codes import FAILED, OK

GOOD: Final = ("ready", "refused", "promoted")
"""What a search comes to that was carried through: a refusal is a result too."""
SAID: Final = {"promote": "promoted", "dismiss": "dismissed", "roll_back": "rolled back"}
_COLOURS: Final = {"+": "green", "-": "red", "@": "cyan"}


class Search(NamedTuple):
    """A search, as the options say it."""

    agent: str
    cases: Path | None
    dataset: str | None
    evaluators: list[str]
    methods: list[str] | None
    model: str | None
    rounds: int
    held_out: float
    margin: float
    max_runs: int
    max_cost: float | None
    by_rule: bool

    def asked(self) -> dict[str, Any]:
        """What the learning layer is asked."""
        return {
            "evaluators": [_evaluator(each) for each in self.evaluators],
            "cases": None if self.cases is None else _cases(self.cases),
            "dataset": self.dataset,
            "methods": self.methods,
            "model": self.model,
            "rounds": self.rounds,
            "held_out": self.held_out,
            "margin": self.margin,
            "budget": {"runs": self.max_runs, "cost": self.max_cost},
            "promote": "rule" if self.by_rule else "ask",
        }


def start(where: Where, search: Search, *, wait: bool, json: bool) -> int:
    """Begins a search and waits for what comes of it; answers the exit code."""

    async def work(platform: Reached) -> int:
        agent = await agent_of(platform.l01, search.agent)
        begun = await platform.l07.improve(agent["id"], **search.asked())
        if not wait:
            print(begun["id"])
            return OK
        page = platform.page(f"/runs/{begun['run_id']}")
        say(f"Looking for something better. It may be watched at {page}")
        improvement = await platform.l07.wait_for_improvement(begun["id"])
        await _show(platform, improvement["id"], json=json)
        return OK if improvement["status"] in GOOD else FAILED

    return on_platform(where, work)


def show_all(where: Where, agent: str | None, limit: int, *, json: bool) -> int:
    """Prints the newest improvements; answers the exit code."""

    async def work(platform: Reached) -> int:
        agent_id = None if agent is None else (await agent_of(platform.l01, agent))["id"]
        found = (await platform.l07.improvements(agent_id=agent_id, limit=limit))["items"]
        if json:
            print_json(found)
        elif not found:
            say("There are none yet. `platform learn start AGENT --cases FILE` looks for one.")
        else:
            table = plain_table("Title", "State", "Begun", "Better by", "Id", right=("Better by",))
            for each in found:
                table.add_row(
                    short(each["title"], 40),
                    status_of(each),
                    ago(each["created_at"]),
                    _gain(each),
                    each["id"],
                )
            print_whole(table)
        return OK

    return on_platform(where, work)


def show(where: Where, reference: str, *, json: bool) -> int:
    """Prints an improvement; answers the exit code."""

    async def work(platform: Reached) -> int:
        await _show(platform, await _id_of(platform, reference), json=json)
        return OK

    return on_platform(where, work)


def decide(where: Where, reference: str, decision: str, by: str | None, reason: str | None) -> int:
    """Promotes, dismisses or rolls back; answers the exit code."""

    async def work(platform: Reached) -> int:
        improvement_id = await _id_of(platform, reference)
        await getattr(platform.l07, decision)(improvement_id, by=by, reason=reason)
        say(f"It is {SAID[decision]}.")
        return OK

    return on_platform(where, work)


async def _show(platform: Reached, improvement_id: str, *, json: bool) -> None:
    view = await platform.l07.view(improvement_id)
    if json:
        print_json(view)
    else:
        _print(view)


def _print(view: ImprovementView) -> None:
    console = Console(highlight=False)
    improvement = view["improvement"]
    title = escape(printable(improvement["title"]))
    console.print(f"[bold]{title}[/]  {status_of(improvement)}  {view['runs']} runs, {money(view['cost'])}")
    console.print(escape(printable(improvement["reason"] or "It is being looked for.")), soft_wrap=True)
    training = improvement["numbers"].get("training")
    if training is not None:
        told = f"{training['before']:.3f} → {training['after']:.3f} on {training['cases']} training cases"
        console.print(
            f"[dim]{told}. {escape(printable(improvement['numbers']['stopped']))}[/]", soft_wrap=True
        )
    for line in view["diff"].splitlines():
        colour = _COLOURS.get(line[:1], "default")
        console.print(f"[{colour}]{escape(printable(line))}[/]", soft_wrap=True)
    console.print(f"[dim]{improvement['id']}[/]")


def _gain(improvement: Improvement) -> str:
    compared = improvement["numbers"].get("held_out")
    return "" if compared is None else f"{compared['difference']['mean']:+.3f}"


async def _id_of(platform: Reached, reference: str) -> str:
    if reference != LAST:
        return reference
    found = (await platform.l07.improvements(limit=1))["items"]
    if not found:
        raise CommandError("There are no improvements yet.")
    return found[0]["id"]


def _evaluator(text: str) -> Any:
    """JSON, a kind, or words by which a model judges."""
    if text.lstrip().startswith("{"):
        try:
            return jsonio.decode(text)
        except PlatformError as error:
            raise CommandError(f"The evaluator {text!r} is no JSON: {error.detail}") from None
    return {"kind": text} if text.isidentifier() else text


def _cases(file: Path) -> list[Any]:
    cases: list[Any] = []
    for number, line in enumerate(file.read_text(encoding="utf-8").splitlines(), 1):
        if line.strip():
            try:
                cases.append(jsonio.decode(line))
            except PlatformError as error:
                raise CommandError(f"Line {number} of {file} is no JSON: {error.detail}") from None
    return cases
