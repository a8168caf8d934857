"""What is seen of a run in the terminal: its steps as they are taken, its text as it is written, what it cost.

The answer alone goes to standard output, everything else to standard error: `platform run … > answer.txt` keeps the answer.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Iterable, Mapping
from typing import Any, Final, Protocol

import msgspec
from rich.console import Console
from rich.markup import escape

from agentic.layers.L01_data_layer.models.model_usage import ModelUsage
from agentic.layers.L01_data_layer.models.run import Run
from agentic.layers.L01_data_layer.models.run_step import RunStep
from agentic.platform.commands.listing import lasted, money, printable, short, status_of, tokens

_WIDTH: Final = 100
"""Characters of a tool's arguments and results that are shown."""


class Screen(Protocol):
    """Is told what happens in a run."""

    def begun(self, run: Run, agent: str, page: str) -> None:
        """It is there."""
        ...

    def text(self, piece: Mapping[str, Any]) -> None:
        """The model writes."""
        ...

    def step(self, step: RunStep) -> None:
        """A step was taken."""
        ...

    def state(self, run: Run) -> None:
        """Its state changed."""
        ...

    def ended(self, run: Run, usage: list[ModelUsage]) -> None:
        """It is over, and these model calls were made for it."""
        ...


class JsonScreen:
    """One JSON object a line, as it happens: `event` is `run`, `step` or `text`. The last line is the run as it ended."""

    def begun(self, run: Run, agent: str, page: str) -> None:
        """The run."""
        self._print("run", run)

    def text(self, piece: Mapping[str, Any]) -> None:
        """A piece of text."""
        self._print("text", piece)

    def step(self, step: RunStep) -> None:
        """A step."""
        self._print("step", step)

    def state(self, run: Run) -> None:
        """The run, in its new state."""
        self._print("run", run)

    def ended(self, run: Run, usage: list[ModelUsage]) -> None:
        """Nothing: its last state was told."""

    @staticmethod
    def _print(event: str, data: Any) -> None:
        print(msgspec.json.encode({"event": event, "data": data}).decode(), flush=True)


class TextScreen:
    """For a person."""

    def __init__(self) -> None:
        self._console = Console(stderr=True, highlight=False, soft_wrap=True)
        self._live = self._console.is_terminal
        self._status: str | None = None
        self._told: dict[int, str] = {}
        """The text of each step that was shown while it was written."""
        self._open = False
        """The cursor stands behind text."""
        self._last_text = ""

    def begun(self, run: Run, agent: str, page: str) -> None:
        """Says which run it is, and where it is seen."""
        self._say(f"[bold]{escape(printable(agent))}[/]  [dim]run {run['id']}  {escape(page)}[/]")

    def text(self, piece: Mapping[str, Any]) -> None:
        """Shows it, in a terminal."""
        number, text = piece.get("step"), piece.get("text")
        if self._live and isinstance(number, int) and isinstance(text, str):
            self._told[number] = self._told.get(number, "") + text
            self._write(text)

    def step(self, step: RunStep) -> None:
        """Shows what was done, how long it took, what it used."""
        if step["kind"] == "model" and step["status"] == "completed":
            self._show_text(step)
        name = f"{step['number']:>3}  {step['kind']:<8} [bold]{short(step['name'], 40)}[/]"
        facts = [name, lasted(step["started_at"], step["completed_at"])]
        if step["kind"] == "model":
            facts += [tokens(step), money(step["cost"])]
        if step["copied_from"] is not None:
            facts[1:] = ["copied"]
        self._say("  ".join(fact for fact in facts if fact))
        for line in _details(step):
            self._say(f"     {line}")

    def state(self, run: Run) -> None:
        """Says when it waits, and when it goes on."""
        before, self._status = self._status, run["status"]
        if run["status"] == before or run["status"] in ("completed", "failed", "cancelled"):
            return
        if run["status"] == "suspended":
            until = f" until {run['due_at'][:19]}Z" if run["due_at"] else "; `platform runs resume` goes on"
            self._say(f"[yellow]Paused{until}.[/]")
        elif before == "suspended" and run["status"] == "running":
            self._say("[cyan]Goes on.[/]")

    def ended(self, run: Run, usage: list[ModelUsage]) -> None:
        """Shows the answer, how it ended, and what it cost."""
        self._close()
        if run["status"] == "completed":
            self._answer(run["output"])
        used = tokens(_sum(usage) if usage else run)
        total = [lasted(run["started_at"], run["completed_at"]), _count(run["steps"], "step"), used]
        cost = (
            cost_of(usage) if usage or not run["cost"] else f"$0; {money(run['cost'])} when it was recorded"
        )
        self._say(f"{status_of(run)}  {'  '.join(filter(None, total))}  [bold]{cost}[/]")
        if run["error"]:
            error = run["error"]
            told = " ".join(
                error[name] for name in ("code", "detail") if error.get(name) not in (None, run["status"])
            )
            self._say(f"[red]{escape(printable(told))}[/]")

    def _answer(self, output: Any) -> None:
        text = output if isinstance(output, str) else json.dumps(output, indent=2, ensure_ascii=False)
        seen = self._live and text.strip() == self._last_text.strip()
        if sys.stdout.isatty():
            if not seen:
                print(printable(text), flush=True)
        else:
            print(text, flush=True)

    def _show_text(self, step: RunStep) -> None:
        """What of a model's answer was not shown while it was written."""
        text = _message(step).get("content")
        self._last_text = text if isinstance(text, str) else ""
        if not self._live or step["copied_from"] is not None:
            return
        told = self._told.pop(step["number"], "")
        if not self._last_text.startswith(told):
            self._close()
            told = ""
        self._write(self._last_text[len(told) :])

    def _write(self, text: str) -> None:
        if text:
            self._console.print(escape(printable(text)), end="")
            self._open = not text.endswith("\n")

    def _close(self) -> None:
        if self._open:
            self._console.print()
            self._open = False

    def _say(self, text: str) -> None:
        self._close()
        self._console.print(text)


def cost_of(usage: Iterable[ModelUsage]) -> str:
    """What model calls cost, to the micro-dollar: what is estimated or not known is said."""
    calls = list(usage)
    known = sum(call["cost_estimate"] or 0.0 for call in calls)
    unknown = sum(not call["cost_known"] for call in calls)
    cut = [call for call in calls if call["estimated"]]
    parts = [money(known)]
    if cut:
        share = money(sum(call["cost_estimate"] or 0.0 for call in cut))
        parts.append(f"of it {share} estimated, for {_count(len(cut), 'call')} that {_was(cut)} cut")
    if unknown:
        parts.append(f"and {_count(unknown, 'call')} at a price that nobody knows")
    return ", ".join(parts)


def _details(step: RunStep) -> Iterable[str]:
    """What was asked for, or came of it, a line each."""
    if step["error"] is not None:
        told = step["error"].get("detail") or step["error"]
        yield f"[red]{short(told, _WIDTH * 3)}[/]"
    elif step["kind"] == "model":
        for call in _message(step).get("tool_calls") or ():
            function: dict[str, Any] = call.get("function") or {}
            yield f"[dim]asks for[/] {short(function.get('name'))} {short(function.get('arguments'), _WIDTH)}"
    elif step["kind"] == "message":
        given: Any = step["input"]
        yield short(given["content"] if isinstance(given, dict) and "content" in given else given, _WIDTH)
    else:
        yield f"[dim]{short(step['output'], _WIDTH)}[/]"


def _message(step: RunStep) -> dict[str, Any]:
    """What the model said in a step."""
    output: Any = step["output"]
    return (output.get("message") if isinstance(output, dict) else None) or {}  # pyright: ignore[reportUnknownMemberType, reportUnknownVariableType]


def _sum(usage: list[ModelUsage]) -> dict[str, int]:
    return {
        "input_tokens": sum(call["input_tokens"] for call in usage),
        "output_tokens": sum(call["output_tokens"] for call in usage),
    }


def _count(number: int, what: str) -> str:
    return f"{number} {what}" if number == 1 else f"{number} {what}s"


def _was(calls: list[ModelUsage]) -> str:
    return "was" if len(calls) == 1 else "were"
