"""Sums and percentiles, against the same computed in Python."""

from __future__ import annotations

import math
import random
import statistics
from typing import Any
from uuid import uuid4

import asyncpg
import pytest

from agentic.layers.base.ids import now
from agentic.layers.L01_data_layer.client import L01Client
from agentic.layers.L01_data_layer.layer import DataLayer
from agentic.layers.L01_data_layer.models.error_codes import InvalidError, NotFoundError
from agentic.layers.L01_data_layer.services.evaluation_sums import SETTLED, sum_next

pytestmark = pytest.mark.anyio


def rank(values: list[Any], part: float) -> Any:
    """The nearest rank."""
    return sorted(values)[math.ceil(part * len(values)) - 1] if values else None


def usage_of(calls: list[dict[str, Any]]) -> dict[str, Any]:
    latencies = [call["latency_ms"] for call in calls if call["latency_ms"] is not None]
    return {
        "calls": len(calls),
        "unpriced": 0,
        "input_tokens": sum(call["input_tokens"] for call in calls),
        "output_tokens": sum(call["output_tokens"] for call in calls),
        "cost_estimate": pytest.approx(sum(call["cost_estimate"] or 0 for call in calls), abs=1e-9),
        "latency_ms": {
            "mean": round(statistics.fmean(latencies), 3) if latencies else None,
            **{name: rank(latencies, part) for name, part in (("p50", 0.5), ("p95", 0.95), ("p99", 0.99))},
        },
    }


async def some_calls(l01: L01Client) -> list[dict[str, Any]]:
    agents = [(await l01.create_agent(name))["id"] for name in ("a", "b")]
    dice = random.Random(7)
    calls: list[dict[str, Any]] = []
    for _ in range(120):
        call = await l01.record_model_usage(
            dice.choice([*agents, None]),
            dice.choice(["ollama", "anthropic"]),
            dice.choice(["small", "large"]),
            dice.randrange(5000),
            dice.randrange(500),
            dice.choice([None, dice.randrange(40, 90), dice.randrange(3000)]),
            dice.choice([None, dice.random() / 100]),
        )
        calls.append(dict(call))
    return calls


@pytest.mark.parametrize(
    ("group_by", "column"), [("model", "model_name"), ("provider", "model_provider"), ("agent", "agent_id")]
)
async def test_model_usage_by_group(l01: L01Client, group_by: str, column: str) -> None:
    calls = await some_calls(l01)
    stats = await l01.model_usage_stats(group_by=group_by)
    assert stats["total"] == usage_of(calls)
    assert {group.pop("group"): group for group in map(dict, stats["groups"])} == {
        key: usage_of([call for call in calls if call[column] == key])
        for key in {call[column] for call in calls}
    }
    assert [group["calls"] for group in stats["groups"]] == sorted(
        (group["calls"] for group in stats["groups"]), reverse=True
    )
    assert stats["more"] is False


async def test_model_usage_of_one_agent_in_a_range(l01: L01Client) -> None:
    calls = await some_calls(l01)
    agent, first, last = next(call["agent_id"] for call in calls if call["agent_id"]), calls[20], calls[90]
    stats = await l01.model_usage_stats(agent_id=agent, since=first["created_at"], until=last["created_at"])
    within = [call for call in calls[20:91] if call["agent_id"] == agent]
    assert stats == {"total": usage_of(within), "groups": [], "more": False}


async def test_model_usage_by_hour_and_day_gives_the_latest(l01: L01Client, database_url: str) -> None:
    calls = await some_calls(l01)
    connection = await asyncpg.connect(database_url)
    for n, call in enumerate(calls):
        await connection.execute(
            "UPDATE model_usage SET created_at = '2026-03-01T23:30:00Z'::timestamptz + $1 * interval '1 minute' WHERE id = $2",
            n,
            call["id"],
        )
    await connection.close()
    by_hour = await l01.model_usage_stats(group_by="hour", limit=2)
    assert [(group["group"], group["calls"]) for group in by_hour["groups"]] == [
        ("2026-03-02T01:00:00.000000Z", 30),
        ("2026-03-02T00:00:00.000000Z", 60),
    ]
    assert by_hour["more"] is True
    assert by_hour["total"] == usage_of(calls)
    assert {k: v for k, v in by_hour["groups"][0].items() if k != "group"} == usage_of(calls[90:])
    by_day = await l01.model_usage_stats(group_by="day")
    assert [(group["group"], group["calls"]) for group in by_day["groups"]] == [
        ("2026-03-02T00:00:00.000000Z", 90),
        ("2026-03-01T00:00:00.000000Z", 30),
    ]
    assert by_day["more"] is False


async def test_no_model_calls_are_zero(l01: L01Client) -> None:
    stats = await l01.model_usage_stats(group_by="model", agent_id=uuid4())
    assert stats == {"total": usage_of([]), "groups": [], "more": False}


def scores_of(evaluations: list[dict[str, Any]]) -> dict[str, Any]:
    scores = [each["score"] for each in evaluations if each["score"] is not None]
    return {
        "count": len(evaluations),
        "scored": len(scores),
        "mean": pytest.approx(statistics.fmean(scores), abs=1e-4) if scores else None,
        "min": min(scores, default=None),
        "max": max(scores, default=None),
        "stddev": pytest.approx(statistics.stdev(scores), abs=1e-4) if len(scores) > 1 else None,
        **{f"p{n}": rank(scores, n / 100) for n in (5, 25, 50, 75, 95)},
    }


async def test_evaluations_of_an_agent(l01: L01Client) -> None:
    agent, other = [(await l01.create_agent(name))["id"] for name in ("judged", "other")]
    dice = random.Random(11)
    judged: list[dict[str, Any]] = []
    for n in range(70):
        kind = dice.choice(["quality", "speed"])
        score = dice.choice([None, dice.random(), dice.random(), 1.0 if n > 35 else 0.25])
        judged.append(dict(await l01.record_evaluation(agent, None, kind, score)))
        await l01.record_evaluation(other, None, kind, 0.5)
    once = dict(await l01.record_evaluation(agent, None, "once", 0.75))
    stats: dict[str, Any] = dict(await l01.get_agent_stats(agent))
    assert stats.pop("agent_id") == agent
    assert {kind.pop("evaluation_type"): kind for kind in stats.pop("by_type")} == {
        "once": scores_of([once]),
        **{
            name: scores_of([e for e in judged if e["evaluation_type"] == name])
            for name in ("quality", "speed")
        },
    }
    scored = [each["score"] for each in [*judged, once] if each["score"] is not None]
    recent, before = statistics.fmean(scored[-20:]), statistics.fmean(scored[-40:-20])
    assert stats.pop("trend") == {
        "recent": pytest.approx(recent, abs=1e-4),
        "before": pytest.approx(before, abs=1e-4),
        "change": pytest.approx(recent - before, abs=2e-4),
    }
    assert stats == scores_of([*judged, once])
    some = await l01.get_agent_stats(agent, evaluation_type="speed", since=judged[10]["created_at"])
    assert some["count"] == len([e for e in judged[10:] if e["evaluation_type"] == "speed"])
    assert [kind["evaluation_type"] for kind in some["by_type"]] == ["speed"]


async def test_an_agent_without_evaluations(l01: L01Client) -> None:
    agent = await l01.create_agent("new")
    nothing = {"recent": None, "before": None, "change": None}
    expected = {"agent_id": agent["id"], **scores_of([]), "by_type": [], "trend": nothing}
    assert await l01.get_agent_stats(agent["id"]) == expected
    with pytest.raises(NotFoundError, match="no agent"):
        await l01.get_agent_stats(uuid4())
    with pytest.raises(InvalidError, match="agent_id"):
        await l01.get_agent_stats("x")


@pytest.mark.parametrize(
    "query", [{"group_by": "colour"}, {"since": "yesterday"}, {"limit": 0}, {"agent_id": "x"}, {"unknown": 1}]
)
async def test_statistics_of_nonsense_are_refused(l01: L01Client, query: dict[str, Any]) -> None:
    with pytest.raises(InvalidError, match=next(iter(query))):
        await l01.model_usage_stats(**query)


async def test_unprocessed_feedback_comes_oldest_first(l01: L01Client) -> None:
    made = [await l01.record_feedback(None, None, "human", n, f"feedback {n}") for n in range(5)]
    await l01.feedback.update(made[1]["id"], {"processed": True})
    waiting = [made[0], made[2], made[3], made[4]]
    assert await l01.get_unprocessed_feedback() == waiting
    assert await l01.get_unprocessed_feedback(limit=2) == waiting[:2]


async def evaluations_over_days(l01: L01Client, database_url: str) -> tuple[list[str], list[dict[str, Any]]]:
    """Some of two agents and of none, over five days; the newest is a few minutes old."""
    agents = [(await l01.create_agent(name))["id"] for name in ("one", "other")]
    dice = random.Random(13)
    for n in range(240):
        score = dice.choice([None, dice.randrange(101) / 100, dice.randrange(101) / 100])
        await l01.record_evaluation(dice.choice([*agents, None]), None, f"type {n % 3}", score)
    connection = await asyncpg.connect(database_url)
    await connection.execute(
        """WITH told AS (SELECT id, row_number() OVER (ORDER BY id DESC) AS n FROM evaluations)
        UPDATE evaluations SET created_at = now() - told.n * interval '31 minutes' FROM told WHERE told.id = evaluations.id"""
    )
    await connection.close()
    return agents, [dict(each) async for each in l01.evaluations.all(order="asc")]


async def summed(data_layer: DataLayer) -> None:
    while await sum_next(data_layer.database, now() - SETTLED):
        pass


async def test_statistics_are_the_same_from_sums(
    data_layer: DataLayer, l01_local: L01Client, database_url: str
) -> None:
    l01 = l01_local
    (agent, _), every = await evaluations_over_days(l01, database_url)
    first, last = every[30]["created_at"], every[200]["created_at"]
    ranges: list[dict[str, str]] = [
        {},
        {"since": first},
        {"until": last},
        {"since": first, "until": last},
        {"since": first, "until": every[31]["created_at"]},
        {"since": every[-1]["created_at"]},
        {"until": "2020-01-01T00:00:00Z"},
    ]
    questions = [
        {**span, **whose, **group}
        for span in ranges
        for whose in ({}, {"agent_id": agent}, {"agent_id": agent, "evaluation_type": "type 1"})
        for group in ({}, *({"group_by": name} for name in ("type", "agent", "day", "hour")))
    ]
    before = [await l01.score_stats(**question) for question in questions]
    of_agent = await l01.get_agent_stats(agent, since=first)
    await summed(data_layer)
    for question, told in zip(questions, before, strict=True):
        assert await l01.score_stats(**question) == told, question
    assert await l01.get_agent_stats(agent, since=first) == of_agent
    total = before[0]["total"]
    assert total == scores_of(every)
    await summed(data_layer)  # nothing is counted twice
    assert (await l01.score_stats())["total"] == total
    await l01.record_evaluation(agent, None, "type 1", 0.5)
    assert (await l01.score_stats())["total"]["count"] == len(every) + 1
    by_agent = await l01.score_stats(group_by="agent")
    assert {group["group"] for group in by_agent["groups"]} == {each["agent_id"] for each in every}
    assert (await l01.score_stats(group_by="day", limit=2))["more"] is True
    with pytest.raises(InvalidError, match="group_by"):
        await l01.score_stats(group_by="colour")
