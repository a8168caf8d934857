"""What pages about goals and plans are sent while they are open."""

from __future__ import annotations

import re

import pytest

from agentic.layers.L01_data_layer.client import L01Client
from tests.layers.L01.lives import taken
from tests.layers.L10.planned import planned
from tests.layers.L10.test_run_views import opened, said

pytestmark = pytest.mark.anyio


async def test_a_step_changes_where_it_stands(url: str, l01_local: L01Client) -> None:
    there = await planned(l01_local)
    async with opened(url, l01_local, "plan", f"plan_id={there.plan}") as reader:
        await l01_local.update_task(there.task, {"status": "completed", "output_data": "little"})
        frame = await said(reader, r'id="task-2".*?Completed')
        assert 'hx-target="#plan-nodes" hx-swap="rows known:true"' in frame
        assert 'id="task-1"' not in frame and "<svg class=" in frame
        assert "4 of 7" in frame
        new = await l01_local.tasks.create(
            plan_id=there.plan, step_id="write", description="write", sequence_order=9
        )
        await said(reader, r'id="task-5".*?Pending')
        await l01_local.update_task(new["id"], {"status": "failed"})
        await said(reader, r'id="task-5".*?Failed')


async def test_other_steps_make_another_graph(url: str, l01_local: L01Client) -> None:
    there = await planned(l01_local)
    async with opened(url, l01_local, "plan", f"plan_id={there.wrong}") as reader:
        await l01_local.update_plan(there.wrong, {"steps": [{"id": "only", "description": "All at once"}]})
        frame = await said(reader, "All at once")
        assert 'hx-target="#plan-steps" hx-swap="outerMorph"' in frame
        await l01_local.update_plan(there.wrong, {"status": "approved"})
        await said(reader, r'id="plan-head".*?Execute')


async def test_a_plan_follows_the_run_that_carries_it(url: str, l01_local: L01Client) -> None:
    there = await planned(l01_local)
    run = await taken(l01_local, input="carry")
    async with opened(url, l01_local, "plan", f"plan_id={there.plan}") as reader:
        await l01_local.update_plan(there.plan, {"run_id": run["id"]})
        await said(reader, rf'href="/runs/{run["id"]}"')
        await l01_local.approvals.create(run_id=run["id"], title="May it <go> on?", request={"step": "ask"})
        await said(reader, r'id="plan-asks".*?May it &lt;go&gt; on\?')
        await l01_local.runs.pause(run["id"])
        await said(reader, r'id="plan-head".*?Paused.*?Resume')


async def test_a_long_plan_changes_in_its_list(url: str, l01_local: L01Client) -> None:
    there = await planned(l01_local)
    async with opened(url, l01_local, "plan", f"plan_id={there.long}") as reader:
        await l01_local.tasks.create(plan_id=there.long, step_id="s4", description="s4")
        await said(reader, r'<tr id="task-5".*?Pending')


async def test_the_list_of_goals_lets_in_who_belongs(url: str, l01_local: L01Client) -> None:
    async with opened(url, l01_local, "goals", "status=pending&priority=1") as reader:
        await l01_local.goals.create(description="not urgent")
        goal = await l01_local.goals.create(description="urgent", priority=1)
        frame = await said(reader, rf'hx-swap="rows">.*?id="goal-{goal["id"]}".*?urgent.*?Pending')
        assert not re.search(r'hx-swap="rows">(?:(?!</hx-partial>).)*not urgent', frame, re.S)
        await l01_local.update_goal(goal["id"], {"status": "active"})
        await said(reader, rf'hx-swap="rows known:true">.*?id="goal-{goal["id"]}".*?Active')


async def test_a_goal_follows_its_plans_parts_and_runs(url: str, l01_local: L01Client) -> None:
    goal = await l01_local.create_goal(None, "x")
    other = await l01_local.create_goal(None, "somebody else's")
    async with opened(url, l01_local, "goal", f"goal_id={goal['id']}") as reader:
        await l01_local.create_plan(other["id"], None, [])
        plan = await l01_local.create_plan(goal["id"], None, [{"id": "a"}])
        frame = await said(reader, rf'hx-target="#plan-rows".*?id="plan-{plan["id"]}".*?Draft')
        assert other["id"] not in frame
        part = await l01_local.goals.create(description="a part", parent_goal_id=goal["id"])
        await said(reader, rf'hx-target="#part-rows".*?id="goal-{part["id"]}"')
        await l01_local.update_goal(part["id"], {"status": "cancelled"})
        await said(reader, rf'id="goal-{part["id"]}".*?Cancelled')
        run = await taken(l01_local, goal_id=goal["id"], input="plan it")
        await said(reader, rf'id="run-{run["id"]}".*?Running')
        await l01_local.update_goal(goal["id"], {"status": "active"})
        await l01_local.update_goal(goal["id"], {"status": "completed", "result": {"text": "<done>"}})
        await said(reader, r'id="goal-head".*?Completed.*?id="goal-outcome".*?&lt;done&gt;')
