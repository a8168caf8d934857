"""The data layer, or the whole platform, in a process of its own: to be killed at any moment."""

from __future__ import annotations

import asyncio
import os
import socket
import subprocess
import sys
from pathlib import Path
from types import TracebackType
from typing import Self

import httpx2

PATIENCE = 60.0
DATA_LAYER = "agentic.layers.L01_data_layer.main:app"


def free_port() -> int:
    """A port that nobody listens on."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


class ServingProcess:
    """A command that serves HTTP, on addresses that it keeps over its restarts."""

    def __init__(self, command: list[str], ready_url: str, environment: dict[str, str]) -> None:
        self._command = [sys.executable, "-m", *command]
        self._ready_url = ready_url
        self._environment = {**os.environ, **environment}
        self._process: subprocess.Popen[bytes] | None = None

    async def start(self) -> None:
        """Returns when it is ready."""
        self._process = subprocess.Popen(self._command, env=self._environment, stdout=subprocess.DEVNULL)
        async with httpx2.AsyncClient(trust_env=False) as client, asyncio.timeout(PATIENCE):
            while not await _is_ready(client, self._ready_url):
                assert self._process.poll() is None, f"{self._command} ended"
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


async def _is_ready(client: httpx2.AsyncClient, url: str) -> bool:
    try:
        return (await client.get(url)).status_code == 200
    except httpx2.TransportError:
        return False


class DataLayerProcess(ServingProcess):
    """`uvicorn agentic.layers.L01_data_layer.main:app`."""

    def __init__(self, database_url: str, redis_url: str) -> None:
        port = free_port()
        self.url = f"http://127.0.0.1:{port}"
        super().__init__(
            ["uvicorn", DATA_LAYER, "--port", str(port), "--log-level", "warning"],
            f"{self.url}/health/ready",
            {"DATABASE_URL": database_url, "REDIS_URL": redis_url},
        )


class PlatformProcess(ServingProcess):
    """`platform up` with embedded servers."""

    def __init__(self, data_dir: Path) -> None:
        port = free_port()
        self.url = f"http://127.0.0.1:{port}"
        self.l01_url = f"{self.url}/l01"
        super().__init__(
            ["agentic", "up", "--port", str(port), "--data-dir", str(data_dir)],
            f"{self.l01_url}/health/ready",
            {"DATABASE_URL": "", "REDIS_URL": ""},
        )
