"""What must hold in the database whatever happened before, and the writers whose answers are held against it."""

from __future__ import annotations

import asyncio
import random
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field
from typing import Any
from uuid import uuid4

import asyncpg
import httpx2
import msgspec
import redis.asyncio as redis

CHANNEL = "l01:events"


@dataclass
class Answered:
    """The writes that were answered: each must be there, whatever was killed afterwards."""

    creates: list[str] = field(default_factory=list[str])
    changes: list[tuple[str, int]] = field(default_factory=list[tuple[str, int]])
    appends: list[str] = field(default_factory=list[str])

    @property
    def count(self) -> int:
        """How many."""
        return len(self.creates) + len(self.changes) + len(self.appends)


async def storm(urls: list[str], answered: Answered, writers: int = 16) -> None:
    """Writes of every kind to all `urls`, until it is cancelled. A request without an answer proves nothing."""
    async with asyncio.TaskGroup() as group:
        for number in range(writers):
            group.create_task(_write(urls[number % len(urls)], answered))


async def _write(url: str, answered: Answered) -> None:
    thing = str(uuid4())
    async with httpx2.AsyncClient(base_url=url, trust_env=False, timeout=10) as http:
        while True:
            with suppress(httpx2.TransportError):
                await _write_once(http, thing, answered)
                continue
            await asyncio.sleep(0.01)


async def _write_once(http: httpx2.AsyncClient, thing: str, answered: Answered) -> None:
    what = random.random()
    if what < 0.4 or not answered.creates:
        answer = await http.post("/agents", json={"name": "storm"})
        if answer.status_code == 201:
            answered.creates.append(answer.json()["id"])
    elif what < 0.7:
        agent = random.choice(answered.creates[-20:])
        answer = await http.patch(f"/agents/{agent}", json={"metadata": {"n": random.random()}})
        if answer.status_code == 200:
            answered.changes.append((agent, answer.json()["version"]))
    else:
        body = {"event_type": "storm.blew", "aggregate_type": "storm", "aggregate_id": thing, "payload": {}}
        answer = await http.post("/events", json=body)
        if answer.status_code == 201:
            answered.appends.append(answer.json()["id"])


@asynccontextmanager
async def listening(redis_url: str) -> AsyncGenerator[list[dict[str, Any]]]:
    """Everything that is published on `l01:events` while the block runs."""
    heard: list[dict[str, Any]] = []
    client: Any = redis.Redis.from_url(redis_url, socket_timeout=None)
    async with client.pubsub() as pubsub:
        await pubsub.subscribe(CHANNEL)
        await pubsub.get_message(timeout=5)

        async def listen() -> None:
            async for message in pubsub.listen():
                if message["type"] == "message":
                    heard.append(msgspec.json.decode(message["data"]))

        task = asyncio.create_task(listen())
        try:
            yield heard
        finally:
            task.cancel()
            await asyncio.gather(task, return_exceptions=True)
    await client.aclose()


INVARIANTS = {
    "positions are dense from 1 and unique": """
        SELECT count(*) FROM (SELECT position, row_number() OVER (ORDER BY position) AS n FROM events) e
        WHERE position IS DISTINCT FROM n""",
    "versions have no gap": """
        SELECT count(*) FROM (SELECT version, row_number() OVER (PARTITION BY aggregate_type, aggregate_id
        ORDER BY version) AS n FROM events) e WHERE version <> n""",
    "an aggregate's positions follow its versions": """
        SELECT count(*) FROM (SELECT position, lag(position) OVER (PARTITION BY aggregate_type, aggregate_id
        ORDER BY version) AS before FROM events) e WHERE before > position""",
    "the counters of aggregates are those of their events": """
        SELECT count(*) FROM aggregates a WHERE version <> (SELECT max(version) FROM events e
        WHERE e.aggregate_type = a.aggregate_type AND e.aggregate_id = a.aggregate_id)""",
    "the counters of kinds are those of the events": """
        SELECT count(*) FROM event_kinds k WHERE count <> (SELECT count(*) FROM events e
        WHERE e.event_type = k.event_type AND e.aggregate_type = k.aggregate_type)""",
    "every agent has the event that made it": """
        SELECT count(*) FROM agents a WHERE NOT EXISTS (SELECT FROM events e WHERE e.aggregate_id = a.id
        AND e.event_type = 'agent.created' AND e.version = 1)""",
    "every agent is as its events say": """
        SELECT count(*) FROM agents a JOIN (SELECT aggregate_id,
          jsonb_merge(payload || jsonb_build_object('version', version) ORDER BY version) AS folded
          FROM events WHERE aggregate_type = 'agent' AND verb IS NOT NULL GROUP BY 1) e ON e.aggregate_id = a.id
        WHERE a.metadata <> e.folded->'metadata' OR a.version <> (e.folded->>'version')::int""",
}


async def settle(database_url: str, within: float = 30.0) -> int:
    """Waits until every event has a position and was published; answers how many there are."""
    connection = await asyncpg.connect(database_url)
    try:
        async with asyncio.timeout(within):
            while await connection.fetchval(
                "SELECT EXISTS (SELECT FROM events WHERE position IS NULL) OR position > published FROM relay"
            ):
                await asyncio.sleep(0.05)
        return await connection.fetchval("SELECT position FROM relay")
    finally:
        await connection.close()


async def broken_invariants(database_url: str) -> dict[str, int]:
    """The invariants that do not hold, each with how often."""
    connection = await asyncpg.connect(database_url)
    try:
        counts = {name: await connection.fetchval(sql) for name, sql in INVARIANTS.items()}
    finally:
        await connection.close()
    return {name: count for name, count in counts.items() if count}


async def lost(database_url: str, answered: Answered) -> dict[str, int]:
    """How many of the answered writes are not there."""
    connection = await asyncpg.connect(database_url)
    try:
        agents = {str(row[0]) for row in await connection.fetch("SELECT id FROM agents")}
        events = {str(row[0]) for row in await connection.fetch("SELECT id FROM events")}
        versions = {
            (str(row[0]), row[1])
            for row in await connection.fetch("SELECT aggregate_id, version FROM events")
        }
    finally:
        await connection.close()
    counts = {
        "creates": len(set(answered.creates) - agents),
        "changes": len(set(answered.changes) - versions),
        "appends": len(set(answered.appends) - events),
    }
    return {name: count for name, count in counts.items() if count}
