"""Rows of events and agents: prepared for the templates, and kept for the next socket that shows the same."""

from __future__ import annotations

import asyncio
from collections import OrderedDict
from collections.abc import Hashable, Iterable, Sequence
from typing import Any, Final, Generic, NamedTuple, TypeVar, cast

from agentic.layers.L01_data_layer.client import FeedEvent, L01Client, event_of
from agentic.layers.L01_data_layer.models.agent import Agent
from agentic.layers.L01_data_layer.models.error_codes import NotFoundError
from agentic.layers.L01_data_layer.models.event import Event
from agentic.layers.L10_human_interface.formats import short_id
from agentic.layers.L10_human_interface.render import Renderer
from agentic.layers.L10_human_interface.words import Word, event_word, summary

KEPT: Final = 4000

K = TypeVar("K", bound=Hashable)
V = TypeVar("V")


class Kept(Generic[K, V]):
    """The values used last."""

    def __init__(self, limit: int = KEPT) -> None:
        self._limit = limit
        self._values: OrderedDict[K, V] = OrderedDict()

    def get(self, key: K) -> V | None:
        """The value, when it is kept."""
        if key in self._values:
            self._values.move_to_end(key)
        return self._values.get(key)

    def put(self, key: K, value: V) -> None:
        """Keeps a value; the one that was not used for longest may go."""
        self._values[key] = value
        self._values.move_to_end(key)
        if len(self._values) > self._limit:
            self._values.popitem(last=False)


class EventRow(NamedTuple):
    """An event as a row shows it."""

    id: str
    position: int | None
    created_at: str
    event_type: str
    word: Word
    subject: str
    said: str


class AgentRow(NamedTuple):
    """An agent with its row as HTML."""

    agent: Agent
    html: str


class AgentNames:
    """What agents are called, for rows that know only their ids."""

    def __init__(self, l01: L01Client) -> None:
        self._l01 = l01
        self._names: Kept[str, str] = Kept()

    def hear(self, event: Event) -> None:
        """Takes a name from a fresh event that tells it."""
        payload = event["payload"]
        if event["aggregate_type"] == "agent" and isinstance(payload, dict) and "name" in payload:
            self._names.put(event["aggregate_id"], str(cast("Any", payload["name"])))

    async def of(self, events: Iterable[Event]) -> dict[str, str]:
        """The names of the agents that these events are about; empty for one that is gone."""
        ids = {agent_id for event in events if (agent_id := _agent_of(event))}
        names = await asyncio.gather(*map(self.name, ids))
        return dict(zip(ids, names, strict=True))

    async def name(self, agent_id: str) -> str:
        """The name of one agent; empty for one that is gone."""
        name = self._names.get(agent_id)
        if name is None:
            try:
                name = (await self._l01.agents.get(agent_id))["name"]
            except NotFoundError:
                name = ""
            self._names.put(agent_id, name)
        return name


class Rows:
    """Makes rows."""

    def __init__(self, l01: L01Client, renderer: Renderer) -> None:
        self._l01 = l01
        self._renderer = renderer
        self.names = AgentNames(l01)
        self._event_rows: Kept[int, str] = Kept()
        self._agents: Kept[str, tuple[int, AgentRow | None]] = Kept()

    async def of_events(self, events: Sequence[Event]) -> list[EventRow]:
        """The rows of these events, in their order."""
        names = await self.names.of(events)
        return [_event_row(event, names.get(_agent_of(event), "")) for event in events]

    async def followed(self, events: Sequence[FeedEvent]) -> list[EventRow]:
        """The rows of events that just happened."""
        fresh = [event_of(event) for event in events]
        for event in fresh:
            self.names.hear(event)
        return await self.of_events(fresh)

    async def rendered(self, events: Sequence[FeedEvent]) -> list[str]:
        """The rows of events that just happened as HTML, each made once."""
        fresh = [event for event in events if self._event_rows.get(event.position) is None]
        for event, row in zip(fresh, await self.followed(fresh), strict=True):
            html = self._renderer.macro("macros/rows.html", "event_row", row)
            self._event_rows.put(event.position, html)
        return [self._event_rows.get(event.position) or "" for event in events]

    async def agent(self, agent_id: str, position: int) -> AgentRow | None:
        """An agent's row as it is at a position or later; none when the agent is gone."""
        kept = self._agents.get(agent_id)
        if kept is None or kept[0] < position:
            kept = (position, await self._agent_row(agent_id))
            self._agents.put(agent_id, kept)
        return kept[1]

    async def _agent_row(self, agent_id: str) -> AgentRow | None:
        try:
            agent = await self._l01.agents.get(agent_id)
        except NotFoundError:
            return None
        return AgentRow(agent, self._renderer.macro("macros/rows.html", "agent_row", agent))


def _agent_of(event: Event) -> str:
    """The agent that an event is about; empty when it is about something else."""
    return event["aggregate_id"] if event["aggregate_type"] == "agent" else ""


def _event_row(event: Event, name: str) -> EventRow:
    said = summary(event["payload"])
    if not said and not name:
        said = f"{event['aggregate_type'].replace('_', ' ')} {short_id(event['aggregate_id'])}"
    return EventRow(
        event["id"],
        event["position"],
        event["created_at"],
        event["event_type"],
        event_word(event["event_type"]),
        name,
        "" if said == name else said,
    )
