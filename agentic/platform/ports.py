"""The addresses that the platform listens on: bound before anything starts, so that a taken one stops nothing halfway.

`localhost` means both loopback addresses, IPv4 and IPv6: a program on the other one would otherwise answer some of the
callers. The layers' ports keep their distance from the front door's: with `--port 9000` the dashboard of 8001 is on
9001 and the data layer of 8002 on 9002. Port 0 takes a free one for each.
"""

from __future__ import annotations

import contextlib
import errno
import ipaddress
import socket
from collections.abc import Mapping
from dataclasses import dataclass
from typing import ClassVar, Final

from agentic.platform.command_error import CommandError
from agentic.platform.exit_codes import PORT_TAKEN, REFUSED
from agentic.platform.port_holder import PortHolder, find_holder

FRONT_DOOR: Final = 8000
LOCALHOST: Final = "localhost"
_BACKLOG: Final = 2048
_ATTEMPTS: Final = 20
_NO_SUCH_ADDRESS: Final = (errno.EADDRNOTAVAIL, errno.EAFNOSUPPORT)


class PortError(CommandError):
    """A port cannot be listened on."""


class PortTakenError(PortError):
    """Another program listens on the port."""

    exit_code: ClassVar[int] = PORT_TAKEN

    def __init__(self, port: int, holder: PortHolder) -> None:
        self.port, self.holder = port, holder
        super().__init__(
            f"Port {port} is taken by {holder}. Stop it, or choose other ports with --port; all of them follow it."
        )


class NotAloneError(PortError):
    """What is locked to nobody may be reached from this machine only."""

    exit_code: ClassVar[int] = REFUSED


@dataclass(frozen=True)
class Endpoint:
    """Listening sockets of one port, on one or more addresses. A caller may connect; it is answered once served."""

    host: str
    port: int
    sockets: tuple[socket.socket, ...]

    @property
    def url(self) -> str:
        """Where a program on this machine reaches it."""
        return f"http://{_url_host(self.host)}:{self.port}"

    def close(self) -> None:
        """Lets go of the port."""
        for each in self.sockets:
            each.close()


def port_of(layer_port: int, front_door: int) -> int:
    """Where something with a port of its own in the specification listens, when the front door listens elsewhere."""
    return 0 if front_door == 0 else front_door + layer_port - FRONT_DOOR


def is_loopback(host: str) -> bool:
    """Whether only this machine can reach the address.

    Raises:
        PortError: there is no such address.
    """
    return all(ipaddress.ip_address(address).is_loopback for _, address in _addresses(host))


def require_loopback(host: str, what: str) -> None:
    """Returns when only this machine can reach the address.

    Raises:
        NotAloneError: others can, and `what` has no lock for them.
    """
    if not is_loopback(host):
        raise NotAloneError(
            f"{what} asks nobody for a key, so it listens on this machine only. For others use `platform up --host`, "
            "which is locked, or a proxy that lets in whom you trust."
        )


def bind_all(host: str, wanted: Mapping[str, int]) -> dict[str, Endpoint]:
    """An endpoint for each name, or none at all.

    Raises:
        PortTakenError: another program listens on one of the ports.
        PortError: one cannot be listened on for another reason.
    """
    bound: dict[str, Endpoint] = {}
    try:
        for name, port in wanted.items():
            bound[name] = bind(host, port)
    except BaseException:
        for endpoint in bound.values():
            endpoint.close()
        raise
    return bound


def bind(host: str, port: int) -> Endpoint:
    """Listens on a port at all the addresses that `host` stands for.

    Raises:
        PortTakenError: another program listens on it.
        PortError: it cannot be listened on for another reason.
    """
    if not 0 <= port <= 65535:
        raise PortError(f"There is no port {port}: choose --port so that every layer's port is below 65536.")
    for _ in range(_ATTEMPTS if port == 0 else 0):
        with contextlib.suppress(PortTakenError):  # what is free at one address may be taken at the other
            return _bind(host, port)
    return _bind(host, port)


def _bind(host: str, port: int) -> Endpoint:
    sockets: list[socket.socket] = []
    try:
        for family, address in _addresses(host):
            made = _listen(family, address, port, optional=bool(sockets))
            if made is not None:
                sockets.append(made)
                port = made.getsockname()[1]
    except BaseException:
        for each in sockets:
            each.close()
        raise
    return Endpoint(host, port, tuple(sockets))


def _listen(family: socket.AddressFamily, address: str, port: int, *, optional: bool) -> socket.socket | None:
    try:
        made = socket.socket(family, socket.SOCK_STREAM)
    except OSError as error:
        if optional and error.errno in _NO_SUCH_ADDRESS:
            return None
        raise PortError(f"Cannot listen on {address}: {error.strerror}.") from error
    try:
        made.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        if family == socket.AF_INET6:
            made.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, 1)
        made.bind((address, port))
        made.listen(_BACKLOG)
    except OSError as error:
        made.close()
        if optional and error.errno in _NO_SUCH_ADDRESS:
            return None
        raise _explain(error, address, port) from error
    return made


def _explain(error: OSError, address: str, port: int) -> PortError:
    if error.errno == errno.EADDRINUSE:
        return PortTakenError(port, find_holder(port))
    if error.errno == errno.EACCES:
        return PortError(f"This user may not listen on port {port}: use one above 1023.")
    return PortError(f"Cannot listen on {address}, port {port}: {error.strerror}.")


def _addresses(host: str) -> list[tuple[socket.AddressFamily, str]]:
    if host == LOCALHOST:
        return [(socket.AF_INET, "127.0.0.1"), (socket.AF_INET6, "::1")]
    try:
        found = socket.getaddrinfo(host, None, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE)
    except OSError as error:
        raise PortError(f"There is no address {host!r}: {error.strerror}.") from error
    return list(dict.fromkeys((family, str(address[0])) for family, _, _, _, address in found))


def _url_host(host: str) -> str:
    try:
        address = ipaddress.ip_address(host)
    except ValueError:
        return host
    if address.is_unspecified or host == "127.0.0.1":
        return LOCALHOST
    return f"[{address}]" if address.version == 6 else str(address)
