"""The layers that carry runs, in a process of their own: `python -m tests.kit.runtime_process PORT`.

Their settings come from the environment, as everywhere. It is to be killed at any moment.
"""

from __future__ import annotations

import asyncio
import os
import signal
import sys

import uvicorn

from agentic.layers.base.layer import Context
from agentic.layers.L01_data_layer.layer import DataLayer
from agentic.layers.L02_agent_runtime.layer import AgentRuntime
from agentic.layers.L03_tool_execution.layer import ToolExecution
from agentic.layers.L04_model_gateway.layer import ModelGateway
from agentic.platform.supervisor import Supervisor
from tests.kit.effects import URL
from tests.kit.process import ServingProcess, free_port

LAYERS = (DataLayer, ToolExecution, ModelGateway, AgentRuntime)


class RuntimeProcess(ServingProcess):
    """That process. `url` is where its runtime answers."""

    def __init__(self, database_url: str, redis_url: str, effects_url: str, lease: float = 1.0) -> None:
        port = free_port()
        self.url = f"http://127.0.0.1:{port}"
        super().__init__(
            ["tests.kit.runtime_process", str(port)],
            f"{self.url}/health/live",
            {
                "DATABASE_URL": database_url,
                "REDIS_URL": redis_url,
                URL: effects_url,
                "PLATFORM_L02_LEASE": str(lease),
                "PLATFORM_L02_POLL": "0.2",
                "PLATFORM_L03_MODULES": '["tests.kit.effects"]',
                "PLATFORM_L04_FIRST_PAUSE": "0.01",
            },
        )

    def signal(self, number: signal.Signals) -> None:
        """Sends a signal, and waits for nothing."""
        assert self._process is not None
        os.kill(self._process.pid, number)


async def main(port: int) -> None:
    supervisor = Supervisor(LAYERS, Context())
    async with supervisor.running():
        config = uvicorn.Config(
            supervisor.apps["L02"], host="127.0.0.1", port=port, lifespan="off", log_config=None
        )
        await uvicorn.Server(config).serve()


if __name__ == "__main__":
    asyncio.run(main(int(sys.argv[1])))
