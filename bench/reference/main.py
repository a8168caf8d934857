"""The reference's application: FastAPI, a SQLAlchemy ORM session per request, a publish through redis-py.

It is not slow on purpose: uvloop and httptools under it, a pool of more connections than its one core can keep busy,
prepared statements by asyncpg, one Redis connection pool, the index that its list needs.
"""

import json
import os
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from typing import Annotated
from uuid import UUID, uuid4

from fastapi import Depends, FastAPI, HTTPException, Query, Request, status
from redis.asyncio import Redis
from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession, async_sessionmaker, create_async_engine

from bench.reference.schemas import AgentCreate, AgentRead
from bench.reference.tables import Agent, Base, Event


@asynccontextmanager
async def lifespan(app: FastAPI) -> AsyncGenerator[None]:
    url = os.environ["DATABASE_URL"].replace("postgresql://", "postgresql+asyncpg://")
    engine = create_async_engine(url, pool_size=16, max_overflow=0)
    async with engine.begin() as connection:
        await connection.run_sync(Base.metadata.create_all)
    app.state.sessions = async_sessionmaker(engine, expire_on_commit=False)
    async with Redis.from_url(os.environ["REDIS_URL"]) as app.state.redis:
        yield
    await engine.dispose()


app = FastAPI(title="Reference", lifespan=lifespan)


async def open_session(request: Request) -> AsyncGenerator[AsyncSession]:
    async with request.app.state.sessions() as session:
        yield session


def find_redis(request: Request) -> Redis:
    return request.app.state.redis


SessionDependency = Annotated[AsyncSession, Depends(open_session)]
RedisDependency = Annotated[Redis, Depends(find_redis)]


@app.get("/health/live")
async def live() -> dict[str, str]:
    return {"status": "ok"}


@app.post("/agents", response_model=AgentRead, status_code=status.HTTP_201_CREATED)
async def create_agent(body: AgentCreate, session: SessionDependency, redis: RedisDependency) -> Agent:
    """Write the agent and its event in one transaction, then publish the event."""
    agent_id = uuid4()
    agent = Agent(
        id=agent_id,
        did=f"did:agent:{agent_id}",
        name=body.name,
        agent_type=body.agent_type,
        configuration=body.configuration,
        agent_metadata=body.metadata,
        resource_limits=body.resource_limits,
    )
    event = Event(
        event_type="agent.created",
        aggregate_type="agent",
        aggregate_id=agent_id,
        payload=body.model_dump(mode="json"),
    )
    session.add_all([agent, event])
    await session.commit()
    message = {
        "event_type": event.event_type,
        "aggregate_type": event.aggregate_type,
        "aggregate_id": str(agent_id),
        "payload": event.payload,
    }
    await redis.publish("l01:events", json.dumps(message))
    return agent


@app.get("/agents/{agent_id}", response_model=AgentRead)
async def get_agent(agent_id: UUID, session: SessionDependency) -> Agent:
    agent = await session.get(Agent, agent_id)
    if agent is None:
        raise HTTPException(status.HTTP_404_NOT_FOUND, "No such agent")
    return agent


@app.get("/agents", response_model=list[AgentRead])
async def list_agents(
    session: SessionDependency, limit: Annotated[int, Query(ge=1, le=1000)] = 100
) -> list[Agent]:
    newest = select(Agent).order_by(Agent.created_at.desc()).limit(limit)
    return list(await session.scalars(newest))
