"""Which addresses may be asked from here: those of the public network, and what the owner of the platform allows.

A name is resolved here, every address that it has is looked at, and the connection goes to an address that was looked at:
a name that resolves to something else a moment later changes nothing.
"""

from __future__ import annotations

import asyncio
import socket
from collections.abc import Callable, Iterable
from ipaddress import IPv4Address, IPv6Address, IPv6Network, ip_address, ip_network
from typing import Any, Final

import httpcore2

from agentic.layers.base.errors import PlatformError

Address = IPv4Address | IPv6Address

_NAT64: Final = IPv6Network("64:ff9b::/96")


class Allowed:
    """What may be reached although it is not public: networks, addresses and names, with a port or with any."""

    def __init__(self, entries: Iterable[str]) -> None:
        self._networks: list[tuple[Any, int | None]] = []
        self._names: set[tuple[str, int | None]] = set()
        for entry in entries:
            host, port = _split(entry)
            try:
                self._networks.append((ip_network(host, strict=False), port))
            except ValueError:
                self._names.add((host.lower().rstrip("."), port))

    def name(self, host: str, port: int) -> bool:
        """Whether a host is allowed by its name, whatever it resolves to."""
        host = host.lower().rstrip(".")
        return (host, port) in self._names or (host, None) in self._names

    def address(self, address: Address, port: int) -> bool:
        """Whether an address is allowed."""
        return any(
            address.version == network.version and address in network and only in (None, port)
            for network, only in self._networks
        )


def _split(entry: str) -> tuple[str, int | None]:
    """`10.0.0.0/8`, `::1`, `[::1]:80`, `host` or `host:80` in its parts."""
    if entry.startswith("["):
        host, _, rest = entry[1:].partition("]")
        return host, int(rest[1:]) if rest.startswith(":") else None
    if entry.count(":") == 1:
        host, _, port = entry.partition(":")
        return host, int(port)
    return entry, None


def is_public(address: Address) -> bool:
    """Whether an address is one of the public network, also when it is wrapped in another one."""
    if isinstance(address, IPv6Address):
        if address.ipv4_mapped is not None:
            return is_public(address.ipv4_mapped)
        if address.sixtofour is not None and not is_public(address.sixtofour):
            return False
        if address.teredo is not None or address.is_site_local:
            return False
        if address in _NAT64:
            return is_public(IPv4Address(int(address) & 0xFFFFFFFF))
    return (
        address.is_global
        and not address.is_multicast
        and not address.is_private
        and not address.is_reserved
        and not address.is_unspecified
    )


class Guard(httpcore2.AsyncNetworkBackend):
    """Opens connections, to addresses that were looked at. `setting` is where the owner of the platform can allow others."""

    def __init__(self, allowed: Allowed, forbidden: Callable[[str], PlatformError], setting: str) -> None:
        self._allowed = allowed
        self._forbidden = forbidden
        self._setting = setting
        self._network: Any = httpcore2.AnyIOBackend()

    async def connect_tcp(
        self,
        host: str,
        port: int,
        timeout: float | None = None,  # noqa: ASYNC109 - as httpcore has it
        local_address: str | None = None,
        socket_options: Any = None,
    ) -> httpcore2.AsyncNetworkStream:
        """A connection to `host`.

        Raises:
            PlatformError: what `forbidden` made, as it is, or resolves to, an address that may not be asked.
        """
        problem: Exception | None = None
        for address in await self.addresses(host, port):
            try:
                return await self._network.connect_tcp(
                    str(address), port, timeout=timeout, socket_options=socket_options
                )
            except (httpcore2.ConnectError, httpcore2.ConnectTimeout) as error:
                problem = error
        raise problem or httpcore2.ConnectError(f"{host} has no address")

    async def connect_unix_socket(
        self,
        path: str,
        timeout: float | None = None,  # noqa: ASYNC109 - as httpcore has it
        socket_options: Any = None,
    ) -> httpcore2.AsyncNetworkStream:
        """Never."""
        raise self._forbidden("A socket of this machine may not be asked.")

    async def sleep(self, seconds: float) -> None:
        """Waits."""
        await asyncio.sleep(seconds)

    async def addresses(self, host: str, port: int) -> list[Address]:
        """Where a host is reached.

        Raises:
            PlatformError: what `forbidden` made, as one of its addresses may not be asked: what has one of them is not the public web.
        """
        found = await _resolve(host, port)
        if not self._allowed.name(host, port):
            for address in found:
                if not is_public(address) and not self._allowed.address(address, port):
                    where = host if str(address) == host else f"{host} ({address})"
                    raise self._forbidden(
                        f"{where} may not be asked: it is not an address of the public network. "
                        f"The owner of this platform can allow it in {self._setting}."
                    )
        return found


async def _resolve(host: str, port: int) -> list[Address]:
    try:
        return [ip_address(host.strip("[]").partition("%")[0])]
    except ValueError:
        pass
    try:
        found = await look_up(host, port)
    except (OSError, UnicodeError) as error:
        raise httpcore2.ConnectError(f"{host} has no address: {error}") from None
    return list(dict.fromkeys(ip_address(address.partition("%")[0]) for address in found))


async def look_up(host: str, port: int) -> list[str]:
    """The addresses of a name, as the system has them at this moment."""
    rows = await asyncio.get_running_loop().getaddrinfo(host, port, type=socket.SOCK_STREAM)
    return [str(row[4][0]) for row in rows]
