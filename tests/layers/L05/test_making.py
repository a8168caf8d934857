"""How goals get plans: given steps, templates, models, and what is refused with reasons."""

from __future__ import annotations

import time
from typing import Any

import pytest

from agentic.layers.base.common_errors import InvalidError, NotFoundError, StateError
from agentic.layers.L05_planning.checking import read_form
from agentic.layers.L05_planning.client import L05Client
from agentic.layers.L05_planning.errors import PlanRefusedError, TemplateError
from tests.layers.L05.conftest import Stage, plan_of, say

pytestmark = pytest.mark.anyio

HOSTILE = (
    "'; DROP TABLE plans; --",
    "<script>alert(1)</script>",
    "{{7*7}} ${jndi:ldap://x} {$from}",
    "../../etc/passwd",
    "\u202e\u200b\ufeff𝕏 🧨",
    "a" * 20_000,
)


async def problems_of(stage: Stage, *steps: Any, **more: Any) -> dict[str | None, str]:
    goal = await stage.goal()
    with pytest.raises(PlanRefusedError) as refused:
        await stage.l05.plan(goal["id"], steps=list(steps), **more)
    assert (await stage.l01.plans.list(goal_id=goal["id"]))["items"] == []
    kinds: dict[str | None, str] = {}
    for problem in refused.value.members["problems"]:
        kinds.setdefault(problem["step"], problem["kind"])
    return kinds


async def test_everything_that_is_wrong_is_said_at_once(stage: Stage) -> None:
    assert await problems_of(
        stage,
        {"id": "tool", "tool": "no such"},
        {"id": "agent", "agent": "nobody"},
        {"id": "able", "capability": "flying"},
        {"id": "missing", "tool": "say", "input": {}},
        {"id": "unknown", "tool": "say", "input": {"words": "w", "colour": "red"}},
        {"id": "typed", "tool": "say", "input": {"words": {"$from": "fine"}, "number": "seven"}},
        say("fine"),
    ) == {
        "tool": "unknown_tool",
        "agent": "unknown_agent",
        "able": "unknown_capability",
        "missing": "arguments",
        "unknown": "arguments",
        "typed": "arguments",
    }


async def test_the_form_of_steps_is_said_at_once(stage: Stage) -> None:
    assert await problems_of(
        stage,
        "a text",
        {"id": "two", "tool": "say", "agent": "x"},
        {"id": "none"},
        {"id": "odd", "tool": "say", "colour": "red"},
        {"id": "not an id", "tool": "say"},
        {"id": "ref", "tool": "say", "input": {"$from": 7}},
        {"id": "more", "tool": "say", "input": {"$from": "two", "as": "text"}},
    ) == {
        "#1": "invalid",
        "two": "invalid",
        "none": "invalid",
        "odd": "invalid",
        "not an id": "invalid",
        "ref": "reference",
        "more": "reference",
    }


@pytest.mark.parametrize(
    ("steps", "plan_type", "kinds"),
    [
        ([say("a", depends_on=["b"]), say("b", depends_on=["a"])], "dag", {"cycle"}),
        ([say("a", {"$from": "a"})], "dag", {"cycle"}),
        ([say("a", depends_on=["gone"]), say("b", {"$from": "lost"})], "dag", {"dangling"}),
        ([say("a", condition={"$from": "gone"})], "dag", {"dangling"}),
        ([say("a"), say("a")], "dag", {"duplicate"}),
        ([say("a"), say("b", depends_on=["a"])], "parallel", {"dangling"}),
        ([say("a", depends_on=["b"]), say("b")], "sequential", {"cycle"}),
        ([], "dag", {"size"}),
    ],
)
def test_the_graph_is_looked_through(steps: list[Any], plan_type: str, kinds: set[str]) -> None:
    assert {problem["kind"] for problem in read_form(steps, plan_type, 100).problems} == kinds


def test_a_circle_is_named() -> None:
    steps = [say("a", depends_on=["c"]), say("b", depends_on=["a"]), say("c", depends_on=["b"]), say("d")]
    (problem,) = read_form(steps, "dag", 100).problems
    told = problem["detail"].rpartition(": ")[2].split(" → ")
    assert told[0] == told[-1]
    assert {(told[i], told[i + 1]) for i in range(3)} == {("a", "c"), ("c", "b"), ("b", "a")}


def test_a_plan_of_ten_thousand_steps_is_refused_at_once_or_read_in_linear_time() -> None:
    steps = [say(f"s{i}", depends_on=[f"s{i - 1}"] if i else []) for i in range(10_000)]
    (problem,) = read_form(steps, "dag", 2000).problems
    assert problem["kind"] == "size"
    begun = time.process_time()
    assert read_form(steps, "dag", 10_000).problems == []
    steps[0]["depends_on"] = ["s9999"]
    assert [each["kind"] for each in read_form(steps, "dag", 10_000).problems] == ["cycle"]
    assert time.process_time() - begun < 10


async def test_hostile_text_is_kept_as_it_is_or_refused(stage: Stage) -> None:
    for text in HOSTILE:
        goal = await stage.goal(text)
        step = {"id": "x", "tool": "say", "description": text[:9000], "input": {"words": text}}
        planned = await stage.l05.plan(goal["id"], steps=[{**step, "approval": text[:900]}])
        assert planned["plan"] is not None
        assert planned["plan"]["steps"][0]["input"] == {"words": text}
        assert await problems_of(stage, {**step, "id": text}) != {}
        assert await problems_of(stage, {**step, "tool": text}) == {
            "x": "invalid" if len(text) > 255 else "unknown_tool"
        }
        with pytest.raises((NotFoundError, InvalidError)):
            await stage.l05.plan(goal["id"], template=text)
    for text in ("nul \x00", "lone \ud800"):
        with pytest.raises(InvalidError):
            await stage.l05.plan((await stage.goal())["id"], steps=[say("x", text)])
    deep: Any = "x"
    for _ in range(500):
        deep = [deep]
    with pytest.raises(InvalidError):
        await stage.l05.plan((await stage.goal())["id"], steps=[say("x", deep)])


async def test_a_plan_may_cost_what_there_is(stage: Stage) -> None:
    agent = await stage.l01.create_agent("dear", "general", {"limits": {"cost": 2.0}})
    await stage.l01.update_agent(agent["id"], {"status": "active"})
    step = {"id": "a", "agent": "dear", "input": "go"}
    assert await problems_of(stage, step, options={"limits": {"cost": 1.5}}) == {None: "budget"}
    planned = await stage.l05.plan((await stage.goal())["id"], steps=[step, say("b", depends_on=["a"])])
    assert planned["plan"] is not None
    report = await stage.l05.check(planned["plan"]["id"])
    assert report == {
        "ok": True,
        "problems": [],
        "estimate": {"cost": 2.0, "unknown": []},
        "waves": [["a"], ["b"]],
        "needs": {"a": [], "b": ["a"]},
    }
    await stage.l01.budgets.create(scope="all", max_cost=1.0)
    report = await stage.l05.check(planned["plan"]["id"])
    assert [problem["kind"] for problem in report["problems"]] == ["budget"]
    with pytest.raises(PlanRefusedError):
        await stage.l05.approve(planned["plan"]["id"])


async def test_a_template_is_filled(l05: L05Client, stage: Stage) -> None:
    goal = await stage.goal()
    template = {
        "parameters": {
            "type": "object",
            "properties": {"who": {"type": "string"}, "times": {"type": "integer", "default": 3}},
            "required": ["who"],
        },
        "steps": [
            {"id": "a", "tool": "say", "input": {"words": "Hello {{who}}, {{times}}", "number": "{{times}}"}}
        ],
    }
    record = await l05.set_template("greeting", template)
    assert (record["name"], record["template"], record["version"]) == ("greeting", template, 1)
    assert await l05.templates() == [record]
    planned = await l05.plan(goal["id"], template="greeting", parameters={"who": "{{times}}"})
    assert planned["plan"] is not None
    assert planned["plan"]["steps"][0]["input"] == {"words": "Hello {{times}}, 3", "number": 3}
    for parameters in ({}, {"who": 7}):
        with pytest.raises(TemplateError, match="who"):
            await l05.plan(goal["id"], template="greeting", parameters=parameters)
    await l05.delete_template("greeting")
    with pytest.raises(NotFoundError):
        await l05.template("greeting")


async def test_a_model_makes_a_plan_and_is_told_what_is_wrong(l05: L05Client, stage: Stage) -> None:
    goal = await stage.goal("Greet everybody.", success_criteria=["polite"])
    wrong = plan_of({"id": "a", "tool": "shout", "input": {}})
    stage.models.script(wrong, f"```json\n{plan_of(say('a', 'Hello'))}\n```")
    planned = await l05.plan(goal["id"], model="small", instructions="Be brief.")

    assert planned["plan"] is not None
    assert planned["plan"]["steps"] == [say("a", "Hello")]
    assert planned["plan"]["status"] == "draft"
    first, second = stage.models.requests
    assert "Greet everybody." in first["messages"][1]["content"]
    assert "Be brief." in first["messages"][1]["content"]
    assert '"say"' in first["messages"][0]["content"]
    assert first["response_format"]["type"] == "json_schema"
    assert "shout" in second["messages"][-1]["content"]
    assert (await stage.l01.runs.get(planned["run_id"] or ""))["goal_id"] == goal["id"]


async def test_a_model_that_never_gets_it_right_is_refused_with_reasons(l05: L05Client, stage: Stage) -> None:
    goal = await stage.goal()
    stage.models.says = lambda _: '{"steps": [{"id": "a", "tool": "shout", "input": {}}]}'
    with pytest.raises(PlanRefusedError, match="shout") as refused:
        await l05.plan(goal["id"])
    assert [problem["kind"] for problem in refused.value.members["problems"]] == ["unknown_tool"]
    assert len(stage.models.requests) == 3
    assert (await stage.l01.plans.list(goal_id=goal["id"]))["items"] == []


async def test_a_goal_that_is_over_gets_no_plan(stage: Stage) -> None:
    goal = await stage.goal()
    await stage.l01.update_goal(goal["id"], {"status": "cancelled"})
    with pytest.raises(StateError):
        await stage.l05.plan(goal["id"], steps=[say("a")])


async def test_the_specifications_pattern_works_and_emits_nothing_twice(stage: Stage) -> None:
    l01 = stage.l01
    goal = await l01.create_goal(None, "As it is written.", ["criterion"])
    await l01.publish_event("goal.created", "goal", goal["id"], {"agent_id": None})
    plan = await l01.create_plan(goal["id"], None, ["think", {"anything": 1}])
    task = await l01.create_task(plan["id"], None, "think", "thought")
    await l01.update_task(task["id"], {"status": "completed", "output_data": {"thought": 1}})
    events = (await l01.events.list(aggregate_id=goal["id"]))["items"]
    assert [event["event_type"] for event in events] == ["goal.created"]
    events = (await l01.events.list(aggregate_id=task["id"]))["items"]
    assert sorted(event["event_type"] for event in events) == ["task.completed", "task.created"]
    report = await stage.l05.check(plan["id"])
    assert not report["ok"]
