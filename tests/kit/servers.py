"""The PostgreSQL and the bus that one pytest process (each xdist worker is one) tests on.

By default the platform's embedded servers, private to this process. With `TEST_DATABASE_URL` (a server, such as
postgresql://postgres@127.0.0.1:5432) that PostgreSQL, and a private `redis-server` from the PATH; with `TEST_REDIS_URL`
that Redis as it is. A channel belongs to a whole Redis server, so two workers must not share one: `TEST_REDIS_URL` and
`-n 2` exclude each other.
"""

from __future__ import annotations

import json
import os
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Generator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urlsplit

from agentic.platform.servers import launch
from agentic.platform.servers.programs import valkey_programs

PATIENCE = 60.0

OWNER = """
import asyncio, json, sys
from pathlib import Path
import asyncpg
from agentic.platform.embedded import Embedded

async def forgetful(url):
    # Only a power cut takes what is not flushed; a killed process, of the server's too, takes nothing.
    connection = await asyncpg.connect(url)
    for statement in ("ALTER SYSTEM SET fsync = off", "SELECT pg_reload_conf()"):
        await connection.execute(statement)
    await connection.close()

async def main():
    database, bus = json.loads(sys.argv[2])
    async with Embedded(Path(sys.argv[1]), database=database, bus=bus) as servers:
        await forgetful(servers.database_url)
        print(json.dumps([servers.database_url, servers.redis_url]), flush=True)
        await asyncio.to_thread(sys.stdin.read)

asyncio.run(main())
"""


@dataclass(frozen=True)
class Servers:
    """Where they are, and which program serves a bus of the same kind."""

    database_url: str
    redis_url: str
    bus_program: Path


@contextmanager
def servers() -> Generator[Servers]:
    """The servers that the environment asks for, until the block is left."""
    database_url, redis_url = os.environ.get("TEST_DATABASE_URL"), os.environ.get("TEST_REDIS_URL")
    if redis_url and "PYTEST_XDIST_WORKER" in os.environ:
        raise RuntimeError("TEST_REDIS_URL cannot be shared by xdist workers: leave it out, or leave out -n")
    with ExitStack() as stack:
        folder = stack.enter_context(temporary_folder())
        if database_url is None:
            owned = stack.enter_context(_embedded(folder / "data", bus=redis_url is None))
            database_url, embedded_bus = owned
            yield Servers(database_url, redis_url or embedded_bus, valkey_program())
            return
        program = redis_program()
        if redis_url is None:
            bus = stack.enter_context(BusServer(program, folder).running())
            redis_url = bus.url
        yield Servers(database_url, redis_url, program)


@contextmanager
def temporary_folder() -> Generator[Path]:
    """A short path that the servers' account can pass through, as pytest's own folders for root are not."""
    folder = Path(tempfile.mkdtemp(prefix="agentic-", dir="/tmp"))
    folder.chmod(0o755)
    try:
        yield folder
    finally:
        shutil.rmtree(folder, ignore_errors=True)


@contextmanager
def _embedded(data_dir: Path, *, bus: bool) -> Generator[tuple[str, str]]:
    """Started by a process of its own: they end when that does, and it ends when this one closes its stdin."""
    command = [sys.executable, "-c", OWNER, str(data_dir), json.dumps([True, bus])]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as owner:
        assert owner.stdout and owner.stdin
        line = owner.stdout.readline()
        if not line:
            raise RuntimeError("the embedded servers did not start; see the error above")
        database_url, redis_url = json.loads(line)
        yield database_url, redis_url
        owner.stdin.close()
        owner.wait(PATIENCE)


def valkey_program() -> Path:
    """The Valkey that the platform brings."""
    return valkey_programs().path("valkey-server")


def redis_program() -> Path:
    """The Redis of this machine."""
    found = shutil.which("redis-server")
    if found is None:
        raise RuntimeError("TEST_DATABASE_URL is set, and there is neither TEST_REDIS_URL nor a redis-server")
    return Path(found)


class BusServer:
    """A Redis or Valkey on a socket of its own, to be stopped and started at will. It keeps nothing."""

    def __init__(self, program: Path, folder: Path) -> None:
        self._program = program
        self._socket = folder / "bus.sock"
        self._process: subprocess.Popen[bytes] | None = None
        self.url = f"unix://{self._socket}"

    def start(self) -> None:
        """Returns when it accepts connections."""
        # By way of the platform's own launcher: a pytest that is killed leaves no server behind.
        command = [
            *(
                sys.executable,
                "-I",
                "-S",
                launch.__file__,
                "-1",
                "-1",
                str(os.getpid()),
                str(int(signal.SIGKILL)),
            ),
            self._socket.parent,
            self._program,
            "--port",
            "0",
            "--unixsocket",
            self._socket,
            "--save",
            "",
            "--appendonly",
            "no",
        ]
        self._process = subprocess.Popen(command, stdout=subprocess.DEVNULL)
        deadline = time.monotonic() + PATIENCE
        while not _accepts(self._socket):
            if self._process.poll() is not None or time.monotonic() > deadline:
                raise RuntimeError(f"{self._program} did not start")
            time.sleep(0.005)

    def stop(self) -> None:
        """Returns when it is gone."""
        if self._process is not None:
            self._process.terminate()
            self._process.wait(PATIENCE)
            self._process = None
            self._socket.unlink(missing_ok=True)

    @contextmanager
    def running(self) -> Generator[BusServer]:
        """Started, and stopped at the end."""
        self.start()
        try:
            yield self
        finally:
            self.stop()


def _accepts(path: Path) -> bool:
    with socket.socket(socket.AF_UNIX) as attempt:
        try:
            attempt.connect(str(path))
        except OSError:
            return False
    return True


def named(server_url: str, database: str) -> str:
    """The address of a database on a server."""
    parts = urlsplit(server_url)
    return f"{parts.scheme}://{parts.netloc}/{database}" + (f"?{parts.query}" if parts.query else "")
