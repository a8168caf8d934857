"""Plans that are carried out: in the order of their graph, bounded, with what steps give handed on."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest

from agentic.layers.L05_planning import layer
from tests.layers.L05.conftest import Stage, say, statuses

pytestmark = pytest.mark.anyio


async def test_what_a_step_gives_is_handed_on(stage: Stage) -> None:
    state = await stage.done(
        say("first", "one"),
        say("second", {"$from": "first", "path": "said"}),
        {
            "id": "third",
            "tool": "say",
            "input": {"words": "end", "number": {"$from": "second", "path": "number"}},
        },
    )

    assert state["plan"]["status"] == "completed", state["plan"]["error"]
    assert stage.workshop.calls[:2] == ["one", "one"]
    assert state["goal"] is not None
    assert state["goal"]["status"] == "completed"
    assert state["goal"]["result"] == {"outputs": {"third": {"said": "end", "number": 0}}, "criteria": []}
    assert [(task["step_id"], task["status"]) for task in state["tasks"]] == [
        ("first", "completed"),
        ("second", "completed"),
        ("third", "completed"),
    ]
    assert state["tasks"][1]["input_data"]["input"] == {"words": "one"}
    assert state["plan"]["current_step"] == 3
    assert state["run"] is not None
    assert state["run"]["goal_id"] == state["goal"]["id"]


async def test_steps_that_need_nobody_go_side_by_side_but_not_more_than_they_may(stage: Stage) -> None:
    gate = asyncio.Event()
    names = [f"s{number}" for number in range(12)]
    stage.workshop.gates = dict.fromkeys(names, gate)
    state = await stage.begun(*(say(name) for name in names), options={"parallel": 5})
    async with asyncio.timeout(20):
        while stage.workshop.at_once < 5:
            await asyncio.sleep(0.01)
    gate.set()
    state = await stage.l05.wait(state["plan"]["id"], 20)

    assert state["plan"]["status"] == "completed"
    assert sorted(stage.workshop.calls) == sorted(names)
    assert stage.workshop.most_at_once == 5


async def test_a_sequential_plan_goes_one_by_one(stage: Stage) -> None:
    names = ["d", "a", "c", "b"]
    state = await stage.done(*(say(name) for name in names), plan_type="sequential")

    assert state["plan"]["status"] == "completed"
    assert (stage.workshop.calls, stage.workshop.most_at_once) == (names, 1)


async def test_a_step_is_tried_again_and_then_the_plan_stops(stage: Stage) -> None:
    stage.workshop.failing = {"shaky": 1, "broken": 9}
    state = await stage.done(
        say("shaky", retry={"attempts": 3, "backoff": 0.01}),
        say("broken", retry={"attempts": 2, "backoff": 0.01}, depends_on=["shaky"]),
        say("never", depends_on=["broken"]),
    )

    assert stage.workshop.calls == ["shaky", "shaky", "broken", "broken"]
    assert statuses(state) == {"shaky": "completed", "broken": "failed", "never": "cancelled"}
    assert state["plan"]["status"] == "failed"
    assert state["plan"]["error"] is not None
    assert "'broken' failed" in state["plan"]["error"]["detail"]
    assert state["tasks"][1]["error"] is not None
    assert state["tasks"][1]["error"]["attempts"] == 2
    assert state["goal"] is not None
    assert state["goal"]["status"] == "failed"


async def test_a_step_that_may_be_skipped_holds_up_nobody_who_can_do_without(stage: Stage) -> None:
    stage.workshop.failing = {"broken": 9}
    state = await stage.done(
        say("broken", on_failure="skip"),
        say("after", depends_on=["broken"]),
        say("tolerant", {"$from": "broken", "path": "said", "default": "nothing"}),
        say("needy", {"$from": "broken", "path": "said"}),
    )

    assert state["plan"]["status"] == "completed"
    assert statuses(state) == {
        "broken": "skipped",
        "after": "completed",
        "tolerant": "completed",
        "needy": "skipped",
    }
    assert "nothing" in stage.workshop.calls


async def test_a_condition_says_whether_a_step_is_wanted(stage: Stage) -> None:
    state = await stage.done(
        {"id": "ask", "tool": "say", "input": {"words": "w", "number": 7}},
        say("above", condition={"$from": "ask", "path": "number", "above": 5}),
        say("below", condition={"$from": "ask", "path": "number", "below": 5}),
        say("contains", condition={"$from": "ask", "path": "said", "contains": "w", "equals": "w"}),
        say("absent", condition={"$from": "ask", "path": "no.such"}),
    )

    assert statuses(state) == {
        "ask": "completed",
        "above": "completed",
        "below": "skipped",
        "contains": "completed",
        "absent": "skipped",
    }


async def test_an_agent_does_a_step(stage: Stage) -> None:
    agent = await stage.l01.create_agent(
        "writer", "general", {"instructions": "Write.", "limits": {"tokens": 1000}, "capabilities": ["prose"]}
    )
    await stage.l01.update_agent(agent["id"], {"status": "active"})
    stage.models.says = lambda request: f"About {request['messages'][-1]['content']}"
    state = await stage.done(
        say("topic", "sheep"),
        {
            "id": "write",
            "agent": "writer",
            "input": {"$from": "topic", "path": "said"},
            "limits": {"steps": 3},
        },
        {"id": "again", "capability": "prose", "input": "goats", "depends_on": ["write"]},
    )

    assert state["plan"]["status"] == "completed", state["plan"]["error"]
    assert [task["output_data"] for task in state["tasks"][1:]] == ["About sheep", "About goats"]
    task = state["tasks"][1]
    (run,) = (await stage.l01.runs.list(task_id=task["id"]))["items"]
    assert (run["agent_id"], run["goal_id"]) == (agent["id"], state["goal"] and state["goal"]["id"])
    assert run["configuration"]["limits"] == {"tokens": 1000, "steps": 3}
    assert task["agent_id"] == agent["id"]


async def test_what_waits_for_a_child_goes_on_beside_what_waits_for_a_person(stage: Stage) -> None:
    agent = await stage.l01.create_agent("slow", "general", {})
    await stage.l01.update_agent(agent["id"], {"status": "active"})
    answer = asyncio.Event()

    async def later(_: object) -> str:
        await answer.wait()
        return "done"

    stage.models.says = later
    state = await stage.begun(
        say("asks", approval="May I?"),
        {"id": "child", "agent": "slow", "input": "go"},
        say("after", depends_on=["child"]),
    )
    plan_id = state["plan"]["id"]
    async with asyncio.timeout(20):
        while (await stage.l01.runs.get(state["plan"]["run_id"] or ""))["status"] != "waiting_approval":
            await asyncio.sleep(0.01)
    answer.set()
    async with asyncio.timeout(10):
        while "after" not in stage.workshop.calls:
            await asyncio.sleep(0.01)
    assert "asks" not in stage.workshop.calls
    (approval,) = (await stage.l01.approvals.list(status="pending"))["items"]
    assert approval["title"] == "May I?"
    await stage.l01.approvals.decide(approval["id"], "approved", "person")
    state = await stage.until(plan_id, "completed")
    assert statuses(state) == {"asks": "completed", "child": "completed", "after": "completed"}


async def test_a_goal_below_a_goal_has_a_plan_and_a_run_of_its_own(stage: Stage) -> None:
    state = await stage.done(
        {
            "id": "part",
            "goal": {
                "description": "Say it twice.",
                "steps": [say("a"), say("b", {"$from": "a", "path": "said"})],
            },
        },
        say("whole", {"$from": "part", "path": "b.said"}),
    )

    assert state["plan"]["status"] == "completed", state["plan"]["error"]
    assert stage.workshop.calls == ["a", "a", "a"]
    assert state["goal"] is not None
    (below,) = (await stage.l01.goals.list(parent_goal_id=state["goal"]["id"]))["items"]
    assert (below["description"], below["status"]) == ("Say it twice.", "completed")
    (plan,) = (await stage.l01.plans.list(goal_id=below["id"]))["items"]
    run = await stage.l01.runs.get(plan["run_id"] or "")
    assert (plan["status"], run["goal_id"], run["parent_run_id"]) == (
        "completed",
        below["id"],
        state["plan"]["run_id"],
    )


class Judge:
    """Finds nothing good but what it was told to."""

    async def judge(self, criteria: list[Any], output: Any, **_: Any) -> Any:
        return {
            "verdicts": [
                {
                    "passed": criterion in str(output),
                    "score": 0.5,
                    "rationale": f"looked at {output}",
                    "refused": None,
                }
                for criterion in criteria
            ]
        }


async def test_the_criteria_of_the_goal_are_looked_at_in_the_end(
    stage: Stage, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(layer, "judge_of", lambda _: Judge())
    state = await stage.done(say("a", "good"), success_criteria=["good"])
    assert state["goal"] is not None
    assert state["goal"]["status"] == "completed"
    (seen,) = (state["goal"]["result"] or {})["criteria"]
    assert (seen["criterion"], seen["passed"], seen["score"]) == ("good", True, 0.5)
    assert "'said': 'good'" in seen["reason"]
    state = await stage.done(say("a", "bad"), success_criteria=["good"])
    assert state["goal"] is not None
    assert (state["plan"]["status"], state["goal"]["status"]) == ("completed", "failed")


async def test_a_goal_below_keeps_to_its_limits(stage: Stage) -> None:
    below = {"description": "Two.", "steps": [say("a"), say("b")], "options": {"limits": {"steps": 9}}}
    state = await stage.done({"id": "part", "goal": below, "limits": {"steps": 2}})
    assert state["plan"]["status"] == "failed"
    assert "may use 2 steps" in (state["tasks"][0]["error"] or {})["detail"]
    (run,) = (await stage.l01.runs.list(parent_run_id=state["plan"]["run_id"]))["items"]
    assert run["status"] == "failed"
    (plan,) = (await stage.l01.plans.list(run_id=run["id"]))["items"]
    assert (await stage.until(plan["id"], "failed"))["goal"] is not None


async def test_denied_by_a_person_is_failed(stage: Stage) -> None:
    state = await stage.done(say("asks", approval=True))
    assert state["run"] is not None
    assert state["run"]["status"] == "waiting_approval"
    (approval,) = (await stage.l01.approvals.list(status="pending"))["items"]
    await stage.l01.approvals.decide(approval["id"], "denied", "person", "not today")
    state = await stage.until(state["plan"]["id"], "failed")

    assert stage.workshop.calls == []
    assert "not today" in (state["tasks"][0]["error"] or {})["detail"]
