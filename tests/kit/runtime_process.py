"""The layers that carry runs and plans, in processes of their own that are to be killed at any moment.

Importing them takes a second, and a process that is killed must be followed by another one: so one process imports
them once, and its children (`fork`) are what is started and killed.
"""

from __future__ import annotations

import asyncio
import os
import signal
import subprocess
import sys
from contextlib import suppress
from types import TracebackType
from typing import Self

import httpx2
import uvicorn

from agentic.layers.base.layer import Context
from agentic.layers.L01_data_layer.layer import DataLayer
from agentic.layers.L02_agent_runtime.layer import AgentRuntime
from agentic.layers.L03_tool_execution.layer import ToolExecution
from agentic.layers.L04_model_gateway.layer import ModelGateway
from agentic.layers.L05_planning.layer import Planner
from agentic.layers.L06_evaluation.layer import Evaluation
from agentic.layers.L07_learning.layer import Learning
from agentic.platform.supervisor import Supervisor
from tests.kit.effects import URL
from tests.kit.process import free_port

LAYERS = (DataLayer, ToolExecution, ModelGateway, AgentRuntime, Planner, Evaluation, Learning)
PATIENCE = 60.0
SERVES = "TEST_SERVES"
"""The layer that answers."""


class RuntimeNursery:
    """Starts processes that carry runs on a database."""

    def __init__(
        self, database_url: str, redis_url: str, effects_url: str, lease: float, serves: str = "L02"
    ) -> None:
        environment = {
            "DATABASE_URL": database_url,
            "REDIS_URL": redis_url,
            URL: effects_url,
            SERVES: serves,
            "PLATFORM_L02_LEASE": str(lease),
            "PLATFORM_L02_POLL": "0.2",
            "PLATFORM_L03_MODULES": '["tests.kit.effects"]',
            "PLATFORM_L04_FIRST_PAUSE": "0.01",
        }
        self._process = subprocess.Popen(
            [sys.executable, "-m", __name__],
            env={**os.environ, **environment},
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )

    async def born(self, port: int) -> int:
        """The id of a new process."""
        return await asyncio.to_thread(self._born, port)

    def _born(self, port: int) -> int:
        assert self._process.stdin and self._process.stdout
        self._process.stdin.write(f"{port}\n")
        self._process.stdin.flush()
        return int(self._process.stdout.readline())

    def close(self) -> None:
        """Ends it; its children are killed before."""
        assert self._process.stdin and self._process.stdout
        self._process.stdin.close()
        self._process.wait(PATIENCE)
        self._process.stdout.close()


class RuntimeProcess:
    """One of them. `url` is where its layer answers: the runtime, or the one that the nursery says."""

    def __init__(self, nursery: RuntimeNursery) -> None:
        self._nursery = nursery
        self._port = free_port()
        self._pid: int | None = None
        self.url = f"http://127.0.0.1:{self._port}"

    async def start(self) -> None:
        """Returns when it answers."""
        self._pid = await self._nursery.born(self._port)
        async with httpx2.AsyncClient(trust_env=False) as client, asyncio.timeout(PATIENCE):
            while True:
                with suppress(httpx2.TransportError):
                    if (await client.get(f"{self.url}/health/live")).status_code == 200:
                        return
                await asyncio.sleep(0.02)

    def signal(self, number: signal.Signals) -> None:
        """Sends a signal, and waits for nothing."""
        assert self._pid is not None
        os.kill(self._pid, number)

    def kill(self) -> None:
        """SIGKILL, and nothing else."""
        if self._pid is not None:
            with suppress(ProcessLookupError):
                os.kill(self._pid, signal.SIGKILL)
            self._pid = None

    async def __aenter__(self) -> Self:
        await self.start()
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.kill()


async def _serve(port: int) -> None:
    supervisor = Supervisor(LAYERS, Context())
    async with supervisor.running():
        config = uvicorn.Config(
            supervisor.apps[os.environ[SERVES]], host="127.0.0.1", port=port, lifespan="off", log_config=None
        )
        await uvicorn.Server(config).serve()


def _main() -> None:
    signal.signal(signal.SIGCHLD, signal.SIG_IGN)  # children that are killed leave nothing to be waited for
    born: list[int] = []
    for line in sys.stdin:
        if pid := os.fork():
            born.append(pid)
            print(pid, flush=True)
            continue
        os.dup2(os.open(os.devnull, os.O_RDWR), 0)
        os.dup2(0, 1)
        signal.signal(signal.SIGCHLD, signal.SIG_DFL)
        asyncio.run(_serve(int(line)))
        os._exit(0)
    for pid in born:  # whoever asked for them is gone, however that came about
        with suppress(ProcessLookupError):
            os.kill(pid, signal.SIGKILL)


if __name__ == "__main__":
    _main()
