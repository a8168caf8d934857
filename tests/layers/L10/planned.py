"""What there is to see of goals and plans: one under way with every state, one that is wrong, one that is too long to draw."""

from __future__ import annotations

from typing import Any, NamedTuple

from agentic.layers.L01_data_layer.client import L01Client
from tests.layers.L01.lives import taken
from tests.layers.L10.lived import model_step

STEPS: list[dict[str, Any]] = [
    {"id": "fetch", "description": "Fetch <b>the page</b>", "tool": "http_get", "input": {"url": "x"}},
    {"id": "read", "agent": "reader", "input": {"page": {"$from": "fetch"}}},
    {"id": "count", "tool": "calculator", "depends_on": ["fetch"]},
    {"id": "ask", "agent": "reader", "depends_on": ["read", "count"], "approval": "May it?"},
    {"id": "write", "capability": "writing", "depends_on": ["ask", "fetch"]},
    {"id": "skip", "tool": "calculator", "depends_on": ["count"]},
    {"id": "later", "goal": {"description": "Tell others"}, "depends_on": ["write"]},
]
STATES = {"fetch": "completed", "read": "running", "count": "failed", "ask": "ready", "skip": "skipped"}
LONG = 320


class PlannedWork(NamedTuple):
    """The ids of what is there."""

    agent: str
    goal: str
    part: str
    plan: str
    task: str
    """The one that is running."""
    run: str
    wrong: str
    long: str
    evaluation: str
    feedback: str


async def planned(l01: L01Client) -> PlannedWork:
    """A goal with a part and three plans."""
    agent = await l01.create_agent("reader")
    goal = await l01.goals.create(
        agent_id=agent["id"],
        description="Write <i>a report</i>",
        success_criteria=["It is <em>short</em>", {"type": "contains", "value": "summary"}],
        priority=2,
    )
    await l01.update_goal(goal["id"], {"status": "active"})
    part = await l01.goals.create(description="Tell others", parent_goal_id=goal["id"])
    plan = await under_way(l01, goal["id"], agent["id"])
    tasks = {task["step_id"]: task["id"] async for task in l01.tasks.all(plan_id=plan)}
    run = await taken(l01, agent_id=agent["id"], task_id=tasks["read"], goal_id=goal["id"], input="Read <it>")
    await model_step(l01, run, "It says <u>little</u>.")
    circle = [{"id": "a", "depends_on": ["c"]}, {"id": "b", "depends_on": ["a"]}, "odd <s>step</s>"]
    wrong = await l01.create_plan(goal["id"], None, [*circle, {"id": "c", "depends_on": ["b", "nobody"]}])
    many = [{"id": f"s{number}", "tool": "noop"} for number in range(LONG)]
    long = await l01.plans.create(goal_id=goal["id"], plan_type="parallel", steps=many)
    evaluation = await l01.record_evaluation(agent["id"], tasks["read"], "exact", 0.25)
    feedback = await l01.record_feedback(agent["id"], tasks["read"], "rating", 4, "Good <b>work</b>")
    return PlannedWork(
        agent["id"],
        goal["id"],
        part["id"],
        plan,
        tasks["read"],
        run["id"],
        wrong["id"],
        long["id"],
        evaluation["id"],
        feedback["id"],
    )


async def under_way(l01: L01Client, goal_id: str, agent_id: str) -> str:
    """A plan that is being carried out; the id of it. The steps in `STATES` have their tasks in that state."""
    plan = await l01.plans.create(
        goal_id=goal_id, agent_id=agent_id, plan_type="dag", steps=STEPS, options={"parallel": 2}
    )
    for status in ("approved", "executing"):
        await l01.update_plan(plan["id"], {"status": status})
    for number, step in enumerate(STEPS):
        if (status := STATES.get(step["id"])) is None:
            continue
        task = await l01.tasks.create(
            plan_id=plan["id"], step_id=step["id"], description=step["id"], sequence_order=number
        )
        if status in ("completed", "failed"):
            await l01.update_task(task["id"], {"status": "running"})
        more = {"output_data": {"text": "<a>"}} if status == "completed" else {}
        await l01.update_task(task["id"], {"status": status, **more})
    await l01.update_plan(plan["id"], {"current_step": 3})
    return plan["id"]


def addresses(there: PlannedWork) -> list[str]:
    """Every page about it."""
    goal, plan = f"/goals/{there.goal}", f"/plans/{there.plan}"
    return [
        "/goals",
        "/goals?status=active&priority=2",
        f"/goals?agent_id={there.agent}&order=asc",
        f"/goals?parent_goal_id={there.goal}",
        "/goals/new",
        f"/goals/new?parent_goal_id={there.goal}",
        goal,
        f"/goals/{there.part}",
        f"{goal}/plan",
        f"{goal}/cancel",
        plan,
        f"{plan}?open=read",
        f"{plan}?as_of=20",
        f"{plan}/tasks/read",
        f"{plan}/tasks/later",
        f"{plan}/edit",
        f"{plan}/cancel",
        f"/plans/{there.wrong}",
        f"/plans/{there.long}",
        f"/plans/{there.long}?leaf=3",
        "/lineage",
        f"/lineage/goal/{there.goal}",
        f"/lineage/plan/{there.plan}",
        f"/lineage/task/{there.task}",
        f"/lineage/run/{there.run}",
        f"/lineage/evaluation/{there.evaluation}",
        f"/lineage/feedback/{there.feedback}",
    ]
