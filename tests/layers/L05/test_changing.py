"""Plans that are changed, paused, ended and planned anew while they are carried out."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from typing import Any

import pytest

from agentic.layers.base.common_errors import StaleVersionError, StateError
from agentic.layers.L05_planning import layer
from agentic.layers.L05_planning.board import Board
from agentic.layers.L05_planning.ending import Ending
from agentic.layers.L05_planning.errors import BegunError, PlanRefusedError
from tests.layers.L05.conftest import PATIENCE, Stage, eventually, plan_of, say, statuses

pytestmark = pytest.mark.anyio


async def test_an_edit_changes_what_has_not_begun_and_nothing_else(stage: Stage) -> None:
    gate = stage.workshop.gates["held"] = asyncio.Event()
    steps = [say("held"), say("changed", "old", depends_on=["held"]), say("dropped", depends_on=["held"])]
    state = await stage.begun(*steps)
    plan = state["plan"]
    await eventually(lambda: "held" in stage.workshop.calls)

    with pytest.raises(BegunError, match="'held'"):
        await stage.l05.edit(plan["id"], [say("held", "other"), *steps[1:]])
    with pytest.raises(BegunError, match="'held'"):
        await stage.l05.edit(plan["id"], [say("changed", "new")])
    with pytest.raises(StaleVersionError):
        await stage.l05.edit(plan["id"], steps, expected_version=1)
    await stage.l05.edit(plan["id"], [say("held"), say("changed", "new", depends_on=["held"]), say("added")])
    # What was added needs nobody: it begins although what is at work goes on.
    await eventually(lambda: "added" in stage.workshop.calls)
    with pytest.raises(BegunError, match="another id"):
        await stage.l05.edit(plan["id"], [*steps, say("added")])
    gate.set()
    state = await stage.l05.wait(plan["id"], PATIENCE)

    assert state["plan"]["status"] == "completed"
    assert sorted(stage.workshop.calls) == ["added", "held", "new"]
    assert statuses(state) == {
        "held": "completed",
        "changed": "completed",
        "dropped": "cancelled",
        "added": "completed",
    }
    before = await stage.l01.plans.get(plan["id"], as_of=plan["created_at"])
    assert before["steps"] == steps
    with pytest.raises(StateError):
        await stage.l05.edit(plan["id"], steps)


async def test_an_edit_wakes_a_plan_that_waits_for_a_person(stage: Stage) -> None:
    state = await stage.done(say("asks", approval=True))
    await stage.l05.edit(state["plan"]["id"], [say("asks", approval=True), say("meanwhile")])
    await eventually(lambda: stage.workshop.calls == ["meanwhile"])


async def test_a_paused_plan_begins_nothing_more_and_then_goes_on(stage: Stage) -> None:
    gate = stage.workshop.gates["held"] = asyncio.Event()
    other = stage.workshop.gates["beside"] = asyncio.Event()
    state = await stage.begun(say("held"), say("beside"), say("after", depends_on=["held", "beside"]))
    plan_id = state["plan"]["id"]
    await eventually(lambda: len(stage.workshop.calls) == 2)
    paused = await stage.l05.pause(plan_id)
    assert paused["run"] is not None
    assert paused["run"]["status"] == "suspended"
    gate.set()

    async def is_kept() -> bool:
        run = await stage.l01.runs.get(state["plan"]["run_id"] or "")
        return len(await stage.l01.runs.steps(run["id"])) == 1

    await eventually(is_kept)
    other.set()
    assert "after" not in stage.workshop.calls
    await stage.l05.resume(plan_id)
    state = await stage.l05.wait(plan_id, PATIENCE)

    assert state["plan"]["status"] == "completed", state["plan"]["error"]
    assert sorted(stage.workshop.calls) == ["after", "beside", "held"]


async def test_cancelling_ends_the_plan_its_tasks_its_run_and_its_goal(stage: Stage) -> None:
    stage.workshop.gates["held"] = asyncio.Event()
    state = await stage.begun(say("held"), say("never", depends_on=["held"]))
    await eventually(lambda: stage.workshop.calls == ["held"])
    state = await stage.l05.cancel(state["plan"]["id"], "Changed our minds.")

    assert state["plan"]["status"] == "cancelled"
    assert (state["plan"]["error"] or {})["detail"] == "Changed our minds."
    assert statuses(state) == {"held": "cancelled", "never": "cancelled"}
    assert state["run"] is not None
    assert state["goal"] is not None
    assert (state["run"]["status"], state["goal"]["status"]) == ("cancelled", "cancelled")
    again = await stage.l05.cancel(state["plan"]["id"])
    assert again["plan"]["version"] == state["plan"]["version"]


async def test_a_run_that_is_cancelled_elsewhere_takes_its_plan_with_it(stage: Stage) -> None:
    stage.workshop.gates["held"] = asyncio.Event()
    state = await stage.begun(say("held"))
    await stage.l01.runs.cancel(state["plan"]["run_id"] or "")
    state = await stage.until(state["plan"]["id"], "cancelled")
    assert statuses(state) == {"held": "cancelled"}


async def test_a_plan_ends_with_its_run_although_its_goal_was_never_begun(stage: Stage) -> None:
    """As after a process that ended between the two things that it says when it begins."""
    goal = await stage.goal()
    planned = await stage.l05.plan(goal["id"], steps=[say("never")])
    assert planned["plan"] is not None
    plan_id = planned["plan"]["id"]
    for status in ("approved", "executing"):
        await stage.l01.plans.update(plan_id, {"status": status})
    run = await stage.l01.runs.create(input="")
    await Ending(lambda: stage.l01).settle(plan_id, {**run, "status": "failed"})
    state = await stage.l05.look(plan_id)
    assert state["goal"] is not None
    assert (state["plan"]["status"], state["goal"]["status"]) == ("failed", "failed")


async def test_the_rest_is_planned_anew_when_a_step_fails(stage: Stage) -> None:
    stage.workshop.failing = {"broken": 9}
    stage.models.script("no plan", plan_of(say("detour"), say("end", {"$from": "good", "path": "said"})))
    state = await stage.done(
        say("good"),
        say("broken", on_failure="replan", depends_on=["good"]),
        say("never", depends_on=["broken"]),
    )

    assert state["plan"]["status"] == "completed", state["plan"]["error"]
    assert stage.workshop.calls.count("good") == 2
    assert "detour" in stage.workshop.calls
    assert statuses(state) == {
        "good": "completed",
        "broken": "failed",
        "never": "cancelled",
        "detour": "completed",
        "end": "completed",
    }
    told = stage.models.requests[0]["messages"][-1]["content"]
    assert "cannot say broken" in told
    assert "not JSON" in stage.models.requests[1]["messages"][-1]["content"]


async def test_what_is_planned_anew_too_often_stops(stage: Stage) -> None:
    stage.workshop.failing = {"broken": 9}
    answers = [plan_of(say(f"again{number}", "broken", on_failure="replan")) for number in range(3)]
    # A model may not say what follows from a failure: the options of the plan do.
    del answers[1:]
    stage.models.script(*answers)
    state = await stage.done(say("first", "broken"), options={"on_failure": "replan", "replans": 1})

    assert state["plan"]["status"] == "failed"
    assert stage.workshop.calls == ["broken", "broken"]
    assert [(task["error"] or {})["then"] for task in state["tasks"]] == ["replan", "stop"]


async def test_a_plan_that_spends_too_much_ends(stage: Stage) -> None:
    agent = await stage.l01.create_agent("dear", "general", {"limits": {"cost": 0.0001}})
    await stage.l01.update_agent(agent["id"], {"status": "active"})
    stage.models.cost = 0.5
    steps = [{"id": name, "agent": "dear", "input": "go"} for name in ("one", "two")]
    state = await stage.done(*steps, plan_type="sequential", options={"limits": {"cost": 0.01}})
    state = await stage.until(state["plan"]["id"], "failed")
    assert "cost" in (state["plan"]["error"] or {})["detail"]
    assert statuses(state)["two"] == "cancelled"


async def test_what_is_not_right_is_refused_before_anything_changes(stage: Stage) -> None:
    state = await stage.done(say("one"))
    goal = await stage.goal()
    planned = await stage.l05.plan(goal["id"], steps=[say("one")])
    assert planned["plan"] is not None
    with pytest.raises(StateError):
        await stage.l05.execute(planned["plan"]["id"])
    with pytest.raises(PlanRefusedError, match="no step 'nowhere'"):
        await stage.l05.edit(planned["plan"]["id"], [say("one", depends_on=["nowhere"])])
    assert await stage.l01.plans.get(planned["plan"]["id"]) == planned["plan"]
    again = await stage.l05.execute(state["plan"]["id"])
    assert again["plan"] == state["plan"]


Edit = Callable[[], Awaitable[object]]


@pytest.fixture
def as_it_begins(monkeypatch: pytest.MonkeyPatch) -> Callable[[str, Edit], None]:
    """Has something done between the moment in which a run has read a task and that in which it begins it."""
    begin = Board.begin

    def when(step_id: str, edit: Edit) -> None:
        edits = [edit]

        async def later(board: Board, begun: str, *given: Any) -> bool:
            if begun == step_id and edits:
                await edits.pop()()
            return await begin(board, begun, *given)

        monkeypatch.setattr(Board, "begin", later)

    return when


async def test_a_step_that_is_edited_as_it_begins_waits_for_what_it_now_needs(
    stage: Stage, as_it_begins: Callable[[str, Edit], None]
) -> None:
    goal = await stage.goal()
    plan = (await stage.l05.plan(goal["id"], steps=[say("held"), say("late", "old")]))["plan"]
    assert plan is not None
    gate = stage.workshop.gates["held"] = asyncio.Event()
    new = [say("held"), say("late", {"$from": "held", "path": "said"}), say("added", "more")]
    as_it_begins("late", lambda: stage.l05.edit(plan["id"], new))
    await stage.l05.approve(plan["id"])
    await stage.l05.execute(plan["id"])
    await eventually(lambda: "more" in stage.workshop.calls)
    gate.set()
    state = await stage.l05.wait(plan["id"], PATIENCE)

    assert state["plan"]["status"] == "completed", state["plan"]["error"]
    assert sorted(stage.workshop.calls) == ["held", "held", "more"]
    assert [task["sequence_order"] for task in state["tasks"]] == [0, 1, 2]


async def test_a_step_that_is_taken_out_as_it_begins_is_not_done(
    stage: Stage, as_it_begins: Callable[[str, Edit], None]
) -> None:
    goal = await stage.goal()
    plan = (await stage.l05.plan(goal["id"], steps=[say("kept"), say("dropped")]))["plan"]
    assert plan is not None
    as_it_begins("dropped", lambda: stage.l05.edit(plan["id"], [say("kept")]))
    await stage.l05.approve(plan["id"])
    state = await stage.l05.execute(plan["id"], wait=PATIENCE)

    assert state["plan"]["status"] == "completed", state["plan"]["error"]
    assert stage.workshop.calls == ["kept"]
    assert statuses(state) == {"kept": "completed", "dropped": "cancelled"}


async def test_a_plan_whose_steps_are_over_is_not_edited_any_more(
    stage: Stage, monkeypatch: pytest.MonkeyPatch
) -> None:
    judging, go_on = asyncio.Event(), asyncio.Event()

    class Judge:
        async def judge(self, criteria: list[Any], _output: Any, **_: Any) -> Any:
            judging.set()
            await go_on.wait()
            return {
                "verdicts": [{"passed": True, "score": 1.0, "rationale": "", "refused": None}] * len(criteria)
            }

    monkeypatch.setattr(layer, "judge_of", lambda _: Judge())
    state = await stage.begun(say("a"), success_criteria=["good"])
    async with asyncio.timeout(PATIENCE):
        await judging.wait()
    with pytest.raises(BegunError, match="over"):
        await stage.l05.edit(state["plan"]["id"], [say("a"), say("b")])
    go_on.set()
    state = await stage.l05.wait(state["plan"]["id"], PATIENCE)
    assert (state["plan"]["status"], stage.workshop.calls) == ("completed", ["a"])
