"""The filters of the inbox of feedback."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, ClassVar, Final

from agentic.layers.base.common_errors import InvalidError
from agentic.layers.L01_data_layer.models.feedback import Feedback
from agentic.layers.L10_human_interface.list_query import ListQuery

SHOWN: Final[Mapping[str, tuple[str, bool | None]]] = {
    "": ("To process", False),
    "yes": ("Processed", True),
    "any": ("All", None),
}
"""What `processed` may be in the address: its label, and the filter of the data layer."""


@dataclass(frozen=True)
class FeedbackQuery(ListQuery):
    """What the inbox shows: what nobody has processed, unless the address says otherwise."""

    path: ClassVar[str] = "/feedback"
    labels: ClassVar[Mapping[str, str]] = {"agent_id": "Agent", "feedback_type": "Kind"}

    processed: str | None = None
    agent_id: str | None = None
    feedback_type: str | None = None
    order: str | None = None

    def __post_init__(self) -> None:
        if (self.processed or "") not in SHOWN:
            raise InvalidError.of(("processed", "not one of yes, any; without it, what is not processed"))

    @property
    def newest_first(self) -> bool:
        """True when new feedback belongs at the top."""
        return self.order != "asc"

    def filters(self) -> dict[str, Any]:
        """What the data layer is asked for."""
        return {**self.given(), "processed": SHOWN[self.processed or ""][1]}

    def lets_in(self, feedback: Feedback) -> bool:
        """True when new feedback belongs on the page."""
        return (
            self.newest_first
            and self.cursor is None
            and SHOWN[self.processed or ""][1] in (None, feedback["processed"])
            and self.agent_id in (None, feedback["agent_id"])
            and self.feedback_type in (None, feedback["feedback_type"])
        )
