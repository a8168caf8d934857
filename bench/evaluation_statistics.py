"""Statistics over one million evaluations, over HTTP, as the pages ask for them.

An agent has a million of them, of five types, in 40 days; a thousand others have a few each. The platform is measured after it has summed
the hours that are over, which it does by itself within a minute; what is in the last hour is read as it is.
"""

import asyncio
from collections.abc import Callable
from datetime import UTC, datetime, timedelta

import asyncpg
import uvloop

from bench.kit.contender import PLATFORM_APPLICATION, Contender, running
from bench.kit.http_load import get, http_load
from bench.kit.options import Options, read_options
from bench.kit.report import Report

EVALUATIONS = 1_000_000
AGENTS = 1000
DAYS = 40
PROMISED_P95_MS = 100
CASE = "GET, 1 client"
FILL = f"""
INSERT INTO agents (id, did, name) SELECT gen_random_uuid(), 'did:bench:' || n, 'agent ' || n FROM generate_series(1, {AGENTS}) n;
INSERT INTO evaluations (id, agent_id, evaluation_type, score, created_at)
SELECT gen_random_uuid(), (SELECT id FROM agents WHERE name = 'agent 1'), 'type ' || (n % 5),
  CASE WHEN n % 50 = 0 THEN NULL ELSE round(random()::numeric, 4) END,
  now() - (n * interval '{DAYS} days' / {EVALUATIONS})
FROM generate_series(1, {EVALUATIONS}) n;
INSERT INTO evaluations (id, agent_id, evaluation_type, score, created_at)
SELECT gen_random_uuid(), id, 'type 1', round(random()::numeric, 4), now() - random() * interval '{DAYS} days'
FROM agents, generate_series(1, 10);
"""
SUMMED = "SELECT coalesce(upto > now() - interval '2 hours', false) FROM evaluation_sums_upto"


async def fill(connection: asyncpg.Connection) -> str:
    """Write the evaluations, and wait until they are summed; answers the agent that has most."""
    await connection.execute(FILL, timeout=600)
    await connection.execute("VACUUM ANALYZE", timeout=600)
    while not await connection.fetchval(SUMMED):
        await asyncio.sleep(0.5)
    await connection.execute("VACUUM ANALYZE", timeout=600)
    return await connection.fetchval("SELECT id::text FROM agents WHERE name = 'agent 1'")


def ago(**span: float) -> str:
    """A moment, as a parameter."""
    return (datetime.now(UTC) - timedelta(**span)).strftime("%Y-%m-%dT%H:%M:%SZ")


def queries(agent: str) -> dict[str, Callable[[], str]]:
    """What is asked, by name."""
    of = f"/evaluations/stats?agent_id={agent}"
    return {
        "an agent, all": lambda: f"/evaluations/agent/{agent}/stats",
        "an agent and a type, all": lambda: f"/evaluations/agent/{agent}/stats?evaluation_type=type%203",
        "an agent, a day": lambda: f"/evaluations/agent/{agent}/stats?since={ago(hours=24)}",
        "an agent, 30 days": lambda: f"/evaluations/agent/{agent}/stats?since={ago(days=30)}",
        "an agent, days in the middle": lambda: (
            f"/evaluations/agent/{agent}/stats?since={ago(days=23.4)}&until={ago(days=9.7)}"
        ),
        "everybody by type": lambda: "/evaluations/stats?group_by=type",
        "everybody by agent": lambda: "/evaluations/stats?group_by=agent",
        "an agent by day": lambda: f"{of}&group_by=day",
        "an agent by hour, a week": lambda: f"{of}&group_by=hour&limit=200&since={ago(days=7)}",
    }


async def _measure(report: Report, platform: Contender, options: Options, agent: str) -> None:
    asked = queries(agent)
    for _ in range(options.rounds):
        for name, path in asked.items():
            sample = await http_load(
                platform.port, get([path()]), clients=1, seconds=options.seconds, clocks=platform.clocks
            )
            report.add(CASE, name, sample)
    for name in asked:
        report.at_most(f"p95: {name}", PROMISED_P95_MS, report.median(CASE, name).p95_ms, "ms")


async def run(options: Options) -> Report:
    """Fill a database once and ask each question in each round."""
    report = Report(f"Statistics over {EVALUATIONS:,} evaluations of an agent")
    name = "evaluation_statistics"
    async with running(name, PLATFORM_APPLICATION, redis_database=10) as platform:
        agent = await fill(platform.connection)
        await _measure(report, platform, options, agent)
    return report


if __name__ == "__main__":
    print(uvloop.run(run(read_options(__doc__, rounds=3, seconds=4.0))).text())
