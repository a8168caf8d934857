"""Where what is to be verified answers."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass, replace
from typing import Final
from urllib.parse import urlsplit

import httpx2

from agentic.layers.L01_data_layer.settings import L01Settings
from agentic.layers.L09_api_gateway.keys import TEST_KEY
from agentic.platform.command_error import CommandError
from agentic.platform.ports import is_loopback, port_of
from agentic.platform.state import PlatformState

_PORTS: Final = {"L09": 8000, "L10": 8001, "L01": 8002}
_PATIENCE: Final = 5.0
_RUNNING: Final = {
    "L02": 8003,
    "L03": 8004,
    "L04": 8005,
    "L05": 8006,
    "L06": 8007,
    "L07": 8008,
    "L11": 8011,
}


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
    """A key of one's own; without it the specification's test key is used, for the gateways alone."""
    l02: str | None = None
    l03: str | None = None
    l04: str | None = None
    l05: str | None = None
    l06: str | None = None
    l07: str | None = None
    l11: str | None = None
    """Those that run agents, and what follows of it; none when they do not run, or run where nothing of this process can be reached."""

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
    running = [urls.get(layer_id) for layer_id in _RUNNING]
    return Addresses(urls["L01"], urls["L09"], urls["L10"], state.database.url, state.bus.url, key, *running)


async def with_running(addresses: Addresses, url: str) -> Addresses:
    """The same with the layers that run agents, when they run behind this front door or at their ports, on this machine.

    Their model is served by this process, on loopback: from another machine they could not reach it.
    """
    door, host = url.rstrip("/"), urlsplit(url).hostname or ""
    front_door = urlsplit(url).port or 80
    if not is_loopback(host):
        return addresses
    ports = {
        layer_id: f"http://{_as_host(host)}:{port_of(port, front_door)}"
        for layer_id, port in _RUNNING.items()
    }
    for urls in ({layer_id: f"{door}/{layer_id.lower()}" for layer_id in _RUNNING}, ports):
        answers = await asyncio.gather(*(_lives(each) for each in urls.values()))
        if all(answers):
            return replace(addresses, **{layer_id.lower(): each for layer_id, each in urls.items()})
    return addresses


async def _lives(url: str) -> bool:
    try:
        async with httpx2.AsyncClient(trust_env=False, timeout=_PATIENCE) as http:
            return (await http.get(f"{url}/health/live")).status_code == 200
    except httpx2.HTTPError:
        return False


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
    host = _as_host(host)
    urls = {layer: f"{parts.scheme}://{host}:{port_of(port, front_door)}" for layer, port in _PORTS.items()}
    stores = L01Settings()
    return Addresses(urls["L01"], urls["L09"], urls["L10"], stores.database_url, stores.redis_url, key)


def _as_host(name: str) -> str:
    return f"[{name}]" if ":" in name else name
