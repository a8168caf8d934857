"""A process with a tool layer that is killed between the side effect of a tool and its record.

python -m tests.layers.L03.dies L01_URL JUDGE_URL AGENT RUN TOKEN IDEMPOTENT
"""

from __future__ import annotations

import asyncio
import os
import signal
import sys

import httpx2

from agentic.layers.base.layer import Context
from agentic.layers.L01_data_layer.client import L01Client
from agentic.layers.L01_data_layer.models.run import RunRef
from agentic.layers.L03_tool_execution.layer import ToolExecution
from agentic.layers.L03_tool_execution.tool import Rules


async def main(l01_url: str, judge_url: str, agent: str, run: str, token: str, idempotent: str) -> None:
    context = Context()
    context.give(L01Client(l01_url))
    layer = ToolExecution(context)

    async def transfer(amount: int) -> None:
        """Moves money."""
        async with httpx2.AsyncClient() as client:
            await client.post(f"{judge_url}/transfer", json={"amount": amount})
        os.kill(os.getpid(), signal.SIGKILL)

    layer.registry.add(transfer, rules=Rules(idempotent=idempotent == "True"))
    async with layer.running():
        ref = RunRef(run, int(token), 1)
        await layer.local_client().execute("transfer", {"amount": 5}, agent_id=agent, run=ref)


if __name__ == "__main__":
    asyncio.run(main(*sys.argv[1:]))
