"""How like what was expected it is."""

from __future__ import annotations

import asyncio
import math
import re
from collections import Counter
from collections.abc import Sequence
from difflib import SequenceMatcher
from typing import Final, Literal

from agentic.layers.base.errors import PlatformError
from agentic.layers.L01_data_layer.models.fields import Name
from agentic.layers.L06_evaluation.errors import CannotJudgeError
from agentic.layers.L06_evaluation.evaluators.evaluator import Comparing, Finding, Means, Subject, text_of

WORD: Final = re.compile(r"\w+")
MOST_CHARACTERS: Final = 5000
"""Comparing character by character takes the square of their number."""


class Similarity(Comparing):
    """How like `value`, or what was expected, the output is: the words that both have (F1), their characters, or their meaning.

    By `meaning` is the cosine of embeddings, of `model` or else of the first model of the gateway that has them. By `best` it is
    that where there is such a model, and otherwise words; `metrics` say which.
    """

    kind: Literal["similarity"]
    by: Literal["words", "characters", "meaning", "best"] = "words"
    model: Name | None = None

    async def look(self, subject: Subject, means: Means) -> Finding:
        """Compares the two texts."""
        said, wanted = text_of(subject.output), text_of(self.wanted(subject))
        if self.by == "characters":
            if max(len(said), len(wanted)) > MOST_CHARACTERS:
                raise CannotJudgeError(f"By characters only {MOST_CHARACTERS} of them can be compared.")
            return Finding(await asyncio.to_thread(_characters, said, wanted), None, {"by": "characters"})
        model = await self._model(means) if self.by in ("meaning", "best") else None
        if model is not None:
            metrics = {"by": "meaning", "model": model}
            return Finding(await _meaning(means, model, said, wanted), None, metrics)
        if self.by == "meaning":
            raise CannotJudgeError("The gateway has no model for embeddings.")
        return Finding(words_in_common(said, wanted), None, {"by": "words"})

    async def _model(self, means: Means) -> str | None:
        if self.model is not None:
            return self.model
        try:
            models = await means.l04().models()
        except PlatformError:
            if self.by == "meaning":
                raise
            return None
        return next((f"{each['provider']}/{each['id']}" for each in models if each["embeddings"]), None)


def words_in_common(one: str, other: str) -> float:
    """The words that two texts have in common, as F1, as often as each of them comes; 1 when neither has one."""
    ones, others = (Counter(WORD.findall(text.casefold())) for text in (one, other))
    total = ones.total() + others.total()
    return 1.0 if total == 0 else 2 * (ones & others).total() / total


def _characters(one: str, other: str) -> float:
    return SequenceMatcher(None, one, other, autojunk=False).ratio()


async def _meaning(means: Means, model: str, one: str, other: str) -> float:
    answer = await means.l04().embed({"model": model, "input": [one, other]})
    try:
        first, second = (each["embedding"] for each in answer["data"])
        return min(1.0, max(0.0, _cosine(first, second)))
    except (KeyError, TypeError, ValueError):
        raise CannotJudgeError("The model did not answer with two embeddings.") from None


def _cosine(one: Sequence[float], other: Sequence[float]) -> float:
    lengths = math.hypot(*one) * math.hypot(*other)
    return 0.0 if lengths == 0 else sum(a * b for a, b in zip(one, other, strict=True)) / lengths
