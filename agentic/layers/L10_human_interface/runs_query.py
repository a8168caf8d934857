"""The filters of the list of runs: the address is their only home."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final, NamedTuple
from urllib.parse import urlencode

from agentic.layers.L01_data_layer.models.run import Run

_OTHERS: Final = (
    ("agent_id", "Agent"),
    ("session_id", "Session"),
    ("parent_run_id", "Begun by"),
    ("forked_from", "Forks of"),
    ("goal_id", "Goal"),
)


class RunsQuery(NamedTuple):
    """What the list of runs shows. A field that is none is not in the address."""

    status: str | None = None
    agent_id: str | None = None
    session_id: str | None = None
    parent_run_id: str | None = None
    forked_from: str | None = None
    goal_id: str | None = None
    order: str | None = None
    cursor: str | None = None

    @classmethod
    def of(cls, parameters: Mapping[str, str]) -> RunsQuery:
        """The filters in an address; what it does not know is left out."""
        return cls(*(parameters.get(name, "").strip() or None for name in cls._fields))

    @property
    def filtered(self) -> bool:
        """True when some runs may be hidden."""
        return bool(self.status or self.others)

    @property
    def others(self) -> list[tuple[str, str, str]]:
        """The chosen filters that have no chip of their own: name, label, value."""
        return [(name, label, getattr(self, name)) for name, label in _OTHERS if getattr(self, name)]

    @property
    def newest_first(self) -> bool:
        """True when new runs belong at the top."""
        return self.order != "asc"

    def lets_in(self, run: Run) -> bool:
        """True when a new run belongs on the page."""
        names = ("status", *(name for name, _ in _OTHERS))
        return (
            self.newest_first
            and self.cursor is None
            and all(getattr(self, name) in (None, run[name]) for name in names)
        )

    def given(self) -> dict[str, str]:
        """The fields that are in the address, as the data layer takes them."""
        return {name: value for name, value in self._asdict().items() if value}

    def href(self, **changes: str | None) -> str:
        """The address with these changes, on its first page unless they say otherwise."""
        query = urlencode(self._replace(**{"cursor": None, **changes}).given())
        return f"/runs?{query}" if query else "/runs"
