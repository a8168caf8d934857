"""What every kind of evaluator is: settings, and one look at a value."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from hashlib import sha256
from typing import Annotated, Any, ClassVar, NamedTuple

from pydantic import Field

from agentic.layers.base import jsonio
from agentic.layers.L01_data_layer.client import L01Client
from agentic.layers.L01_data_layer.models.fields import Body, Json, Kind
from agentic.layers.L01_data_layer.models.run import Run
from agentic.layers.L01_data_layer.models.run_step import RunStep
from agentic.layers.L03_tool_execution.client import L03Client
from agentic.layers.L04_model_gateway.client import L04Client
from agentic.layers.L06_evaluation.bounded import Bounded
from agentic.layers.L06_evaluation.errors import CannotJudgeError
from agentic.layers.L06_evaluation.settings import L06Settings

OF_ALL: frozenset[str] = frozenset(("name", "weight", "threshold"))
"""Settings that say what becomes of a score, not how it is found."""


@dataclass
class Means:
    """What evaluators work with."""

    l01: Callable[[], L01Client]
    l03: Callable[[], L03Client]
    l04: Callable[[], L04Client]
    bounded: Bounded
    settings: L06Settings


class Finding(NamedTuple):
    """What a look came to."""

    score: float
    rationale: str | None = None
    metrics: dict[str, Any] = {}


@dataclass
class Subject:
    """What is judged: a value, what it is an answer to, what was expected, and the run that it came of."""

    output: Any
    input: Any = None
    expected: Any = None
    agent_id: str | None = None
    run: Run | None = None
    opinions: Mapping[str, Any] = field(default_factory=dict[str, Any])
    """What models said already: an `Opinion`, or why there is none, by the version of the judge."""
    _steps: list[RunStep] | None = field(default=None, repr=False)

    def the_run(self) -> Run:
        """The run.

        Raises:
            CannotJudgeError: what is judged did not come of one.
        """
        if self.run is None:
            raise CannotJudgeError("This is judged by a run, and none is named.")
        return self.run

    async def steps(self, means: Means) -> list[RunStep]:
        """The steps of the run, read once."""
        run = self.the_run()
        if self._steps is None:
            found: list[RunStep] = []
            while page := await means.l01().runs.steps(run["id"], after=len(found)):
                found += page
            self._steps = found
        return self._steps


class Evaluator(Body, ABC):
    """The settings of all kinds. A score from `threshold` on passes; `weight` is how much it counts among others."""

    passes_from: ClassVar[float] = 0.5

    name: Kind | None = None
    weight: Annotated[float, Field(gt=0, le=1000)] = 1.0
    threshold: Annotated[float, Field(ge=0, le=1)] | None = None

    @abstractmethod
    async def look(self, subject: Subject, means: Means) -> Finding:
        """Judges a value.

        Raises:
            PlatformError: it cannot, for this reason; there is no score then.
        """

    def passes(self, score: float) -> bool:
        """Whether a score is good enough."""
        return score >= (self.passes_from if self.threshold is None else self.threshold)

    @property
    def version(self) -> str:
        """Of the settings by which a score is found: with others, scores cannot be compared."""
        return sha256(jsonio.encode(self.model_dump(mode="json", exclude=set(OF_ALL)))).hexdigest()[:16]


class Comparing(Evaluator):
    """Settings of those that compare with something: `value`, or else what was expected."""

    value: Json = None

    def wanted(self, subject: Subject) -> Any:
        """What is compared with.

        Raises:
            CannotJudgeError: there is nothing.
        """
        wanted = self.value if "value" in self.model_fields_set else subject.expected
        if wanted is None:
            raise CannotJudgeError("Nothing is expected here that it could be compared with.")
        return wanted


def text_of(value: Any) -> str:
    """A value as text: what is text already as it is, anything else as JSON."""
    return value if isinstance(value, str) else jsonio.encode(value).decode()
