"""The data layer in a process of its own, to be killed at any moment."""

from __future__ import annotations

import asyncio
import os
import socket
import subprocess
import sys
from types import TracebackType
from typing import Self

import httpx2

PATIENCE = 30.0
APP = "agentic.layers.L01_data_layer.main:app"


def free_port() -> int:
    """A port that nobody listens on."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


class DataLayerProcess:
    """`uvicorn …L01_data_layer.main:app` on a port that it keeps over its restarts."""

    def __init__(self, database_url: str, redis_url: str) -> None:
        self.port = free_port()
        self.url = f"http://127.0.0.1:{self.port}"
        self._environment = {**os.environ, "DATABASE_URL": database_url, "REDIS_URL": redis_url}
        self._process: subprocess.Popen[bytes] | None = None

    async def start(self) -> None:
        """Returns when it is ready."""
        command = [sys.executable, "-m", "uvicorn", APP, "--port", str(self.port), "--log-level", "warning"]
        self._process = subprocess.Popen(command, env=self._environment, stdout=subprocess.DEVNULL)
        async with httpx2.AsyncClient(trust_env=False) as client, asyncio.timeout(PATIENCE):
            while True:
                try:
                    if (await client.get(f"{self.url}/health/ready")).status_code == 200:
                        return
                except httpx2.TransportError:
                    pass
                assert self._process.poll() is None, "the data layer ended"
                await asyncio.sleep(0.02)

    def kill(self) -> None:
        """SIGKILL, and nothing else."""
        if self._process is not None:
            self._process.kill()
            self._process.wait(PATIENCE)
            self._process = None

    async def terminate(self) -> int:
        """SIGTERM; the exit code, once it has stopped in order."""
        assert self._process is not None
        process, self._process = self._process, None
        process.terminate()
        return await asyncio.to_thread(process.wait, PATIENCE)

    async def __aenter__(self) -> Self:
        await self.start()
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.kill()
