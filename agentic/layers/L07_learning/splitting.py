"""Which conversations are learned from, and which are kept to test with.

What decides is a digest of how a conversation began, so runs of one session, forks, retries, and all that were asked the same stand
on the same side: nothing that is tested was learned.
"""

from __future__ import annotations

from hashlib import sha256
from typing import Final

WHOLE: Final = 2**32


def is_test(opening: str, share: float, seed: int) -> bool:
    """Whether a conversation is among the share that is kept for testing."""
    drawn = int.from_bytes(sha256(f"{seed}:{opening}".encode()).digest()[:4], "big")
    return drawn < share * WHOLE
