"""The yardstick "raw": the two inserts of a create in one transaction, from a plain script on one asyncpg pool.

No HTTP, no validation, no publish: what a careful person gets out of PostgreSQL without any platform.
"""

import json
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from uuid import uuid4

import asyncpg
import uvloop

from bench.kit.cpu import postgres_clock
from bench.kit.options import Options, read_options
from bench.kit.report import Report
from bench.kit.sample import Sample
from bench.kit.services import own_database
from bench.kit.task_load import task_load

DATABASE = "agentic_bench_raw"

SCHEMA = """
CREATE TABLE events (
    id UUID PRIMARY KEY DEFAULT gen_random_uuid(),
    event_type VARCHAR(255) NOT NULL,
    aggregate_type VARCHAR(100) NOT NULL,
    aggregate_id UUID NOT NULL,
    payload JSONB NOT NULL,
    metadata JSONB DEFAULT '{}',
    created_at TIMESTAMP DEFAULT NOW(),
    version INTEGER DEFAULT 1
);
CREATE INDEX idx_events_aggregate ON events(aggregate_type, aggregate_id);
CREATE INDEX idx_events_type ON events(event_type);
CREATE INDEX idx_events_created ON events(created_at);
CREATE TABLE agents (
    id UUID PRIMARY KEY DEFAULT gen_random_uuid(),
    did VARCHAR(255) UNIQUE NOT NULL,
    name VARCHAR(255) NOT NULL,
    agent_type VARCHAR(100) DEFAULT 'general',
    status VARCHAR(50) DEFAULT 'created',
    configuration JSONB DEFAULT '{}',
    metadata JSONB DEFAULT '{}',
    resource_limits JSONB DEFAULT '{}',
    created_at TIMESTAMP DEFAULT NOW(),
    updated_at TIMESTAMP DEFAULT NOW()
);
"""

INSERT_AGENT = "INSERT INTO agents (id, did, name, agent_type) VALUES ($1, $2, $3, $4)"
INSERT_EVENT = (
    "INSERT INTO events (event_type, aggregate_type, aggregate_id, payload) VALUES ($1, $2, $3, $4)"
)


async def create_agent(pool: asyncpg.Pool) -> None:
    """Write one agent and its event in one transaction."""
    agent_id = uuid4()
    payload = json.dumps({"name": "bench-agent", "agent_type": "general"})
    async with pool.acquire() as connection, connection.transaction():
        await connection.execute(INSERT_AGENT, agent_id, f"did:agent:{agent_id}", "bench-agent", "general")
        await connection.execute(INSERT_EVENT, "agent.created", "agent", agent_id, payload)


@asynccontextmanager
async def raw_database() -> AsyncGenerator[str]:
    """A database of its own with the two tables of the specification; gives its URL."""
    async with own_database(DATABASE) as url:
        connection = await asyncpg.connect(url)
        await connection.execute(SCHEMA)
        await connection.close()
        yield url


async def measure(url: str, *, writers: int, seconds: float) -> Sample:
    """One round of so many concurrent writers.

    The pool has asyncpg's default size, 10: a connection for each of 32 writers was measured to be no faster.
    """
    async with asyncpg.create_pool(url) as pool:
        clocks = {"postgres": await postgres_clock(DATABASE)}
        return await task_load(lambda: create_agent(pool), tasks=writers, seconds=seconds, clocks=clocks)


async def run(options: Options) -> Report:
    """Rounds at 1, 8 and 32 writers."""
    report = Report("The yardstick raw, at 1, 8 and 32 writers")
    async with raw_database() as url:
        for _ in range(options.rounds):
            for writers in (1, 8, 32):
                sample = await measure(url, writers=writers, seconds=options.seconds)
                report.add(f"create at {writers}", "raw", sample)
    return report


if __name__ == "__main__":
    options = read_options(__doc__)
    print(uvloop.run(run(options)).text())
