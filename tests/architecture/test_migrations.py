"""The migrations make exactly the tables that the code describes."""

from pathlib import Path
from typing import Any

import pytest
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy.ext.asyncio import create_async_engine

from agentic.layers.L01_data_layer import migrate, tables
from agentic.layers.L01_data_layer.migrate import HEAD, alembic_config

pytestmark = pytest.mark.anyio


async def test_a_migrated_database_has_the_tables_of_the_code(database_url: str) -> None:
    import asyncpg

    async def connect() -> Any:
        return await asyncpg.connect(database_url)

    engine = create_async_engine("postgresql+asyncpg://", async_creator=connect)
    async with engine.connect() as connection:
        options = {"compare_type": True, "compare_server_default": True}
        differences = await connection.run_sync(
            lambda sync: compare_metadata(MigrationContext.configure(sync, opts=options), tables.metadata)
        )
    await engine.dispose()
    assert differences == []


def test_the_head_is_the_newest_revision() -> None:
    assert ScriptDirectory.from_config(alembic_config()).get_current_head() == HEAD


def test_revisions_are_numbered_in_order() -> None:
    names = sorted(path.name[:4] for path in (Path(migrate.MIGRATIONS) / "versions").glob("0*.py"))
    assert names == [f"{number:04}" for number in range(1, len(names) + 1)]
