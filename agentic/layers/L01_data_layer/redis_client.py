"""The connection to Redis or Valkey: a wake-up for readers, never the truth."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator
from typing import Any, Final, cast

import redis.asyncio as redis
from redis.asyncio.retry import Retry
from redis.backoff import NoBackoff
from redis.exceptions import RedisError, ResponseError

from agentic.layers.base.common_errors import BusUnavailableError

CHANNEL: Final = "l01:events"
TOLD: Final = b'{"event_type":"run.tokens",'
"""How a live text begins, which is no event of the log: nothing is there to be read after it."""
LIMIT: Final = 2.0


def _client(url: str, read_limit: float | None) -> Any:
    # No retries inside: the relay and the feed know what was missed, and try again themselves.
    options: dict[str, Any] = {"socket_timeout": read_limit, "socket_connect_timeout": LIMIT}
    client: Any = redis.Redis
    return client.from_url(url, retry=Retry(NoBackoff(), 0), **options)


class Bus:
    """One publishing connection, and one for each subscriber.

    Raises:
        BusUnavailableError: the address has options that there are not.
    """

    def __init__(self, url: str) -> None:
        self.url = url
        try:
            self._client = _client(url, LIMIT)
            self._client.connection_pool.make_connection()  # which looks at the options in the address, and no further
        except (ValueError, TypeError) as error:
            raise BusUnavailableError(f"REDIS_URL cannot be used: {error}") from error

    async def publish(self, channel: str, messages: list[bytes]) -> None:
        """Publishes in order, in one round trip.

        Raises:
            BusUnavailableError: some of the messages may not have gone out.
        """
        try:
            async with self._client.pipeline(transaction=False) as pipeline:
                for message in messages:
                    pipeline.publish(channel, message)
                await pipeline.execute()
        except (RedisError, OSError, TimeoutError) as error:
            raise BusUnavailableError(f"The event bus does not answer: {error}") from error

    async def add_to_stream(self, key: str, entries: list[tuple[str, str]], keep: int) -> int:
        """Adds entries under ids that grow, and answers how many were new; about `keep` of the newest stay.

        Raises:
            BusUnavailableError: some of the entries may not be there.
        """
        try:
            async with self._client.pipeline(transaction=False) as pipeline:
                for entry_id, event in entries:
                    pipeline.xadd(key, {"event": event}, id=entry_id, maxlen=keep, approximate=True)
                answers = await pipeline.execute(raise_on_error=False)
        except (RedisError, OSError, TimeoutError) as error:
            raise BusUnavailableError(f"The event bus does not answer: {error}") from error
        for answer in answers:
            if isinstance(answer, Exception) and not _is_there_already(answer):
                raise BusUnavailableError(f"The stream {key} cannot be added to: {answer}")
        return sum(not isinstance(answer, Exception) for answer in answers)

    async def ping(self) -> None:
        """Returns when the bus answers.

        Raises:
            BusUnavailableError: it does not.
        """
        try:
            await asyncio.wait_for(self._client.ping(), LIMIT)
        except (RedisError, OSError, TimeoutError) as error:
            raise BusUnavailableError(f"The event bus does not answer: {error}") from error

    async def subscribe(self, channel: str) -> AsyncGenerator[bytes | None]:
        """The messages of a channel; first a `None`, when the subscription stands.

        Raises:
            BusUnavailableError: the connection could not be made, or broke.
        """
        client = _client(self.url, None)
        try:
            async with client.pubsub() as pubsub:
                await pubsub.subscribe(channel)
                async for message in pubsub.listen():
                    if message["type"] == "subscribe":
                        yield None
                    elif message["type"] == "message":
                        yield cast("bytes", message["data"])
        except (RedisError, OSError) as error:
            raise BusUnavailableError(f"The event bus does not answer: {error}") from error
        finally:
            await client.aclose()

    async def close(self) -> None:
        """Closes the publishing connection."""
        await self._client.aclose()


def _is_there_already(answer: Exception) -> bool:
    return isinstance(answer, ResponseError) and "equal or smaller" in str(answer)
