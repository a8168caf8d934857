"""The pages about evaluations, feedback, datasets, improvements and subscriptions, as they are without a script."""

from __future__ import annotations

import re
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any
from uuid import uuid4

import httpx2
import pytest

from agentic.layers.L01_data_layer.client import L01Client
from agentic.layers.L01_data_layer.layer import DataLayer
from agentic.layers.L01_data_layer.models.event import Event
from agentic.layers.L06_evaluation.layer import Evaluation
from agentic.layers.L07_learning.layer import Learning
from agentic.layers.L10_human_interface.layer import HumanInterface
from agentic.layers.L11_integration.layer import Integration
from tests.kit.http import served
from tests.kit.interface import Beside, interface_over
from tests.kit.log import settled
from tests.layers.L10.judged import judged, judged_addresses
from tests.layers.L10.test_run_pages import PART, at, sent

pytestmark = pytest.mark.anyio


@pytest.fixture
async def interface(data_layer: DataLayer) -> AsyncGenerator[HumanInterface]:
    """A running human interface with nothing beside it but the data layer."""
    async with interface_over(data_layer) as layer:
        yield layer


async def test_every_page_is_there_whole_and_in_part(
    browser: httpx2.AsyncClient, l01_local: L01Client
) -> None:
    for path in judged_addresses(await judged(l01_local)):
        page = await at(browser, path)
        assert page.startswith("<!doctype html>"), path
        assert page.count("<h1") == 1, path
        assert not re.search(r"<script(?![^>]*\ssrc=)|\son[a-z]+=|\sstyle=|javascript:", page), path
        ids = re.findall(r'\sid="([^"]+)"', page)
        assert len(ids) == len(set(ids)), (path, sorted({name for name in ids if ids.count(name) > 1}))
        for markup in ("<x>", "<i>hello", "<u>there", "<em>short", "<q>Nice", "<s>you", "writer <b>"):
            assert markup not in page, (path, markup)
        part = (await browser.get(path, headers=PART)).text
        assert "<html" not in part and '<main id="main"' in part, path


async def test_nothing_there_says_what_comes_next(browser: httpx2.AsyncClient) -> None:
    for path, words in (
        ("/evaluations", "No evaluations yet"),
        ("/feedback", "Nothing to process"),
        ("/datasets", "No datasets yet"),
        ("/improvements", "No improvements yet"),
        ("/exports", "No exports yet"),
        ("/subscriptions", "No subscriptions yet"),
    ):
        assert words in await at(browser, path), path


async def test_what_no_filter_is_gets_a_page_that_says_so(
    browser: httpx2.AsyncClient, l01_local: L01Client
) -> None:
    there = await judged(l01_local)
    for path in (
        "/evaluations?range=3d",
        "/evaluations?max_score=2",
        "/feedback?processed=perhaps",
        f"/datasets/{there.dataset}?revision=x",
        f"/evaluations/compare?a={there.agent}&b={there.agent}",
        "/datasets/x",
    ):
        answer = await browser.get(path)
        assert (answer.status_code, "<h1" in answer.text) == (422, True), path


async def test_scores_are_summed_over_time_by_agent_and_by_type(
    browser: httpx2.AsyncClient, l01_local: L01Client
) -> None:
    there = await judged(l01_local)
    page = await at(browser, "/evaluations/sums")  # Which waits for them, however long they take.
    assert "<strong>0.60</strong>" in page  # The mean of 0.9, 0.8, 0.2 and 0.5.
    assert "5 evaluations, 1 without a score" in page
    assert "mean 0.60 of 5, most of them 0.20 to 0.90" in page
    agents = page[page.index('id="by-agent"') : page.index('id="by-type"')]
    assert re.search(
        rf"agent_id={there.agent}.*?<td class=\"number\">3</td><td class=\"number\">0.63", agents
    )
    mine = await at(browser, f"/evaluations/sums?agent_id={there.agent}")
    assert "<strong>0.63</strong>" in mine and "editor" not in mine
    low = await at(browser, "/evaluations?max_score=0.5")
    rows = low[low.index('id="evaluation-rows"') :]
    assert rows.count("<tr id=") == 2
    worst = page[page.index('id="worst-title"') : page.index('id="each-title"')]
    assert worst.index("0.20") < worst.index("0.50")


async def test_two_agents_stand_side_by_side(browser: httpx2.AsyncClient, l01_local: L01Client) -> None:
    there = await judged(l01_local)
    page = await at(browser, f"/evaluations/compare?a={there.agent}&b={there.other}")
    row = re.search(r'<tr><th scope="row">helpful</th>.*?</tr>', page)
    assert row and "0.63" in row[0] and "0.50" in row[0] and "-0.13" in row[0]
    assert "never" in (re.search(r'<tr><th scope="row">exact</th>.*?</tr>', page) or [""])[0]


async def test_a_thumb_and_a_correction_are_given_where_the_answer_stands(
    browser: httpx2.AsyncClient, l01_local: L01Client
) -> None:
    there = await judged(l01_local)
    chat = f"/agents/{there.agent}?session={there.session}"
    assert 'value="up" aria-pressed="true"' in await at(browser, chat)
    assert await sent(browser, "/feedback", run_id=there.run, rating="down", back=chat) == chat
    assert 'value="down" aria-pressed="true"' in await at(browser, chat)
    back = f"/runs/{there.run}"
    assert await sent(browser, "/feedback", run_id=there.run, correction="Good day.", back=back) == back
    assert "Good day." in await at(browser, back)
    newest = (await l01_local.feedback.list(run_id=there.run))["items"]
    told = [(each["feedback_type"], each["rating"], each["correction"]) for each in newest]
    assert told == [("correction", None, "Good day."), ("thumb", -1, None), ("thumb", 1, None)]
    assert {each["agent_id"] for each in newest} == {there.agent}
    assert newest[0]["source"] == "dashboard"
    for wrong in ({"rating": "sideways"}, {}):
        answer = await browser.post("/feedback", data={"run_id": there.run, **wrong})
        assert answer.status_code == 422


async def test_feedback_is_marked_as_processed_with_what_was_done(
    browser: httpx2.AsyncClient, l01_local: L01Client
) -> None:
    there = await judged(l01_local)
    inbox = await at(browser, "/feedback")
    assert there.thumb in inbox and there.processed not in inbox
    assert re.search(r'id="count-feedback">1<', inbox)
    back = "/feedback?processed=any"
    assert await sent(browser, f"/feedback/{there.thumb}/process", done="Told the team", back=back) == back
    feedback = await l01_local.feedback.get(there.thumb)
    assert feedback["processed"] and feedback["handled"] is not None
    assert (feedback["handled"]["done"], feedback["handled"]["by"]) == ("Told the team", "dashboard")
    assert "Told the team" in await at(browser, f"/feedback/{there.thumb}")
    assert "Nothing to process" in await at(browser, "/feedback")
    assert "Put into a dataset" in await at(browser, f"/feedback/{there.processed}/peek")


async def test_a_dataset_is_made_filled_by_hand_and_downloaded_as_it_was(
    browser: httpx2.AsyncClient, l01_local: L01Client
) -> None:
    path = await sent(browser, "/datasets", name="capitals", evaluators="Is it right?")
    dataset = path.rpartition("/")[2]
    assert (await l01_local.datasets.get(dataset))["evaluators"] == ["Is it right?"]
    assert "Version 1" not in await at(browser, f"{path}/versions")
    for city, country in (("Paris", "France"), ("Rome", '{"name": "Italy"}')):
        await sent(browser, f"{path}/fill/item", input=country, expected=city)
    again = await sent(browser, f"{path}/fill/item", input="France", expected="Paris")
    assert "It+is+there+already" in again
    assert (await l01_local.datasets.get(dataset))["revision"] == 2
    lines = (await browser.get(f"{path}/items.jsonl")).text.splitlines()
    assert lines == [
        '{"input":"France","expected":"Paris"}',
        '{"input":{"name":"Italy"},"expected":"Rome"}',
    ]
    (italy, _) = (await l01_local.dataset_items.list(dataset_id=dataset))["items"]
    await sent(browser, f"{path}/remove", item=italy["id"])
    assert "Rome" not in await at(browser, path)
    assert "Rome" in await at(browser, f"{path}?revision=2")
    assert len((await browser.get(f"{path}/items.jsonl?revision=2")).text.splitlines()) == 2
    versions = await at(browser, f"{path}/versions")
    assert re.findall(r">Version (\d)</a>.*?([+-]\d)", versions) == [("3", "-1"), ("2", "+1"), ("1", "+1")]
    for fields in ({"name": ""}, {"name": "capitals"}, {"name": "x", "evaluators": "[1]"}):
        assert (await browser.post("/datasets", data=fields)).status_code in (409, 422), fields


async def test_without_the_layers_pages_say_what_is_missing(
    browser: httpx2.AsyncClient, l01_local: L01Client
) -> None:
    there = await judged(l01_local)
    for path, layer in (
        (f"/datasets/{there.dataset}", "L06"),
        ("/improvements", "L07"),
        ("/exports", "L07"),
        ("/subscriptions", "L11"),
    ):
        assert f"({layer}) is not part of this platform" in await at(browser, path), path
    for path, fields in (
        (f"/datasets/{there.dataset}/fill/runs", {}),
        (f"/datasets/{there.dataset}/experiments", {"agent": there.agent}),
        (f"/improvements/{there.improvement}/promote", {}),
        ("/exports", {"kind": "sft"}),
        (f"/subscriptions/{there.subscription}/pause", {}),
    ):
        answer = await browser.post(path, data=fields)
        assert (answer.status_code, "E10004" in answer.text) == (503, True), path


@asynccontextmanager
async def beside(data_layer: DataLayer, *layers: Beside) -> AsyncGenerator[httpx2.AsyncClient]:
    """A browser of an interface with these layers beside it."""
    async with (
        interface_over(data_layer, beside=layers) as interface,
        served(interface.app()) as url,
        httpx2.AsyncClient(base_url=url, headers={"Accept": "text/html"}, trust_env=False) as browser,
    ):
        yield browser


async def test_an_improvement_is_promoted_and_rolled_back_by_plain_forms(
    data_layer: DataLayer, l01_local: L01Client
) -> None:
    there = await judged(l01_local)
    instructions = {"instructions": "Be <x> brief."}
    await l01_local.agents.update(there.agent, {"configuration": instructions})
    async with beside(data_layer, Learning) as browser:
        path = f"/improvements/{there.improvement}"
        page = await at(browser, path)
        assert "<ins>very </ins>" in page and "Held out after" in page
        assert await sent(browser, f"{path}/promote") == path
        agent = await l01_local.agents.get(there.agent)
        assert agent["configuration"]["instructions"] == "Be <x> very brief."
        assert "Roll back" in await at(browser, f"{path}/rollback")
        assert await sent(browser, f"{path}/rollback", reason="too short") == path
        assert (await l01_local.agents.get(there.agent))["configuration"] == instructions
        assert "Rolled back" in await at(browser, path)
        assert (await browser.post(f"{path}/promote")).status_code == 409
        assert (await browser.post(f"{path}/dance")).status_code == 404


async def test_the_files_of_an_export_are_downloaded(
    data_layer: DataLayer, l01_local: L01Client, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PLATFORM_L07_EXPORTS_DIR", str(tmp_path))
    export = await l01_local.exports.create(name="good ones", kind="sft", file_format="jsonl")
    (tmp_path / export["id"]).mkdir()
    (tmp_path / export["id"] / "train.jsonl").write_bytes(b'{"messages": []}\n' * 50_000)
    file = {"name": "train.jsonl", "examples": 50_000, "bytes": 850_000, "sha256": "abc"}
    result = {"folder": str(tmp_path), "files": [file], "examples": 50_000}
    await l01_local.exports.update(export["id"], {"status": "completed", "result": result})
    async with beside(data_layer, Learning) as browser:
        (path,) = re.findall(r'<a href="(/exports/[^"]+)" download', await at(browser, "/exports"))
        answer = await browser.get(path)
        assert answer.headers["content-disposition"] == 'attachment; filename="train.jsonl"'
        assert len(answer.content) == 850_000
        assert (await browser.get(path.replace("train", "test"))).status_code == 404


async def test_an_improvement_is_looked_for_with_the_evaluators_of_the_dataset(
    data_layer: DataLayer, l01_local: L01Client
) -> None:
    there = await judged(l01_local)
    dataset = (await l01_local.datasets.create(name="numbers", evaluators=[{"kind": "exact"}]))["id"]
    await l01_local.datasets.add(dataset, [{"input": n, "expected": n} for n in range(20)])
    await l01_local.agents.update(there.agent, {"configuration": {"instructions": "Count."}})
    fields = {"agent_id": there.agent, "dataset": dataset, "lessons": "yes"}
    async with beside(data_layer, Evaluation, Learning) as browser:
        path = await sent(browser, "/improvements", **fields, rounds="2", title="Counts better")
        made = await l01_local.improvements.get(path.rpartition("/")[2])
        assert (made["title"], made["asked"]["rounds"], made["asked"]["methods"]) == (
            "Counts better",
            2,
            ["lessons"],
        )
        assert made["asked"]["evaluators"] == [{"kind": "exact"}]
        for wrong in ({"rounds": "two"}, {"evaluators": "{}"}, {"dataset": ""}):
            assert (await browser.post("/improvements", data={**fields, **wrong})).status_code == 422, wrong


async def test_a_person_judges_too_and_sees_how_far_models_agree(
    data_layer: DataLayer, l01_local: L01Client
) -> None:
    there = await judged(l01_local)
    async with beside(data_layer, Evaluation) as browser:
        path = f"/evaluations/{there.evaluation}"
        assert await sent(browser, f"{path}/label", score="0.1", comment="It is rude") == path
        (label,) = (await l01_local.evaluations.list(evaluator="human"))["items"]
        assert (label["score"], label["run_id"], label["feedback"]) == (0.1, there.run, "It is rude")
        page = await at(browser, "/evaluations/sums?evaluation_type=helpful")
        assert "% of these scores, of 1 that both judged" in page
        for score in ("high", "2", ""):
            assert (await browser.post(f"{path}/label", data={"score": score})).status_code == 422, score


async def test_a_dataset_is_filled_from_a_file_from_runs_and_from_feedback(
    data_layer: DataLayer, l01_local: L01Client
) -> None:
    there = await judged(l01_local)
    dataset = (await l01_local.datasets.create(name="filled"))["id"]
    async with beside(data_layer, Evaluation) as browser:
        fill = f"/datasets/{dataset}/fill"
        lines = b'{"input": "1 + 1", "expected": "2"}\nnonsense\n'
        answer = await browser.post(
            f"{fill}/file", files={"file": ("sums.jsonl", lines)}, data={"split": "x"}
        )
        assert answer.status_code == 303 and "1+added" in answer.headers["location"]
        assert "1+left+out" in answer.headers["location"]
        await browser.post(f"{fill}/file", files={"file": ("sums.csv", b"input,expected\n2 + 2,4\n")})
        await sent(browser, f"{fill}/runs", agent_id=there.agent, limit="5")
        items = (await l01_local.dataset_items.list(dataset_id=dataset))["items"]
        told = [(item["input"], item["expected"], item["split"], item["source_run_id"]) for item in items]
        assert told == [
            ("Say <i>hello</i>", "Hello <u>there</u>", None, there.run),
            ("2 + 2", "4", None, None),
            ("1 + 1", "2", "x", None),
        ]
        assert "said=" in await sent(browser, f"{fill}/feedback", agent_id=there.agent)
        for source, fields in (("file", {}), ("runs", {"limit": "many"}), ("sky", {})):
            refused = await browser.post(f"{fill}/{source}", data=fields)
            assert refused.status_code in (404, 422), source
        big = {"file": ("big.jsonl", b"x" * 5_000_001)}
        assert (await browser.post(f"{fill}/file", files=big)).status_code == 422


async def test_an_experiment_is_begun_and_cancelled(data_layer: DataLayer, l01_local: L01Client) -> None:
    there = await judged(l01_local)
    order = {"agent": there.agent, "baseline": there.other, "repeats": "2", "configuration": '{"model": "m"}'}
    async with beside(data_layer, Evaluation) as browser:
        path = await sent(browser, f"/datasets/{there.dataset}/experiments", **order)
        made = await l01_local.experiments.get(path.rpartition("/")[2])
        assert (made["agent_id"], made["baseline_agent_id"], made["repeats"]) == (there.agent, there.other, 2)
        assert "writer" in await at(browser, path)
        assert await sent(browser, f"{path}/cancel") == path
        assert "Cancelled" in await at(browser, path)
        for wrong in ({"repeats": "x"}, {"configuration": "[]"}, {"agent": ""}):
            answer = await browser.post(f"/datasets/{there.dataset}/experiments", data={**order, **wrong})
            assert answer.status_code == 422, wrong


async def test_a_subscription_is_made_paused_replayed_and_its_dead_letters_are_retried_or_dropped(
    data_layer: DataLayer, l01_local: L01Client
) -> None:
    async with beside(data_layer, Integration) as browser:
        form = {
            "name": "orders",
            "kind": "webhook",
            "event_type": "order.*",
            "target": "https://example.com/x",
        }
        made = await browser.post("/subscriptions", data=form)
        assert made.status_code == 200 and made.headers["cache-control"] == "no-store"
        assert "It is shown this once" in made.text
        path = "/subscriptions/orders"
        assert await sent(browser, f"{path}/pause") == path
        assert "Resume" in await at(browser, path)
        event = await l01_local.events.append("order.made", "order", there_is_none(), {})
        await settled(l01_local)
        position = (await l01_local.events.get(event["id"]))["position"]
        assert position is not None
        (stored,) = (await l01_local.subscriptions.list(name="orders"))["items"]
        subscriber = stored["id"]
        for place in (position, position - 1):
            await l01_local.deliveries.note([dead(subscriber, event, place)])
        page = await at(browser, f"{path}?status=dead")
        assert page.count("/retry") == 2 and "410 gone &lt;away&gt;" in page
        await sent(browser, f"{path}/letters/{position - 1}/drop")
        await sent(browser, f"{path}/letters/{position}/retry")
        states = {
            each["position"]: each["status"]
            for each in (await l01_local.deliveries.list(subscriber))["items"]
        }
        assert states[position - 1] == "dropped" and states[position] in ("again", "dead")
        assert await sent(browser, f"{path}/replay", position="0") == path
        assert "stands at #0" in await at(browser, path)
        assert "orders" in await at(browser, "/subscriptions")
        for fields in ({}, {"position": "x"}, {"position": "-1"}):
            assert (await browser.post(f"{path}/replay", data=fields)).status_code == 422, fields
        for wrong in ({"name": "not a name"}, {"kind": "sky"}, {"target": "[]", "kind": "run"}):
            assert (await browser.post("/subscriptions", data={**form, **wrong})).status_code == 422, wrong
        assert await sent(browser, f"{path}/delete") == "/subscriptions"
        assert (await browser.get(path)).status_code == 404


def there_is_none() -> str:
    """An aggregate of nobody else."""
    return str(uuid4())


def dead(subscriber: str, event: Event, position: int) -> dict[str, Any]:
    """The note of a delivery that was given up."""
    return {
        "subscriber": subscriber,
        "position": position,
        "event_id": event["id"],
        "event_type": event["event_type"],
        "aggregate_type": event["aggregate_type"],
        "aggregate_id": event["aggregate_id"],
        "status": "dead",
        "attempts": 5,
        "code": 410,
        "error": "gone <away>",
        "first_at": event["created_at"],
    }
