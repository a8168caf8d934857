"""What the tests of the embedded servers share: another platform to kill, and eyes of their own."""

import asyncio
import signal
import subprocess
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import asyncpg
import psutil
import redis.asyncio

from agentic.platform.embedded import EmbeddedServers
from agentic.platform.servers import process
from agentic.platform.servers.account import server_account

PATIENCE = 60.0
GONE = (
    OSError,
    asyncpg.PostgresError,
    asyncpg.InterfaceError,
    asyncpg.InternalClientError,  # asyncpg's word for a connection that went away between two of its messages
    redis.asyncio.ConnectionError,
)
"""What a client gets whose server dies."""

OWNER = """
import asyncio, sys
from pathlib import Path
from agentic.platform.embedded import Embedded

async def main():
    async with Embedded(Path(sys.argv[1])):
        print("up", flush=True)
        await asyncio.to_thread(sys.stdin.read)

asyncio.run(main())
"""


@dataclass
class Owner:
    """Another platform process that holds a data folder."""

    process: subprocess.Popen[str]
    servers: EmbeddedServers

    def kill(self) -> None:
        self.process.kill()
        self.process.communicate()

    def kill_with_servers(self, data_dir: Path) -> None:
        """The power cut: it is stopped first, so that it starts nothing again meanwhile."""
        self.process.send_signal(signal.SIGSTOP)
        process.send(working_in(data_dir), signal.SIGKILL)
        self.kill()


async def until(condition: Callable[[], object]) -> None:
    async with asyncio.timeout(PATIENCE):
        while not condition():
            await asyncio.sleep(0.02)


def working_in(folder: Path) -> list[int]:
    """Every process that has its working directory below the folder, found without the code under test."""
    found: list[int] = []
    for each in psutil.process_iter():
        try:
            if folder in Path(each.cwd()).parents:
                found.append(each.pid)
        except (psutil.Error, OSError):
            continue
    return found


async def write(servers: EmbeddedServers, text: str) -> None:
    database = await asyncpg.connect(servers.database_url)
    await database.execute("CREATE TABLE IF NOT EXISTS notes (text text)")
    await database.execute("INSERT INTO notes VALUES ($1)", text)
    await database.close()
    async with redis.asyncio.from_url(servers.redis_url) as bus:
        await bus.rpush("notes", text)


async def read(servers: EmbeddedServers) -> list[str]:
    """What was written, which both servers must agree on."""
    database = await asyncpg.connect(servers.database_url)
    rows = [row["text"] for row in await database.fetch("SELECT text FROM notes")]
    await database.close()
    async with redis.asyncio.from_url(servers.redis_url, decode_responses=True) as bus:
        assert await bus.lrange("notes", 0, -1) == rows
    return rows


def as_the_servers() -> dict[str, Any]:
    """Arguments that run a process as the account of the servers."""
    account = server_account(0)
    return {"user": account.uid, "group": account.gid, "extra_groups": []} if account.is_another else {}
