"""Model providers on loopback that say what a test tells them to, and count what they were asked."""

from tests.kit.providers.counting import CountingProvider, ProviderCall
from tests.kit.providers.replies import (
    Reply,
    Tool,
    broken,
    drops,
    hangs,
    huge,
    rate_limited,
    rubbish,
)

__all__ = [
    "CountingProvider",
    "ProviderCall",
    "Reply",
    "Tool",
    "broken",
    "drops",
    "hangs",
    "huge",
    "rate_limited",
    "rubbish",
]
