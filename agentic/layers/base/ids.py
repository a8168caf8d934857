"""Identifiers and moments, made by the application so that an answer is known before the statement runs."""

from __future__ import annotations

import random
import time
from datetime import UTC, datetime
from uuid import UUID

# Ids need to be unique, not secret: a generator seeded by the system saves a system call for each.
_random = random.Random()
_last_tick = 0


def uuid7() -> UUID:
    """A time-ordered UUID (RFC 9562, version 7), strictly increasing within this process.

    The 60 bits after the millisecond hold the sub-millisecond tick (12 bits) and randomness (62 bits less the variant).
    """
    global _last_tick
    tick = time.time_ns() * 4096 // 1_000_000
    if tick <= _last_tick:
        tick = _last_tick + 1
    _last_tick = tick
    millis, fraction = divmod(tick, 4096)
    return UUID(int=(millis << 80) | (0x7 << 76) | (fraction << 64) | (0b10 << 62) | _random.getrandbits(62))


def now() -> datetime:
    """The current moment in UTC."""
    return datetime.now(UTC)


def timestamp(moment: datetime | None = None) -> str:
    """RFC 3339 in UTC with six digits and `Z`: fixed width, so that text order is time order."""
    utc = (moment or now()).astimezone(UTC)
    return utc.isoformat(timespec="microseconds")[:26] + "Z"
