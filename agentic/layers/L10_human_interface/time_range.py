"""The times that charts are of."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Final, NamedTuple

from agentic.layers.base.ids import now

HOUR: Final = timedelta(hours=1)
DAY: Final = timedelta(days=1)
RANGES: Final[Mapping[str, tuple[str, timedelta, int]]] = {
    "24h": ("24 hours", HOUR, 24),
    "7d": ("7 days", DAY, 7),
    "30d": ("30 days", DAY, 30),
    "90d": ("90 days", DAY, 90),
}
"""What is offered: its label, how long a column of the charts is, and how many there are."""


class TimeRange(NamedTuple):
    """One of the offered times."""

    name: str

    @property
    def by(self) -> str:
        """What a column of the charts is."""
        return "day" if RANGES[self.name][1] is DAY else "hour"

    @property
    def begins(self) -> list[datetime]:
        """Where each column begins, the present one last."""
        _, length, count = RANGES[self.name]
        present = now().replace(minute=0, second=0, microsecond=0)
        if length is DAY:
            present = present.replace(hour=0)
        return [present - length * back for back in range(count - 1, -1, -1)]

    def written(self, begin: datetime) -> str:
        """When a column begins, as its title says it."""
        return f"{begin:%Y-%m-%d %H:%M}" if self.by == "hour" else f"{begin:%Y-%m-%d}"
