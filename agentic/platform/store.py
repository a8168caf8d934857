"""One of the platform's two stores, as it is written down and shown."""

from __future__ import annotations

import re

import msgspec


class Store(msgspec.Struct, frozen=True):
    """The database or the bus. The address may hold a password."""

    url: str
    embedded: bool
    server: str
    """Name and version of an embedded server; empty for yours."""
    pid: int | None

    @property
    def shown(self) -> str:
        """What a person may see: without a password."""
        return f"{self.server}, embedded" if self.embedded else f"{without_password(self.url)}, yours"


def without_password(url: str) -> str:
    """An address as it may be shown."""
    without = re.sub(r"(://[^/@:]*):.*@", r"\1:***@", url, flags=re.DOTALL)
    return re.sub(r"([?&](ssl)?password=)[^&]*", r"\1***", without)
