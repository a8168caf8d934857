"""`kill -9` in the middle of deliveries: nothing is lost, order stands, and little comes twice."""

from __future__ import annotations

import asyncio
import os
import signal
import subprocess
import sys
from typing import Any
from uuid import uuid4

import pytest

from agentic.layers.L01_data_layer.client import L01Client
from agentic.layers.L01_data_layer.settings import L01Settings
from tests.layers.L11.conftest import PATIENCE
from tests.layers.L11.receiver import receiving

pytestmark = pytest.mark.anyio

PROCESS = """
import asyncio, sys
from agentic.layers.base.layer import Context
from agentic.layers.L01_data_layer.layer import DataLayer
from agentic.layers.L01_data_layer.settings import L01Settings
from agentic.layers.L11_integration.layer import Integration
from agentic.layers.L11_integration.settings import L11Settings

async def main():
    context = Context()
    data = DataLayer(context, L01Settings(database_url=sys.argv[1], redis_url=sys.argv[2]))
    context.give(data.local_client())
    settings = L11Settings(outgoing_allow=["127.0.0.1"], webhook_first_pause=0.02, webhook_longest_pause=0.02, save_every=10)
    async with data.running(), Integration(context, settings).running():
        await asyncio.Event().wait()

asyncio.run(main())
"""


async def test_webhooks_survive_a_kill_in_the_middle(l01_settings: L01Settings, l01_local: L01Client) -> None:
    ids = [str(uuid4()) for _ in range(5)]
    each = 40
    victim: list[subprocess.Popen[bytes]] = []
    dying_at = [70]
    async with receiving() as receiver:

        def say(event: Any) -> int:
            if dying_at and len(receiver.taken) >= dying_at[0]:
                del dying_at[0]
                os.kill(victim[-1].pid, signal.SIGKILL)
            # Now and then something fails, so that there are lanes that are held when it dies.
            return 500 if len(receiver.asked) % 7 == 0 else 200

        receiver.say = say
        await l01_local.subscriptions.create(
            name="w", kind="webhook", event_type="agent.told", target={"url": receiver.url}
        )
        facts = [
            {"event_type": "agent.told", "aggregate_type": "test", "aggregate_id": one, "payload": [one, n]}
            for n in range(each)
            for one in ids
        ]
        await l01_local.events.append_all(facts)
        command = [sys.executable, "-c", PROCESS, l01_settings.database_url, l01_settings.redis_url]
        async with asyncio.timeout(3 * PATIENCE):
            while len({event["id"] for event in receiver.taken}) < len(facts):
                victim.append(await asyncio.to_thread(subprocess.Popen, command))
                process = victim[-1]
                while process.poll() is None and len({event["id"] for event in receiver.taken}) < len(facts):
                    await asyncio.sleep(0.01)
        victim[-1].kill()
        await asyncio.to_thread(victim[-1].wait)
    assert len(victim) == 2, "it was killed once"
    for one in ids:
        first_times = list(
            dict.fromkeys(event["payload"][1] for event in receiver.taken if event["payload"][0] == one)
        )
        assert first_times == list(range(each)), "in order, nothing left out"
    assert len(receiver.taken) < len(facts) + 60, "what comes twice is bounded by what was on its way"
