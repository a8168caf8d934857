"""Plans that get another form with their tasks, all or nothing; runs that are woken."""

from __future__ import annotations

from typing import Any

import pytest

from agentic.layers.base.common_errors import ExistsError, NotFoundError, StaleVersionError, StateError
from agentic.layers.L01_data_layer.client import L01Client
from agentic.layers.L01_data_layer.models.plan import REVISE_PLAN, Plan
from agentic.layers.L01_data_layer.models.task import Task
from tests.layers.L01.lives import taken

pytestmark = pytest.mark.anyio


async def a_plan(l01: L01Client) -> tuple[Plan, list[Task]]:
    plan = await l01.create_plan(None, None, ["a", "b"])
    tasks = [
        await l01.tasks.create(plan_id=plan["id"], description=name, step_id=name, sequence_order=number)
        for number, name in enumerate("ab")
    ]
    return plan, tasks


async def revised(l01: L01Client, plan: Plan, expected: int | None = None, **body: Any) -> Plan:
    return await l01.call(REVISE_PLAN, path={"id": plan["id"]}, body=body, expected=expected)


async def test_a_step_has_one_task(l01: L01Client) -> None:
    plan, _ = await a_plan(l01)
    with pytest.raises(ExistsError):
        await l01.tasks.create(plan_id=plan["id"], description="again", step_id="a")
    other = await l01.create_plan(None, None, [])
    assert (await l01.tasks.create(plan_id=other["id"], description="a", step_id="a"))["step_id"] == "a"


async def test_a_plan_and_its_tasks_change_together(l01: L01Client) -> None:
    plan, (first, second) = await a_plan(l01)
    changed = {"id": first["id"], "description": "new", "task_type": "tool", "input_data": {"step": 1}}
    added = {"step_id": "c", "sequence_order": 2, "description": "c", "input_data": {"step": 2}}
    after = await revised(
        l01,
        plan,
        1,
        steps=["a", "c"],
        options={"parallel": 2},
        changed=[changed],
        removed=[second["id"]],
        added=[added],
    )
    assert (after["steps"], after["options"], after["plan_type"], after["version"]) == (
        ["a", "c"],
        {"parallel": 2},
        "sequential",
        2,
    )
    first, second = await l01.tasks.get(first["id"]), await l01.tasks.get(second["id"])
    assert (first["description"], first["input_data"], first["status"]) == ("new", {"step": 1}, "pending")
    assert second["status"] == "cancelled"
    page = await l01.tasks.list(plan_id=plan["id"], status="pending")
    assert {task["step_id"]: task["input_data"] for task in page["items"]} == {
        "a": {"step": 1},
        "c": {"step": 2},
    }
    assert (await l01.check())["ok"]


async def test_what_has_begun_keeps_everything_as_it_is(l01: L01Client) -> None:
    plan, (first, second) = await a_plan(l01)
    await l01.update_task(second["id"], {"status": "running"})
    change = {"id": first["id"], "description": "new", "input_data": {}}
    with pytest.raises(StateError, match="The task b is running"):
        await revised(l01, plan, steps=[], changed=[change], removed=[second["id"]])
    with pytest.raises(StaleVersionError):
        await revised(l01, plan, 7, steps=[], changed=[change])
    for taken_by_another in ({"step_id": "a", "sequence_order": 9}, {"step_id": "z", "sequence_order": 1}):
        with pytest.raises(ExistsError):
            addition = {**taken_by_another, "description": "x", "input_data": {}}
            await revised(l01, plan, steps=[], changed=[change], added=[addition])
    with pytest.raises(NotFoundError):
        await revised(l01, plan, steps=[], removed=[plan["id"]])
    assert await l01.get_plan(plan["id"]) == plan
    assert await l01.tasks.get(first["id"]) == first
    await l01.update_plan(plan["id"], {"status": "cancelled"})
    with pytest.raises(StateError):
        await revised(l01, plan, steps=[])


async def test_a_run_that_waits_is_woken_and_one_that_is_paused_is_not(l01: L01Client) -> None:
    run = await taken(l01)
    await l01.runs.wake(run["id"])
    # Woken while it was at work: what it would wait for may be there already.
    moved = await l01.runs.move(run["id"], run["token"], "suspended", due_at="2999-01-01T00:00:00Z")
    assert moved["due_at"] is not None
    assert moved["due_at"] < "2999"
    (run,) = await l01.runs.claim("w")
    await l01.runs.move(run["id"], run["token"], "suspended", due_at="2999-01-01T00:00:00Z")
    assert await l01.runs.claim("w") == []
    await l01.runs.wake(run["id"])
    (run,) = await l01.runs.claim("w")
    await l01.runs.move(run["id"], run["token"], "waiting_approval")
    await l01.runs.wake(run["id"])
    (run,) = await l01.runs.claim("w")
    paused = await l01.runs.pause(run["id"])
    assert await l01.runs.wake(run["id"]) == paused
    await l01.runs.cancel(run["id"])
    assert (await l01.runs.wake(run["id"]))["status"] == "cancelled"
