"""Everything as one chain, from any of its ids."""

from __future__ import annotations

from collections import Counter
from typing import Any, NamedTuple

import pytest

from agentic.layers.L01_data_layer.client import L01Client
from agentic.layers.L01_data_layer.lineage_sql import EDGES, SHOWN
from agentic.layers.L01_data_layer.models.error_codes import InvalidError, NotFoundError
from agentic.layers.L01_data_layer.models.lineage import KINDS, Lineage
from agentic.layers.L01_data_layer.models.run import BRANCHES, CALLS
from tests.layers.L01.lives import USED, called, taken

pytestmark = pytest.mark.anyio

NOBODY = "00000000-0000-7000-8000-000000000000"


class Chain(NamedTuple):
    """The ids of one chain, by kind."""

    goal: str
    plan: str
    task: str
    run: str
    run_step: str
    model_usage: str
    tool_execution: str
    evaluation: str
    feedback: str
    dataset: str
    improvement: str


async def chain(l01: L01Client, parent_goal: str | None = None) -> Chain:
    """A goal that was reached, with all that came of it."""
    agent = await l01.create_agent("worker")
    goal = await l01.goals.create(
        agent_id=agent["id"], description="Write a report", parent_goal_id=parent_goal
    )
    plan = await l01.create_plan(goal["id"], agent["id"], [{"id": "a", "description": "write"}])
    task = await l01.create_task(plan["id"], agent["id"], "write", "agent")
    run = await taken(l01, agent_id=agent["id"], task_id=task["id"], goal_id=goal["id"], input="write")
    call = await called(l01, run)
    step = await l01.runs.step(
        run["id"], run["token"], kind="model", name="m", usage_id=call, usage=USED, output="Done."
    )
    reserved = await l01.tool_executions.reserve(f"e {run['id']}", run_id=run["id"], token=run["token"])
    execution = reserved["execution"]["id"]
    await l01.runs.step(run["id"], run["token"], kind="tool", name="t", execution_id=execution)
    evaluation = await l01.record_evaluation(agent["id"], task["id"], "exact", 0.5)
    feedback = await l01.record_feedback(agent["id"], task["id"], "rating", 4, "Good <b>work</b>")
    dataset = await l01.datasets.create(name=f"cases {run['id']}")
    item = {"input": "write", "expected": "Done.", "source_feedback_id": feedback["id"]}
    await l01.datasets.add(dataset["id"], [item, {**item, "expected": "Well done."}])
    improvement = await l01.improvements.create(
        agent_id=agent["id"],
        title="Be brief",
        method="lessons",
        base_version=1,
        asked={"dataset": dataset["id"], "dataset_version": 1},
    )
    return Chain(
        goal["id"],
        plan["id"],
        task["id"],
        run["id"],
        step["id"],
        call,
        execution,
        evaluation["id"],
        feedback["id"],
        dataset["id"],
        improvement["id"],
    )


def ids(lineage: Lineage, kind: str) -> list[str]:
    return [item["id"] for item in lineage["items"] if item["kind"] == kind]


async def test_every_kind_is_known_by_the_name_that_its_events_have(l01: L01Client) -> None:
    await chain(l01)
    kinds = {event["aggregate_type"] for event in await l01.query_events(limit=1000)}
    assert set(KINDS) <= kinds
    assert tuple(SHOWN) == KINDS
    assert {edge.lower for edge in EDGES} == set(KINDS)


async def test_the_whole_chain_is_found_from_each_of_its_ids(l01: L01Client) -> None:
    there, other = await chain(l01), await chain(l01)
    for kind in KINDS:
        lineage = await l01.lineage(kind, getattr(there, kind))
        found = {item["id"] for item in lineage["items"]}
        assert getattr(there, kind) in found
        assert not found & set(other), kind
        for above in KINDS[: KINDS.index(kind)]:
            if above in ("goal", "plan", "task", "run"):
                assert ids(lineage, above) == [getattr(there, above)], (kind, above)
        for said in ("evaluation", "feedback", "dataset", "improvement"):
            assert ids(lineage, said) == [getattr(there, said)], (kind, said)
        assert lineage["more"] == []
    goal = await l01.lineage("goal", there.goal)
    assert Counter(item["kind"] for item in goal["items"]) == {**dict.fromkeys(KINDS, 1), "run_step": 2}
    assert {item["id"] for item in goal["items"]} >= set(there)
    assert not any(item["led"] for item in goal["items"])


async def test_each_record_says_what_it_came_of_and_what_it_is(l01: L01Client) -> None:
    there = await chain(l01)
    lineage = await l01.lineage("model_usage", there.model_usage)
    items: dict[str, Any] = {item["kind"]: item for item in lineage["items"]}
    assert {"kind": "run_step", "id": there.run_step} in items["model_usage"]["of"]
    assert items["run_step"]["of"] == [{"kind": "run", "id": there.run}]
    assert items["task"]["of"] == [{"kind": "plan", "id": there.plan}]
    assert items["goal"]["title"] == "Write a report"
    assert items["run"]["led"] and not items["model_usage"]["led"]
    assert items["evaluation"]["facts"]["score"] == 0.5
    assert items["feedback"]["facts"]["rating"] == 4
    assert items["run"]["facts"]["used"]["cost"] == 0.001234


async def test_the_cost_is_that_of_what_came_of_it(l01: L01Client) -> None:
    there = await chain(l01)
    expected = {"calls": 1, "unpriced": 0, "input_tokens": 100, "output_tokens": 20, "cost": 0.001234}
    for kind in (
        "goal",
        "plan",
        "task",
        "run",
        "run_step",
        "model_usage",
        "feedback",
        "dataset",
        "improvement",
    ):
        assert (await l01.lineage(kind, getattr(there, kind)))["cost"] == expected, kind
    nothing = await l01.lineage("tool_execution", there.tool_execution)
    assert nothing["cost"] == dict.fromkeys(expected, 0)


async def test_sub_goals_and_the_runs_that_runs_began_belong_to_it(l01: L01Client) -> None:
    there = await chain(l01)
    below = await chain(l01, parent_goal=there.goal)
    parent = await taken(l01, task_id=there.task)
    child = await l01.runs.create(parent_run_id=parent["id"])
    lineage = await l01.lineage("goal", there.goal)
    assert ids(lineage, "goal") == [there.goal, below.goal]
    assert set(ids(lineage, "run")) == {there.run, below.run, parent["id"], child["id"]}
    of_child = await l01.lineage("run", child["id"])
    assert ids(of_child, "goal") == [there.goal]
    assert ids(of_child, "run") == [parent["id"], child["id"]]
    assert ids(of_child, "evaluation") == [there.evaluation]


async def test_a_plan_has_its_run_and_each_task_what_that_did_for_it(l01: L01Client) -> None:
    plan = await l01.create_plan(None, None, [])
    run = await taken(l01, input="carry the plan")
    await l01.update_plan(plan["id"], {"run_id": run["id"]})
    executions: list[str] = []
    for number in (7, 8):
        await l01.tasks.create(plan_id=plan["id"], description=f"task {number}", sequence_order=number)
        step = BRANCHES + number * CALLS + 1
        effect = {"run_id": run["id"], "token": run["token"], "step": step}
        executions.append((await l01.tool_executions.reserve(f"e{number}", **effect))["execution"]["id"])
    of_plan = await l01.lineage("plan", plan["id"])
    assert (ids(of_plan, "run"), ids(of_plan, "tool_execution")) == ([run["id"]], executions)
    tasks = ids(of_plan, "task")
    assert ids(await l01.lineage("task", tasks[1]), "tool_execution") == [executions[1]]
    of_execution = await l01.lineage("tool_execution", executions[0])
    assert [ids(of_execution, kind) for kind in ("plan", "task", "run")] == [
        [plan["id"]],
        [tasks[0]],
        [run["id"]],
    ]


async def test_what_is_said_of_a_run_alone_and_made_of_it_belongs_to_it(l01: L01Client) -> None:
    run = await taken(l01, input="hello")
    evaluation = await l01.evaluations.create(run_id=run["id"], evaluation_type="exact", score=1.0)
    feedback = await l01.feedback.create(run_id=run["id"], feedback_type="thumb", rating=1)
    dataset = await l01.datasets.create(name="greetings")
    await l01.datasets.add(dataset["id"], [{"input": "hello", "source_run_id": run["id"]}])
    of_run = await l01.lineage("run", run["id"])
    of_dataset = await l01.lineage("dataset", dataset["id"])
    for lineage in (of_run, of_dataset):
        assert ids(lineage, "evaluation") == [evaluation["id"]]
        assert ids(lineage, "feedback") == [feedback["id"]]
        assert ids(lineage, "dataset") == [dataset["id"]]
        assert ids(lineage, "run") == [run["id"]]


async def test_of_all_that_a_dataset_came_of_some_are_given(l01: L01Client) -> None:
    runs = [(await l01.runs.create(input=number))["id"] for number in range(4)]
    dataset = await l01.datasets.create(name="many")
    await l01.datasets.add(dataset["id"], [{"input": run, "source_run_id": run} for run in runs])
    few = await l01.lineage("dataset", dataset["id"], limit=2)
    assert (ids(few, "run"), few["more"]) == (runs[:2], ["run"])
    assert ids(few, "dataset") == [dataset["id"]]


async def test_of_many_some_are_given_and_it_is_said_that_there_are_more(l01: L01Client) -> None:
    goal = await l01.create_goal(None, "much to do")
    plan = await l01.create_plan(goal["id"], None, [])
    tasks = [(await l01.create_task(plan["id"], None, f"part {number}"))["id"] for number in range(4)]
    await l01.record_feedback(None, tasks[3], "rating", 1)
    few = await l01.lineage("goal", goal["id"], limit=2)
    assert ids(few, "task") == tasks[:2]
    assert few["more"] == ["task"]
    last = await l01.lineage("task", tasks[3], limit=2)
    assert (ids(last, "task"), ids(last, "goal"), last["more"]) == ([tasks[3]], [goal["id"]], [])
    assert (await l01.lineage("goal", goal["id"], limit=4))["more"] == []


async def test_what_is_no_record_is_refused(l01: L01Client) -> None:
    kind: Any = "odd"
    with pytest.raises(InvalidError):
        await l01.lineage(kind, NOBODY)
    with pytest.raises(InvalidError):
        await l01.lineage("goal", "x")
    with pytest.raises(InvalidError):
        await l01.lineage("goal", NOBODY, limit=0)
    with pytest.raises(NotFoundError):
        await l01.lineage("goal", NOBODY)


async def test_what_a_run_used_is_with_all_that_it_began(l01: L01Client) -> None:
    parent = await taken(l01, input="carry")
    nothing = {"calls": 0, "unpriced": 0, "input_tokens": 0, "output_tokens": 0, "cost": 0}
    assert await l01.runs.used(parent["id"]) == nothing
    child = await taken(l01, parent_run_id=parent["id"])
    below = await taken(l01, parent_run_id=child["id"])
    for run in (parent, child, below, await taken(l01, input="another")):
        await l01.usage.cut_off(await called(l01, run), {**USED, "cost": 0.5})
    used = await l01.runs.used(parent["id"])
    assert used == {"calls": 3, "unpriced": 0, "input_tokens": 300, "output_tokens": 60, "cost": 1.5}
    assert (await l01.runs.used(below["id"]))["calls"] == 1
    with pytest.raises(NotFoundError):
        await l01.runs.used(NOBODY)
