"""The success criteria of the specification."""

from __future__ import annotations

from typing import Any, Final

from agentic.layers.L01_data_layer.migrate import HEAD
from agentic.platform.verification.bystanders import Bystanders
from agentic.platform.verification.endpoints import SECTIONS
from agentic.platform.verification.live import bus, event_of, socket
from agentic.platform.verification.patterns import PATTERNS
from agentic.platform.verification.steps import DIRECT, ON_THE_DASHBOARD, THROUGH_L09, tables
from agentic.platform.verification.walk import Check, CheckFailedError, Walk

_INDEXES: Final = ("idx_events_aggregate", "idx_events_type", "idx_events_created")
_SPECIFIED: Final = ("event_type", "aggregate_type", "aggregate_id", "payload")


async def _schema(walk: Walk) -> str:
    found = await tables(walk)
    async with walk.database() as connection:
        revision = await connection.fetchval("SELECT version_num FROM alembic_version")
        names = {row["indexname"] for row in await connection.fetch("SELECT indexname FROM pg_indexes")}
    if revision != HEAD:
        raise CheckFailedError(f"the schema is at revision {revision}, and should be at {HEAD}")
    if missing := [name for name in _INDEXES if name not in names]:
        raise CheckFailedError(f"missing indexes: {', '.join(missing)}")
    return f"{found} and the indexes of the log, at revision {revision}"


async def _published(walk: Walk) -> str:
    """Each way of writing is seen on the channel, with the four fields of the specification."""
    seen: list[str] = []
    async with bus(walk) as messages:
        agent = await walk.l01("POST", "/agents", {"name": "published-agent"}, 201)
        path = f"/agents/{agent['id']}"
        seen.append(await _seen(messages, "agent.created", agent["id"]))
        await walk.l01("PATCH", path, {"metadata": {"seen": True}})
        seen.append(await _seen(messages, "agent.updated", agent["id"]))
        fact: dict[str, Any] = {
            "event_type": "agent.verified",
            "aggregate_type": "agent",
            "aggregate_id": agent["id"],
            "payload": {},
        }
        await walk.l01("POST", "/events", fact, 201)
        seen.append(await _seen(messages, "agent.verified", agent["id"]))
        await walk.l01("DELETE", path, expected=204)
        seen.append(await _seen(messages, "agent.deleted", agent["id"]))
    return f"l01:events had {', '.join(seen)}"


async def _seen(messages: Any, event_type: str, aggregate_id: str) -> str:
    event = await event_of(messages, event_type, aggregate_id)
    if missing := [name for name in _SPECIFIED if name not in event]:
        raise CheckFailedError(f"{event_type} was published without {', '.join(missing)}")
    return event_type


async def _persisted(walk: Walk) -> str:
    agent_id = walk.agent(THROUGH_L09)
    through_l09 = await walk.l09("GET", f"/api/v1/agents/{agent_id}")
    directly = await walk.l01("GET", f"/agents/{agent_id}")
    async with walk.database() as connection:
        name = await connection.fetchval("SELECT name FROM agents WHERE id = $1", agent_id)
    if through_l09 != directly or name != THROUGH_L09:
        raise CheckFailedError("L09, L01 and the database do not agree on what was created")
    page = await walk.l09("GET", "/api/v1/agents")
    if not isinstance(page.get("total"), int) or page["total"] < len(page["items"]):
        raise CheckFailedError(f"the list does not say how many there are: total is {page.get('total')!r}")
    return f"L09, L01 and the database have the same record; L09 counts {page['total']}"


async def _real_agents(walk: Walk) -> str:
    agents = await walk.ask("GET", f"{walk.addresses.l10}/dashboard/agents?limit=1000")
    stats = await walk.ask("GET", f"{walk.addresses.l10}/dashboard/stats")
    ids = {agent["id"] for agent in agents["agents"]}
    if missing := [name for name in (DIRECT, THROUGH_L09, ON_THE_DASHBOARD) if walk.agent(name) not in ids]:
        raise CheckFailedError(f"/dashboard/agents does not have {', '.join(missing)}")
    if agents["count"] < 3 or stats["agent_count"] < 3 or sum(stats["agents_by_status"].values()) < 3:
        raise CheckFailedError(f"the counts are wrong: {agents['count']} agents, {stats}")
    return f"/dashboard/agents and /dashboard/stats count {stats['agent_count']} agents, {stats['event_count']} events"


async def _real_events(walk: Walk) -> str:
    """The stream replays from a place in the log just what the log has there."""
    agent_id = walk.agent(DIRECT)
    logged = await walk.l01("GET", f"/events?aggregate_id={agent_id}&after=0&limit=1")
    position = logged["items"][0]["position"]
    async with socket(walk, f"?after={position - 1}&aggregate_id={agent_id}") as messages:
        event = await event_of(messages, "agent.created", agent_id)
    if event != logged["items"][0]:
        raise CheckFailedError("what the stream replays is not what the log has")
    return f"position {position} is replayed as the log has it"


async def _live_updates(walk: Walk) -> str:
    async with socket(walk) as messages:
        agent = await walk.l09("POST", "/api/v1/agents", {"name": "live-agent"}, 201)
        walk.made_agent(agent)
        event = await event_of(messages, "agent.created", agent["id"])
    if event["payload"]["name"] != "live-agent":
        raise CheckFailedError("the event does not carry what was created")
    return "what L09 creates arrives at /ws/events"


def criteria(bystanders: Bystanders) -> list[Check]:
    """All nine, in the order of the specification."""

    async def unaffected(_: Walk) -> str:
        return bystanders.unaffected()

    return [
        Check("a", "L01 creates all tables", _schema),
        *(Check("b", f"CRUD: {name}", see) for name, see in SECTIONS.items()),
        Check("c", "Writes are published on Redis", _published),
        *(Check("d", f"{layer} uses L01Client", see) for layer, see in PATTERNS.items()),
        Check("e", "L09 persists via L01", _persisted),
        Check("f", "L10 displays real agents", _real_agents),
        Check("g", "L10 streams real events", _real_events),
        Check("h", "The WebSocket is live", _live_updates),
        Check("i", "MCP services are unaffected", unaffected),
    ]
