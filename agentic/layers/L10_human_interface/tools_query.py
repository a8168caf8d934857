"""The filters of the list of executions: the address is their only home."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final, NamedTuple
from urllib.parse import urlencode

from agentic.layers.L01_data_layer.models.tool import ToolExecution

_OTHERS: Final = (("tool_id", "Tool"), ("agent_id", "Agent"), ("run_id", "Run"))


class ExecutionsQuery(NamedTuple):
    """Which executions are shown. A field that is none is not in the address."""

    status: str | None = None
    tool_id: str | None = None
    agent_id: str | None = None
    run_id: str | None = None
    cursor: str | None = None

    @classmethod
    def of(cls, parameters: Mapping[str, str]) -> ExecutionsQuery:
        """The filters in an address; what it does not know is left out."""
        return cls(*(parameters.get(name, "").strip() or None for name in cls._fields))

    @property
    def others(self) -> list[tuple[str, str, str]]:
        """The chosen filters that have no chip of their own: name, label, value."""
        return [(name, label, getattr(self, name)) for name, label in _OTHERS if getattr(self, name)]

    def lets_in(self, execution: ToolExecution) -> bool:
        """True when a new execution belongs on the page."""
        names = ("status", *(name for name, _ in _OTHERS))
        return self.cursor is None and all(getattr(self, name) in (None, execution[name]) for name in names)

    def given(self) -> dict[str, str]:
        """The fields that are in the address, as the data layer takes them."""
        return {name: value for name, value in self._asdict().items() if value}

    def href(self, **changes: str | None) -> str:
        """The address with these changes, on its first page unless they say otherwise."""
        query = urlencode(self._replace(**{"cursor": None, **changes}).given())
        return f"/tools?{query}#executions" if query else "/tools#executions"
