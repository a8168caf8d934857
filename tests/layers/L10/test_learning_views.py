"""What pages about evaluations, feedback, datasets, experiments and improvements are sent while they are open."""

from __future__ import annotations

import re

import pytest

from agentic.layers.L01_data_layer.client import L01Client
from tests.layers.L10.judged import judged
from tests.layers.L10.test_run_views import opened, said

pytestmark = pytest.mark.anyio


async def test_the_inbox_follows_what_comes_in_and_what_is_processed(url: str, l01_local: L01Client) -> None:
    agent = (await l01_local.create_agent("writer"))["id"]
    async with opened(url, l01_local, "feedback", f"agent_id={agent}") as reader:
        await l01_local.feedback.create(feedback_type="thumb", rating=1, content="of nobody")
        mine = await l01_local.feedback.create(agent_id=agent, feedback_type="thumb", rating=-1)
        row = rf'<tr id="feedback-{mine["id"]}".*?Bad.*?To process'
        came = await said(reader, rf'(?=.*{row})(?=.*#count-feedback"[^>]*>2<)')  # In either order.
        for fragment in re.findall(r"<hx-partial.*?</hx-partial>", came, re.S):
            assert "of nobody" not in fragment or "known:true" in fragment
        await l01_local.feedback.update(mine["id"], {"processed": True})
        changed = await said(reader, rf'id="feedback-{mine["id"]}".*?Processed')
        assert "known:true" in changed


async def test_evaluations_come_with_their_sums(url: str, l01_local: L01Client) -> None:
    agent = (await l01_local.create_agent("writer"))["id"]
    async with opened(url, l01_local, "evaluations", "max_score=0.5") as reader:
        low = await l01_local.evaluations.create(agent_id=agent, evaluation_type="tone", score=0.25)
        row, sums = rf'<tr id="evaluation-{low["id"]}".*?0\.25', r'hx-target="#sums".*?<strong>0\.25</strong>'
        came = await said(reader, rf"(?=.*{row})(?=.*{sums})")  # In either order.
        assert 'hx-target="#evaluation-rows" hx-swap="rows"' in came


async def test_an_experiment_is_followed_to_its_end(url: str, l01_local: L01Client) -> None:
    there = await judged(l01_local)
    made = await l01_local.experiments.create(
        name="longer", dataset_id=there.dataset, dataset_revision=1, agent_id=there.agent
    )
    async with opened(url, l01_local, "experiment", f"experiment_id={made['id']}") as reader:
        await l01_local.experiments.update(made["id"], {"status": "running"})
        await said(reader, r"experiment-head.*?Running")
        await l01_local.experiment_results.create(
            experiment_id=made["id"],
            item_id=there.item,
            arm="subject",
            repeat=0,
            fingerprint="b" * 64,
            output="<good>",
            score=0.5,
        )
        came = await said(reader, r'<tr id="result-[^"]+".*?&lt;good&gt;')
        assert "<good>" not in came
        await l01_local.experiments.update(made["id"], {"status": "failed", "error": {"detail": "No model."}})
        await said(reader, r"experiment-head.*?Failed.*?No model\.")


async def test_an_improvement_shows_what_became_of_it(url: str, l01_local: L01Client) -> None:
    there = await judged(l01_local)
    async with (
        opened(url, l01_local, "improvement", f"improvement_id={there.improvement}") as one,
        opened(url, l01_local, "improvements", "status=ready") as many,
    ):
        await l01_local.improvements.update(
            there.improvement, {"status": "promoted", "decided_by": "<ada>", "promoted_version": 7}
        )
        await said(one, r'id="improvement".*?Roll back.*?&lt;ada&gt;.*?as version 7')
        row = await said(many, rf'id="improvement-{there.improvement}".*?Promoted')
        assert "known:true" in row


async def test_a_run_shows_what_is_thought_of_it(url: str, l01_local: L01Client) -> None:
    there = await judged(l01_local)
    async with opened(url, l01_local, "run", f"run_id={there.run}") as reader:
        await l01_local.feedback.create(
            agent_id=there.agent, run_id=there.run, feedback_type="correction", correction="Good <day>."
        )
        await said(reader, r'id="run-opinions".*?Corrected.*?Good &lt;day&gt;\.')
        await l01_local.feedback.update(there.thumb, {"processed": True, "handled": {"done": "Told her"}})
        await said(reader, r'id="run-opinions".*?Told her')


async def test_lists_of_datasets_and_exports_follow(url: str, l01_local: L01Client) -> None:
    there = await judged(l01_local)
    async with opened(url, l01_local, "datasets") as reader:
        await l01_local.datasets.add(there.dataset, [{"input": 1}])
        await said(reader, rf'id="dataset-{there.dataset}".*?<td class="number">4</td>')
    async with opened(url, l01_local, "exports") as reader:
        await l01_local.exports.update(there.export, {"status": "failed", "reason": "no <room>"})
        await said(reader, rf'id="export-{there.export}".*?Failed.*?no &lt;room&gt;')
