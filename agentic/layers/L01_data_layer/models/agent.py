"""L02: an agent."""

from __future__ import annotations

from typing import Annotated, Any

from typing_extensions import TypedDict

from agentic.layers.base import states
from agentic.layers.base.operation import Operation
from agentic.layers.L01_data_layer.models.fields import Body, Changes, JsonObject, Kind, Name, Wanted
from agentic.layers.L01_data_layer.models.history import HistoryQuery, Restore, Version
from agentic.layers.L01_data_layer.models.resource import Lifecycle, ListQuery, Page, Resource, state_of


class AgentCreate(Body):
    """A new agent. Without a `did` it gets one made from its id."""

    name: Name
    agent_type: Kind = "general"
    did: Name | None = None
    configuration: JsonObject = {}
    metadata: JsonObject = {}
    resource_limits: JsonObject = {}


class AgentUpdate(Changes):
    """What may change in an agent. Its `did` may not: others know it by that."""

    name: Name = ""
    agent_type: Kind = ""
    status: Annotated[Kind, state_of(states.AGENT)] = ""
    configuration: JsonObject = {}
    metadata: JsonObject = {}
    resource_limits: JsonObject = {}


class AgentQuery(ListQuery):
    """Filters of the list of agents. `search` is a part of the name, in capitals or not."""

    status: Wanted | None = None
    agent_type: Wanted | None = None
    name: Wanted | None = None
    did: Wanted | None = None
    search: Wanted | None = None


class Agent(TypedDict):
    """An agent as stored."""

    id: str
    did: str
    name: str
    agent_type: str
    status: str
    configuration: dict[str, Any]
    metadata: dict[str, Any]
    resource_limits: dict[str, Any]
    created_at: str
    updated_at: str
    version: int


AGENTS = Resource(
    "agent", "/agents", AgentCreate, AgentQuery, Agent, AgentUpdate, Lifecycle(states.AGENT, stamps={})
)
AGENT_HISTORY = Operation(
    "agent.history", "GET", "/agents/{id}/history", query=HistoryQuery, result=Page[Version]
)
RESTORE_AGENT = Operation(
    "agent.restore", "POST", "/agents/{id}/restore", body=Restore, result=Agent, conditional=True
)
