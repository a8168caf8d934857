"""Schedules: each due moment makes one run, whoever asks."""

from __future__ import annotations

from datetime import datetime
from typing import Any, Final
from zoneinfo import ZoneInfo

from agentic.layers.base import jsonio
from agentic.layers.base.common_errors import InvalidError
from agentic.layers.base.ids import now, timestamp
from agentic.layers.base.operation import Answer, Call, validated
from agentic.layers.L01_data_layer.cron import Cron
from agentic.layers.L01_data_layer.models.schedule import SCHEDULES, Schedule, ScheduleFire, ScheduleUpdate
from agentic.layers.L01_data_layer.services.resource_service import ResourceService, parse_id
from agentic.layers.L01_data_layer.services.run_store import RunStore
from agentic.layers.L01_data_layer.sql_text import moment
from agentic.layers.L01_data_layer.store import Store
from agentic.layers.L01_data_layer.tables.schedule import SCHEDULES as TABLE

LOCK: Final = f"""
SELECT json_build_object('cron', cron, 'at', {moment("at")}, 'timezone', timezone, 'enabled', enabled) FROM schedules WHERE id = $1
FOR UPDATE
"""
DUE: Final = """
SELECT schedules.id, schedules.agent_id, cron, timezone, input, coalesce(agents.configuration, '{}') AS configuration
FROM schedules LEFT JOIN agents ON agents.id = schedules.agent_id
WHERE schedules.enabled AND next_at <= $1 ORDER BY next_at LIMIT $2 FOR UPDATE OF schedules SKIP LOCKED
"""


class ScheduleStore(ResourceService[Schedule]):
    """When agents are to run."""

    def __init__(self, store: Store, runs: RunStore) -> None:
        super().__init__(store, SCHEDULES, TABLE)
        self._runs = runs

    def complete(self, record: dict[str, Any]) -> None:
        """When it is first due."""
        record["next_at"] = _next(record, now())

    async def update(self, call: Call) -> Answer:
        """Changes the fields that the body names, and when it is next due."""
        schedule_id = parse_id(call.path["id"])
        body = validated(ScheduleUpdate, call.body)
        changes = {name: body.__dict__[name] for name in body.model_fields_set}
        if not changes:
            raise InvalidError.of(("body", "names no field to change"))
        async with self.store.transaction() as tx:
            rows = await tx.fetch(LOCK, schedule_id)
            if not rows:
                raise self.missing(schedule_id)
            if changes.keys() & {"cron", "at", "timezone", "enabled"}:
                changes["next_at"] = _next(jsonio.decode(rows[0][0]) | changes, now())
            return await self.change_in(tx, schedule_id, changes, call.expected)

    async def fire(self, call: Call) -> Answer:
        """Makes a run for each schedule that is due. What was missed while nobody asked is made up for once."""
        limit = validated(ScheduleFire, call.body).limit
        fired: list[dict[str, str]] = []
        asked = now()
        async with self.store.transaction() as tx:
            for row in await tx.fetch(DUE, asked, limit):
                values = {
                    "agent_id": row["agent_id"] and str(row["agent_id"]),
                    "input": row["input"] and jsonio.decode(row["input"]),
                    "configuration": jsonio.decode(row["configuration"]),
                }
                run_id = str(await self._runs.make_in(tx, values))
                following = _following(row["cron"], row["timezone"], asked)
                changes = {"next_at": following, "last_run_id": run_id}
                await self.change_in(tx, row["id"], changes, None)
                fired.append({"schedule_id": str(row["id"]), "run_id": run_id})
        return Answer(jsonio.encode({"items": fired}))


def _next(record: dict[str, Any], after: datetime) -> str | None:
    """When a schedule is next due.

    Raises:
        InvalidError: it says neither or both of `cron` and `at`, or something that is none.
    """
    if (record["cron"] is None) == (record["at"] is None):
        raise InvalidError.of(("cron", "either cron or at says when"))
    _zone(record["timezone"])
    if record["cron"] is not None:
        following = _following(record["cron"], record["timezone"], after)
        return following if record["enabled"] else None
    return record["at"] if record["enabled"] else None


def _following(cron: str | None, zone: str, after: datetime) -> str | None:
    if cron is None:
        return None
    following = Cron.parse(cron).after(after, _zone(zone))
    return following and timestamp(following)


def _zone(name: str) -> ZoneInfo:
    try:
        return ZoneInfo(name)
    except (ValueError, OSError, LookupError):
        raise InvalidError.of(("timezone", f"there is no time zone {name!r}")) from None
