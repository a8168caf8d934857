"""The verification sequence of the specification: its nine steps."""

from __future__ import annotations

import asyncio
from typing import Any, Final
from urllib.parse import urlsplit

from agentic.platform.verification.live import event_of, socket
from agentic.platform.verification.walk import Check, CheckFailedError, Walk

READY_LIMIT: Final = 3.0
"""Seconds that a layer has for becoming ready, which the specification sleeps for."""
_POLL: Final = 0.1

TABLES: Final = (
    "events",
    "agents",
    "tools",
    "tool_executions",
    "model_usage",
    "goals",
    "plans",
    "tasks",
    "evaluations",
    "feedback_entries",
    "configurations",
    "documents",
    "sessions",
)
DIRECT: Final = "test-agent"
THROUGH_L09: Final = "api-agent"
ON_THE_DASHBOARD: Final = "dashboard-agent"


async def _database(walk: Walk) -> str:
    async with walk.database() as connection:
        row = await connection.fetchrow("SELECT current_database(), current_setting('server_version')")
    assert row is not None
    return f"the database {row[0]!r} on PostgreSQL {row[1].split()[0]}"


async def _l01_ready(walk: Walk) -> str:
    return await _ready(walk, walk.addresses.l01)


async def _l09_ready(walk: Walk) -> str:
    return await _ready(walk, walk.addresses.l09)


async def _l10_ready(walk: Walk) -> str:
    return await _ready(walk, walk.addresses.l10)


async def _ready(walk: Walk, url: str) -> str:
    clock = asyncio.get_running_loop().time
    deadline = clock() + READY_LIMIT
    while True:
        try:
            health = await walk.ask("GET", f"{url}/health/ready")
        except CheckFailedError:
            if clock() > deadline:
                raise
        else:
            if health["status"] == "ok":
                return f"{url} is ready"
            if clock() > deadline:
                raise CheckFailedError(f"{url} is {health['status']}: {_worst(health)}")
        await asyncio.sleep(_POLL)


def _worst(health: dict[str, Any]) -> str:
    checks = health.get("checks", {})
    return "; ".join(
        f"{name}: {check['detail']}" for name, check in checks.items() if check["status"] != "ok"
    )


async def tables(walk: Walk) -> str:
    """All tables of the specification are there."""
    async with walk.database() as connection:
        found = {row["tablename"] for row in await connection.fetch("SELECT tablename FROM pg_tables")}
    if missing := [name for name in TABLES if name not in found]:
        raise CheckFailedError(f"missing: {', '.join(missing)}")
    return f"all {len(TABLES)} tables"


async def _create_directly(walk: Walk) -> str:
    agent = await walk.l01("POST", "/agents", {"name": DIRECT, "agent_type": "general"}, 201)
    return f"agent {walk.made_agent(agent)}"


async def _list_directly(walk: Walk) -> str:
    return await _listed(walk, DIRECT)


async def _create_through_l09(walk: Walk) -> str:
    agent = await walk.l09("POST", "/api/v1/agents", {"name": THROUGH_L09}, 201)
    return f"agent {walk.made_agent(agent)}"


async def _list_after_l09(walk: Walk) -> str:
    return await _listed(walk, THROUGH_L09)


async def _listed(walk: Walk, name: str) -> str:
    wanted = walk.agent(name)
    page = await walk.l01("GET", "/agents")
    if wanted not in {agent["id"] for agent in page["items"]}:
        raise CheckFailedError(f"{name!r} ({wanted}) is not in the list of L01")
    return f"{name!r} is in the list of L01"


async def _dashboard(walk: Walk) -> str:
    page = await walk.page("/")
    if "</html>" not in page:
        raise CheckFailedError("the dashboard's page is not whole")
    return f"{walk.addresses.l10}/ is a page of {len(page) / 1000:.0f} kB"


async def _dashboard_shows_agents(walk: Walk) -> str:
    wanted = [walk.agent(DIRECT), walk.agent(THROUGH_L09)]
    page = await walk.page("/agents")
    if missing := [agent_id for agent_id in wanted if agent_id not in page]:
        raise CheckFailedError(f"not on the page of agents: {', '.join(missing)}")
    return f"the page of agents has {DIRECT!r} and {THROUGH_L09!r}"


async def _create_on_the_dashboard(walk: Walk) -> str:
    """As the browser does with the form, which then leads to the page of the new agent."""
    async with socket(walk) as messages:
        response = await walk.http.post(
            f"{walk.addresses.l10}/agents",
            data={"name": ON_THE_DASHBOARD, "agent_type": "general", "configuration": ""},
            headers={"origin": walk.addresses.l10},
        )
        if response.status_code != 303:
            raise CheckFailedError(f"the form was answered with {response.status_code}")
        agent_id = urlsplit(response.headers["location"]).path.rpartition("/")[2]
        walk.made_agent({"name": ON_THE_DASHBOARD, "id": agent_id})
        await event_of(messages, "agent.created", agent_id)
    if ON_THE_DASHBOARD not in await walk.page(f"/agents/{agent_id}"):
        raise CheckFailedError("its page does not show its name")
    return f"agent {agent_id}, and its page"


async def _stream_shows_activity(walk: Walk) -> str:
    agent_id = walk.agent(ON_THE_DASHBOARD)
    logged = await walk.l01("GET", f"/events?aggregate_id={agent_id}&event_type=agent.created")
    event_id = logged["items"][0]["id"]
    if event_id not in await walk.page(f"/events?aggregate_id={agent_id}"):
        raise CheckFailedError(f"the page of events does not have {event_id}, by which it was created")
    return f"the page of events has {event_id}"


async def _database_has_records(walk: Walk) -> str:
    wanted = [walk.agent(name) for name in (DIRECT, THROUGH_L09, ON_THE_DASHBOARD)]
    async with walk.database() as connection:
        rows = await connection.fetchval("SELECT count(*) FROM agents WHERE id = ANY($1::uuid[])", wanted)
        events = await connection.fetchval(
            "SELECT count(*) FROM events WHERE aggregate_id = ANY($1::uuid[]) AND event_type = 'agent.created'",
            wanted,
        )
    if (rows, events) != (3, 3):
        raise CheckFailedError(f"3 agents were made; the database has {rows}, and {events} events of them")
    return "3 agents and their 3 events, read by SQL"


STEPS: Final = (
    Check("1", "The database exists", _database),
    Check("2", "L01 starts", _l01_ready),
    Check("3", "Tables are created", tables),
    Check("4", "L01 creates an agent", _create_directly),
    Check("4", "L01 lists it", _list_directly),
    Check("5", "L09 starts", _l09_ready),
    Check("6", "L09 creates an agent, with a key", _create_through_l09),
    Check("6", "L01 lists it", _list_after_l09),
    Check("7", "L10 starts", _l10_ready),
    Check("8", "The dashboard opens", _dashboard),
    Check("9", "The dashboard shows agents", _dashboard_shows_agents),
    Check("9", "The dashboard creates an agent", _create_on_the_dashboard),
    Check("9", "The event stream shows it", _stream_shows_activity),
    Check("9", "The database has the records", _database_has_records),
)
