"""Lists and filtered events with one million events and 100,000 agents in the database.

Each query is asked by one client again and again, with other values each time where it has any.
"""

import math
import random
from collections.abc import Callable
from pathlib import Path
from typing import Any

import asyncpg
import uvloop

from bench.kit.contender import PLATFORM_APPLICATION, Contender, running
from bench.kit.http_load import RequestError, get, http_load
from bench.kit.options import Options, read_options
from bench.kit.report import Report

AGENTS = 100_000
DIFFERENT_REQUESTS = 500
PROMISED_P95_MS = 20
CASE = "GET, 1 client"
FILL = (Path(__file__).parent / "fill.sql").read_text(encoding="utf-8")


async def fill(connection: asyncpg.Connection) -> None:
    """Write the agents and ten events for each, and bring the planner's statistics up to date."""
    await connection.execute(FILL.replace(":agents", str(AGENTS)), timeout=600)
    await connection.execute("VACUUM ANALYZE", timeout=600)
    await connection.execute("CHECKPOINT", timeout=600)


async def queries(connection: asyncpg.Connection) -> dict[str, Callable[[], str]]:
    """The queries by name, each making a path with other values every time."""
    rows = await connection.fetch("SELECT id::text, name, created_at FROM agents ORDER BY random() LIMIT 500")
    tools = [row["id"] for row in await connection.fetch("SELECT id::text FROM tools")]
    events = 10 * AGENTS

    def any_agent() -> Any:
        return random.choice(rows)

    def any_time() -> str:
        return any_agent()["created_at"].strftime("%Y-%m-%dT%H:%M:%SZ")

    return {
        "agents": lambda: "/agents?limit=100",
        "agents, oldest first": lambda: "/agents?limit=100&order=asc",
        "agents of a status": lambda: f"/agents?status={random.choice(['active', 'created'])}",
        "agents of a rare status": lambda: "/agents?status=terminated",
        "agents of a status that none has": lambda: "/agents?status=error",
        "agents of a type": lambda: f"/agents?agent_type={random.choice(['general', 'review'])}",
        "agents of a rare status and a type": lambda: "/agents?status=terminated&agent_type=review",
        "agents by name": lambda: f"/agents?name={any_agent()['name']}",
        "agents with the total": lambda: "/agents?total=true",
        "agents of a status with the total": lambda: "/agents?status=active&total=true",
        "agents by a part of the name": lambda: f"/agents?search={any_agent()['name'][-4:]}",
        "agents by a part that none has": lambda: "/agents?search=nobody",
        "agents by a part of the name, with the total": lambda: "/agents?search=agent-9&total=true",
        "agents as of a time": lambda: f"/agents?as_of={any_time()}",
        "agents as of a time, a page of 1000": lambda: f"/agents?as_of={any_time()}&limit=1000",
        "agents as of a time, with the total": lambda: f"/agents?as_of={any_time()}&total=true",
        "agents of a rare status as of a time": lambda: f"/agents?status=terminated&as_of={any_time()}",
        "agents of no status as of a time, with the total": lambda: (
            f"/agents?status=error&total=true&as_of={any_time()}"
        ),
        "agents as of a position, oldest first": lambda: (
            f"/agents?order=asc&status=active&as_of={random.randrange(1, events)}"
        ),
        "one agent as of a position": lambda: f"/agents/{any_agent()['id']}?as_of={events}",
        "events": lambda: "/events",
        "events, a page of 1000": lambda: "/events?limit=1000",
        "events after a position": lambda: f"/events?after={random.randrange(events)}",
        "events before a cursor": lambda: f"/events?cursor={random.randrange(1, events)}",
        "events of a type": lambda: f"/events?event_type={random.choice(['tool.executed', 'agent.spawned'])}",
        "events of a rare type": lambda: "/events?event_type=agent.lost",
        "events of a type that none has": lambda: "/events?event_type=agent.unheard",
        "events of a pattern": lambda: "/events?event_type=agent.*",
        "events of a pattern before a cursor": lambda: (
            f"/events?event_type=agent.*&cursor={random.randrange(1, events)}"
        ),
        "events of a pattern after a position": lambda: (
            f"/events?event_type=tool.*&after={random.randrange(events)}"
        ),
        "events of a rare type after a position": lambda: (
            f"/events?event_type=agent.lost&after={random.randrange(events)}"
        ),
        "events of an aggregate type": lambda: "/events?aggregate_type=agent",
        "events of an aggregate": lambda: f"/events?aggregate_id={any_agent()['id']}",
        "events of a great aggregate": lambda: f"/events?aggregate_id={random.choice(tools)}",
        "events of a great aggregate after a position": lambda: (
            f"/events?aggregate_id={random.choice(tools)}&after={random.randrange(events)}"
        ),
        "events of a great aggregate and no such type": lambda: (
            f"/events?aggregate_id={random.choice(tools)}&event_type=agent.*"
        ),
        "events of an aggregate and a type": lambda: (
            f"/events?aggregate_id={any_agent()['id']}&event_type=agent.*"
        ),
        "events since a time": lambda: f"/events?since={any_time()}",
        "events until a time": lambda: f"/events?until={any_time()}",
        "events between two times": lambda: "/events?since={}&until={}".format(
            *sorted((any_time(), any_time()))
        ),
        "events of a rare type until a time": lambda: f"/events?event_type=agent.lost&until={any_time()}",
        "events of a type since a time, forwards": lambda: (
            f"/events?event_type=model.called&since={any_time()}&after=0"
        ),
        "kinds of events": lambda: "/events/kinds",
    }


async def _measure(report: Report, platform: Contender, options: Options) -> None:
    asked = await queries(platform.connection)
    for _ in range(options.rounds):
        for name, path in list(asked.items()):
            requests = get([path() for _ in range(DIFFERENT_REQUESTS)])
            try:
                sample = await http_load(
                    platform.port, requests, clients=1, seconds=options.seconds, clocks=platform.clocks
                )
            except RequestError as error:
                del asked[name]
                report.note(f"{name}: {' '.join(str(error).split())}")
                report.at_most(f"p95: {name} (no answer)", PROMISED_P95_MS, math.inf, "ms")
            else:
                report.add(CASE, name, sample)
    for name in asked:
        report.at_most(f"p95: {name}", PROMISED_P95_MS, report.median(CASE, name).p95_ms, "ms")


async def run(options: Options) -> Report:
    """Fill a database once and ask each query in each round."""
    report = Report(f"Lists with {AGENTS:,} agents and {10 * AGENTS:,} events")
    async with running("million", PLATFORM_APPLICATION, redis_database=9) as platform:
        await fill(platform.connection)
        await _measure(report, platform, options)
    return report


if __name__ == "__main__":
    print(uvloop.run(run(read_options(__doc__, rounds=3, seconds=1.0))).text())
