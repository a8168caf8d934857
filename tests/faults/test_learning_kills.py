"""`kill -9` in the middle of an improvement, its proof, and an export: each goes on, and comes to what it would have come to."""

from __future__ import annotations

import json
import re
from collections import Counter
from collections.abc import AsyncGenerator
from dataclasses import dataclass, field
from pathlib import Path

import anyio
import pytest

from agentic.layers.L01_data_layer.client import L01Client
from agentic.layers.L04_model_gateway.models import PROVIDERS
from agentic.layers.L07_learning.client import L07Client
from tests.kit.log import settled
from tests.kit.providers import CountingProvider, Reply
from tests.kit.providers.counting import ProviderCall
from tests.kit.runtime_process import RuntimeNursery, RuntimeProcess

pytestmark = pytest.mark.anyio

CASES = 16
HALF = CASES // 2
KILL_AFTER = (3, 12, 20, 27)
"""Answers after which the process is killed: before, while and after something better is proposed, and in the proof."""
AT_ONCE = 8
PATIENCE = 120.0
LEASE = 2.0
WHOLE = HALF + HALF + 2 * HALF
"""Runs of the agent: as it is and with the change on the cases that teach, then both on those that prove."""


@dataclass
class Scene:
    """The provider, which counts, and a process to kill."""

    l01: L01Client
    process: RuntimeProcess
    exports: Path
    asked: Counter[str] = field(default_factory=Counter[str])
    thoughts: int = 0

    def answer(self, call: ProviderCall) -> Reply:
        """Forgets the unit, unless it was told; and as the one who thinks, tells."""
        system, said = call.body["messages"][0]["content"], call.body["messages"][-1]["content"]
        if "An assistant works by these instructions" in said:
            self.thoughts += 1
            return Reply("```\nWrite the unit km.\n```", delay=0.05)
        told = "unit km" in system
        self.asked[f"{said} {told}"] += 1
        number = re.findall(r"\d+", said)[0]
        return Reply(f"{number} km" if told else number, delay=0.03)


@pytest.fixture
async def scene(
    l01_local: L01Client,
    database_url: str,
    redis_url: str,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> AsyncGenerator[Scene]:
    monkeypatch.setenv("PLATFORM_L07_EXPORTS_DIR", str(tmp_path))
    async with CountingProvider(models=("small",)) as provider:
        setting = {"kind": "openai", "base_url": f"{provider.url}/v1", "models": {"small": {}}}
        await l01_local.set_config(PROVIDERS, "counting", setting)
        nursery = RuntimeNursery(database_url, redis_url, "http://127.0.0.1:9", LEASE, serves="L07")
        scene = Scene(l01_local, RuntimeProcess(nursery), tmp_path)
        provider.otherwise = scene.answer
        try:
            yield scene
        finally:
            scene.process.kill()
            nursery.close()


async def test_killed_learning_goes_on_where_it_was(scene: Scene) -> None:
    l01, process = scene.l01, scene.process
    agent = await l01.create_agent("guide", "general", {"model": "small", "instructions": "Answer."})
    agent = await l01.update_agent(agent["id"], {"status": "active"})
    cases = [{"input": f"How far is stop {n}?", "expected": f"{n} km"} for n in range(CASES)]
    await process.start()
    l07 = L07Client(process.url)
    begun = await l07.improve(
        agent["id"],
        evaluators=[{"kind": "exact"}],
        cases=cases,
        methods=["lessons"],
        rounds=1,
        promote="rule",
    )
    with anyio.fail_after(PATIENCE):
        for answers in KILL_AFTER:
            while scene.asked.total() < answers:
                await anyio.sleep(0.01)
            process.kill()
            await process.start()
        while (await l07.get_improvement(begun["id"]))["status"] in ("running", "ready"):
            await anyio.sleep(0.05)
    improvement = await l07.get_improvement(begun["id"])
    assert (improvement["status"], improvement["decided_by"]) == ("promoted", "rule"), improvement["reason"]
    assert improvement["numbers"]["held_out"]["difference"]["mean"] == 1.0
    agent = await l01.agents.get(agent["id"])
    assert (
        agent["configuration"]["instructions"]
        == "Answer.\n\nLessons from earlier work:\n- Write the unit km."
    )

    runs = [run async for run in l01.runs.all(agent_id=agent["id"])]
    assert Counter(run["status"] for run in runs) == {"completed": WHOLE}, "each trial is one run"
    # What was being asked when the process died is asked again; nothing else is.
    assert WHOLE <= scene.asked.total() <= WHOLE + AT_ONCE * len(KILL_AFTER)
    assert len((await l01.improvements.list())["items"]) == len((await l01.experiments.list())["items"]) == 1
    assert len((await l01.datasets.list())["items"]) == 1

    await _export(scene, l07, [run["id"] for run in runs])
    await settled(l01)
    assert (await l01.check())["differences"] == []


async def _export(scene: Scene, l07: L07Client, run_ids: list[str]) -> None:
    """An export whose process is killed at once, against one that nobody disturbs."""
    for run_id in run_ids:
        await l07.thumb(run_id, up=True)
    cut = await l07.export("sft", seed=1)
    scene.process.kill()
    await scene.process.start()
    with anyio.fail_after(PATIENCE):
        cut = await l07.wait_for_export(cut["id"])
        whole = await l07.wait_for_export(
            (await l07.export("sft", seed=1, until=cut["asked"]["until"]))["id"]
        )
    assert cut["result"] is not None and whole["result"] is not None
    assert cut["status"] == whole["status"] == "completed"
    assert cut["result"]["files"] == whole["result"]["files"]
    assert sorted(path.name for path in scene.exports.iterdir()) == sorted([cut["id"], whole["id"]])
    lines = [
        json.loads(line)
        for file in cut["result"]["files"]
        for line in (scene.exports / cut["id"] / file["name"]).read_text().splitlines()
    ]
    assert len(lines) == cut["result"]["examples"] > 0
