"""The filters of a list: the address is their only home."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass, fields, replace
from typing import Any, ClassVar, Self
from urllib.parse import urlencode


@dataclass(frozen=True)
class ListQuery:
    """What a list shows; a subclass adds its filters, all of them text. A field that is none is not in the address."""

    path: ClassVar[str]
    """Where the list is; it may name a filter in braces, which is then no parameter: `/datasets/{dataset_id}`."""
    labels: ClassVar[Mapping[str, str]] = {}
    """The filters that have no chip of their own unless they are chosen, with what they are called."""

    cursor: str | None = None

    @classmethod
    def of(cls, parameters: Mapping[str, str]) -> Self:
        """The filters in an address; what it does not know is left out."""
        return cls(**{field.name: parameters.get(field.name, "").strip() or None for field in fields(cls)})

    @property
    def others(self) -> list[tuple[str, str, str]]:
        """The chosen filters that have no chip of their own: name, label, value."""
        return [
            (name, label, getattr(self, name)) for name, label in self.labels.items() if getattr(self, name)
        ]

    def given(self) -> dict[str, str]:
        """The fields that are in the address."""
        return {name: value for name, value in asdict(self).items() if value}

    def href(self, **changes: Any) -> str:
        """The address with these changes, on its first page unless they say otherwise."""
        given = replace(self, **{"cursor": None, **changes}).given()
        path = self.path.format_map(given)
        query = urlencode({name: value for name, value in given.items() if f"{{{name}}}" not in self.path})
        return f"{path}?{query}" if query else path
