"""A configuration value, by namespace and key."""

from __future__ import annotations

from typing import Any

from typing_extensions import TypedDict


class Config(TypedDict):
    """A configuration value as stored."""

    id: str
    namespace: str
    key: str
    value: Any
    version: int
    created_at: str
    updated_at: str
