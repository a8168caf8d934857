"""Proposals: from failures, and what was said of them, to other instructions.

In the manner of GEPA, a model reads what went wrong in words, not only in numbers, and writes the instructions anew, or lessons that
are added to them. Worked examples need no model: they are training cases whose answers are known.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Any, Final, NamedTuple

from agentic.layers.base import jsonio
from agentic.layers.L07_learning.candidates import Candidate, TrainingCase

LESSONS: Final = "Lessons from earlier work:"
EXAMPLES: Final = "Examples of good answers:"
SHOWN: Final = 3
"""Examples in instructions: more would cost each call, and change little."""
LONGEST: Final = 2000
"""Characters of one input, output or remark that are shown to the model that thinks about it."""
LONGEST_INSTRUCTIONS: Final = 50_000
_FENCED: Final = re.compile(r"^```[^\n`]*\n(.*?)^```", re.DOTALL | re.MULTILINE)
_SECTION: Final = r"\n*{}\n(?:- .*(?:\n|$)|Input: .*(?:\n|$)|Answer: .*(?:\n|$))*"

_ASK: Final = """\
An assistant works by these instructions:

{fence}
{instructions}
{fence}

Below are tasks at which it did not do well, with its answers and what was said about them.

{failures}{remarks}
{task}
Answer with {form} in a block between lines of three backticks, and with nothing after it."""
_REWRITE: Final = (
    "Write better instructions. Keep what works. Say what the tasks ask for, every fact and rule that the remarks reveal "
    "and the assistant could not know, and how to go about it. Write rules for all such tasks, not answers to these."
)
_LEARN: Final = (
    "Say what is to be learned from that: at most five short lessons, one a line, each a rule that holds for other tasks "
    "of this kind too. Do not repeat what the instructions say, and do not give away answers."
)
_TASK: Final = {
    "instructions": (_REWRITE, "the whole new instructions"),
    "lessons": (_LEARN, "the lessons"),
}


class Remark(NamedTuple):
    """What a person said of a run of the agent."""

    feedback_id: str
    input: Any
    output: Any
    said: str


def question(
    method: str, parent: Candidate, failures: Sequence[TrainingCase], remarks: Sequence[Remark]
) -> str:
    """What the model is asked."""
    task, form = _TASK[method]
    shown = "\n".join(
        f"Task {number}: {_short(case.input)}\nAnswer: {_short(parent.tried[case.id].output)}\n"
        f"Remarks: {_short(parent.tried[case.id].why)}\n"
        for number, case in enumerate(failures, 1)
    )
    told = "".join(
        f"\nA person said of its answer {_short(each.output)!r} to {_short(each.input)!r}: {_short(each.said)}\n"
        for each in remarks
    )
    return _ASK.format(
        fence="```", instructions=parent.instructions, failures=shown, remarks=told, task=task, form=form
    )


def read(method: str, parent: str, answer: str) -> str | None:
    """The new instructions in a model's answer; none when it holds none."""
    blocks = _FENCED.findall(answer if answer.endswith("\n") else f"{answer}\n")
    text = blocks[-1].strip() if blocks else ""
    if not text or len(text) > LONGEST_INSTRUCTIONS:
        return None
    return text if method == "instructions" else with_lessons(parent, text.splitlines())


def with_lessons(instructions: str, lines: Sequence[str]) -> str | None:
    """Instructions with more lessons; none when these say nothing new."""
    known = _lines_of(instructions, LESSONS)
    new = [
        line for each in lines if (line := f"- {each.strip().lstrip('-*• ').strip()}") != "-" and line != "- "
    ]
    fresh = [line for line in dict.fromkeys(new) if line not in known]
    if not fresh:
        return None
    return _with_section(instructions, LESSONS, [*known, *fresh])


def with_examples(instructions: str, cases: Sequence[TrainingCase]) -> str | None:
    """Instructions with worked examples; none when there is none to give."""
    worked = [case for case in cases if case.expected is not None][:SHOWN]
    if not worked:
        return None
    lines: list[str] = []
    for case in worked:
        lines += [f"Input: {_line(case.input)}", f"Answer: {_line(case.expected)}"]
    return _with_section(instructions, EXAMPLES, lines)


def _with_section(instructions: str, title: str, lines: Sequence[str]) -> str:
    rest = re.sub(_SECTION.format(re.escape(title)), "\n", instructions).strip()
    section = "\n".join([title, *lines])
    return f"{rest}\n\n{section}" if rest else section


def _lines_of(instructions: str, title: str) -> list[str]:
    found = re.search(_SECTION.format(re.escape(title)), instructions)
    return [line for line in found[0].strip().splitlines()[1:] if line] if found else []


def _line(value: Any) -> str:
    return " ".join(_short(value).split())


def _short(value: Any) -> str:
    text = value if isinstance(value, str) else jsonio.encode(value).decode()
    return text if len(text) <= LONGEST else f"{text[:LONGEST]} …"
