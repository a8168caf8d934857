"""`platform db`: what is dumped comes back, and nothing is lost that nobody said may be lost."""

import os
from collections.abc import AsyncGenerator, Generator
from pathlib import Path

import asyncpg
import pytest

from agentic.layers.L01_data_layer import upkeep
from agentic.layers.L01_data_layer.client import L01Client
from agentic.layers.L01_data_layer.migrate import HEAD
from agentic.platform.dumps import DumpError, dump, for_libpq, portable, tools_for, wants_tls
from agentic.platform.exit_codes import FAILED, OK, REFUSED
from agentic.platform.stores import Store
from tests.kit.commands import Ended, run, up
from tests.kit.databases import empty_database
from tests.kit.servers import Servers, temporary_folder

pytestmark = pytest.mark.anyio


class Database:
    """A database of yours, and commands given with its address in the environment."""

    def __init__(self, url: str, redis_url: str, data_dir: Path) -> None:
        self.url = url
        self._environment = {"DATABASE_URL": url, "REDIS_URL": redis_url}
        self._data_dir = data_dir

    def command(self, *arguments: object) -> Ended:
        return run("db", *arguments, "--data-dir", self._data_dir, environment=self._environment)

    async def contents(self) -> upkeep.Contents:
        async with upkeep.connected(self.url) as connection:
            return await upkeep.contents(connection)

    async def names(self) -> list[str]:
        """The names of its agents."""
        async with upkeep.connected(self.url) as connection:
            return [row["name"] for row in await connection.fetch("SELECT name FROM agents ORDER BY id")]


@pytest.fixture
def place() -> Generator[Path]:
    with temporary_folder() as folder:
        yield folder


@pytest.fixture
def filled(l01_local: L01Client, database_url: str, redis_url: str, place: Path) -> Database:
    """A database that a data layer in this process is connected to."""
    return Database(database_url, redis_url, place / "data")


@pytest.fixture
async def other(test_servers: Servers, redis_url: str, place: Path) -> AsyncGenerator[Database]:
    """Another one, without a schema."""
    async with empty_database(test_servers.database_url) as url:
        yield Database(url, redis_url, place / "data")


async def test_what_was_dumped_comes_back_in_another_database(
    l01_local: L01Client, filled: Database, other: Database, place: Path
) -> None:
    odd = "\\.\nCOPY x FROM stdin;\nCREATE SCHEMA public;\n\t'\"\\N ü 🤖"
    await l01_local.create_agent("one", "general", {"odd": odd, "big": 2**70})
    agent = await l01_local.create_agent("two")
    await l01_local.create_goal(agent["id"], odd)
    async for batch in l01_local.follow(after=0):  # until every event has its position
        if batch and batch[-1].position == 3:
            break
    file = place / "a b.dump"

    dumped = filled.command("dump", file)
    assert dumped.code == OK and "2 agents, 3 events" in dumped.out, dumped
    assert file.stat().st_mode & 0o777 == 0o600
    assert [path.name for path in place.iterdir()] == [file.name]

    restored = other.command("restore", file)
    assert restored.code == OK and "2 agents, 3 events" in restored.out, restored
    assert await _everything(other.url) == await _everything(filled.url)
    assert await other.contents() == (HEAD, 2, 3, False)


async def test_a_dump_replaces_no_file_unasked(filled: Database, place: Path) -> None:
    file = place / "x.dump"
    file.write_text("precious")
    refused = filled.command("dump", file)
    assert refused.code == REFUSED and "--force" in refused.error
    assert file.read_text() == "precious"
    assert filled.command("dump", file, "--force").code == OK
    assert file.read_bytes().startswith(b"PGDMP")


async def test_a_dump_that_cannot_be_written_says_so(filled: Database, other: Database, place: Path) -> None:
    nowhere = filled.command("dump", place / "missing" / "x.dump")
    assert nowhere.code == FAILED and "cannot be written" in nowhere.error
    nothing = other.command("dump", place / "x.dump")
    assert nothing.code == REFUSED and "nothing of a platform" in nothing.error
    assert list(place.iterdir()) == []


async def test_a_restore_replaces_nothing_unasked(
    filled: Database, other: Database, l01_local: L01Client, place: Path
) -> None:
    await l01_local.create_agent("dumped")
    file = place / "x.dump"
    assert filled.command("dump", file).code == OK
    assert other.command("migrate").code == OK
    assert other.command("restore", file).code == OK, "a schema without rows is nothing to lose"
    async with upkeep.connected(other.url) as connection:
        await connection.execute("UPDATE agents SET name = 'later'")

    refused = other.command("restore", file)
    assert refused.code == REFUSED and "--force" in refused.error
    assert await other.names() == ["later"]
    assert other.command("restore", file, "--force").code == OK
    assert await other.names() == ["dumped"]


async def test_a_restore_that_fails_changes_nothing(
    filled: Database, other: Database, l01_local: L01Client, place: Path
) -> None:
    for number in range(300):
        await l01_local.create_agent(f"agent {number}", "general", {"random": os.urandom(200).hex()})
    file = place / "x.dump"
    assert filled.command("dump", file).code == OK
    assert other.command("restore", file).code == OK
    whole = file.read_bytes()

    for damaged in (whole[:-20_000], b"hello"):
        file.write_bytes(damaged)
        failed = other.command("restore", file, "--force")
        assert failed.code == FAILED and "nothing was changed" in failed.error, failed
        assert "pg_restore" in failed.error
        assert len(await other.names()) == 300


async def test_a_missing_file_is_named(other: Database, place: Path) -> None:
    missing = other.command("restore", place / "x.dump")
    assert missing.code == FAILED and f"no file {place / 'x.dump'}" in missing.error


async def test_what_a_platform_is_connected_to_is_left_alone(filled: Database, place: Path) -> None:
    file = place / "x.dump"
    assert filled.command("dump", file).code == OK
    for arguments in (("restore", file, "--force"), ("reset", "--yes")):
        refused = filled.command(*arguments)
        assert refused.code == REFUSED and "A platform is connected" in refused.error


async def test_reset_asks_and_says_what_it_destroys(other: Database) -> None:
    assert other.command("migrate").code == OK
    async with upkeep.connected(other.url) as connection:
        await connection.execute("INSERT INTO agents (did, name) VALUES ('did:x', 'x')")

    asked = other.command("reset")
    assert asked.code == FAILED and "1 agent" in asked.out and "Aborted" in asked.error
    assert await other.names() == ["x"]
    assert other.command("reset", "--yes").code == OK
    assert await other.contents() == (HEAD, 0, 0, True)


async def test_reset_touches_no_table_of_others(other: Database) -> None:
    async with upkeep.connected(other.url) as connection:
        await connection.execute("CREATE TABLE theirs (x int); INSERT INTO theirs VALUES (1)")
        assert other.command("reset", "--yes").code == OK
        assert await connection.fetchval("SELECT x FROM theirs") == 1


async def test_what_a_newer_platform_made_is_left_alone(other: Database, place: Path) -> None:
    assert other.command("migrate").code == OK
    async with upkeep.connected(other.url) as connection:
        await connection.execute("UPDATE alembic_version SET version_num = '9999'")
        refused = other.command("reset", "--yes")
        assert refused.code == REFUSED and "9999" in refused.error

        assert other.command("dump", place / "newer.dump").code == OK
        await upkeep.clear(connection)
    refused = other.command("restore", place / "newer.dump")
    assert refused.code == REFUSED and "9999" in refused.error
    assert (await other.contents()).revision is None


async def test_a_dump_of_something_else_is_refused(other: Database, place: Path) -> None:
    async with upkeep.connected(other.url) as connection:
        await connection.execute("CREATE TABLE theirs (x int)")
        major = connection.get_server_version().major
    tools = tools_for(Store(other.url, embedded=False, server="", pid=None), major)
    dump(other.url, place / "theirs.dump", tools, "public")
    refused = other.command("restore", place / "theirs.dump")
    assert refused.code == FAILED and "no dump of a platform" in refused.error


async def test_clearing_leaves_nothing_of_the_schema(database_url: str) -> None:
    async with upkeep.connected(database_url) as connection:
        await upkeep.clear(connection)
        left = await connection.fetch(
            "SELECT relname AS name FROM pg_class WHERE relnamespace = 'public'::regnamespace"
            " UNION ALL SELECT proname FROM pg_proc WHERE pronamespace = 'public'::regnamespace"
            " UNION ALL SELECT typname FROM pg_type WHERE typnamespace = 'public'::regnamespace"
        )
    assert left == []


async def test_migrating_says_whether_there_was_something_to_do(other: Database) -> None:
    first, second = other.command("migrate"), other.command("migrate")
    assert first.code == second.code == OK
    assert "now at" in first.out and "already at" in second.out


async def test_a_database_that_is_not_there_is_named(place: Path, redis_url: str) -> None:
    gone = Database("postgresql://me:secret@127.0.0.1:1/x", redis_url, place / "data")
    failed = gone.command("migrate")
    assert failed.code == FAILED and "E1010" in failed.error
    assert "secret" not in failed.error and "Traceback" not in failed.error


def test_the_embedded_database_is_dumped_while_it_runs_and_restored_when_it_does_not(data_dir: Path) -> None:
    file = data_dir.parent / "x.dump"
    here = ("--data-dir", data_dir)
    with up(data_dir) as platform:
        platform.wait_until_it_runs()
        assert run("keys", "create", "kept", *here).code == OK
        assert run("db", "dump", file, *here).code == OK
        for arguments in (("restore", file, "--force"), ("reset", "--yes")):
            refused = run("db", *arguments, *here)
            assert refused.code == REFUSED and f"process {platform.process.pid}" in refused.error
        platform.process.terminate()
        assert platform.end().code == OK
    assert run("db", "reset", "--yes", *here).code == OK
    assert "no keys" in run("keys", "list", *here).error
    assert run("db", "restore", file, *here).code == OK
    assert "kept" in run("keys", "list", *here).out


# -- what goes through a dump


def test_lines_that_only_the_dumped_server_understands_are_left_out() -> None:
    lines = [
        b"SET transaction_timeout = 0;\n",
        b"CREATE SCHEMA public;\n",
        b"COMMENT ON SCHEMA public IS 'standard public schema';\n",
        b"CREATE TABLE public.a (b integer);\n",
        b"ALTER TABLE ONLY public.a ALTER COLUMN b SET (pg_attver=11083391384);\n",
    ]
    assert list(portable(lines, 15)) == [lines[3]]
    assert list(portable(lines, 18)) == [lines[0], lines[3]]


def test_data_that_look_like_such_lines_stay() -> None:
    lines = [
        b"COPY public.a (b) FROM stdin;\n",
        b"CREATE SCHEMA public;\n",
        b"\\.\n",
        b"CREATE SCHEMA public;\n",
    ]
    assert list(portable(lines, 18)) == lines[:3]


@pytest.mark.parametrize(
    ("url", "address"),
    [
        ("postgresql://me:p%40ss@h:5432/x?sslmode=require", "postgresql://me@h:5432/x?sslmode=require"),
        ("postgresql://me@/x?host=%2Fa%20b&password=p%40ss", "postgresql://me@/x?host=%2Fa%20b"),
        ("postgresql://me:p%40ss@a:1,b:2/x", "postgresql://me@a:1,b:2/x"),
    ],
)
def test_the_password_is_not_among_the_arguments(url: str, address: str) -> None:
    said, environment = for_libpq(url)
    assert said == address and environment["PGPASSWORD"] == "p@ss"


def test_programs_that_are_too_old_or_know_no_tls_are_named(
    place: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PATH", str(place))
    ours = Store("postgresql://h/x", embedded=False, server="", pid=None)
    assert tools_for(ours, 15).major == 18
    with pytest.raises(DumpError, match="postgresql-client-19"):
        tools_for(ours, 19)
    with pytest.raises(DumpError, match="TLS"):
        tools_for(Store("postgresql://h/x?sslmode=require", embedded=False, server="", pid=None), 15)


def test_an_address_that_insists_on_tls_is_known() -> None:
    assert wants_tls("postgresql://h/x?sslmode=verify-full&application_name=y")
    assert not wants_tls("postgresql://h/x?sslmode=prefer")
    assert not wants_tls("postgresql://h/x")


async def _everything(url: str) -> dict[str, list[str]]:
    connection = await asyncpg.connect(url)
    try:
        names = [row["tablename"] for row in await connection.fetch("SELECT tablename FROM pg_tables")]
        ours = [name for name in names if name in upkeep.CLEAR]
        return {
            name: [row[0] for row in await connection.fetch(f"SELECT t::text FROM {name} t ORDER BY 1")]
            for name in sorted(ours)
            if name != "relay"  # still moving on
        }
    finally:
        await connection.close()
