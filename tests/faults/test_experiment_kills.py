"""`kill -9` in the middle of an experiment: it goes on where it was, with nothing asked, judged or kept twice."""

from __future__ import annotations

from collections import Counter
from collections.abc import AsyncGenerator
from dataclasses import dataclass, field
from typing import Any

import anyio
import pytest

from agentic.layers.L01_data_layer.client import L01Client
from agentic.layers.L01_data_layer.models.run_step import RunStep
from agentic.layers.L04_model_gateway.models import PROVIDERS
from agentic.layers.L06_evaluation.client import L06Client
from tests.kit.log import settled
from tests.kit.providers import CountingProvider, Reply
from tests.kit.providers.counting import ProviderCall
from tests.kit.runtime_process import RuntimeNursery, RuntimeProcess

pytestmark = pytest.mark.anyio

ITEMS = 12
REPEATS = 2
TRIES = ITEMS * REPEATS * 2
KILL_AFTER = (5, 17, 33)
"""Answers of agents after which the process is killed."""
PATIENCE = 120.0
LEASE = 2.0


@dataclass
class Scene:
    """The provider, which counts, and processes to kill."""

    l01: L01Client
    make: RuntimeProcess
    asked: Counter[str] = field(default_factory=Counter[str])
    """How often each item was given to each agent, and answered."""
    judged: int = 0
    """How often a judge answered."""

    def answer(self, call: ProviderCall) -> Reply:
        """Says it back in capitals; or, as a judge, that it is good."""
        system, said = call.body["messages"][0]["content"], call.body["messages"][-1]["content"]
        if call.body["model"] == "judge":
            self.judged += 1
            return Reply('{"rationale": "Good.", "grade": 4}', delay=0.02)
        self.asked[f"{system} {said}"] += 1
        return Reply(said.upper(), delay=0.02)


@pytest.fixture
async def scene(l01_local: L01Client, database_url: str, redis_url: str) -> AsyncGenerator[Scene]:
    async with CountingProvider(models=("small", "judge")) as provider:
        setting: dict[str, Any] = {
            "kind": "openai",
            "base_url": f"{provider.url}/v1",
            "models": {"small": {}, "judge": {}},
        }
        await l01_local.set_config(PROVIDERS, "counting", setting)
        nursery = RuntimeNursery(database_url, redis_url, "http://127.0.0.1:9", LEASE, serves="L06")
        scene = Scene(l01_local, RuntimeProcess(nursery))
        provider.otherwise = scene.answer
        try:
            yield scene
        finally:
            scene.make.kill()
            nursery.close()


async def an_agent(l01: L01Client, name: str) -> str:
    agent = await l01.create_agent(name, "general", {"model": "small", "instructions": name})
    return (await l01.update_agent(agent["id"], {"status": "active"}))["id"]


async def _steps(l01: L01Client, run_id: str) -> AsyncGenerator[RunStep]:
    after = 0
    while page := await l01.runs.steps(run_id, after=after):
        for step in page:
            yield step
        after = page[-1]["number"]


async def test_a_killed_experiment_goes_on_where_it_was(scene: Scene) -> None:
    l01, process = scene.l01, scene.make
    judge: dict[str, Any] = {"kind": "judge", "criteria": "Good?", "model": "judge"}
    dataset = await l01.datasets.create(name="d", evaluators=[{"kind": "exact"}, judge])
    items = [{"input": f"word {n}", "expected": f"WORD {n}"} for n in range(ITEMS)]
    await l01.datasets.add(dataset["id"], items)
    agents = [await an_agent(l01, name) for name in ("one", "two")]
    await process.start()
    l06 = L06Client(process.url)
    begun = await l06.experiment(dataset["id"], agents[0], baseline=agents[1], repeats=REPEATS)
    with anyio.fail_after(PATIENCE):
        for answers in KILL_AFTER:
            while scene.asked.total() < answers:
                await anyio.sleep(0.01)
            process.kill()
            await process.start()
        ended = await l06.wait(begun["id"], PATIENCE)
    assert ended["status"] == "completed", ended["error"]
    summary: Any = ended["summary"]
    assert summary["subject"]["score"]["mean"] == summary["baseline"]["score"]["mean"] == 0.875
    assert (summary["subject"]["failed"], summary["comparison"]["same"]) == (0, ITEMS)

    results = (await l01.experiment_results.list(experiment_id=begun["id"], limit=1000))["items"]
    assert len(results) == TRIES
    assert len({(each["item_id"], each["arm"], each["repeat"]) for each in results}) == TRIES
    children = [run async for run in l01.runs.all(parent_run_id=ended["run_id"])]
    assert len(children) == TRIES, "each try is one run"
    assert {each["run_id"] for each in results} == {run["id"] for run in children}
    evaluations = await l01.evaluations.list(experiment_id=begun["id"], limit=1, total=True)
    assert evaluations.get("total") == 2 * TRIES
    # What was being asked when the process died is asked again, by another attempt of the same run; nothing else is.
    assert TRIES <= scene.asked.total() <= TRIES + 4 * len(KILL_AFTER)
    assert TRIES <= scene.judged <= TRIES + 4 * len(KILL_AFTER)
    asked = [step async for step in _steps(l01, ended["run_id"] or "") if step["name"] == "ask the judge"]
    assert len(asked) == TRIES, "each answer of the judge is kept as it comes"
    await settled(l01)
    assert (await l01.check())["differences"] == []
