"""What the reference takes and answers."""

from datetime import datetime
from typing import Any
from uuid import UUID

from pydantic import BaseModel, ConfigDict, Field


class AgentCreate(BaseModel):
    """The body of POST /agents."""

    model_config = ConfigDict(extra="forbid")

    name: str = Field(min_length=1, max_length=255)
    agent_type: str = Field("general", max_length=100)
    configuration: dict[str, Any] = {}
    metadata: dict[str, Any] = {}
    resource_limits: dict[str, Any] = {}


class AgentRead(BaseModel):
    """An agent as it is answered."""

    model_config = ConfigDict(from_attributes=True)

    id: UUID
    did: str
    name: str
    agent_type: str
    status: str
    configuration: dict[str, Any]
    metadata: dict[str, Any] = Field(validation_alias="agent_metadata")
    resource_limits: dict[str, Any]
    created_at: datetime
    updated_at: datetime
