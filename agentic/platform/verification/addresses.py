"""Where what is to be verified answers."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final
from urllib.parse import urlsplit

from agentic.layers.L01_data_layer.settings import L01Settings
from agentic.layers.L09_api_gateway.keys import TEST_KEY
from agentic.platform.command_error import CommandError
from agentic.platform.ports import port_of
from agentic.platform.state import PlatformState

_PORTS: Final = {"L09": 8000, "L10": 8001, "L01": 8002}


class AddressError(CommandError):
    """An address is none, or misses a layer."""


@dataclass(frozen=True)
class Addresses:
    """The layers that the steps of the specification speak to, their stores, and a key."""

    l01: str
    l09: str
    l10: str
    database_url: str
    redis_url: str
    key: str | None
    """A key of one's own; without it the specification's test key is used, for the gateway alone."""

    @property
    def gateway_key(self) -> str:
        """What the gateway is shown."""
        return self.key or TEST_KEY

    @property
    def headers(self) -> dict[str, str]:
        """What every layer is shown: a platform beyond this machine asks for a key everywhere."""
        return {"x-api-key": self.key} if self.key else {}


def of_state(state: PlatformState, key: str | None) -> Addresses:
    """Those of the platform that runs on a data folder.

    Raises:
        AddressError: it misses a layer.
    """
    urls = {layer.id: layer.url for layer in state.layers}
    missing = [layer_id for layer_id in _PORTS if layer_id not in urls]
    if missing:
        raise AddressError(f"The platform runs without {', '.join(missing)}.")
    return Addresses(urls["L01"], urls["L09"], urls["L10"], state.database.url, state.bus.url, key)


def of_url(url: str, key: str | None) -> Addresses:
    """Those that belong to a front door: the layers' ports keep their distance from its own.

    The database and the bus are those of DATABASE_URL and REDIS_URL, or the specification's.

    Raises:
        AddressError: it is no address.
    """
    try:
        parts = urlsplit(url)
        host, front_door = parts.hostname, parts.port or {"http": 80, "https": 443}[parts.scheme]
    except (ValueError, KeyError):
        host, parts, front_door = None, urlsplit(""), 0
    if host is None:
        raise AddressError(f"{url!r} is no address: say http://localhost:8000.")
    host = f"[{host}]" if ":" in host else host
    urls = {layer: f"{parts.scheme}://{host}:{port_of(port, front_door)}" for layer, port in _PORTS.items()}
    stores = L01Settings()
    return Addresses(urls["L01"], urls["L09"], urls["L10"], stores.database_url, stores.redis_url, key)
