"""From a goal to what came of it, by the pages alone, with the planning layer at work."""

from __future__ import annotations

import json
import re
from collections.abc import AsyncGenerator

import httpx2
import pytest

from agentic.layers.L01_data_layer.client import L01Client
from agentic.layers.L01_data_layer.layer import DataLayer
from agentic.layers.L10_human_interface.layer import HumanInterface
from tests.kit.interface import interface_over
from tests.layers.L05.conftest import Stage, plan_of, say
from tests.layers.L10.test_run_pages import at, sent

pytestmark = pytest.mark.anyio


@pytest.fixture
async def interface(data_layer: DataLayer, stage: Stage) -> AsyncGenerator[HumanInterface]:
    """A running human interface with a planning layer beside it."""
    async with interface_over(data_layer, planning=stage.l05) as layer:
        yield layer


async def _drafted(browser: httpx2.AsyncClient, *steps: object) -> str:
    """A goal with a plan of these steps, both made by forms; answers the plan's page."""
    goal = await sent(browser, "/goals", description="Say things")
    return await sent(browser, f"{goal}/plan", way="steps", steps=json.dumps(steps), plan_type="dag")


async def test_a_goal_is_planned_approved_and_carried_out(
    browser: httpx2.AsyncClient, l01_local: L01Client, stage: Stage
) -> None:
    path = await _drafted(browser, say("one"), say("two", {"$from": "one", "path": "said"}))
    draft = await at(browser, path)
    assert "Nothing is wrong with it" in draft and "Approve" in draft and "Execute" not in draft
    assert "after one" in draft
    assert await sent(browser, f"{path}/approve") == path
    assert "Execute" in await at(browser, path)
    await sent(browser, f"{path}/execute")
    state = await stage.until(path.rpartition("/")[2], "completed")
    page = await at(browser, path)
    assert re.findall(r'is-(\w+)" id="task-\d"', page) == ["completed", "completed"]
    assert "2 of 2" in page and "Approve" not in page
    (execution,) = re.findall(r'href="(/executions/[^"]+)"', await at(browser, f"{path}/tasks/two"))
    assert "say" in await at(browser, execution)
    assert state["goal"] is not None
    assert "What came of it" in await at(browser, f"/goals/{state['goal']['id']}")
    chain = await at(browser, f"/lineage/tool_execution/{execution.rpartition('/')[2]}")
    assert f'href="{path}/tasks/two"' in chain and f'href="{path}/tasks/one"' not in chain


async def test_a_plan_is_paused_edited_resumed_and_cancelled(
    browser: httpx2.AsyncClient, l01_local: L01Client
) -> None:
    wait = {"id": "wait", "tool": "wait", "input": {"seconds": 3600}}
    path = await _drafted(browser, wait, say("after", depends_on=["wait"]))
    plan_id = path.rpartition("/")[2]
    for action in ("approve", "execute", "pause"):
        await sent(browser, f"{path}/{action}")
    assert "Resume" in await at(browser, path)
    form = await at(browser, f"{path}/edit")
    (version,) = re.findall(r'name="version" value="(\d+)"', form)
    steps = json.dumps([wait, say("after", "otherwise", depends_on=["wait"])])
    await sent(browser, f"{path}/edit", steps=steps, plan_type="dag", version=version)
    assert (await l01_local.get_plan(plan_id))["steps"][1]["input"] == {"words": "otherwise"}
    await sent(browser, f"{path}/resume")
    assert "Cancel this plan?" in await at(browser, f"{path}/cancel")
    await sent(browser, f"{path}/cancel", reason="no need")
    plan = await l01_local.get_plan(plan_id)
    assert plan["status"] == "cancelled" and plan["goal_id"] is not None
    assert (await l01_local.get_goal(plan["goal_id"]))["status"] == "cancelled"


async def test_what_is_refused_is_said_beside_what_was_filled_in(
    browser: httpx2.AsyncClient, l01_local: L01Client
) -> None:
    goal = await sent(browser, "/goals", description="Say things")
    circle = json.dumps(
        [say("a", depends_on=["b"]), say("b", depends_on=["a"]), say("c", depends_on=["<x>"])]
    )
    for fields, said in (
        ({"way": "steps", "steps": circle}, "refused"),
        ({"way": "steps", "steps": "none"}, "not a JSON list"),
        ({"way": "template", "template": "nobody"}, "nobody"),
        ({"way": "odd"}, "not one of"),
    ):
        answer = await browser.post(f"{goal}/plan", data=fields)
        assert answer.status_code in (404, 422), answer.text
        assert said in answer.text
    assert "<x>" not in (await browser.post(f"{goal}/plan", data={"way": "steps", "steps": circle})).text
    assert (await l01_local.plans.list())["items"] == []


async def test_a_draft_that_is_wrong_says_all_that_is_wrong(
    browser: httpx2.AsyncClient, l01_local: L01Client
) -> None:
    plan = await l01_local.create_plan(
        None, None, [say("a", depends_on=["nobody"]), {"id": "b", "tool": "<odd>"}]
    )
    page = await at(browser, f"/plans/{plan['id']}")
    assert "What is wrong with it" in page and "nobody" in page and "&lt;odd&gt;" in page
    answer = await browser.post(f"/plans/{plan['id']}/approve")
    assert answer.status_code == 422 and "E5001" in answer.text
    stale = {"steps": "[]", "plan_type": "dag", "version": "7"}
    assert (await browser.post(f"/plans/{plan['id']}/edit", data=stale)).status_code == 422


async def test_a_model_plans(browser: httpx2.AsyncClient, stage: Stage) -> None:
    stage.models.script(plan_of(say("one")))
    goal = await sent(browser, "/goals", description="Say one")
    path = await sent(browser, f"{goal}/plan", way="model", instructions="Be brief")
    assert path.startswith("/plans/")
    assert "/tasks/one" in await at(browser, path)


async def test_the_goals_plan_is_cancelled_with_it(browser: httpx2.AsyncClient, l01_local: L01Client) -> None:
    path = await _drafted(browser, {"id": "wait", "tool": "wait", "input": {"seconds": 3600}})
    for action in ("approve", "execute"):
        await sent(browser, f"{path}/{action}")
    plan = await l01_local.get_plan(path.rpartition("/")[2])
    await sent(browser, f"/goals/{plan['goal_id']}/cancel")
    assert (await l01_local.get_plan(plan["id"]))["status"] == "cancelled"
