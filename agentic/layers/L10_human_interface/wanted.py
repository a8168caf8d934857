"""Which events a reader wants: the filters of `GET /events`, applied to events that pass by."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final
from uuid import UUID

from agentic.layers.base.common_errors import InvalidError
from agentic.layers.L01_data_layer.client import FeedEvent

RUN_EVENTS: Final = "run.*,run_step.*,approval.*,tool_execution.*,model_usage.*,feedback.*"
NAMES: Final = ("event_type", "aggregate_type", "aggregate_id")


class Wanted:
    """Types by name or prefix (`agent.*`, several separated by commas), one kind of aggregate, one aggregate.

    Raises:
        InvalidError: `aggregate_id` is no id, or `event_type` names no type.
    """

    def __init__(self, filters: Mapping[str, str]) -> None:
        self.filters = {name: filters[name] for name in NAMES if filters.get(name)}
        names = [name.strip() for name in self.filters.get("event_type", "").split(",") if name.strip()]
        self._names = frozenset(name for name in names if not name.endswith("*"))
        self._prefixes = tuple(name[:-1] for name in names if name.endswith("*"))
        if self.filters.get("event_type") and not names:
            raise InvalidError.of(("event_type", "names no type"))
        self._any_type = not names
        self._aggregate_type = self.filters.get("aggregate_type")
        self._aggregate_id = _id(self.filters.get("aggregate_id"))

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Wanted) and other.filters == self.filters

    def __hash__(self) -> int:
        return hash(frozenset(self.filters.items()))

    def __call__(self, event: FeedEvent) -> bool:
        """True when the reader wants `event`."""
        if self._aggregate_id is not None and event.aggregate_id != self._aggregate_id:
            return False
        if self._aggregate_type is not None and event.aggregate_type != self._aggregate_type:
            return False
        if self._any_type or event.event_type in self._names:
            return True
        return event.event_type.startswith(self._prefixes)


class Belonging(Wanted):
    """Everything of these types about one record: what happens to it, and to what belongs to it.

    A change says only what it changes, so what belongs to it is known by its first event, or was `known` before. Records of the
    type `but` are heard of when they begin, and not followed.
    """

    def __init__(self, record_id: str, event_types: str, but: str = "") -> None:
        super().__init__({"event_type": event_types})
        self._but = but
        self._names: dict[str, bytes] = {}
        self.known: set[str] = set()
        """The ids of what belongs to it."""
        self.include(_id(record_id) or "")

    def include(self, record_id: str) -> None:
        """From now on, also what belongs to that record."""
        self._names[record_id] = f'"{record_id}"'.encode()

    def __call__(self, event: FeedEvent) -> bool:
        """True when it is about the record."""
        if not super().__call__(event):
            return False
        if event.aggregate_id in self._names or event.aggregate_id in self.known:
            return True
        if not any(name in event.json for name in self._names.values()):
            return False
        if event.aggregate_type != self._but:
            self.known.add(event.aggregate_id)
        return True


def of_run(run_id: str) -> Belonging:
    """Its states, its steps, and the calls, executions and approvals that belong to it; not what the runs do that it began."""
    return Belonging(run_id, RUN_EVENTS, "run")


class OfAgent(Wanted):
    """What happens to one agent, and with `runs` what happens in runs: whose they are, a change of theirs does not say."""

    def __init__(self, agent_id: str, *, runs: bool) -> None:
        super().__init__({"event_type": f"agent.*{',run.*,run_step.created' if runs else ''}"})
        self._agent_id = _id(agent_id)

    def __call__(self, event: FeedEvent) -> bool:
        """True when it is about the agent, or about a run."""
        if event.aggregate_type == "agent" and event.aggregate_id != self._agent_id:
            return False
        return super().__call__(event)


def _id(text: str | None) -> str | None:
    try:
        return str(UUID(text)) if text else None
    except ValueError:
        raise InvalidError.of(("aggregate_id", "not a UUID")) from None
