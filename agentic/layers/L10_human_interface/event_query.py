"""The filters of the events page: the address is their only home."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import timedelta
from typing import Final, NamedTuple
from urllib.parse import urlencode

from agentic.layers.base.common_errors import InvalidError
from agentic.layers.base.ids import now, timestamp
from agentic.layers.L10_human_interface.formats import moment

RANGES: Final = {
    "15m": timedelta(minutes=15),
    "1h": timedelta(hours=1),
    "24h": timedelta(hours=24),
    "7d": timedelta(days=7),
    "all": None,
}
RANGE_LABELS: Final = (
    ("15m", "15 min"),
    ("1h", "1 hour"),
    ("24h", "24 hours"),
    ("7d", "7 days"),
    ("all", "All time"),
)
USUAL: Final = "24h"
_OTHERS: Final = (
    ("aggregate_type", "Kind"),
    ("aggregate_id", "Aggregate"),
    ("correlation_id", "Request"),
    ("causation_id", "Caused by"),
)


class EventsQuery(NamedTuple):
    """What the events page shows. A field that is none is not in the address."""

    event_type: str | None = None
    aggregate_type: str | None = None
    aggregate_id: str | None = None
    correlation_id: str | None = None
    causation_id: str | None = None
    since: str | None = None
    until: str | None = None
    as_of: str | None = None
    cursor: str | None = None
    range: str = USUAL

    @classmethod
    def of(cls, parameters: Mapping[str, str]) -> EventsQuery:
        """The filters in an address; what it does not know is left out.

        Raises:
            InvalidError: `range` is none of the offered ones, or `as_of` no position.
        """
        known = {name: parameters[name].strip() for name in cls._fields if parameters.get(name, "").strip()}
        if known.get("range", USUAL) not in RANGES:
            raise InvalidError.of(("range", f"not one of {', '.join(RANGES)}"))
        as_of = known.get("as_of", "0")
        if not (as_of.isascii() and as_of.isdigit() and len(as_of) < 19):
            raise InvalidError.of(("as_of", "a position in the log"))
        query = cls(**known)
        return query._replace(event_type=",".join(query.types) or None)

    @property
    def types(self) -> list[str]:
        """The chosen types and patterns."""
        return [name.strip() for name in (self.event_type or "").split(",") if name.strip()]

    def has(self, name: str) -> bool:
        """True when a type or pattern is chosen."""
        return name in self.types

    @property
    def others(self) -> list[tuple[str, str, str]]:
        """The chosen filters that have no chip of their own: name, label, value."""
        return [(name, label, getattr(self, name)) for name, label in _OTHERS if getattr(self, name)]

    @property
    def filtered(self) -> bool:
        """True when some events may be hidden."""
        return bool(
            self.types or self.others or self.since or self.until or self.as_of or self.range != "all"
        )

    @property
    def live(self) -> bool:
        """True when new events belong on the page."""
        return (self.until or self.cursor or self.as_of) is None and not (
            self.correlation_id or self.causation_id
        )

    def given(self) -> dict[str, str]:
        """The fields that are in the address."""
        return {
            name: value
            for name, value in self._asdict().items()
            if value and not (name == "range" and value == USUAL)
        }

    @property
    def hidden(self) -> list[tuple[str, str]]:
        """What a form carries along."""
        return [
            (name, value) for name, value in self.given().items() if name not in ("cursor", "aggregate_id")
        ]

    @property
    def hidden_from_time(self) -> list[tuple[str, str]]:
        """What the form of the time carries along."""
        apart = ("cursor", "as_of", "since", "until", "range")
        return [(name, value) for name, value in self.given().items() if name not in apart]

    @property
    def page(self) -> dict[str, str]:
        """The place in the log to read from, as the data layer takes it."""
        if self.cursor is None and self.as_of is not None:
            return {"cursor": str(int(self.as_of) + 1)}
        return {"cursor": self.cursor} if self.cursor else {}

    def href(self, **changes: str | None) -> str:
        """The address with these changes, on its first page unless they say otherwise."""
        changed = self._replace(**{"cursor": None, **{k: v for k, v in changes.items() if k != "range"}})
        if "range" in changes:
            changed = changed._replace(range=changes["range"] or USUAL)
        query = urlencode(changed.given())
        return f"/events?{query}" if query else "/events"

    def toggle(self, name: str) -> str:
        """The address with one type or pattern more, or less. A type takes the place of its group, and the reverse."""
        group = f"{name.partition('.')[0]}.*"
        if name in self.types:
            names = [other for other in self.types if other != name]
        elif name == group:
            names = [*(other for other in self.types if f"{other.partition('.')[0]}.*" != group), name]
        else:
            names = [*(other for other in self.types if other != group), name]
        return self.href(event_type=",".join(names) or None)

    @property
    def chart_href(self) -> str:
        """The address of the histogram alone."""
        query = urlencode(self.given())
        return f"/events/chart?{query}" if query else "/events/chart"

    def filters(self) -> dict[str, str]:
        """The filters as the data layer takes them, without the time."""
        names = ("event_type", "aggregate_type", "aggregate_id", "correlation_id", "causation_id")
        return {name: value for name in names if (value := getattr(self, name))}

    @property
    def without_kinds(self) -> EventsQuery:
        """What remains when every kind is let in: what the counts beside the kinds are of."""
        return self._replace(event_type=None, cursor=None)

    def times(self, then: str | None = None) -> dict[str, str]:
        """The time as the data layer takes it; `then` is the moment of `as_of`, and what came after it is left out."""
        if then is not None:
            until = timestamp(moment(then) + timedelta(microseconds=1))
            return {**self._asked_times(), "until": until}
        return self._asked_times()

    def _asked_times(self) -> dict[str, str]:
        chosen = {name: value for name in ("since", "until") if (value := getattr(self, name))}
        span = RANGES[self.range] if self.as_of is None else None
        return chosen or ({"since": timestamp(now() - span)} if span else {})
