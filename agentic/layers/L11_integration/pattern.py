"""Which types of events a subscriber wants."""

from __future__ import annotations

from agentic.layers.L11_integration.errors import PatternError


class Pattern:
    """`agent.created`, `agent.*`, `*`, or several with commas between: the words of `GET /events?event_type=`."""

    def __init__(self, text: str) -> None:
        names = [name.strip() for name in text.split(",")]
        if not all(names) or any("*" in name[:-1] for name in names):
            raise PatternError(f"{text!r} is no pattern. {PatternError.default_detail()}")
        self.text = text
        self._names = frozenset(name for name in names if not name.endswith("*"))
        self._beginnings = tuple(name[:-1] for name in names if name.endswith("*"))

    def __call__(self, event_type: str) -> bool:
        """True when events of this type are wanted."""
        return event_type in self._names or event_type.startswith(self._beginnings)
