"""`kill -9` of `platform up`, with its embedded servers and its dashboard, in a storm of writes."""

from __future__ import annotations

import asyncio
import os
import random
from pathlib import Path

import pytest

from agentic.platform.embedded import running
from tests.kit.evidence import Answered, broken_invariants, lost, settle, storm
from tests.kit.process import PlatformProcess

pytestmark = pytest.mark.anyio

KILLS = int(os.environ.get("AGENTIC_KILLS", "2"))


async def test_the_platform_killed_and_started_again_lost_nothing(data_dir: Path) -> None:
    answered = Answered()
    async with PlatformProcess(data_dir) as platform:
        for kill in range(KILLS):
            before = answered.count
            blowing = asyncio.create_task(storm([platform.l01_url], answered))
            async with asyncio.timeout(60):
                while answered.count <= before + random.randint(20, 100):
                    await asyncio.sleep(0.01)
            platform.kill()
            blowing.cancel()
            await asyncio.gather(blowing, return_exceptions=True)
            await platform.start()
            print(f"kill {kill + 1} of {KILLS}: {answered.count} writes answered so far")
        servers = running(data_dir)
        assert servers is not None
        events = await settle(servers.database_url)
        assert await lost(servers.database_url, answered) == {}
        assert await broken_invariants(servers.database_url) == {}
    print(f"{KILLS} kills, {answered.count} answered writes, {events} events: nothing lost")
