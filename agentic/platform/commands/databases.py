"""`platform db`: bring the schema up to date, dump, restore, and begin anew."""

from __future__ import annotations

import asyncio
import os
from collections.abc import Callable, Coroutine
from pathlib import Path
from typing import Any, ClassVar

import asyncpg
from rich.console import Console
from rich.markup import escape

from agentic.layers.L01_data_layer import upkeep
from agentic.layers.L01_data_layer.migrate import HEAD
from agentic.layers.L01_data_layer.migrate import migrate as bring_up_to_date
from agentic.platform.command_error import CommandError
from agentic.platform.commands.ending import ending
from agentic.platform.commands.reaching import database_in_use
from agentic.platform.dumps import dump as write_dump
from agentic.platform.dumps import restore as read_dump
from agentic.platform.dumps import revision_of, tools_for
from agentic.platform.embedded import holder
from agentic.platform.exit_codes import FAILED, OK, REFUSED
from agentic.platform.logs import log_to_terminal
from agentic.platform.stores import Store, without_password

Confirm = Callable[[str], bool]

_console = Console(highlight=False)


class RefusedError(CommandError):
    """It would lose what nobody said may be lost, or pull the ground from under a platform that runs."""

    exit_code: ClassVar[int] = REFUSED


def migrate(data_dir: Path) -> int:
    """Brings the schema up to date; answers the exit code."""

    async def main() -> int:
        async with database_in_use(data_dir, _say) as store:
            changed = await bring_up_to_date(store.url)
        _say(f"The schema is {'now' if changed else 'already'} at revision {HEAD}, the newest.")
        return OK

    return _ending(main)


def dump(data_dir: Path, file: Path, *, force: bool) -> int:
    """Writes the database into a file; answers the exit code."""

    async def main() -> int:
        _refuse_to_replace(file, force=force)
        async with (
            database_in_use(data_dir, _say, make=False) as store,
            upkeep.connected(store.url) as connection,
        ):
            found = await upkeep.contents(connection)
            if found.revision is None:
                raise RefusedError(f"There is nothing of a platform in {_named(store)}.")
            tools = await asyncio.to_thread(tools_for, store, _major(connection))
            schema = await connection.fetchval("SELECT current_schema()")
            await asyncio.to_thread(write_dump, store.url, file, tools, schema)
        _say(f"Wrote {file}: {_counts(found)}, {_megabytes(file)}. Put it back with `platform db restore`.")
        return OK

    return _ending(main)


def restore(data_dir: Path, file: Path, *, force: bool) -> int:
    """Puts a dump back; answers the exit code."""

    async def main() -> int:
        async with database_in_use(data_dir, _say) as store:
            async with upkeep.connected(store.url) as connection:
                _refuse_beside_a_platform(data_dir, store)
                await _refuse_to_lose(connection, store, force=force)
                major = _major(connection)
            tools = await asyncio.to_thread(tools_for, store, major)
            _refuse_a_newer(await asyncio.to_thread(revision_of, file, tools), str(file))
            await asyncio.to_thread(read_dump, store.url, file, tools, server_major=major, first=upkeep.CLEAR)
            await bring_up_to_date(store.url)
            async with upkeep.connected(store.url) as connection:
                found = await upkeep.contents(connection)
        _say(f"Restored {file} into {_named(store)}: {_counts(found)}.")
        return OK

    return _ending(main)


def reset(data_dir: Path, confirm: Confirm | None) -> int:
    """Empties the database once `confirm` agrees, or at once without it; answers the exit code."""

    async def main() -> int:
        async with database_in_use(data_dir, _say) as store, upkeep.connected(store.url) as connection:
            _refuse_beside_a_platform(data_dir, store)
            found = await upkeep.contents(connection)
            await _refuse_while_used(connection, store, found)
            warning = f"This destroys everything in {_named(store)}: {_counts(found)}. There is no way back."
            if confirm is not None and not found.empty and not confirm(warning):
                _say("Nothing was changed.")
                return FAILED
            await upkeep.clear(connection)
            await bring_up_to_date(store.url)
        _say(f"Now {_named(store)} is empty; the schema is at revision {HEAD}.")
        return OK

    return _ending(main)


def _refuse_to_replace(file: Path, *, force: bool) -> None:
    if file.exists() and not force:
        raise RefusedError(f"{file} exists already: name another file, or add --force to replace it.")


async def _refuse_to_lose(connection: asyncpg.Connection[Any], store: Store, *, force: bool) -> None:
    found = await upkeep.contents(connection)
    await _refuse_while_used(connection, store, found)
    if not found.empty and not force:
        raise RefusedError(
            f"There is something in {_named(store)}: {_counts(found)}. Add --force to replace all of it, or restore "
            "into another database (DATABASE_URL) or data folder (--data-dir)."
        )


async def _refuse_while_used(
    connection: asyncpg.Connection[Any], store: Store, found: upkeep.Contents
) -> None:
    if users := await upkeep.users(connection):
        raise RefusedError(
            f"A platform is connected to {_named(store)}, from {', '.join(users)}. Stop it first."
        )
    if found.revision is not None:
        _refuse_a_newer(found.revision, _named(store))


def _refuse_a_newer(revision: str, place: str) -> None:
    if revision > HEAD:
        raise RefusedError(
            f"A newer platform made what is in {place} (revision {revision}; this one knows {HEAD}). Use that one."
        )


def _refuse_beside_a_platform(data_dir: Path, store: Store) -> None:
    """A platform on the data folder matters when the database is its own. We may hold the folder ourselves."""
    held = holder(data_dir) if store.embedded else None
    if held is not None and held.pid != os.getpid():
        who = f"process {held.pid}" if held.pid else "another process"
        raise RefusedError(f"A platform runs on {data_dir} ({who}). Stop it first.")


def _named(store: Store) -> str:
    return "the embedded database" if store.embedded else f"the database {without_password(store.url)}"


def _counts(found: upkeep.Contents) -> str:
    return f"{_number(found.agents, 'agent')}, {_number(found.events, 'event')}"


def _megabytes(file: Path) -> str:
    return f"{file.stat().st_size / 1_000_000:.1f} MB"


def _number(count: int, word: str) -> str:
    return f"{count:,} {word}{'' if count == 1 else 's'}"


def _major(connection: asyncpg.Connection[Any]) -> int:
    return connection.get_server_version().major


def _say(text: str) -> None:
    _console.print(escape(text), soft_wrap=True)


def _ending(main: Callable[[], Coroutine[Any, Any, int]]) -> int:
    log_to_terminal()
    return ending(lambda: asyncio.run(main()))
