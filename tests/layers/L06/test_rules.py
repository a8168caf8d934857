"""What is judged by itself, what is told of scores, and how they go."""

from __future__ import annotations

from typing import Any

import asyncpg
import pytest

from agentic.layers.base.common_errors import InvalidError, NotFoundError
from agentic.layers.base.layer import Context
from agentic.layers.L01_data_layer.client import L01Client
from agentic.layers.L02_agent_runtime.client import L02Client
from agentic.layers.L02_agent_runtime.jobs import Jobs
from agentic.layers.L06_evaluation.client import L06Client
from agentic.layers.L06_evaluation.following import CURSOR
from agentic.layers.L06_evaluation.layer import Evaluation
from agentic.layers.L06_evaluation.settings import L06Settings
from tests.kit.log import settled
from tests.layers.L06.conftest import EAGER, PATIENCE, Model, an_agent, eventually

pytestmark = pytest.mark.anyio


@pytest.fixture
def l01(context: Context) -> L01Client:
    return context.client(L01Client)


async def followed(l01: L01Client) -> None:
    """Returns when the layer has come to what was the end of the log."""
    await settled(l01)
    last = (await l01.events.list(limit=1, event_type="run.completed,task.completed,evaluation.created"))[
        "items"
    ]
    position = last[0]["position"] or 0

    async def there() -> bool:
        return (await l01.cursors.get(CURSOR))["position"] >= position

    await eventually(there)


async def test_runs_are_judged_by_rules_once(
    l01: L01Client, l06: L06Client, context: Context, layer: Evaluation, l06_settings: L06Settings
) -> None:
    agent, other = await an_agent(l01), await an_agent(l01, "other")
    low = {"kind": "exact", "value": "BAD", "name": "is bad"}
    await l06.set_rule("all", [{"kind": "contains", "value": "O"}])
    await l06.set_rule("one", [low], agent_id=agent, alert_below=0.5)
    await l06.set_rule("off", [{"kind": "exact"}], enabled=False)
    await l06.set_rule("none", [{"kind": "exact"}], sample=0.0)
    l02 = context.client(L02Client)
    good = await l02.run(agent, "good", wait=PATIENCE)
    also = await l02.run(other, "food", wait=PATIENCE)
    await eventually(lambda: _found(l01, 3))
    await followed(l01)
    kept = (await l01.evaluations.list(order="asc"))["items"]
    assert {(each["run_id"], each["evaluation_type"], each["score"]) for each in kept} == {
        (good["id"], "contains", 1.0),
        (good["id"], "is bad", 0.0),
        (also["id"], "contains", 1.0),
    }
    alerts = await l01.query_events(event_type="evaluation_alert.low")
    assert [alert["payload"]["run_id"] for alert in alerts] == [good["id"]]
    await l01.cursors.set(CURSOR, 0)  # everything comes again, as after a crash
    second = Evaluation(context, l06_settings, Jobs("L06", context, EAGER))
    async with second.running():
        await followed(l01)
    assert (await l01.evaluations.list(total=True)).get("total") == 3
    assert len(await l01.query_events(event_type="evaluation_alert.low")) == 1


async def test_tasks_are_judged_by_rules(l01: L01Client, l06: L06Client, model: Model) -> None:
    await l06.set_rule("tasks", [{"kind": "exact", "value": "done"}], on="task.completed")
    task = await l01.create_task(None, await an_agent(l01), "t")
    await l01.update_task(task["id"], {"status": "completed", "output_data": "done"})
    await eventually(lambda: _found(l01, 1))
    (kept,) = (await l01.evaluations.list(task_id=task["id"]))["items"]
    assert (kept["score"], kept["agent_id"]) == (1.0, task["agent_id"])


async def test_rules_are_kept_listed_and_taken_away(
    l06: L06Client, l06_http: L06Client, l01: L01Client
) -> None:
    made = await l06_http.set_rule("r", ["Polite?"], sample=0.25)
    assert (made["rule"]["sample"], made["version"]) == (0.25, 1)
    assert await l06.rules() == [made] == await l06_http.rules()
    for wrong in ({"sample": 2.0}, {"on": "agent.created"}, {"agent_id": "x"}):
        with pytest.raises(InvalidError, match=next(iter(wrong))):
            await l06_http.set_rule("r", ["Polite?"], **wrong)
    with pytest.raises(InvalidError, match=r"evaluators\.0\.pattern"):
        await l06.set_rule("r", [{"kind": "regex", "pattern": "("}])
    with pytest.raises(InvalidError, match="name"):
        await l06.set_rule("r" * 61, ["Polite?"])
    assert await l06.rules() == [made]
    await l01.set_config("evaluation_rules", "hostile", {"evaluators": "\u202e<script>"})
    assert len(await l06.rules()) == 2
    await l06.delete_rule("r")
    with pytest.raises(NotFoundError):
        await l06_http.delete_rule("r")


async def test_scores_that_become_unusual_are_told_once(l01: L01Client, l06: L06Client) -> None:
    agent = (await l01.create_agent("steady"))["id"]
    for number in range(30):
        await l01.record_evaluation(agent, None, "quality", 0.9 if number % 2 else 0.8)
    for _ in range(14):
        await l01.record_evaluation(agent, None, "quality", 0.1)
    await followed(l01)
    alerts = await l01.query_events(event_type="evaluation_alert.unusual")
    (alert,) = alerts
    assert (alert["aggregate_id"], alert["payload"]["evaluation_type"]) == (agent, "quality")
    assert alert["payload"]["deviations"] < -3.5


async def test_a_new_agent_is_never_unusual(l01: L01Client, l06: L06Client) -> None:
    agent = (await l01.create_agent("new"))["id"]
    for score in (1.0, 0.0, 1.0, 1.0, 0.0, 0.5, 0.0, 0.0, 1.0, 0.2, 0.0, 0.0, 0.0, 0.0):
        await l01.record_evaluation(agent, None, "quality", score)
    await followed(l01)
    assert await l01.query_events(event_type="evaluation_alert.unusual") == []


async def test_scores_over_time_with_what_is_unusual(
    l01: L01Client, l06: L06Client, l06_http: L06Client, database_url: str
) -> None:
    agent = (await l01.create_agent("long"))["id"]
    for day in range(20):
        for score in (0.7 + day / 100, 0.72 + day / 100):
            await l01.record_evaluation(agent, None, "quality", 0.05 if day == 15 else score)
    connection = await asyncpg.connect(database_url)
    await connection.execute(
        """WITH told AS (SELECT id, row_number() OVER (ORDER BY id) - 1 AS n FROM evaluations)
        UPDATE evaluations SET created_at = '2026-03-01T12:00:00Z'::timestamptz + n / 2 * interval '1 day'
        FROM told WHERE told.id = evaluations.id"""
    )
    await connection.close()
    series = await l06.series(agent_id=agent, evaluation_type="quality")
    assert await l06_http.series(agent_id=agent, evaluation_type="quality") == series
    assert [point["at"][:10] for point in series["points"][:2]] == ["2026-03-01", "2026-03-02"]
    assert [point["at"][:10] for point in series["points"] if point["anomaly"]] == ["2026-03-16"]
    assert [point["deviation"] for point in series["points"][:8]] == [None] * 8  # a cold start
    assert series["slope"] == pytest.approx(0.01, abs=0.001)
    since = "2026-03-12T00:00:00Z"
    told = await l06.regression(agent, "quality", since)
    assert told["regressed"] is False
    worse = await l06_http.regression(agent, "quality", "2026-03-16T00:00:00Z", baseline_since=since)
    assert worse["difference"] is not None and worse["difference"] < -0.1
    nothing = await l06.regression(agent, "speed", since)
    assert (nothing["regressed"], nothing.get("reason")) == (False, "there are no scores on one side")
    with pytest.raises(InvalidError, match="bucket"):
        await l06.series(bucket="week")


async def _found(l01: L01Client, count: int) -> Any:
    return len((await l01.evaluations.list())["items"]) >= count
