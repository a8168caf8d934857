"""Steps: written one after the other, each with what its call used; and what a run says meanwhile."""

from __future__ import annotations

import asyncio
from contextlib import aclosing

import pytest

from agentic.layers.base.common_errors import BrokenReferenceError, InvalidError, NotFoundError
from agentic.layers.base.layer import Context
from agentic.layers.L01_data_layer.client import L01Client
from agentic.layers.L01_data_layer.layer import DataLayer
from agentic.layers.L01_data_layer.models.run import LiveText
from agentic.layers.L01_data_layer.settings import L01Settings
from tests.kit.log import settled
from tests.layers.L01.lives import USED, called, taken

pytestmark = pytest.mark.anyio
NOBODY = "01890000-0000-7000-8000-000000000000"


async def test_a_step_settles_the_call_in_it(l01: L01Client) -> None:
    agent = await l01.create_agent("a")
    run = await taken(l01, agent_id=agent["id"])
    usage_id = await called(l01, run, step=1)
    reserved = await l01.model_usage.get(usage_id)
    assert (reserved["status"], reserved["input_tokens"], reserved["cost_estimate"]) == ("reserved", 0, None)
    assert reserved["held"] == {"tokens": 500, "cost": 0.01, "input_tokens": 80, "budgets": []}
    assert (await l01.model_usage_stats())["total"]["calls"] == 0

    taking = await l01.runs.step(
        run["id"],
        1,
        kind="model",
        name="m",
        input={"n": 1},
        output="text",
        started_at="2026-01-01T00:00:00Z",
        usage_id=usage_id,
        usage=USED,
    )
    assert (taking["number"], taking["run_status"]) == (1, "running")
    step = await l01.run_steps.get(taking["id"])
    assert step == {
        "id": taking["id"],
        "run_id": run["id"],
        "number": 1,
        "kind": "model",
        "name": "m",
        "status": "completed",
        "input": {"n": 1},
        "output": "text",
        "error": None,
        "input_tokens": 100,
        "output_tokens": 20,
        "cost": 0.001234,
        "usage_id": usage_id,
        "execution_id": None,
        "copied_from": None,
        "started_at": "2026-01-01T00:00:00.000000Z",
        "completed_at": step["created_at"],
        "created_at": step["created_at"],
        "version": 1,
    }
    assert await l01.runs.steps(run["id"]) == [step]
    usage = await l01.model_usage.get(usage_id)
    assert (usage["status"], usage["cost_estimate"], usage["held"], usage["version"]) == (
        "completed",
        0.001234,
        None,
        2,
    )
    assert (usage["model_name"], usage["cached_tokens"], usage["ttft_ms"]) == ("m-2026", 50, 30)
    (made,) = await l01.query_events(aggregate_id=step["id"])
    assert (made["event_type"], made["payload"]) == ("run_step.created", step)
    assert (await l01.query_events(aggregate_id=usage_id))[0]["event_type"] == "model_usage.completed"
    await settled(l01)
    assert (await l01.check())["differences"] == []


async def test_many_runs_step_at_once_and_each_counts_its_own(l01_local: L01Client) -> None:
    runs = [await taken(l01_local) for _ in range(12)]

    async def carry(run_id: str) -> list[int]:
        numbers: list[int] = []
        for n in range(10):
            taking = await l01_local.runs.step(run_id, 1, kind="step", name=str(n))
            numbers.append(taking["number"])
        return numbers

    carried = await asyncio.gather(*(carry(run["id"]) for run in runs))
    assert carried == [list(range(1, 11))] * 12


async def test_messages_and_steps_share_the_numbers(l01_local: L01Client) -> None:
    run = await taken(l01_local)
    work = [l01_local.runs.step(run["id"], 1, kind="step", name="s") for _ in range(20)]
    words = [l01_local.runs.message(run["id"], {"text": n}) for n in range(20)]
    taking = await asyncio.gather(*work, *words)
    assert sorted(step["number"] for step in taking) == list(range(1, 41))
    steps = await l01_local.runs.steps(run["id"], after=30, limit=5)
    assert [step["number"] for step in steps] == [31, 32, 33, 34, 35]
    message = next(step for step in await l01_local.runs.steps(run["id"]) if step["kind"] == "message")
    assert (message["name"], set(message["input"]["content"])) == ("user", {"text"})


async def test_two_processes_share_the_numbers(
    l01_local: L01Client, data_layer: DataLayer, l01_settings: L01Settings
) -> None:
    run = await taken(l01_local)
    other = DataLayer(Context(), l01_settings)
    async with other.running(), L01Client(backend=other.backend) as there:
        taking = await asyncio.gather(
            *(here.runs.message(run["id"], n) for n in range(30) for here in (l01_local, there))
        )
    assert sorted(step["number"] for step in taking) == list(range(1, 61))


async def test_a_step_that_cannot_be_is_refused_and_fails_no_other(l01_local: L01Client) -> None:
    l01 = l01_local
    run, other = await taken(l01), await taken(l01)
    bad, good = await asyncio.gather(
        l01.runs.step(run["id"], 1, kind="tool", name="t", execution_id=NOBODY),
        l01.runs.step(other["id"], 1, kind="step", name="s"),
        return_exceptions=True,
    )
    assert isinstance(bad, BrokenReferenceError)
    assert not isinstance(good, BaseException)
    with pytest.raises(NotFoundError):
        await l01.runs.step(NOBODY, 1, kind="step", name="s")
    with pytest.raises(NotFoundError):
        await l01.runs.steps(NOBODY)
    for fields in ({"kind": "dance"}, {"name": ""}, {"token": -1}, {"usage": {"input_tokens": -1}}):
        with pytest.raises(InvalidError):
            await l01.runs.step(run["id"], **{"token": 1, "kind": "step", "name": "s", **fields})  # type: ignore[arg-type]
    assert await l01.runs.steps(run["id"]) == []


# -- live text


async def heard(listener: L01Client, teller: L01Client, run_id: str, want: int) -> list[LiveText]:
    """The first of what is told again and again until so much is heard."""
    found: list[LiveText] = []
    done = asyncio.Event()

    async def tell() -> None:
        n = 0
        while not done.is_set():
            await teller.runs.tell(run_id, {"n": n})
            n += 1
            await asyncio.sleep(0.01)

    async with asyncio.timeout(20), asyncio.TaskGroup() as group:
        telling = group.create_task(tell())
        async with aclosing(listener.runs.listen(run_id)) as texts:
            async for text in texts:
                found.append(text)
                if len(found) == want:
                    break
        done.set()
        await telling
    return found


async def test_what_is_told_is_heard_in_order_and_kept_nowhere(l01: L01Client, l01_local: L01Client) -> None:
    run = await l01.runs.create()
    found = await heard(l01, l01_local, run["id"], 5)
    numbers = [text["payload"]["n"] for text in found]
    assert numbers == list(range(numbers[0], numbers[0] + 5))
    assert (found[0]["event_type"], found[0]["aggregate_type"], found[0]["aggregate_id"]) == (
        "run.tokens",
        "run",
        run["id"],
    )
    assert (found[0]["id"], found[0]["position"]) == (None, None)
    await l01.runs.tell(run["id"], {"n": None})
    assert len(await l01.query_events(aggregate_id=run["id"])) == 1


async def test_what_is_told_in_one_process_is_heard_once_in_another(
    l01_local: L01Client, l01_settings: L01Settings
) -> None:
    run = await l01_local.runs.create()
    other = DataLayer(Context(), l01_settings)
    async with other.running(), L01Client(backend=other.backend) as there:
        for listener, teller in ((there, l01_local), (l01_local, there)):
            numbers = [text["payload"]["n"] for text in await heard(listener, teller, run["id"], 20)]
            assert numbers == list(range(numbers[0], numbers[0] + 20))


async def test_only_the_text_of_its_run_is_heard(l01_local: L01Client) -> None:
    one, two = [await l01_local.runs.create() for _ in range(2)]
    async with aclosing(l01_local.runs.listen(one["id"])) as texts:
        first = asyncio.ensure_future(anext(texts))
        await asyncio.sleep(0)
        await l01_local.runs.tell(two["id"], {"n": 2})
        await l01_local.runs.tell(one["id"], {"n": 1})
        assert (await first)["payload"] == {"n": 1}
    with pytest.raises(InvalidError):
        await l01_local.runs.tell("x", {})
