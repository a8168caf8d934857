"""A database that the first release wrote, after the upgrade: right, and with a past."""

from __future__ import annotations

import json
from typing import Any
from uuid import UUID

import asyncpg
import pytest
from alembic import command
from sqlalchemy.ext.asyncio import create_async_engine

from agentic.layers.base.ids import now, timestamp, uuid7
from agentic.layers.base.layer import Context
from agentic.layers.L01_data_layer.client import L01Client
from agentic.layers.L01_data_layer.layer import DataLayer
from agentic.layers.L01_data_layer.migrate import alembic_config
from agentic.layers.L01_data_layer.settings import L01Settings
from tests.kit.log import settled

pytestmark = pytest.mark.anyio

AT = timestamp()
USAGE_ID, EXECUTION_ID = uuid7(), uuid7()
FIRST_USAGE: dict[str, Any] = {
    "id": str(USAGE_ID),
    "agent_id": None,
    "model_provider": "p",
    "model_name": "m",
    "input_tokens": 7,
    "output_tokens": 3,
    "latency_ms": None,
    "cost_estimate": 0.000123,
    "created_at": AT,
    "version": 1,
}
FIRST_EXECUTION: dict[str, Any] = {
    "id": str(EXECUTION_ID),
    "tool_id": None,
    "agent_id": None,
    "input_params": {"n": 1},
    "output_result": None,
    "status": "running",
    "error_message": None,
    "created_at": AT,
    "started_at": AT,
    "completed_at": None,
    "version": 1,
}


async def move(url: str, revision: str, *, down: bool = False) -> None:
    """Runs the migrations up or down to a revision."""

    async def connect() -> Any:
        return await asyncpg.connect(url)

    def alembic(connection: Any) -> None:
        config = alembic_config()
        config.attributes["connection"] = connection
        (command.downgrade if down else command.upgrade)(config, revision)

    engine = create_async_engine("postgresql+asyncpg://", async_creator=connect)
    async with engine.begin() as connection:
        await connection.run_sync(alembic)
    await engine.dispose()


async def write_as_before(url: str) -> None:
    """What the first release writes: a row, its event, its aggregate."""
    connection = await asyncpg.connect(url)
    for table, kind, record_id, record in (
        ("model_usage", "model_usage", USAGE_ID, FIRST_USAGE),
        ("tool_executions", "tool_execution", EXECUTION_ID, FIRST_EXECUTION),
    ):
        said = json.dumps(record)
        columns = ", ".join(record)
        await connection.execute(
            f"INSERT INTO {table} ({columns}) SELECT {columns} FROM jsonb_populate_record(NULL::{table}, $1)",
            said,
        )
        await connection.execute("INSERT INTO aggregates VALUES ($1, $2, 1)", kind, record_id)
        await connection.execute(
            """INSERT INTO events (id, event_type, aggregate_type, aggregate_id, payload, version, verb, created_at)
            VALUES ($1, $2, $3, $4, $5, 1, 'create', $6)""",
            uuid7(),
            f"{kind}.created",
            kind,
            record_id,
            said,
            now(),
        )
    await connection.close()


async def test_what_was_there_is_right_afterwards(empty_database_url: str, redis_url: str) -> None:
    await move(empty_database_url, "0001")
    await write_as_before(empty_database_url)
    layer = DataLayer(Context(), L01Settings(database_url=empty_database_url, redis_url=redis_url))
    async with layer.running(), L01Client(backend=layer.backend) as l01:
        position = await settled(l01)
        assert (await l01.check())["differences"] == []
        usage = await l01.model_usage.get(USAGE_ID)
        assert {**usage, **FIRST_USAGE} == usage
        assert (usage["status"], usage["cost_known"], usage["cached_tokens"]) == ("completed", True, 0)
        assert await l01.model_usage.get(USAGE_ID, as_of=str(position)) == usage
        assert (await l01.model_usage.list(as_of=str(position), status="completed"))["items"] == [usage]
        assert (await l01.model_usage_stats())["total"]["calls"] == 1
        done = await l01.tool_executions.update(EXECUTION_ID, {"status": "success"})
        assert (done["attempt"], done["idempotent"], done["version"]) == (1, False, 2)
        budget = await l01.budgets.create(scope="model", subject="m", max_tokens=100)
        assert (await l01.budgets.left(budget["id"]))["spent"]["tokens"] == 10
        await settled(l01)
        assert (await l01.check())["differences"] == []


async def test_the_way_back_leaves_what_the_first_release_knew(empty_database_url: str) -> None:
    await move(empty_database_url, "0001")
    await write_as_before(empty_database_url)
    await move(empty_database_url, "0002")
    await move(empty_database_url, "0001", down=True)
    connection = await asyncpg.connect(empty_database_url)
    rows = await connection.fetch("SELECT * FROM model_usage")
    await connection.close()
    assert [UUID(str(row["id"])) for row in rows] == [USAGE_ID]
    assert set(rows[0].keys()) == set(FIRST_USAGE)
