"""The check: silent on what the platform wrote, and naming whatever somebody changed behind its back."""

from __future__ import annotations

import asyncio
import re
from uuid import uuid4

import asyncpg
import pytest

from agentic.layers.L01_data_layer import tables
from agentic.layers.L01_data_layer.client import L01Client
from agentic.layers.L01_data_layer.layer import DataLayer
from agentic.layers.L01_data_layer.models.check import CHECK, Difference
from agentic.layers.L01_data_layer.models.error_codes import InvalidError
from agentic.layers.L01_data_layer.services import check_sql
from agentic.layers.L01_data_layer.services.fold_check import FOLDED
from tests.kit.log import settled
from tests.layers.L01.lives import a_life

pytestmark = pytest.mark.anyio

OWN_BOOKS = {
    "events",
    "aggregates",
    "event_kinds",
    "relay",
    "cursors",
    "idempotent_answers",
    "leases",
    "budget_spending",
    "evaluation_sums",
    "evaluation_sums_upto",
    "deliveries",
    "signing_secrets",
}
"""The log itself, and how far our own machinery has come: no records."""


def test_every_table_of_records_is_checked() -> None:
    assert {table.name for table in FOLDED.values()} == set(tables.metadata.tables) - OWN_BOOKS


async def some_history(l01: L01Client) -> dict[str, str]:
    """Records that were made, changed in every kind of field, and deleted; the names of some, by id."""
    agent = await l01.create_agent(
        "a", "general", {"big": 10**30, "text": "ünï\u2028", "none": None, "deep": [[{}]]}
    )
    agent = await l01.update_agent(agent["id"], {"status": "active", "metadata": {"n": 1.50}})
    tool = await l01.register_tool("t", {"type": "object"})
    await l01.tools.update(tool["id"], {"enabled": False, "description": None})
    execution = await l01.record_tool_execution(tool["id"], agent["id"], {"x": 1}, None, "running")
    await l01.tool_executions.update(execution["id"], {"status": "success", "output_result": [1, None]})
    await l01.record_model_usage(agent["id"], "p", "m", 1, 2, 3, 0.000123)
    goal = await l01.create_goal(agent["id"], "g", [{"met": True}])
    await l01.update_goal(goal["id"], {"status": "active"})
    await l01.update_goal(goal["id"], {"status": "completed"})
    plan = await l01.create_plan(goal["id"], agent["id"], [1, 2])
    await l01.update_plan(plan["id"], {"status": "approved", "current_step": 1})
    task = await l01.create_task(plan["id"], agent["id"], "t")
    await l01.update_task(task["id"], {"status": "running"})
    await l01.update_task(task["id"], {"status": "completed", "output_data": {"n": 0.1}})
    evaluation = await l01.record_evaluation(agent["id"], task["id"], "quality", 0.85, {"accuracy": 0.9})
    feedback = await l01.record_feedback(agent["id"], task["id"], "human", 4, "good")
    await l01.feedback.update(feedback["id"], {"processed": True})
    document = await l01.documents.create(title="d", tags=["x", "y"])
    await l01.documents.update(document["id"], {"content": "c", "tags": []})
    await l01.documents.delete((await l01.documents.create(title="gone"))["id"])
    session = await l01.sessions.create(agent_id=agent["id"])
    await l01.sessions.update(session["id"], {"context": {"at": 1}, "checkpoint": None})
    await l01.sessions.heartbeat(session["id"])
    await l01.sessions.keep(session["id"], "c", checkpoint=[None])
    await l01.sessions.restore(session["id"], "c")
    await l01.set_config("n", "k", None)
    await l01.config.delete("n", "k")
    await l01.config.restore("n", "k", 1)
    await l01.set_config("n", "k", 10**30)
    await l01.set_config("n", "gone", 1)
    await l01.config.delete("n", "gone")
    await l01.keys.create(name="k", prefix="p", key_hash="0" * 64, scopes=["read"])
    await a_life(l01, agent["id"])
    await l01.publish_event("weather.changed", "weather", uuid4(), {"sun": True})
    named = {"AGENT": agent, "DOCUMENT": document, "GOAL": goal, "EVALUATION": evaluation}
    return {record["id"]: name for name, record in named.items()}


async def test_what_the_platform_wrote_is_right(l01: L01Client) -> None:
    await some_history(l01)
    await settled(l01)
    report = await l01.check()
    assert report["differences"] == []
    assert report["ok"] is True
    assert list(report["parts"]) == [*FOLDED, "versions", "positions", "kinds"]
    events = await l01.query_events(limit=1000)
    assert report["parts"]["positions"]["checked"] == report["parts"]["versions"]["checked"] == len(events)
    assert report["parts"]["document"]["checked"] == 2
    assert report["parts"]["agent"]["checked"] == 1


async def test_an_empty_database_is_right(l01: L01Client) -> None:
    assert (await l01.check())["ok"] is True


TAMPERINGS = {
    "UPDATE agents SET name = 'b'": ['agent field AGENT name "b" "a"'],
    "UPDATE agents SET resource_limits = '{\"n\": 1}', updated_at = '2020-01-01T00:00:00Z'": [
        'agent field AGENT resource_limits {"n": 1} {}',
        'agent field AGENT updated_at "2020-01-01T00:00:00.000000Z" "NOW"',
    ],
    "UPDATE evaluations SET score = 0.8501": ["evaluation field EVALUATION score 0.8501 0.85"],
    "DELETE FROM documents": ["document missing row DOCUMENT None None RECORD"],
    "DELETE FROM events WHERE aggregate_id = 'DOCUMENT' AND verb = 'update'": [
        'document field DOCUMENT content "c" null',
        'document field DOCUMENT tags [] ["x", "y"]',
        'document field DOCUMENT updated_at "NOW" "NOW"',
        "document field DOCUMENT version 2 1",
        "versions versions document DOCUMENT version 2 1 events, 1 to 1",
        "positions position # None None no event has it",
        "kinds count document document.updated count 1 0",
    ],
    "DELETE FROM events WHERE aggregate_id = 'DOCUMENT'; DELETE FROM aggregates WHERE aggregate_id = 'DOCUMENT'": [
        "document surplus row DOCUMENT None RECORD None",
        "positions position # None None no event has it",
        "positions position # None None no event has it",
        "kinds count document document.created count 2 1",
        "kinds count document document.updated count 1 0",
    ],
    "UPDATE events SET version = version + 1 WHERE aggregate_id = 'GOAL' AND version = 3": [
        "goal field GOAL version 3 4",
        "versions versions goal GOAL version 3 3 events, 1 to 4",
    ],
    "UPDATE aggregates SET version = 7 WHERE aggregate_type = 'goal'": [
        "versions versions goal GOAL version 7 3 events, 1 to 3"
    ],
    "UPDATE events SET position = -position WHERE aggregate_id = 'GOAL' AND version > 1;"
    "UPDATE events SET position = CASE version WHEN 2 THEN -position + 1 ELSE -position - 1 END"
    " WHERE aggregate_id = 'GOAL' AND version > 1": [
        "positions order # position # version 3 of goal GOAL comes after this"
    ],
    "UPDATE event_kinds SET count = 9 WHERE event_type = 'agent.active'": [
        "kinds count agent agent.active count 9 1"
    ],
    "DELETE FROM event_kinds WHERE event_type = 'agent.active'": ["kinds count agent agent.active count 0 1"],
    "INSERT INTO event_kinds VALUES ('never', 'seen', 1)": ["kinds count seen never count 1 0"],
}


@pytest.mark.parametrize("sql", TAMPERINGS, ids=map(str, range(len(TAMPERINGS))))
async def test_what_somebody_changed_is_named(l01_local: L01Client, database_url: str, sql: str) -> None:
    ids = await some_history(l01_local)
    await settled(l01_local)
    connection = await asyncpg.connect(database_url)
    await connection.execute(_named(sql, {name: value for value, name in ids.items()}))
    await connection.close()
    report = await l01_local.check()
    assert report["ok"] is False
    assert [_line(difference, ids) for difference in report["differences"]] == TAMPERINGS[sql]


async def test_a_position_that_nobody_gave_is_named(l01_local: L01Client, data_layer: DataLayer) -> None:
    """An event beyond the end of what the relay knows, which then counts further than it should."""
    await some_history(l01_local)
    await settled(l01_local)
    await data_layer.database.fetch(
        "UPDATE events SET position = 2 ^ 61 WHERE event_type = 'weather.changed'"
    )
    report = await l01_local.check()
    assert [_line(difference, {}) for difference in report["differences"]] == [
        "positions position # None None beyond the last position given",
        "positions position # None None no event has it",
    ]


def _line(difference: Difference, ids: dict[str, str]) -> str:
    """A difference in one line, without what is new each time."""
    text = " ".join(str(value) for value in difference.values())
    text = re.sub(r"\{\"id\": .*?\"?(?= None$|$)", "RECORD", _named(text, ids))
    text = re.sub(r"\d{4}-\d\d-\d\dT[\d:.]*Z", lambda m: m[0] if m[0].startswith("2020") else "NOW", text)
    return re.sub(r"\b(position|order) \d+", r"\1 #", text)


def _named(text: str, names: dict[str, str]) -> str:
    for old, new in names.items():
        text = text.replace(old, new)
    return text


async def test_the_check_goes_page_by_page_and_describes_only_so_much(
    l01: L01Client, database_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    for n in range(7):
        await l01.create_agent(f"agent {n}", "general", {"text": "x" * 1000})
    await settled(l01)
    connection = await asyncpg.connect(database_url)
    await connection.execute('UPDATE agents SET configuration = \'{"text": "' + "y" * 1000 + "\"}'")
    await connection.execute("INSERT INTO agents (did, name) VALUES ('by hand', 'by hand')")
    await connection.close()
    monkeypatch.setattr(check_sql, "PAGE", 3)
    pages = [page async for page in l01.check_pages(limit=2) if page["part"] == "agent"]
    assert [(page["checked"], page["differing"], len(page["differences"])) for page in pages] == [
        (3, 3, 2),
        (3, 3, 2),
        (2, 2, 2),
    ]
    assert all(len(str(difference)) < 1000 for page in pages for difference in page["differences"])
    report = await l01.check(limit=5)
    assert report["parts"]["agent"] == {"checked": 8, "differing": 8}
    assert len(report["differences"]) == 5


async def test_the_check_is_right_beside_writers(l01_local: L01Client) -> None:
    stop = asyncio.Event()

    async def write() -> None:
        while not stop.is_set():
            agent = await l01_local.create_agent("a")
            await l01_local.update_agent(agent["id"], {"name": "b"})
            await l01_local.delete_agent(agent["id"])

    async with asyncio.TaskGroup() as group:
        for _ in range(4):
            group.create_task(write())
        reports = [await l01_local.check() for _ in range(5)]
        stop.set()
    assert [report["differences"] for report in reports] == [[]] * 5


@pytest.mark.parametrize("cursor", ["x", "bm90aGluZw", "YWdlbnQgeA", "cG9zaXRpb25zIC0x", "dmVyc2lvbnMgeA"])
async def test_a_cursor_that_no_check_gave_is_refused(l01: L01Client, cursor: str) -> None:
    with pytest.raises(InvalidError, match="cursor"):
        await l01.call(CHECK, query={"cursor": cursor})
