"""The filters of the page about evaluations."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, ClassVar, Final
from urllib.parse import urlencode

from agentic.layers.base.common_errors import InvalidError
from agentic.layers.L01_data_layer.models.evaluation import Evaluation
from agentic.layers.L10_human_interface.list_query import ListQuery
from agentic.layers.L10_human_interface.time_range import RANGES, TimeRange

USUAL: Final = "30d"
LOW: Final = "0.5"
"""The score up to which an evaluation is called low."""


@dataclass(frozen=True)
class EvaluationsQuery(ListQuery):
    """What is shown. The sums are of the range, and of one agent, one type, or all."""

    path: ClassVar[str] = "/evaluations"
    labels: ClassVar[Mapping[str, str]] = {
        "agent_id": "Agent",
        "evaluation_type": "Type",
        "evaluator": "Evaluator",
        "run_id": "Run",
        "experiment_id": "Experiment",
    }

    range: str | None = None
    agent_id: str | None = None
    evaluation_type: str | None = None
    evaluator: str | None = None
    run_id: str | None = None
    experiment_id: str | None = None
    max_score: str | None = None

    def __post_init__(self) -> None:
        if self.range is not None and self.range not in RANGES:
            raise InvalidError.of(("range", f"not one of {', '.join(RANGES)}"))

    @property
    def time(self) -> TimeRange:
        """What the charts are of."""
        return TimeRange(self.range or USUAL)

    @property
    def sums(self) -> EvaluationsQuery:
        """What the sums depend on."""
        return EvaluationsQuery(
            range=self.range, agent_id=self.agent_id, evaluation_type=self.evaluation_type
        )

    @property
    def sums_href(self) -> str:
        """Where the sums alone are."""
        return f"/evaluations/sums?{urlencode(self.sums.given())}"

    def filters(self) -> dict[str, Any]:
        """What the data layer is asked for."""
        return {name: value for name, value in self.given().items() if name != "range"}

    def lets_in(self, evaluation: Evaluation) -> bool:
        """True when a new evaluation belongs on the page."""
        return (
            self.cursor is None
            and all(getattr(self, name) in (None, evaluation[name]) for name in self.labels)
            and self._low_enough(evaluation["score"])
        )

    def _low_enough(self, score: float | None) -> bool:
        return self.max_score is None or (score is not None and score <= float(self.max_score))
