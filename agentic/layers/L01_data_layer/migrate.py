"""Brings the schema up to date at start, under a lock: several processes may start at once.

Alembic is imported only when there is something to do; a prepared database costs one query.
"""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import Any, Final

import asyncpg
import structlog

from agentic.layers.base.common_errors import DatabaseUnavailableError
from agentic.layers.L01_data_layer.database import translate

log = structlog.get_logger()

HEAD: Final = "0008"
"""The newest revision in `migrations/versions` (a test compares them)."""
LOCK: Final = 0x4C3032
LIMIT: Final = 60.0
MIGRATIONS: Final = Path(__file__).parent / "migrations"


async def migrate(url: str) -> bool:
    """Applies the missing migrations; True when there were any.

    Raises:
        DatabaseUnavailableError: the database cannot be reached.
    """
    try:
        connection = await asyncpg.connect(url, timeout=5.0, command_timeout=LIMIT)
    except Exception as error:
        translated = translate(error)
        if translated is None or isinstance(translated, DatabaseUnavailableError):
            reason = str(error).strip().rstrip(".") or type(error).__name__
            raise DatabaseUnavailableError(f"The database cannot be reached: {reason}.") from error
        raise translated from error
    try:
        if await _revision(connection) == HEAD:
            return False
        await connection.execute("SELECT pg_advisory_lock($1)", LOCK)
        if await _revision(connection) == HEAD:
            return False
        await _upgrade(url)
        log.info("the schema is up to date", revision=HEAD)
        return True
    finally:
        await connection.close()


async def _revision(connection: asyncpg.Connection[Any]) -> str | None:
    if await connection.fetchval("SELECT to_regclass('alembic_version')") is None:
        return None
    return await connection.fetchval("SELECT version_num FROM alembic_version")


async def _upgrade(url: str) -> None:
    from sqlalchemy.ext.asyncio import create_async_engine
    from sqlalchemy.pool import NullPool

    async def connect() -> Any:
        return await asyncpg.connect(url, timeout=5.0, command_timeout=LIMIT)

    engine = create_async_engine("postgresql+asyncpg://", async_creator=connect, poolclass=NullPool)
    try:
        async with asyncio.timeout(LIMIT), engine.begin() as sync_connection:
            await sync_connection.run_sync(_run_alembic)
    finally:
        await engine.dispose()


def alembic_config() -> Any:
    """Alembic's configuration for the migrations beside this file."""
    from alembic.config import Config

    config = Config()
    config.set_main_option("script_location", str(MIGRATIONS).replace("%", "%%"))
    config.set_main_option("path_separator", "newline")
    return config


def _run_alembic(connection: Any) -> None:
    from alembic import command

    config = alembic_config()
    config.attributes["connection"] = connection
    command.upgrade(config, "head")
