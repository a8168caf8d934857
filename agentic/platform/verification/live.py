"""Events as they happen: on the bus, and over the dashboard's WebSocket."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncGenerator, AsyncIterator
from contextlib import asynccontextmanager
from typing import Any, Final, cast

import redis.asyncio
from redis.exceptions import RedisError
from websockets.asyncio.client import connect
from websockets.exceptions import ConnectionClosed, InvalidHandshake

from agentic.platform.verification.walk import EVENT_LIMIT, CheckFailedError, Walk

CHANNEL: Final = "l01:events"

Messages = AsyncIterator[dict[str, Any]]


@asynccontextmanager
async def bus(walk: Walk) -> AsyncGenerator[Messages]:
    """What is published on `l01:events` from now on.

    Raises:
        CheckFailedError: the bus cannot be reached.
    """
    async with redis_client(walk) as client, client.pubsub() as pubsub:
        await pubsub.subscribe(CHANNEL)
        await pubsub.get_message(timeout=EVENT_LIMIT)  # the subscription stands
        yield _decoded(message["data"] async for message in pubsub.listen() if message["type"] == "message")


@asynccontextmanager
async def redis_client(walk: Walk) -> AsyncGenerator[Any]:
    """A client of the bus's server.

    Raises:
        CheckFailedError: it cannot be reached.
    """
    make: Any = redis.asyncio.Redis
    client = make.from_url(walk.addresses.redis_url, socket_timeout=None, socket_connect_timeout=EVENT_LIMIT)
    try:
        yield client
    except (RedisError, OSError) as error:
        raise CheckFailedError(f"the bus cannot be reached: {error}") from error
    finally:
        await client.aclose()


@asynccontextmanager
async def socket(walk: Walk, query: str = "") -> AsyncGenerator[Messages]:
    """What the dashboard's `/ws/events` sends.

    Raises:
        CheckFailedError: it cannot be opened, or closes early.
    """
    url = f"{walk.addresses.l10.replace('http', 'ws', 1)}/ws/events{query}"
    headers = walk.addresses.headers
    try:
        async with connect(
            url, additional_headers=headers, open_timeout=EVENT_LIMIT, close_timeout=1, proxy=None
        ) as connection:
            yield _decoded(aiter(connection))
    except (OSError, InvalidHandshake, ConnectionClosed) as error:
        raise CheckFailedError(f"{url}: {error}") from error


async def event_of(messages: Messages, event_type: str, aggregate_id: str) -> dict[str, Any]:
    """The event of a type and an aggregate, once it comes.

    Raises:
        CheckFailedError: it does not come.
    """
    try:
        async with asyncio.timeout(EVENT_LIMIT):
            async for event in messages:
                if event["event_type"] == event_type and event["aggregate_id"] == aggregate_id:
                    return event
    except TimeoutError:
        pass
    raise CheckFailedError(f"no {event_type} of {aggregate_id} came within {EVENT_LIMIT:.0f} s")


async def _decoded(messages: AsyncIterator[str | bytes]) -> Messages:
    async for message in messages:
        yield cast("dict[str, Any]", json.loads(message))
