"""Two runs side by side, with what is different in their words marked."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from difflib import SequenceMatcher
from typing import Any, Final, NamedTuple

from markupsafe import Markup, escape

from agentic.layers.L01_data_layer.models.run_step import RunStep
from agentic.layers.L02_agent_runtime.models import ComparedStep, Comparison
from agentic.layers.L10_human_interface.run_lines import Line, line_of_step, text_of, words_of

LONGEST: Final = 20_000
MOST_WORDS: Final = 3000
"""Words up to which two texts are compared word by word: beyond that it would take too long."""
_WORDS: Final = re.compile(r"\s+|\w+|[^\w\s]")


class Pair(NamedTuple):
    """The same thing of two runs, as marked text."""

    name: str
    a: Markup
    b: Markup


class StepPair(NamedTuple):
    """Two steps with the same number; one is none where only one run has it."""

    number: int
    a: Line | None
    b: Line | None
    words: Pair
    differs: list[str]


class Differences(NamedTuple):
    """What is different between two runs."""

    comparison: Comparison
    configuration: list[Pair]
    steps: list[StepPair]
    output: Pair


def marked(a: str, b: str) -> tuple[Markup, Markup]:
    """Both texts, with the words that only one of them has marked."""
    words_a, words_b = _WORDS.findall(a[:LONGEST]), _WORDS.findall(b[:LONGEST])
    if max(len(words_a), len(words_b)) > MOST_WORDS:
        return escape(a[:LONGEST]), escape(b[:LONGEST])
    left: list[str] = []
    right: list[str] = []
    for kind, a0, a1, b0, b1 in SequenceMatcher(None, words_a, words_b, autojunk=False).get_opcodes():
        gone, come = escape("".join(words_a[a0:a1])), escape("".join(words_b[b0:b1]))
        left.append(str(gone) if kind == "equal" or not gone else f"<del>{gone}</del>")
        right.append(str(come) if kind == "equal" or not come else f"<ins>{come}</ins>")
    return Markup("".join(left)), Markup("".join(right))  # noqa: S704 - every part is escaped above.


def differences(comparison: Comparison, a: Mapping[str, Any], b: Mapping[str, Any]) -> Differences:
    """Two runs with these configurations."""
    changed = [name for name in dict.fromkeys((*a, *b)) if a.get(name) != b.get(name)]
    return Differences(
        comparison,
        [_pair(name, text_of(a.get(name)), text_of(b.get(name))) for name in changed],
        [_steps(step) for step in comparison["steps"][comparison["common"] :]],
        _pair("output", text_of(comparison["a"]["output"]), text_of(comparison["b"]["output"])),
    )


def _pair(name: str, a: str, b: str) -> Pair:
    return Pair(name, *marked(a, b))


def _steps(step: ComparedStep) -> StepPair:
    words = _pair("words", _said(step["a"]), _said(step["b"]))
    return StepPair(step["number"], _line(step["a"]), _line(step["b"]), words, _named(step["differs"]))


def _line(step: RunStep | None) -> Line | None:
    return None if step is None else line_of_step(step, None)


def _said(step: RunStep | None) -> str:
    return "" if step is None else words_of(step)


def _named(names: Sequence[str]) -> list[str]:
    return ["only in one" if name == "missing" else name for name in names]
