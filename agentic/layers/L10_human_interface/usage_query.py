"""The filters of the page about model calls: the address is their only home."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Final, NamedTuple
from urllib.parse import urlencode

from agentic.layers.base.common_errors import InvalidError
from agentic.layers.L01_data_layer.models.model_usage import ModelUsage
from agentic.layers.L10_human_interface.time_range import RANGES, TimeRange

USUAL: Final = "24h"
ALL: Final = "all"
_OTHERS: Final = (
    ("agent_id", "Agent"),
    ("run_id", "Run"),
    ("model_provider", "Provider"),
    ("model_name", "Model"),
)


class UsageQuery(NamedTuple):
    """What is shown. A field that is none is not in the address. The sums are of the range, and of one agent or all."""

    agent_id: str | None = None
    run_id: str | None = None
    model_provider: str | None = None
    model_name: str | None = None
    status: str | None = None
    cursor: str | None = None
    range: str = USUAL

    @classmethod
    def of(cls, parameters: Mapping[str, str]) -> UsageQuery:
        """The filters in an address; what it does not know is left out.

        Raises:
            InvalidError: `range` is none of the offered ones.
        """
        known = {name: parameters[name].strip() for name in cls._fields if parameters.get(name, "").strip()}
        if known.get("range", USUAL) not in (*RANGES, ALL):
            raise InvalidError.of(("range", f"not one of {', '.join(RANGES)}, {ALL}"))
        return cls(**known)

    @property
    def others(self) -> list[tuple[str, str, str]]:
        """The chosen filters that have no chip of their own: name, label, value."""
        return [(name, label, getattr(self, name)) for name, label in _OTHERS if getattr(self, name)]

    @property
    def time(self) -> TimeRange:
        """What the charts are of: of all time, the longest that is offered."""
        return TimeRange("90d" if self.range == ALL else self.range)

    @property
    def since(self) -> datetime | None:
        """From when on calls are summed; none: from the first."""
        return None if self.range == ALL else self.time.begins[0]

    @property
    def sums(self) -> UsageQuery:
        """What the sums depend on."""
        return UsageQuery(agent_id=self.agent_id, run_id=self.run_id, range=self.range)

    def lets_in(self, call: ModelUsage) -> bool:
        """True when a new call belongs on the page."""
        names = ("status", *(name for name, _ in _OTHERS))
        return self.cursor is None and all(getattr(self, name) in (None, call[name]) for name in names)

    def given(self) -> dict[str, str]:
        """The fields that are in the address."""
        fields = self._asdict().items()
        return {name: value for name, value in fields if value and (name, value) != ("range", USUAL)}

    def filters(self) -> dict[str, str]:
        """The filters of the calls, as the data layer takes them."""
        return {name: value for name, value in self.given().items() if name != "range"}

    def href(self, **changes: str | None) -> str:
        """The address with these changes, on its first page unless they say otherwise."""
        query = urlencode(self._replace(**{"cursor": None, **changes}).given())
        return f"/usage?{query}" if query else "/usage"
