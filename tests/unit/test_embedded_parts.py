"""The pure parts of the embedded servers: quoting, names, paths, words, and the scripts that run beside the platform."""

import inspect
import os
import shutil
import signal
import subprocess
import sys
from pathlib import Path

import pytest
from asyncpg.connect_utils import _parse_connect_dsn_and_args  # pyright: ignore[reportPrivateUsage]
from redis.asyncio.connection import parse_url
from sqlalchemy import make_url
from sqlalchemy.dialects.postgresql.asyncpg import dialect

from agentic import platform
from agentic.platform.embedded import DataFolderError, DataFolderInUse, ServerStartError, running
from agentic.platform.servers import guard, postgres, process, valkey
from agentic.platform.servers.account import Account, server_environment
from agentic.platform.servers.folder import DataFolder, fits_sockets, remove_short_folder
from agentic.platform.servers.server import last_lines, rotate

MYSELF = Account("me", os.geteuid(), os.getegid())


def test_the_package_says_why_it_is_not_the_standard_librarys_platform() -> None:
    folder = Path(platform.__file__).parents[1]
    code = f"import sys; sys.path.insert(0, {str(folder)!r}); import platform"
    done = subprocess.run([sys.executable, "-I", "-S", "-c", code], capture_output=True, text=True)
    assert done.returncode == 1
    assert "ImportError: 'import platform' found agentic/platform" in done.stderr


@pytest.mark.parametrize("name", ["plain", "with a space", "100%+ü&c#d?e=f", "quote'\"back\\slash"])
def test_every_client_finds_the_sockets_by_their_addresses(tmp_path: Path, name: str) -> None:
    sockets = tmp_path / name
    folder = DataFolder(tmp_path)
    database_url = postgres.Postgres(folder, sockets, MYSELF, print).url
    unset = inspect.signature(_parse_connect_dsn_and_args).parameters
    addresses, parameters, *_ = _parse_connect_dsn_and_args(**(dict.fromkeys(unset) | {"dsn": database_url}))
    assert addresses == [f"{sockets}/.s.PGSQL.5432"]
    assert (parameters.user, parameters.database) == ("agentic", "agentic")
    _, arguments = dialect().create_connect_args(make_url(database_url))
    assert (arguments["host"], arguments["port"]) == (str(sockets), 5432)
    assert parse_url(valkey.Valkey(folder, sockets, MYSELF, print).url)["path"] == f"{sockets}/valkey.sock"


def test_settings_are_quoted_by_each_servers_rules() -> None:
    assert "\nhba_file = '/a ''b''\\\\c'\n" in postgres.configuration({"hba_file": "/a 'b'\\c"})
    assert valkey.configuration({"dir": '/a "b"\\c'}).endswith('\ndir "/a \\"b\\"\\\\c"\n')
    assert postgres.identity_map('o"brian') == 'platform "o""brian" agentic\n'


@pytest.mark.parametrize(
    ("path", "fits"),
    [
        ("/home/me/.local/share/agentic/servers/run", True),
        ("/" + "x" * 90, True),
        ("/" + "x" * 100, False),
        ("/" + "ü" * 50, False),
        ("/home/me/data, old/run", False),
    ],
)
def test_which_folders_can_hold_sockets(path: str, fits: bool) -> None:
    assert fits_sockets(Path(path)) is fits


@pytest.mark.parametrize("name", [b"line\nbreak", b"latin-1 \xe4"])
def test_a_data_folder_that_nothing_could_name_is_refused(tmp_path: Path, name: bytes) -> None:
    with pytest.raises(DataFolderError, match="not plain text"):
        DataFolder(tmp_path / os.fsdecode(name))


def test_only_own_short_folders_are_removed(tmp_path: Path) -> None:
    for folder in ("", "/", "/tmp", "/tmp/agentic-sockets-none", str(tmp_path)):
        remove_short_folder(folder)
    assert tmp_path.exists()


def test_a_listing_of_lsof_is_searched_for_the_folder() -> None:
    listing = b"p101\nfcwd\nn/data/a b/postgres\np102\nfcwd\nn/data/a b/postgres2\np103\nfcwd\nn/data/a b/postgres\n"
    assert process.parse_lsof(listing, Path("/data/a b/postgres")) == [101, 103]
    assert process.parse_lsof(b"p7\nfcwd\nn/\\xc3\\xbc\\\\x\n", Path("/ü\\x")) == [7]
    assert process.parse_lsof(b"", Path("/data")) == []


@pytest.mark.skipif(shutil.which("lsof") is None, reason="only macOS always has lsof")
def test_both_ways_find_the_processes_of_a_folder(tmp_path: Path) -> None:
    folder = tmp_path / "a b\\ü"
    folder.mkdir()
    inside = subprocess.Popen(["sleep", "600"], cwd=folder)
    outside = subprocess.Popen(["sleep", "600"], cwd=tmp_path)
    assert process.find("sleep", folder) == [inside.pid]
    assert process.find_with_lsof("sleep", folder) == [inside.pid]
    assert process.find("postgres", folder) == []
    for each in (inside, outside):
        each.kill()
    os.waitid(os.P_PID, inside.pid, os.WEXITED | os.WNOWAIT)
    assert process.find("sleep", folder) == []
    assert process.find_with_lsof("sleep", folder) == []
    for each in (inside, outside):
        each.wait()


def test_return_codes_in_words() -> None:
    assert process.describe_exit(1) == "it ended with code 1"
    assert process.describe_exit(-9) == "it was killed by SIGKILL"
    assert process.describe_exit(-300) == "it was killed by signal 300"


def test_errors_say_who_and_why() -> None:
    folder = Path("/data")
    assert str(DataFolderInUse(folder, 7, "http://h:1")).endswith(
        "in use by process 7, which answers at http://h:1."
    )
    assert str(DataFolderInUse(folder, None, None)) == "The data folder /data is in use by another process."
    full = ServerStartError(
        "PostgreSQL", "it ended with code 1", Path("/log"), "PANIC: No space left on device"
    )
    assert str(full).startswith("PostgreSQL did not start: it ended with code 1. The disk is full.\n")
    assert "The end of /log:\nPANIC: No space" in str(full)
    assert str(ServerStartError("Valkey", "why", Path("/log"), "")).endswith("Its log, /log, says nothing.")


def test_servers_get_little_of_our_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("PGPORT", "PGDATA", "ANTHROPIC_API_KEY", "LC_MESSAGES"):
        monkeypatch.setenv(name, "x")
    assert set(server_environment()) <= {
        "PATH",
        "TMPDIR",
        "LD_LIBRARY_PATH",
        "DYLD_LIBRARY_PATH",
        "LC_ALL",
        "TZ",
    }


def test_the_end_of_a_log_begins_where_the_start_did(tmp_path: Path) -> None:
    log = tmp_path / "log"
    log.write_text("earlier\n")
    start = log.stat().st_size
    log.write_text("earlier\n" + "".join(f"{number}\n" for number in range(100)))
    assert last_lines(log, start, 2) == "98\n99"
    assert last_lines(log, log.stat().st_size) == ""
    assert last_lines(tmp_path / "none", 0) == ""


def test_a_log_that_has_grown_is_moved_while_its_server_goes_on_writing(tmp_path: Path) -> None:
    log = tmp_path / "log"
    with log.open("a") as server:
        server.write("old\n" * 10)
        server.flush()
        rotate(log, limit=1000)
        assert log.stat().st_size == 40
        rotate(log, limit=10)
        server.write("new\n")
    assert log.read_text() == "new\n"
    assert (tmp_path / "log.1").read_text() == "old\n" * 10


@pytest.mark.parametrize("content", ["", "not json", "[]", '{"database": {"of": "another version"}}'])
def test_a_state_file_that_says_nothing_useful_is_nothing_running(tmp_path: Path, content: str) -> None:
    (tmp_path / "servers.json").write_text(content)
    assert running(tmp_path) is None
    assert running(tmp_path / "none") is None


def test_a_guard_ends_its_server_when_the_platform_is_gone() -> None:
    """What macOS needs. The first signal is ignored here, so that the second one has something to do."""
    code = (
        "import signal, sys; signal.signal(signal.SIGINT, signal.SIG_IGN); print(flush=True); signal.pause()"
    )
    server = subprocess.Popen([sys.executable, "-I", "-c", code], stdout=subprocess.PIPE)
    assert server.stdout and server.stdout.readline()
    script = [
        sys.executable,
        "-I",
        "-S",
        guard.__file__,
        str(server.pid),
        f"{signal.SIGINT:d}:0.1",
        f"{signal.SIGTERM:d}:60",
    ]
    with subprocess.Popen(script, stdin=subprocess.PIPE) as guarding:
        assert guarding.poll() is None
        assert guarding.stdin
        guarding.stdin.close()
        assert server.wait(60) == -signal.SIGTERM
        server.stdout.close()
        assert guarding.wait(60) == 0


@pytest.mark.anyio
async def test_a_guard_goes_with_its_server(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr(process, "KERNEL_ENDS_CHILDREN", False)
    with (tmp_path / "log").open("w") as log:
        command = process.Command(
            ["/bin/sleep", "600"], MYSELF, tmp_path, log.fileno(), [(signal.SIGTERM, 60.0)], {}
        )
        child = process.Child(command)
        guarding = child._guard  # pyright: ignore[reportPrivateUsage]
        assert guarding and guarding.poll() is None
        await child.end()
    assert child.exited.result() == -signal.SIGTERM
    assert guarding.returncode == -signal.SIGKILL
