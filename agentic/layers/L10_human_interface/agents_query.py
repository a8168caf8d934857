"""The filters of the list of agents: the address is their only home."""

from __future__ import annotations

from collections.abc import Mapping
from typing import NamedTuple
from urllib.parse import urlencode

from agentic.layers.L01_data_layer.models.agent import Agent


class AgentsQuery(NamedTuple):
    """What the list of agents shows. A field that is none is not in the address."""

    status: str | None = None
    agent_type: str | None = None
    search: str | None = None
    order: str | None = None
    as_of: str | None = None
    cursor: str | None = None

    @classmethod
    def of(cls, parameters: Mapping[str, str]) -> AgentsQuery:
        """The filters in an address; what it does not know is left out."""
        return cls(*(parameters.get(name, "").strip() or None for name in cls._fields))

    @property
    def filtered(self) -> bool:
        """True when some agents may be hidden."""
        return bool(self.status or self.agent_type or self.search)

    @property
    def newest_first(self) -> bool:
        """True when new agents belong at the top."""
        return self.order != "asc"

    def lets_in(self, agent: Agent) -> bool:
        """True when a new agent belongs on the page."""
        return (
            self.newest_first
            and (self.cursor or self.as_of) is None
            and self.status in (None, agent["status"])
            and self.agent_type in (None, agent["agent_type"])
            and (self.search or "").casefold() in agent["name"].casefold()
        )

    def given(self) -> dict[str, str]:
        """The fields that are in the address, as the data layer takes them."""
        return {name: value for name, value in self._asdict().items() if value}

    @property
    def hidden(self) -> list[tuple[str, str]]:
        """What the form of the time carries along."""
        return [(name, value) for name, value in self.given().items() if name not in ("cursor", "as_of")]

    def href(self, **changes: str | None) -> str:
        """The address with these changes, on its first page unless they say otherwise."""
        query = urlencode(self._replace(**{"cursor": None, **changes}).given())
        return f"/agents?{query}" if query else "/agents"
