"""The embedded servers on real files, killed in every way: they come back, and nothing committed is lost."""

import asyncio
import contextlib
import os
import signal
import subprocess
from collections.abc import Callable
from pathlib import Path

import anyio
import asyncpg
import pytest
import redis.asyncio

from agentic.platform.embedded import DataFolderInUse, Embedded, EmbeddedServers, holder, running
from agentic.platform.servers.programs import postgres_programs, valkey_programs
from tests.kit.embedded import GONE, PATIENCE, Owner, as_the_servers, read, until, working_in, write

pytestmark = pytest.mark.anyio


async def test_first_start_makes_everything_and_the_next_one_finds_it(data_dir: Path) -> None:
    told: list[str] = []
    async with Embedded(data_dir, progress=told.append) as servers:
        assert servers.database and servers.database.obtained == "created"
        assert servers.database.version.startswith("18.")
        assert servers.bus and servers.bus.version.startswith("9.")
        assert running(data_dir) == servers
        await write(servers, "one")
    assert told == ["Preparing the database (first start)…"]
    assert running(data_dir) is None
    assert working_in(data_dir) == []

    async with Embedded(data_dir, progress=told.append) as servers:
        assert servers.database and servers.database.obtained == "started"
        assert await read(servers) == ["one"]
    assert len(told) == 1


async def test_one_server_alone_or_none(data_dir: Path) -> None:
    async with Embedded(data_dir, database=False) as servers:
        assert servers.redis_url and not servers.database_url and servers.database is None
        assert running(data_dir) == servers
    async with Embedded(data_dir, bus=False) as servers:
        assert servers.database_url and not servers.redis_url and servers.bus is None
        assert running(data_dir) == servers
    async with Embedded(data_dir, database=False, bus=False) as servers:
        assert servers == EmbeddedServers()
        assert running(data_dir) is None


@pytest.mark.parametrize("again_and_again", [False, True])
async def test_cancelled_while_starting_it_leaves_nothing_behind(
    data_dir: Path, again_and_again: bool
) -> None:
    """asyncio cancels a task once; a cancel scope of anyio does it again at each await, during the clean-up too."""
    scope = anyio.CancelScope()
    starting = asyncio.current_task()
    assert starting

    def cancel(_: str) -> None:
        if again_and_again:
            scope.cancel()
        else:
            starting.cancel()

    with scope, contextlib.suppress(asyncio.CancelledError):
        await Embedded(data_dir, progress=cancel).__aenter__()
    assert starting.uncancel() == 0
    assert working_in(data_dir) == []
    assert holder(data_dir) is None


async def test_two_platforms_cannot_share_a_data_folder(
    data_dir: Path, start_owner: Callable[[Path], Owner]
) -> None:
    owner = start_owner(data_dir)
    with pytest.raises(DataFolderInUse) as refused:
        await Embedded(data_dir).__aenter__()
    assert (refused.value.pid, refused.value.address) == (owner.process.pid, None)
    await write(owner.servers, "undisturbed")
    assert await read(owner.servers) == ["undisturbed"]
    owner.kill()
    embedded = Embedded(data_dir, database=False, bus=False)
    async with embedded:
        embedded.announce("http://127.0.0.1:8000")
        with pytest.raises(DataFolderInUse, match=f"{os.getpid()}, which answers at http://127.0.0.1:8000"):
            await Embedded(data_dir).__aenter__()


# --- kills: everything that was answered is there afterwards


async def test_kill_of_the_platform_ends_the_servers_and_loses_nothing(
    data_dir: Path, start_owner: Callable[[Path], Owner]
) -> None:
    owner = start_owner(data_dir)
    answered: list[str] = []

    async def storm() -> None:
        while True:
            await write(owner.servers, str(len(answered)))
            answered.append(str(len(answered)))

    storming = asyncio.create_task(storm())
    await until(lambda: len(answered) >= 20)
    owner.kill()
    with pytest.raises(GONE):
        await storming
    await until(lambda: not working_in(data_dir))
    async with Embedded(data_dir) as servers:
        database = await asyncpg.connect(servers.database_url)
        kept = {row["text"] for row in await database.fetch("SELECT text FROM notes")}
        await database.close()
        async with redis.asyncio.from_url(servers.redis_url, decode_responses=True) as bus:
            assert set(answered) <= set(await bus.lrange("notes", 0, -1))
    assert set(answered) <= kept


async def test_kill_of_everything_at_once_loses_nothing(
    data_dir: Path, start_owner: Callable[[Path], Owner]
) -> None:
    owner = start_owner(data_dir)
    await write(owner.servers, "kept")
    owner.kill_with_servers(data_dir)
    async with Embedded(data_dir) as servers:
        assert await read(servers) == ["kept"]


@pytest.mark.parametrize("name", ["database", "bus"])
async def test_a_server_that_dies_is_started_again(data_dir: Path, name: str) -> None:
    told: list[str] = []
    embedded = Embedded(data_dir, progress=told.append)
    async with embedded as servers:
        await write(servers, "before")
        for _ in range(2):
            dead = getattr(embedded.servers, name)
            os.kill(dead.pid, signal.SIGKILL)
            await until(lambda dead=dead: _is_new(running(data_dir), name, dead.pid))
            assert getattr(embedded.servers, name).obtained == "restarted"
        await write(embedded.servers, "after")
        assert await read(servers) == ["before", "after"]
    assert told[-2] == f"{dead.name} is gone: it was killed by SIGKILL. Starting it again."
    assert told[-1].startswith(f"{dead.name} runs again")
    assert working_in(data_dir) == []


def _is_new(servers: EmbeddedServers | None, name: str, old: int) -> bool:
    return servers is not None and getattr(servers, name).pid not in (old, None)


async def test_the_database_returns_though_a_busy_backend_outlives_it(data_dir: Path) -> None:
    """A backend in the middle of a statement does not notice that its server is gone, and holds the shared memory."""
    embedded = Embedded(data_dir)
    async with embedded as servers:
        busy, watcher = [await asyncpg.connect(servers.database_url) for _ in range(2)]
        backend = busy.get_server_pid()
        work = asyncio.create_task(busy.execute("DO $$ BEGIN LOOP END LOOP; END $$"))
        while (
            await watcher.fetchval("SELECT state FROM pg_stat_activity WHERE pid = $1", backend) != "active"
        ):
            await asyncio.sleep(0.02)
        dead = servers.database
        assert dead and dead.pid
        os.kill(dead.pid, signal.SIGKILL)
        with pytest.raises(GONE):
            await work
        await until(lambda: _is_new(running(data_dir), "database", dead.pid))
        watcher.terminate()
        assert backend not in working_in(data_dir)
        await write(servers, "again")


async def test_kill_of_one_backend_costs_a_reconnect_only(data_dir: Path) -> None:
    told: list[str] = []
    embedded = Embedded(data_dir, progress=told.append)
    async with embedded as servers:
        await write(servers, "before")
        victim = await asyncpg.connect(servers.database_url)
        os.kill(victim.get_server_pid(), signal.SIGKILL)
        with pytest.raises(GONE):
            await victim.fetchval("SELECT pg_sleep(600)")
        assert await _read_when_recovered(servers) == ["before"]
        assert embedded.servers == servers
    assert not any("PostgreSQL" in line for line in told)


async def _read_when_recovered(servers: EmbeddedServers) -> list[str]:
    async with asyncio.timeout(PATIENCE):
        while True:
            try:
                return await read(servers)
            except GONE:
                await asyncio.sleep(0.02)


async def test_servers_left_by_a_dead_platform_are_replaced(
    data_dir: Path, start_owner: Callable[[Path], Owner]
) -> None:
    """Such as nothing ended: here they are started by hand."""
    start_owner(data_dir).kill()
    await until(lambda: not working_in(data_dir))
    folder = data_dir / "servers"
    postgres = postgres_programs().path("postgres")
    commands = (
        [postgres, "-D", "postgres", "-c", f"config_file={folder}/postgresql.conf"],
        [valkey_programs().path("valkey-server"), folder / "valkey.conf"],
    )
    left = [
        subprocess.Popen(command, cwd=folder, stderr=subprocess.DEVNULL, **as_the_servers())
        for command in commands
    ]
    await until(lambda: (folder / "run/.s.PGSQL.5432").exists() and (folder / "run/valkey.sock").exists())
    async with Embedded(data_dir) as servers:
        assert servers.database and servers.database.obtained == "replaced"
        assert servers.bus and servers.bus.obtained == "replaced"
        assert [each.wait(timeout=PATIENCE) for each in left] == [0, 0]
        await write(servers, "mine now")


@pytest.mark.parametrize("zombie", [False, True])
async def test_a_lock_file_that_names_a_stranger_does_not_matter(
    data_dir: Path, start_owner: Callable[[Path], Owner], zombie: bool
) -> None:
    """After a power cut the pid in postmaster.pid may be anybody's; in a container without init, a zombie's."""
    start_owner(data_dir).kill_with_servers(data_dir)
    stranger = subprocess.Popen(["sleep", "0" if zombie else "600"], **as_the_servers())
    if zombie:
        os.waitid(os.P_PID, stranger.pid, os.WEXITED | os.WNOWAIT)
    for name in ("postgres/postmaster.pid", "run/.s.PGSQL.5432.lock"):
        lock_file = data_dir / "servers" / name
        _, *rest = lock_file.read_text().splitlines()
        lock_file.write_text("\n".join([str(stranger.pid), *rest]) + "\n")
    async with Embedded(data_dir) as servers:
        await write(servers, "mine")
    stranger.kill()
    stranger.wait()
