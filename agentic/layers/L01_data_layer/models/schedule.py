"""L02: when an agent is to run, once or again and again."""

from __future__ import annotations

from typing import Annotated, Any

from pydantic import Field
from typing_extensions import TypedDict

from agentic.layers.base.operation import Operation
from agentic.layers.L01_data_layer.models.fields import Body, Changes, Id, Json, Kind, Moment, Name
from agentic.layers.L01_data_layer.models.resource import ALL, ListQuery, Resource, Truth


class ScheduleCreate(Body):
    """A new schedule: a `cron` line of five fields, read in `timezone`, or one moment `at`."""

    agent_id: Id | None = None
    name: Name
    cron: Kind | None = None
    at: Moment | None = None
    timezone: Kind = "UTC"
    input: Json = None
    enabled: bool = True


class ScheduleUpdate(Changes):
    """What may change in a schedule; when it is next due follows."""

    name: Name = ""
    cron: Kind | None = None
    at: Moment | None = None
    timezone: Kind = ""
    input: Json = None
    enabled: bool = True


class ScheduleQuery(ListQuery):
    """Filters of the list of schedules."""

    agent_id: Id | None = None
    enabled: Truth | None = None


class Schedule(TypedDict):
    """A schedule as stored; `next_at` is null when nothing is to come."""

    id: str
    agent_id: str | None
    name: str
    cron: str | None
    at: str | None
    timezone: str
    input: Any
    enabled: bool
    next_at: str | None
    last_run_id: str | None
    created_at: str
    updated_at: str
    version: int


class ScheduleFire(Body):
    """Makes the runs of up to `limit` schedules that are due."""

    limit: Annotated[int, Field(ge=1, le=1000)] = 100


class FiredSchedule(TypedDict):
    """A schedule that was due, and the run that it made."""

    schedule_id: str
    run_id: str


class Fired(TypedDict):
    """What was due."""

    items: list[FiredSchedule]


SCHEDULES = Resource(
    "schedule", "/schedules", ScheduleCreate, ScheduleQuery, Schedule, ScheduleUpdate, verbs=ALL
)
FIRE_SCHEDULES = Operation("schedule.fire", "POST", "/schedules/fire", body=ScheduleFire, result=Fired)
