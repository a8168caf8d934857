"""Runs: taken in turn, held by leases and tokens, moved, cancelled, forked."""

from __future__ import annotations

import asyncio

import pytest

from agentic.layers.base.common_errors import FencedError, InvalidError, NotFoundError, StateError
from agentic.layers.L01_data_layer.client import L01Client
from agentic.layers.L01_data_layer.layer import DataLayer
from agentic.layers.L01_data_layer.models.run import Run
from tests.kit.log import settled
from tests.layers.L01.lives import USED, called, taken
from tests.layers.L01.moments import moment

pytestmark = pytest.mark.anyio
NOBODY = "01890000-0000-7000-8000-000000000000"
LATER = "2126-01-01T00:00:00.000000Z"


async def end_leases(data_layer: DataLayer, *run_ids: str) -> None:
    """As if the workers of these runs had been silent for long."""
    await data_layer.database.write(
        "UPDATE runs SET lease_until = now() - interval '1 second' WHERE id = ANY($1)", list(run_ids)
    )


# -- made and taken


async def test_a_run_has_the_configuration_of_its_agent_as_it_was(l01: L01Client) -> None:
    agent = await l01.create_agent("a", config={"model": "m1"})
    run = await l01.runs.create(agent_id=agent["id"], input="hello")
    assert (run["status"], run["configuration"], run["due_at"]) == (
        "queued",
        {"model": "m1"},
        run["created_at"],
    )
    await l01.update_agent(agent["id"], {"configuration": {"model": "m2"}})
    assert (await l01.runs.get(run["id"]))["configuration"] == {"model": "m1"}
    own = await l01.runs.create(agent_id=agent["id"], configuration={})
    assert own["configuration"] == {}
    assert await l01.runs.create(idempotency_key="k") == await l01.runs.create(idempotency_key="k")


async def test_a_claim_takes_what_is_due(l01: L01Client) -> None:
    made = await l01.runs.create()
    await l01.runs.create(due_at=LATER)
    (run,) = await l01.runs.claim("w1", 10, 30)
    assert run == {
        **made,
        "status": "running",
        "worker": "w1",
        "token": 1,
        "attempts": 1,
        "due_at": None,
        "started_at": run["started_at"],
        "updated_at": run["started_at"],
        "lease_until": run["lease_until"],
        "version": 2,
    }
    assert run["lease_until"] is not None
    assert run["started_at"] is not None
    assert run["lease_until"] > run["started_at"] > made["created_at"]
    assert await l01.runs.get(run["id"]) == run
    assert await l01.runs.claim("w2", 10, 30) == []
    event = (await l01.query_events(aggregate_id=run["id"]))[0]
    assert (event["event_type"], event["version"]) == ("run.running", 2)
    past = await l01.runs.get(run["id"], as_of=moment())
    assert past == {**run, "lease_until": None}


async def test_claims_at_the_same_time_take_each_run_once(l01_local: L01Client) -> None:
    ids = {(await l01_local.runs.create())["id"] for _ in range(30)}
    claims = await asyncio.gather(*(l01_local.runs.claim(f"w{n}", 4, 30) for n in range(12)))
    found = [run["id"] for claim in claims for run in claim]
    assert sorted(found) == sorted(ids)


async def test_priority_goes_before_turn_and_turn_before_age(l01: L01Client) -> None:
    one, two, three = [(await l01.create_agent(name))["id"] for name in "abc"]
    plan = [(one, 5), (one, 5), (one, 5), (two, 5), (three, 1), (two, 9), (None, 5)]
    names = {}
    for name, (agent, priority) in zip("tuvwxyz", plan, strict=True):
        names[(await l01.runs.create(agent_id=agent, priority=priority))["id"]] = name
    order = ""
    for _ in range(len(plan)):
        (run,) = await l01.runs.claim("w", 1, 30)
        order += names[run["id"]]
    # y alone has priority 9; then each agent's first but that of two, whose second is w; x has priority 1.
    assert order == "ytzuwvx"


async def test_one_claim_is_as_fair_as_many(l01: L01Client) -> None:
    one, two = [(await l01.create_agent(name))["id"] for name in "ab"]
    made = [(await l01.runs.create(agent_id=one))["id"] for _ in range(4)]
    other = [(await l01.runs.create(agent_id=two))["id"] for _ in range(2)]
    claimed = [run["id"] for run in await l01.runs.claim("w", 4, 30)]
    assert claimed == [made[0], other[0], made[1], other[1]]


async def test_an_agent_runs_no_more_at_once_than_it_may(l01_local: L01Client) -> None:
    l01 = l01_local
    agent = await l01.create_agent("a", config={"limits": {"concurrency": 2}})
    for bad in ("many", None, -1, [], 10**30):
        odd = await l01.create_agent("odd", config={"limits": {"concurrency": bad}})
        await l01.runs.create(agent_id=odd["id"])
    for _ in range(5):
        await l01.runs.create(agent_id=agent["id"])
    claims = await asyncio.gather(*(l01.runs.claim("w", 3, 30, [agent["id"]]) for _ in range(6)))
    running = [run for claim in claims for run in claim]
    assert len(running) == 2
    await l01.runs.move(running[0]["id"], running[0]["token"], "completed")
    assert len(await l01.runs.claim("w", 3, 30, [agent["id"]])) == 1
    assert len(await l01.runs.claim("w", 10, 30)) == 4  # -1 allows none


async def test_the_platform_runs_no_more_at_once_than_it_may(l01_local: L01Client) -> None:
    for _ in range(6):
        await l01_local.runs.create()
    claims = await asyncio.gather(*(l01_local.runs.claim("w", 3, 30, overall=4) for _ in range(4)))
    assert sum(map(len, claims)) == 4
    assert await l01_local.runs.claim("w", 3, 30, overall=0) == []


async def test_a_run_whose_lease_is_over_is_adopted_and_its_worker_fenced(
    l01: L01Client, data_layer: DataLayer
) -> None:
    agent = await l01.create_agent("a", config={"limits": {"concurrency": 1}})
    old = await taken(l01, "gone", agent_id=agent["id"])
    assert await l01.runs.claim("new", 1, 30) == []
    await end_leases(data_layer, old["id"])
    (new,) = await l01.runs.claim("new", 1, 30)
    assert (new["id"], new["token"], new["attempts"], new["worker"]) == (old["id"], 2, 2, "new")
    assert new["started_at"] == old["started_at"]
    with pytest.raises(FencedError) as refused:
        await l01.runs.step(old["id"], old["token"], kind="step", name="late")
    assert refused.value.members["current_token"] == 2
    for action in (
        l01.runs.move(old["id"], old["token"], "completed"),
        l01.usage.reserve(provider="p", model="m", run_id=old["id"], token=1),
        l01.tool_executions.reserve("k", run_id=old["id"], token=1),
    ):
        with pytest.raises(FencedError):
            await action
    assert await l01.runs.steps(old["id"]) == []
    await l01.runs.step(old["id"], new["token"], kind="step", name="s")
    assert (await l01.check())["differences"] == []


async def test_signs_of_life_keep_a_run_and_tell_of_lost_ones(l01: L01Client, data_layer: DataLayer) -> None:
    kept, lost, paused = [await taken(l01) for _ in range(3)]
    await end_leases(data_layer, kept["id"], lost["id"])
    assert (await l01.runs.beat("w", {kept["id"]: 1})) == []
    (new,) = await l01.runs.claim("other", 5, 30)
    assert new["id"] == lost["id"]
    await l01.runs.pause(paused["id"])
    answer = await l01.runs.beat("w", {kept["id"]: 1, lost["id"]: 1, paused["id"]: 1, NOBODY: 3}, 30)
    assert sorted(answer, key=lambda item: item["id"]) == sorted(
        [
            {"id": lost["id"], "status": "running", "token": 2},
            {"id": NOBODY, "status": None, "token": None},
        ],
        key=lambda item: item["id"],
    )
    events = await l01.query_events(aggregate_id=kept["id"])
    assert len(events) == 2
    await l01.runs.resume(paused["id"])
    assert await l01.runs.claim("other", 5, 30) == [], "its worker is at a step of it still"
    await end_leases(data_layer, paused["id"])
    assert [run["id"] for run in await l01.runs.claim("other", 5, 30)] == [paused["id"]]


# -- moved


async def test_a_run_waits_for_time_and_lets_go_of_its_attempts(l01: L01Client) -> None:
    run = await taken(l01)
    waiting = await l01.runs.move(run["id"], run["token"], "suspended", due_at=LATER)
    assert (waiting["status"], waiting["due_at"], waiting["attempts"]) == ("suspended", LATER, 0)
    assert await l01.runs.claim("w", 1, 30) == []
    resumed = await l01.runs.resume(run["id"])
    assert resumed["due_at"] is not None
    assert resumed["due_at"] < LATER
    (again,) = await l01.runs.claim("w", 1, 30)
    assert (again["id"], again["token"], again["attempts"]) == (run["id"], 2, 1)


async def test_steps_at_the_same_time_are_numbered_one_after_the_other(l01_local: L01Client) -> None:
    """The branches of a run write their steps together: each has a number of its own, and the log has them in that order."""
    first, second = await taken(l01_local), await taken(l01_local)

    async def step(run: Run, name: str, token: int | None = None) -> int:
        began = moment()
        token = token or run["token"]
        written = await l01_local.runs.step(run["id"], token, kind="step", name=name, started_at=began)
        return written["number"]

    numbers = await asyncio.gather(
        *(step(run, f"s{index}") for index in range(40) for run in (first, second)),
        l01_local.runs.message(first["id"], "hello"),
        step(second, "stale", second["token"] + 1),
        return_exceptions=True,
    )
    assert isinstance(numbers[-1], FencedError)
    for run, last in ((first, 41), (second, 40)):
        steps = await l01_local.runs.steps(run["id"])
        assert [each["number"] for each in steps] == list(range(1, last + 1))
        assert [each["name"] for each in steps if each["kind"] == "step"] == [f"s{n}" for n in range(40)]
    await settled(l01_local)
    said = (await l01_local.events.list(after=0, event_type="run_step.created", limit=1000))["items"]
    for run in (first, second):
        order = [event["payload"]["number"] for event in said if event["payload"]["run_id"] == run["id"]]
        assert order == sorted(order)


async def test_a_run_ends_with_its_output_and_totals(l01: L01Client) -> None:
    run = await taken(l01)
    for _ in range(2):
        usage_id = await called(l01, run)
        await l01.runs.step(run["id"], 1, kind="model", name="m", usage_id=usage_id, usage=USED)
    await l01.usage.cut_off(await called(l01, run), {**USED, "cost": 0.5})
    done = await l01.runs.move(run["id"], 1, "completed", output={"text": "x"})
    totals = (done["steps"], done["input_tokens"], done["output_tokens"], done["cost"])
    assert totals == (2, 300, 60, 0.502468)
    assert (done["output"], done["due_at"]) == ({"text": "x"}, None)
    assert done["completed_at"] is not None
    for action in (
        l01.runs.move(run["id"], 1, "failed"),
        l01.runs.cancel(run["id"]),
        l01.runs.pause(run["id"]),
        l01.runs.resume(run["id"]),
        l01.runs.step(run["id"], 1, kind="step", name="s"),
        l01.runs.message(run["id"], "x"),
        l01.runs.create(parent_run_id=run["id"]),
    ):
        with pytest.raises(StateError) as refused:
            await action
        assert refused.value.members["current_status"] == "completed"
    for bad in ("queued", "running", "splendid"):
        with pytest.raises(InvalidError, match="status"):
            await l01.runs.move(run["id"], 1, bad)
    with pytest.raises(NotFoundError):
        await l01.runs.move(NOBODY, 1, "completed")


async def test_a_paused_run_takes_the_step_that_was_paid_for_and_no_more_effects(l01: L01Client) -> None:
    run = await taken(l01)
    usage_id = await called(l01, run)
    paused = await l01.runs.pause(run["id"])
    assert (paused["status"], paused["due_at"]) == ("suspended", None)
    step = await l01.runs.step(run["id"], 1, kind="model", name="m", usage_id=usage_id, usage=USED)
    assert (step["number"], step["run_status"]) == (1, "suspended")
    for action in (
        l01.usage.reserve(provider="p", model="m", run_id=run["id"], token=1),
        l01.tool_executions.reserve("k", run_id=run["id"], token=1),
    ):
        with pytest.raises(StateError):
            await action
    with pytest.raises(StateError):
        await l01.runs.move(run["id"], 1, "completed")


async def test_a_cancelled_run_takes_its_children_and_questions_with_it(l01: L01Client) -> None:
    run = await taken(l01)
    child = await l01.runs.create(parent_run_id=run["id"])
    grandchild = await l01.runs.create(parent_run_id=child["id"])
    usage_id = await called(l01, run)
    questions = [await l01.approvals.create(run_id=each["id"], title="?") for each in (run, grandchild)]
    cancelled = await l01.runs.cancel(run["id"], "enough")
    assert (cancelled["status"], cancelled["error"]) == (
        "cancelled",
        {"code": "cancelled", "detail": "enough"},
    )
    for each in (child, grandchild):
        assert (await l01.runs.get(each["id"]))["status"] == "cancelled"
    for question in questions:
        assert (await l01.approvals.get(question["id"]))["status"] == "expired"
    assert await l01.runs.cancel(run["id"]) == cancelled
    step = await l01.runs.step(run["id"], 1, kind="model", name="m", usage_id=usage_id, usage=USED)
    assert step["run_status"] == "cancelled"
    after = await l01.runs.get(run["id"])
    assert (after["steps"], after["cost"], after["status"]) == (1, USED["cost"], "cancelled")
    assert await l01.runs.claim("w", 10, 30) == []


async def test_a_fork_begins_in_the_middle_with_changes(l01: L01Client) -> None:
    agent = await l01.create_agent("a")
    configuration = {"model": "m1", "tools": ["t"], "limits": {"steps": 5}}
    run = await taken(l01, agent_id=agent["id"], input="x", configuration=configuration)
    usage_id = await called(l01, run)
    await l01.runs.step(run["id"], 1, kind="model", name="m", usage_id=usage_id, usage=USED, output="call t")
    await l01.runs.step(run["id"], 1, kind="tool", name="t", output=1, input={"n": 1})
    await l01.runs.step(run["id"], 1, kind="message", name="user", output="z")
    fork = await l01.runs.fork(
        run["id"],
        2,
        {"model": "m2", "configuration": {"tools": []}, "tool_result": {"number": 2, "output": 2}},
    )
    assert fork == await l01.runs.get(fork["id"])
    assert (fork["status"], fork["forked_from"], fork["fork_step"], fork["input"]) == (
        "queued",
        run["id"],
        2,
        "x",
    )
    assert fork["configuration"] == {"model": "m2", "tools": [], "limits": {"steps": 5}}
    original, copies = await l01.runs.steps(run["id"]), await l01.runs.steps(fork["id"])
    assert [(step["number"], step["output"], step["cost"]) for step in copies] == [
        (1, "call t", 0),
        (2, 2, 0),
    ]
    assert [step["copied_from"] for step in copies] == [step["id"] for step in original[:2]]
    (mine,) = await l01.runs.claim("w", 1, 30)
    assert (await l01.runs.step(mine["id"], mine["token"], kind="step", name="s"))["number"] == 3
    again = await l01.runs.fork(run["id"], 0, {"input": None})
    assert (again["input"], await l01.runs.steps(again["id"])) == (None, [])
    assert {item["id"] for item in (await l01.runs.list(forked_from=run["id"]))["items"]} == {
        fork["id"],
        again["id"],
    }
    for step, changes in ((4, {}), (2, {"tool_result": {"number": 1, "output": 0}}), (-1, {}), (1, {"x": 1})):
        with pytest.raises(InvalidError):
            await l01.runs.fork(run["id"], step, changes)
    with pytest.raises(NotFoundError):
        await l01.runs.fork(NOBODY, 0)
    await settled(l01)
    assert (await l01.check())["differences"] == []


async def test_a_run_that_is_kept_for_somebody_is_taken_by_nobody_else(l01: L01Client) -> None:
    kept = await l01.runs.create(configuration={"carried_by": "me"})
    plain = await l01.runs.create()
    assert [run["id"] for run in await l01.runs.claim("w1", 10, 0.001)] == [plain["id"]]
    assert await l01.runs.claim("w2", 10, 30, carried_by="you") == []
    assert [run["id"] for run in await l01.runs.claim("w3", 10, 0.001, carried_by="me")] == [kept["id"]]
    while not (adopted := await l01.runs.claim("w4", 10, 30, carried_by="me")):
        await asyncio.sleep(0.01)
    assert [run["id"] for run in adopted] == [kept["id"]]
    assert [run["id"] for run in await l01.runs.claim("w5", 10, 30)] == [plain["id"]]
