"""How much may be asked in a minute: buckets in Redis, shared by all processes, looked at and drawn from in one step.

A bucket holds a minute's worth and fills up steadily. Requests count one each. Tokens are drawn by estimate before the call and
corrected after it, so a bucket may be overdrawn, and the next calls wait for it. When Redis is away, what costs money is not
asked (nobody would know when to stop), and what is free is.
"""

from __future__ import annotations

import asyncio
from collections.abc import Iterable
from typing import Any, Final, NamedTuple

import redis.asyncio as redis
import structlog
from redis.asyncio.retry import Retry
from redis.backoff import NoBackoff
from redis.exceptions import RedisError

from agentic.layers.L04_model_gateway.caller import Caller
from agentic.layers.L04_model_gateway.errors import LimitsUnavailableError, RateLimitedError
from agentic.layers.L04_model_gateway.models import Limits, LimitSetting

log = structlog.get_logger()

LIMIT: Final = 2.0
"""Seconds that Redis may take."""
_PREFIX: Final = "{l04}:limit:"
"""The braces keep all buckets of a call on one server of a Redis Cluster."""

_DRAW: Final = """
local time = redis.call('TIME')
local now = time[1] * 1000 + time[2] / 1000
local levels, wait, first = {}, 0, 0
for i, key in ipairs(KEYS) do
  local size, wanted = tonumber(ARGV[2 * i - 1]), tonumber(ARGV[2 * i])
  local bucket = redis.call('HMGET', key, 'level', 'at')
  local level, at = tonumber(bucket[1]) or size, tonumber(bucket[2]) or now
  levels[i] = math.min(size, level + (now - at) * size / 60000)
  local lacking = math.min(wanted, size) - levels[i]
  if lacking > 0 and lacking * 60000 / size > wait then
    wait, first = lacking * 60000 / size, i
  end
end
if wait > 0 then return {first, math.ceil(wait)} end
for i, key in ipairs(KEYS) do
  local size, wanted = tonumber(ARGV[2 * i - 1]), tonumber(ARGV[2 * i])
  redis.call('HSET', key, 'level', tostring(levels[i] - wanted), 'at', tostring(now))
  redis.call('PEXPIRE', key, math.ceil(60000 * (1 + wanted / size)) + 60000)
end
return {0, 0}
"""
_RETURN: Final = """
for i, key in ipairs(KEYS) do
  if redis.call('EXISTS', key) == 1 then redis.call('HINCRBYFLOAT', key, 'level', ARGV[i]) end
end
return 0
"""


class Bucket(NamedTuple):
    """A limit that a call falls under."""

    scope: str
    subject: str
    unit: str
    """`requests` or `tokens`."""
    per_minute: int

    @property
    def key(self) -> str:
        """Where Redis has it."""
        return f"{_PREFIX}{self.scope}:{self.subject}:{self.unit}:{self.per_minute}"


class Drawn(NamedTuple):
    """What a call has drawn, to be corrected when it is over."""

    buckets: tuple[Bucket, ...]
    tokens: int


NOTHING_DRAWN: Final = Drawn((), 0)


class Meter:
    """Draws from buckets."""

    def __init__(self, url: str) -> None:
        options: dict[str, Any] = {"socket_timeout": LIMIT, "socket_connect_timeout": LIMIT}
        client: Any = redis.Redis
        # No retries inside: a limit that cannot be counted is answered at once.
        self.redis = client.from_url(url, retry=Retry(NoBackoff(), 0), **options)
        self._draw = self.redis.register_script(_DRAW)
        self._return = self.redis.register_script(_RETURN)
        self._returning: set[asyncio.Task[None]] = set()

    async def draw(self, buckets: tuple[Bucket, ...], tokens: int, *, paid: bool) -> Drawn:
        """Draws one request and so many tokens from all of these buckets, or from none.

        Raises:
            RateLimitedError: one has too little; `retry_after` says when it has enough.
            LimitsUnavailableError: nobody can count, and the call would cost money.
        """
        if not buckets:
            return NOTHING_DRAWN
        numbers: list[int] = []
        for bucket in buckets:
            numbers += [bucket.per_minute, tokens if bucket.unit == "tokens" else 1]
        try:
            drawn: list[int] = await self._draw(keys=[bucket.key for bucket in buckets], args=numbers)
        except (RedisError, OSError, TimeoutError) as error:
            if paid:
                raise LimitsUnavailableError from error
            log.warning("limits are not counted: Redis does not answer", error=str(error))
            return NOTHING_DRAWN
        first, wait = drawn
        if first:
            raise _refusal(buckets[first - 1], wait)
        return Drawn(buckets, tokens)

    def settle(self, drawn: Drawn, used: int) -> None:
        """Corrects what was drawn by estimate; the caller does not wait for it."""
        buckets = [bucket for bucket in drawn.buckets if bucket.unit == "tokens"]
        if buckets and used != drawn.tokens:
            task = asyncio.create_task(self._give_back(buckets, drawn.tokens - used))
            self._returning.add(task)
            task.add_done_callback(self._returning.discard)

    async def _give_back(self, buckets: list[Bucket], tokens: int) -> None:
        try:
            await self._return(keys=[bucket.key for bucket in buckets], args=[tokens] * len(buckets))
        except (RedisError, OSError, TimeoutError) as error:
            log.info("an estimate of tokens is not corrected", error=str(error))

    async def close(self) -> None:
        """Closes the connections."""
        await asyncio.gather(*self._returning)
        await self.redis.aclose()


def buckets_of(
    settings: Iterable[LimitSetting], provider: str, provider_limits: Limits, model: str, caller: Caller
) -> tuple[Bucket, ...]:
    """The buckets that a call falls under."""
    found: list[Bucket] = []
    for setting in settings:
        subject = {"provider": provider, "model": model}.get(setting.scope) or caller.subject(setting.scope)
        if subject is not None and setting.subject in (None, subject):
            found += _units(setting.scope, subject, setting)
    found += _units("provider", provider, provider_limits)
    return tuple(found)


def _units(scope: str, subject: str, limits: Limits) -> list[Bucket]:
    found: list[Bucket] = []
    if limits.requests_per_minute is not None:
        found.append(Bucket(scope, subject, "requests", limits.requests_per_minute))
    if limits.tokens_per_minute is not None:
        found.append(Bucket(scope, subject, "tokens", limits.tokens_per_minute))
    return found


def _refusal(bucket: Bucket, wait: int) -> RateLimitedError:
    seconds = max(1, -(-wait // 1000))
    return RateLimitedError(
        f"The limit of {bucket.per_minute} {bucket.unit} in a minute for this {bucket.scope} is reached: "
        f"in {seconds} s there is room.",
        scope=bucket.scope,
        limit=bucket.per_minute,
        unit=bucket.unit,
        retry_after=seconds,
    )
