"""Datasets that are filled, and experiments on them, from the client down to the scripted model."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest

from agentic.layers.base.common_errors import InvalidError, NotFoundError, StateError
from agentic.layers.base.layer import Context
from agentic.layers.L01_data_layer.client import L01Client
from agentic.layers.L01_data_layer.models.dataset import Dataset
from agentic.layers.L02_agent_runtime.client import L02Client
from agentic.layers.L06_evaluation.client import L06Client
from agentic.layers.L06_evaluation.errors import NothingToTryError
from tests.kit.log import settled
from tests.kit.providers import Reply
from tests.kit.providers.counting import ProviderCall
from tests.layers.L06.conftest import PATIENCE, Model, an_agent, eventually, graded

pytestmark = pytest.mark.anyio

WORDS = ("one", "two", "three", "four", "five", "six")


@pytest.fixture
def l01(context: Context) -> L01Client:
    return context.client(L01Client)


async def a_dataset(l01: L01Client, *words: str, evaluators: list[Any] | None = None) -> Dataset:
    """Words whose capitals are expected."""
    dataset = await l01.datasets.create(name="capitals", evaluators=evaluators or [{"kind": "exact"}])
    items = [{"input": word, "expected": word.upper()} for word in words or WORDS]
    return (await l01.datasets.add(dataset["id"], items))["dataset"]


async def test_items_are_added_once_and_revisions_keep_them(l01: L01Client) -> None:
    dataset = await a_dataset(l01, "a", "b")
    change = await l01.datasets.add(
        dataset["id"], [{"input": "b", "expected": "B"}, {"input": "c"}, {"input": "c"}]
    )
    assert (change["changed"], change["dataset"]["revision"], change["dataset"]["size"]) == (1, 2, 3)
    (first,) = (await l01.dataset_items.list(dataset_id=dataset["id"], order="asc", limit=1))["items"]
    change = await l01.datasets.remove(dataset["id"], [first["id"], first["id"]])
    assert (change["changed"], change["dataset"]["revision"], change["dataset"]["size"]) == (1, 3, 2)
    assert (await l01.datasets.remove(dataset["id"], [first["id"]]))["dataset"] == change["dataset"]
    inputs: dict[int, list[Any]] = {}
    for revision in range(4):
        page = await l01.dataset_items.list(dataset_id=dataset["id"], revision=revision, order="asc")
        inputs[revision] = [item["input"] for item in page["items"]]
    assert inputs == {0: [], 1: ["a", "b"], 2: ["a", "b", "c"], 3: ["b", "c"]}
    again = await l01.datasets.add(dataset["id"], [{"input": "a", "expected": "A"}])
    assert again["changed"] == 1  # what was taken out may come back
    with pytest.raises(NotFoundError):
        await l01.datasets.add("01926f00-0000-7000-8000-000000000000", [{"input": 1}])
    with pytest.raises(InvalidError, match="items"):
        await l01.datasets.add(dataset["id"], [])
    await settled(l01)
    assert (await l01.check())["differences"] == []


async def test_a_dataset_is_filled_from_files(l01: L01Client, l06: L06Client, l06_http: L06Client) -> None:
    dataset = await l01.datasets.create(name="from files")
    lines = [
        '{"input": {"q": 1}, "expected": [1], "split": "test", "topic": "sums"}',
        "",
        '{"expected": 2}',
        "{nonsense",
        "[1]",
        '{"input": "x", "metadata": 7}',
        '{"input": {"q": 1}, "expected": [1]}',
    ]
    filled = await l06_http.fill_from_file(dataset["id"], "\n".join(lines), split="train")
    assert (filled["added"], filled["there"], filled["dataset"]["size"]) == (1, 1, 1)
    assert [each["source"] for each in filled["left_out"]] == ["line 3", "line 4", "line 5", "line 6"]
    (item,) = (await l01.dataset_items.list(dataset_id=dataset["id"]))["items"]
    assert (item["input"], item["expected"], item["split"]) == ({"q": 1}, [1], "test")
    assert item["metadata"] == {"topic": "sums"}
    table = 'question,answer,person\r\n"a ""b"", c",1,Ada\r\nalone\r\n"two\nlines",2,\r\n'
    filled = await l06.fill_from_file(dataset["id"], table, format="csv", input="question", expected="answer")
    assert (filled["added"], [each["source"] for each in filled["left_out"]]) == (2, ["line 3"])
    items = (await l01.dataset_items.list(dataset_id=dataset["id"], order="asc"))["items"][1:]
    assert [(item["input"], item["expected"], item["person"]) for item in items] == [
        ('a "b", c', "1", "Ada"),
        ("two\nlines", "2", None),
    ]
    with pytest.raises(NotFoundError):
        await l06.fill_from_file("01926f00-0000-7000-8000-000000000000", "{}")


async def test_a_dataset_is_filled_from_runs_and_feedback(
    l01: L01Client, l06: L06Client, context: Context
) -> None:
    l02, agent = context.client(L02Client), await an_agent(context.client(L01Client))
    good, bad = [await l02.run(agent, word, wait=PATIENCE) for word in ("good", "bad")]
    await l06.label(1.0, run_id=good["id"])
    await l06.label(0.0, run_id=bad["id"])
    dataset = await l01.datasets.create(name="from runs")
    filled = await l06.fill_from_runs(dataset["id"], agent_id=agent, min_score=0.5, split="train")
    assert (filled["added"], [each["source"] for each in filled["left_out"]]) == (1, [bad["id"]])
    (item,) = (await l01.dataset_items.list(dataset_id=dataset["id"]))["items"]
    assert (item["input"], item["expected"], item["source_run_id"]) == ("good", "GOOD", good["id"])
    task = await l01.create_task(None, agent, "Say it.")
    await l01.update_task(task["id"], {"status": "completed", "output_data": "said"})
    liked = await l01.record_feedback(agent, task["id"], "thumbs", 5)
    fixed = await l01.feedback.create(
        feedback_type="correction", content="BETTER", metadata={"run_id": bad["id"], "by": "Ada"}
    )
    vague = await l01.record_feedback(agent, None, "human", 5, "Nice.")
    poor = await l01.record_feedback(agent, task["id"], "thumbs", 1)
    filled = await l06.fill_from_feedback(dataset["id"])
    assert filled["added"] == 2
    assert {each["source"] for each in filled["left_out"]} == {vague["id"], poor["id"]}
    items = (await l01.dataset_items.list(dataset_id=dataset["id"]))["items"][:2]
    assert {(i["source_feedback_id"], i["input"], i["expected"], i["person"]) for i in items} == {
        (liked["id"], "Say it.", "said", None),
        (fixed["id"], "bad", "BETTER", "Ada"),
    }


async def test_an_experiment_finds_a_regression(l01: L01Client, l06: L06Client, model: Model) -> None:
    dataset = await a_dataset(l01)
    await an_agent(l01, "good")
    bad = await an_agent(l01, "bad", instructions="Be careless.")
    usual: Any = model.provider.otherwise

    def careless(call: ProviderCall) -> Reply:
        reply: Reply = usual(call)
        return Reply("?") if "careless" in str(call.body["messages"][0]) and reply.text != "SIX" else reply

    model.provider.otherwise = careless
    begun = await l06.experiment("capitals", "bad", baseline="good", repeats=2, name="first")
    assert (begun["dataset_revision"], begun["agent_id"]) == (dataset["revision"], bad)
    ended = await l06.wait(begun["id"], PATIENCE)
    assert ended["status"] == "completed", ended["error"]
    summary: Any = ended["summary"]
    assert (summary["items"], summary["subject"]["tries"], summary["baseline"]["tries"]) == (6, 12, 12)
    assert summary["baseline"]["score"] == {"mean": 1.0, "low": 1.0, "high": 1.0}
    assert summary["subject"]["score"]["mean"] == pytest.approx(1 / 6, abs=1e-6)
    comparison = summary["comparison"]
    assert (comparison["regressed"], comparison["improved"]) == (True, False)
    assert (comparison["better"], comparison["worse"], comparison["same"]) == (0, 5, 1)
    assert comparison["p_value"] == pytest.approx(2 / 32, abs=1e-6)
    assert len(model.asked) == 24
    evaluations = await l01.evaluations.list(experiment_id=begun["id"], total=True)
    assert evaluations.get("total") == 24
    alerts = await l01.query_events(event_type="evaluation_alert.regression")
    assert [alert["payload"]["experiment_id"] for alert in alerts] == [begun["id"]]
    results = (await l01.experiment_results.list(experiment_id=begun["id"], limit=1000))["items"]
    assert len({(r["item_id"], r["arm"], r["repeat"]) for r in results}) == 24
    assert all(r["run_id"] is not None and r["latency_ms"] is not None for r in results)

    # With the same input and version nothing is run again; what is new is.
    again = await l06.wait(
        (await l06.experiment("capitals", "bad", baseline="good", repeats=3))["id"], PATIENCE
    )
    assert again["summary"] is not None
    assert again["summary"]["subject"]["reused"] == 12
    assert len(model.asked) == 24 + 12
    anew = await l06.wait((await l06.experiment("capitals", "good", reuse=False))["id"], PATIENCE)
    assert anew["summary"] is not None and anew["summary"]["comparison"] is None
    assert len(model.asked) == 24 + 12 + 6
    await settled(l01)
    assert (await l01.check())["differences"] == []


async def test_configurations_of_one_agent_are_compared(
    l01: L01Client, l06_http: L06Client, model: Model
) -> None:
    await a_dataset(l01, *WORDS, evaluators=["Is it in capitals?"])
    agent = await an_agent(l01)
    model.judges = lambda said: graded(5) if "<answer>\nONE" in said else "I do not know."
    begun = await l06_http.experiment(
        "capitals",
        agent,
        configuration={"instructions": "New."},
        baseline_configuration={},
        idempotency_key="once",
    )
    await asyncio.sleep(1.1)  # a name made of the time would be another one
    assert (
        await l06_http.experiment(
            "capitals",
            agent,
            configuration={"instructions": "New."},
            baseline_configuration={},
            idempotency_key="once",
        )
    )["id"] == begun["id"]
    ended = await l06_http.wait(begun["id"], PATIENCE)
    summary: Any = ended["summary"]
    assert ended["baseline_agent_id"] == agent
    assert (summary["subject"]["tries"], summary["subject"]["scored"]) == (6, 1)  # rubbish is no score
    assert summary["comparison"]["items"] == 1
    instructions = {
        call.body["messages"][0]["content"] for call in model.provider.calls if call.body["model"] == "small"
    }
    assert "New." in instructions


async def test_an_experiment_stops_at_its_budget_and_says_so(
    l01: L01Client, l06: L06Client, model: Model
) -> None:
    await a_dataset(l01)
    await an_agent(l01)
    one_answer = 11 / 1e6 + 14 / 1e6
    begun = await l06.experiment("capitals", "clerk", concurrency=1, max_cost=2.5 * one_answer)
    ended = await l06.wait(begun["id"], PATIENCE)
    assert ended["status"] == "completed", ended["error"]
    assert len(model.asked) == 3
    assert ended["summary"] is not None
    assert (
        ended["summary"]["stopped"] == "runs and judges have cost what they may: 3 of 6 tries were not made"
    )


async def test_a_run_that_fails_scores_nothing(l01: L01Client, l06: L06Client, model: Model) -> None:
    await a_dataset(l01, "one", "two")
    await an_agent(l01, model="nobody/nothing")
    ended = await l06.wait((await l06.experiment("capitals", "clerk"))["id"], PATIENCE)
    assert ended["summary"] is not None
    arm = ended["summary"]["subject"]
    assert (arm["failed"], arm["score"]["mean"]) == (2, 0.0)


async def test_what_cannot_be_tried_is_refused(l01: L01Client, l06: L06Client, l06_http: L06Client) -> None:
    empty = await l01.datasets.create(name="empty", evaluators=[{"kind": "exact"}])
    dataset = await a_dataset(l01)
    await an_agent(l01)
    for client in (l06, l06_http):
        with pytest.raises(NothingToTryError):
            await client.experiment(empty["id"], "clerk")
        with pytest.raises(NothingToTryError):
            await client.experiment(dataset["id"], "clerk", split="test")
        for arguments, field in (
            (("unknown", "clerk", {}), "dataset"),
            (("capitals", "nobody", {}), "subject.agent"),
            (("capitals", "clerk", {"revision": 7}), "revision"),
            (("capitals", "clerk", {"repeats": 0}), "repeats"),
            (("capitals", "clerk", {"evaluators": [{"kind": "x"}]}), "evaluators.0"),
        ):
            with pytest.raises(InvalidError, match=field):
                await client.experiment(arguments[0], arguments[1], **arguments[2])
    assert (await l01.experiments.list())["items"] == []


async def test_an_experiment_is_cancelled_with_its_runs(
    l01: L01Client, l06: L06Client, context: Context
) -> None:
    await a_dataset(l01)
    agent = await an_agent(l01)
    await l01.update_agent(agent, {"status": "suspended"})  # its runs wait
    begun = await l06.experiment("capitals", agent)
    await eventually(lambda: _children(l01, begun["run_id"]))
    ended = await l06.cancel_experiment(begun["id"])
    assert ended["status"] == "cancelled"
    assert {run["status"] for run in await _children(l01, begun["run_id"])} == {"cancelled"}
    with pytest.raises(StateError):
        await l06.cancel_experiment(begun["id"])
    other = await l06.experiment("capitals", agent)
    await eventually(lambda: _children(l01, other["run_id"]))
    await context.client(L02Client).cancel(str(other["run_id"]))
    await eventually(lambda: _status(l01, other["id"], "cancelled"))


async def _children(l01: L01Client, run_id: str | None) -> list[Any]:
    return list((await l01.runs.list(parent_run_id=run_id))["items"])


async def _status(l01: L01Client, experiment_id: str, status: str) -> bool:
    return (await l01.experiments.get(experiment_id))["status"] == status
