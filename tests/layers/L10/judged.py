"""What there is to see when answers were judged, thought about and learned from: every kind of record that these pages show."""

from __future__ import annotations

from typing import Any, NamedTuple

from agentic.layers.L01_data_layer.client import L01Client
from tests.layers.L01.lives import taken

SCORE = {"mean": 0.75, "low": 0.6, "high": 0.9}
ARM: dict[str, Any] = {
    "tries": 2,
    "scored": 2,
    "failed": 0,
    "reused": 1,
    "score": SCORE,
    "by_evaluator": {"exact": SCORE},
    "cost": 0.0012,
    "latency_ms": 12.5,
}
SUMMARY: dict[str, Any] = {
    "items": 2,
    "subject": ARM,
    "baseline": {**ARM, "failed": 1},
    "comparison": {
        "items": 2,
        "difference": {"mean": 0.25, "low": 0.1, "high": 0.4},
        "p_value": 0.031,
        "better": 1,
        "worse": 0,
        "same": 1,
        "regressed": False,
        "improved": True,
        "by_evaluator": {"exact": {"mean": 0.25, "low": 0.1, "high": 0.4}},
    },
    "stopped": "the budget was used up",
}


class Judged(NamedTuple):
    """The ids of what is there."""

    agent: str
    other: str
    session: str
    run: str
    evaluation: str
    thumb: str
    processed: str
    dataset: str
    item: str
    experiment: str
    improvement: str
    promoted: str
    export: str
    subscription: str


async def judged(l01: L01Client) -> Judged:
    """Two agents with scores, a run that was judged, a dataset, an experiment, an improvement, an export, a subscription."""
    agent, other = [await l01.create_agent(name) for name in ("writer <b>", "editor")]
    session = await l01.sessions.create(agent_id=agent["id"], session_type="conversation")
    run = await taken(l01, agent_id=agent["id"], session_id=session["id"], input="Say <i>hello</i>")
    await l01.runs.move(run["id"], run["token"], "completed", output="Hello <u>there</u>")
    for score in (0.9, 0.8, 0.2):
        evaluation = await l01.evaluations.create(
            agent_id=agent["id"],
            run_id=run["id"],
            evaluation_type="helpful",
            score=score,
            evaluator="judge",
            feedback="It is <em>short</em>.",
            metrics={"votes": 3},
        )
    await l01.evaluations.create(agent_id=other["id"], evaluation_type="helpful", score=0.5)
    await l01.evaluations.create(agent_id=other["id"], evaluation_type="exact", score=None)
    thumb = await l01.feedback.create(
        agent_id=agent["id"], run_id=run["id"], feedback_type="thumb", rating=1, content="<q>Nice</q>"
    )
    processed = await l01.feedback.create(
        agent_id=agent["id"], feedback_type="correction", correction="Hi <s>you</s>", author="ada"
    )
    handled = {"done": "Put into a dataset", "by": "ada"}
    await l01.feedback.update(processed["id"], {"processed": True, "handled": handled})
    dataset = await l01.datasets.create(name="greetings <x>", evaluators=[{"kind": "exact"}])
    given = {"input": "Say <i>hello</i>", "expected": {"text": "hi"}, "source_run_id": run["id"]}
    await l01.datasets.add(dataset["id"], [given, {"input": "bye", "split": "test", "person": "ada"}])
    await l01.datasets.add(dataset["id"], [{"input": "later"}])
    (item,) = (await l01.dataset_items.list(dataset_id=dataset["id"], source_run_id=run["id"]))["items"]
    await _improved(l01, agent["id"])
    improvement = await _improved(l01, agent["id"])
    promoted = await _improved(l01, agent["id"])
    await l01.improvements.update(promoted, {"status": "promoted", "decided_by": "ada"})
    export = await l01.exports.create(name="pairs <x>", kind="dpo", file_format="jsonl")
    subscription = await l01.subscriptions.create(
        name="orders", kind="webhook", event_type="run.*", target={"url": "https://example.com/<x>"}
    )
    return Judged(
        agent["id"],
        other["id"],
        session["id"],
        run["id"],
        evaluation["id"],
        thumb["id"],
        processed["id"],
        dataset["id"],
        item["id"],
        await _tried(l01, dataset["id"], item["id"], agent["id"], other["id"]),
        improvement,
        promoted,
        export["id"],
        subscription["name"],
    )


async def _tried(l01: L01Client, dataset: str, item: str, agent: str, other: str) -> str:
    """An experiment that is over, with a result on each side; answers its id."""
    experiment = await l01.experiments.create(
        name="shorter <x>",
        dataset_id=dataset,
        dataset_revision=1,
        agent_id=agent,
        baseline_agent_id=other,
        baseline_configuration={},
    )
    for arm, output in (("subject", "hi <x>"), ("baseline", None)):
        await l01.experiment_results.create(
            experiment_id=experiment["id"],
            item_id=item,
            arm=arm,
            repeat=0,
            fingerprint="a" * 64,
            output=output,
            error=None if output else {"detail": "It failed <x>."},
            score=0.75 if output else 0.0,
        )
    await l01.experiments.update(experiment["id"], {"status": "running"})
    await l01.experiments.update(experiment["id"], {"status": "completed", "summary": SUMMARY})
    return experiment["id"]


async def _improved(l01: L01Client, agent: str) -> str:
    """An improvement that is ready; answers its id."""
    made = await l01.improvements.create(
        agent_id=agent,
        title="Shorter <x>",
        method="lessons",
        base_version=1,
        before={"instructions": "Be <x> brief."},
    )
    ready = {
        "status": "ready",
        "proposal": {"instructions": "Be <x> very brief."},
        "numbers": {"held_out": {"before": 0.5, "after": 0.75}, "runs": 40},
        "reason": "better by 0.25",
    }
    await l01.improvements.update(made["id"], ready)
    return made["id"]


def judged_addresses(there: Judged) -> list[str]:
    """Every page about it."""
    dataset, experiment = f"/datasets/{there.dataset}", f"/experiments/{there.experiment}"
    return [
        "/evaluations",
        "/evaluations?range=24h&max_score=0.5",
        f"/evaluations?agent_id={there.agent}&evaluation_type=helpful&open={there.evaluation}",
        f"/evaluations/{there.evaluation}",
        "/evaluations/compare",
        f"/evaluations/compare?a={there.agent}&b={there.other}",
        "/feedback",
        "/feedback?processed=yes",
        f"/feedback?processed=any&agent_id={there.agent}&open={there.thumb}",
        f"/feedback/{there.thumb}",
        f"/feedback/{there.processed}",
        f"/runs/{there.run}",
        f"/agents/{there.agent}?session={there.session}",
        "/datasets",
        dataset,
        f"{dataset}?revision=1&split=test",
        f"{dataset}?open={there.item}",
        f"{dataset}/versions",
        f"{dataset}/experiments",
        f"/items/{there.item}",
        experiment,
        "/improvements",
        f"/improvements?status=ready&agent_id={there.agent}",
        f"/improvements/{there.improvement}",
        f"/improvements/{there.promoted}",
        f"/improvements/{there.promoted}/rollback",
        "/exports",
        "/subscriptions",
        f"/subscriptions/{there.subscription}/delete",
    ]
