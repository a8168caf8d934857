"""Whether something is in it."""

from __future__ import annotations

from typing import Any, Literal, cast

from agentic.layers.L06_evaluation.errors import CannotJudgeError
from agentic.layers.L06_evaluation.evaluators.evaluator import Comparing, Finding, Means, Subject, text_of


class Contains(Comparing):
    """How much of `value`, a text or a list of texts, or else of what was expected, is in the output.

    With `match` any, one of them is enough; with none, the score is 1 when not one of them is in it.
    """

    kind: Literal["contains"]
    match: Literal["all", "any", "none"] = "all"
    ignore_case: bool = False

    async def look(self, subject: Subject, means: Means) -> Finding:
        """Looks for each text."""
        wanted = [self._plain(text) for text in self._texts(self.wanted(subject))]
        said = self._plain(text_of(subject.output))
        found = [text for text in wanted if text in said]
        metrics = {"found": len(found), "wanted": len(wanted)}
        if self.match == "none":
            told = f"It contains {', '.join(map(repr, found))}." if found else None
            return Finding(float(not found), told, metrics)
        missing = [text for text in wanted if text not in found]
        score = float(bool(found)) if self.match == "any" else len(found) / len(wanted)
        return Finding(score, f"Missing: {', '.join(map(repr, missing))}." if missing else None, metrics)

    def _texts(self, wanted: Any) -> list[str]:
        texts = (
            [text_of(each) for each in cast("list[Any]", wanted)]
            if isinstance(wanted, list)
            else [text_of(wanted)]
        )
        if not texts:
            raise CannotJudgeError("The list of what it is to contain is empty.")
        return texts

    def _plain(self, text: str) -> str:
        return text.casefold() if self.ignore_case else text
