"""Conditions for SQL that is written by hand, with their parameters."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any


@dataclass
class Where:
    """Conditions of a query. All that belong to one statement share its list of parameters."""

    values: list[Any] = field(default_factory=list[Any])
    conditions: list[str] = field(default_factory=list[str])

    def add(self, condition: str, *values: Any) -> None:
        """Adds a condition; each `?` in it is the next of `values`."""
        for value in values:
            self.values.append(value)
            condition = condition.replace("?", f"${len(self.values)}", 1)
        self.conditions.append(condition)

    def created(self, since: str | None, until: str | None) -> None:
        """Adds the bounds of the moment of creation, each where it is given."""
        if since is not None:
            self.add("created_at >= ?::text::timestamptz", since)
        if until is not None:
            self.add("created_at <= ?::text::timestamptz", until)

    def sql(self) -> str:
        """All of them together."""
        return " AND ".join(self.conditions) or "true"
