"""Feedback as pages show it: what was thought of an answer, and in a word how good."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from typing import NamedTuple

from agentic.layers.L01_data_layer.models.feedback import Feedback
from agentic.layers.L10_human_interface.formats import clipped
from agentic.layers.L10_human_interface.rows import AgentNames
from agentic.layers.L10_human_interface.run_lines import text_of
from agentic.layers.L10_human_interface.words import Word, opinion_word


class FeedbackRow(NamedTuple):
    """A piece of feedback, and the name of the agent it is about."""

    item: Feedback
    agent: str

    @property
    def said(self) -> str:
        """What it says, or what it is when it says nothing."""
        item = self.item
        return clipped(item["content"] or self.correction) or f"{item['feedback_type']} without a word"

    @property
    def correction(self) -> str:
        """What the answer should have been; empty where nobody said."""
        return text_of(self.item["correction"]) if self.item["correction"] is not None else ""

    @property
    def done(self) -> str:
        """What was done with it; empty where nobody said."""
        handled = self.item["handled"] or {}
        return str(handled.get("done") or "")

    @property
    def word(self) -> Word | None:
        """The rating for the eye; none where there is none."""
        return opinion_word(self.item["feedback_type"], self.item["rating"])


async def feedback_rows(names: AgentNames, items: Sequence[Feedback]) -> list[FeedbackRow]:
    """The rows of this feedback, in its order."""

    async def row(item: Feedback) -> FeedbackRow:
        return FeedbackRow(item, await names.name(item["agent_id"]) if item["agent_id"] else "")

    return await asyncio.gather(*map(row, items))
