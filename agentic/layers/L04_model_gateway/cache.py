"""Answers that were given before, for callers who ask for them: kept in Redis for as long as the caller says.

The key is everything that the answer depends on: who asks, the provider, the model, and each field of the request but those that only say
how it is sent. An answer that was cut off by its length is not kept.
"""

from __future__ import annotations

import hashlib
from typing import Any, Final

import msgspec
import structlog
from redis.exceptions import RedisError

from agentic.layers.L04_model_gateway.caller import Caller

log = structlog.get_logger()

LONGEST: Final = 7 * 24 * 3600
LARGEST: Final = 1024 * 1024
_PREFIX: Final = "l04:cache:"
_SENDING: Final = frozenset(("stream", "stream_options"))
_encode = msgspec.json.Encoder(order="deterministic", decimal_format="number").encode

Body = dict[str, Any]


class AnswerCache:
    """Whole answers in OpenAI's form."""

    def __init__(self, redis: Any) -> None:
        self._redis = redis

    def key(self, caller: Caller, form: str, provider: str, model: str, body: Body) -> str:
        """Under which name an answer to this request is kept."""
        asked = {name: value for name, value in body.items() if name not in _SENDING}
        who = [caller.key_id, caller.agent_id]
        text = _encode([who, form, provider, model, asked])
        return f"{_PREFIX}{hashlib.sha256(text).hexdigest()}"

    async def get(self, key: str) -> Body | None:
        """The answer, if it is there. Without Redis there is none."""
        try:
            kept: bytes | None = await self._redis.get(key)
            return None if kept is None else msgspec.json.decode(kept)
        except (RedisError, OSError, TimeoutError, msgspec.MsgspecError) as error:
            log.info("an answer cannot be looked up", error=str(error))
            return None

    async def put(self, key: str, answer: Body, seconds: float) -> None:
        """Keeps an answer that came to its end."""
        choices = answer.get("choices") or ()
        if any(choice.get("finish_reason") not in ("stop", "tool_calls") for choice in choices):
            return
        kept = _encode(answer)
        if len(kept) > LARGEST:
            return
        try:
            await self._redis.set(key, kept, px=round(min(seconds, LONGEST) * 1000))
        except (RedisError, OSError, TimeoutError) as error:
            log.info("an answer cannot be kept", error=str(error))
