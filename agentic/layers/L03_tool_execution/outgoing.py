"""HTTP to the outside, for tools: only to public addresses, whatever a name resolves to, whatever redirects say.

A name is resolved here, every address that it has is looked at, and the connection goes to an address that was looked at:
a name that resolves to something else a moment later changes nothing. Each redirect is a new request with a new check.
What comes back is read up to a size and within a time, compressed or not.
"""

from __future__ import annotations

import asyncio
import socket
import ssl
import zlib
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from ipaddress import IPv4Address, IPv6Address, IPv6Network, ip_address, ip_network
from typing import Any, Final

import httpcore2
import httpx2

from agentic import __version__
from agentic.layers.L03_tool_execution.errors import (
    DownloadTooLargeError,
    ForbiddenAddressError,
    ToolRefusedError,
    UnreachableToolError,
)

Address = IPv4Address | IPv6Address

MAX_REDIRECTS: Final = 5
CONNECT_LIMIT: Final = 10.0
_REDIRECTS: Final = frozenset((301, 302, 303, 307, 308))
_NAT64: Final = IPv6Network("64:ff9b::/96")


@dataclass(frozen=True)
class Fetched:
    """An answer, read to its end."""

    status: int
    url: str
    headers: Mapping[str, str]
    body: bytes

    @property
    def content_type(self) -> str:
        """Its media type, without parameters."""
        return self.headers.get("content-type", "").partition(";")[0].strip().lower()

    @property
    def text(self) -> str:
        """Its body as text, in the character set that it names."""
        _, _, charset = self.headers.get("content-type", "").partition("charset=")
        try:
            return self.body.decode(charset.partition(";")[0].strip(" \"'") or "utf-8", errors="replace")
        except LookupError:
            return self.body.decode(errors="replace")


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
    """Opens connections, to addresses that were looked at."""

    def __init__(self, allowed: Allowed) -> None:
        self._allowed = allowed
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
            ForbiddenAddressError: it is, or resolves to, an address that may not be asked.
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
        raise ForbiddenAddressError("A socket of this machine may not be asked.")

    async def sleep(self, seconds: float) -> None:
        """Waits."""
        await asyncio.sleep(seconds)

    async def addresses(self, host: str, port: int) -> list[Address]:
        """Where a host is reached.

        Raises:
            ForbiddenAddressError: one of its addresses may not be asked: what has one of them is not the public web.
        """
        found = await _resolve(host, port)
        if not self._allowed.name(host, port):
            for address in found:
                if not is_public(address) and not self._allowed.address(address, port):
                    where = host if str(address) == host else f"{host} ({address})"
                    raise ForbiddenAddressError(
                        f"{where} may not be asked: it is not an address of the public network. "
                        "The owner of this platform can allow it in PLATFORM_L03_OUTGOING_ALLOW."
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


class Outgoing:
    """Makes requests for tools."""

    def __init__(self, allow: Iterable[str], max_bytes: int) -> None:
        self.guard = Guard(Allowed(allow))
        self._max_bytes = max_bytes
        self._made: httpcore2.AsyncConnectionPool | None = None

    @property
    def _pool(self) -> httpcore2.AsyncConnectionPool:
        if self._made is None:
            self._made = httpcore2.AsyncConnectionPool(
                ssl_context=ssl_context(),
                max_connections=100,
                max_keepalive_connections=20,
                keepalive_expiry=15,
                network_backend=self.guard,
            )
        return self._made

    async def close(self) -> None:
        """Closes what is open."""
        if self._made is not None:
            await self._made.aclose()
            self._made = None

    async def request(
        self,
        method: str,
        url: str,
        *,
        headers: Mapping[str, str] | None = None,
        content: bytes | None = None,
        redirects: int = MAX_REDIRECTS,
    ) -> Fetched:
        """The answer to a request, after its redirects. How long it may take is the caller's to say.

        Raises:
            ToolRefusedError: this is no address to ask, or it leads round in circles.
            ForbiddenAddressError: it may not be asked.
            UnreachableToolError: it does not answer, or not to the end.
            DownloadTooLargeError: the answer is larger than is read.
        """
        sent = {"accept": "*/*", **{name.lower(): value for name, value in (headers or {}).items()}}
        target = parse_url(url)
        first = _origin(target)
        for _ in range(redirects + 1):
            own = sent if _origin(target) == first else _for_strangers(sent, headers or {})
            fetched = await self._once(method, target, own, content)
            location = fetched.headers.get("location")
            if fetched.status not in _REDIRECTS or not location:
                return fetched
            after = parse_url(str(target.join(location)))
            if target.scheme == "https" and after.scheme != "https":
                raise ForbiddenAddressError(f"{fetched.url} leads from HTTPS to HTTP, which is not followed.")
            if fetched.status == 303 or (fetched.status in (301, 302) and method == "POST"):
                method, content = "GET", None
                sent.pop("content-type", None)
            target = after
        raise ToolRefusedError(f"{url} leads on through more than {redirects} redirects.")

    async def _once(
        self, method: str, url: httpx2.URL, headers: Mapping[str, str], content: bytes | None
    ) -> Fetched:
        timeouts = {"connect": CONNECT_LIMIT, "pool": CONNECT_LIMIT}
        try:
            async with self._pool.stream(
                method,
                httpcore2.URL(scheme=url.raw_scheme, host=url.raw_host, port=url.port, target=url.raw_path),
                headers=_raw(url, headers, content),
                content=content,
                extensions={"timeout": timeouts},
            ) as response:
                got = {
                    name.decode("latin-1").lower(): value.decode("latin-1")
                    for name, value in response.headers
                }
                body = await self._read(response, got, str(url))
                return Fetched(response.status, str(url), got, body)
        except (
            httpcore2.NetworkError,
            httpcore2.TimeoutException,
            httpcore2.ProtocolError,
            httpcore2.UnsupportedProtocol,
            ssl.SSLError,
        ) as error:
            reason = f"{type(error).__name__}: {error}".rstrip(": ")
            raise UnreachableToolError(f"{url.host} did not answer: {reason}") from None

    async def _read(self, response: httpcore2.Response, headers: Mapping[str, str], url: str) -> bytes:
        unpack = _Unpacking(headers.get("content-encoding", ""), self._max_bytes)
        body = bytearray()
        async for chunk in response.aiter_stream():
            body += unpack(chunk, self._max_bytes - len(body))
            if len(body) > self._max_bytes:
                raise DownloadTooLargeError(
                    f"{url} answered more than {self._max_bytes} bytes, which is the most that is read."
                )
        return bytes(body)


class _Unpacking:
    """Undoes the compression of an answer, never further than is wanted: a small answer may be a huge one packed."""

    def __init__(self, encoding: str, limit: int) -> None:
        name = encoding.strip().lower()
        self._limit = limit
        if name in ("", "identity"):
            self._packed: Any = None
        elif name in ("gzip", "x-gzip", "deflate"):
            self._packed = zlib.decompressobj(wbits=47 if name != "deflate" else zlib.MAX_WBITS)
        else:
            raise ToolRefusedError(f"The answer is packed as {encoding!r}, which was not asked for.")

    def __call__(self, chunk: bytes, room: int) -> bytes:
        if self._packed is None:
            return chunk
        try:
            return self._packed.decompress(chunk, max(room, 0) + 1)
        except zlib.error as error:
            raise UnreachableToolError(f"The answer is not packed as it says: {error}") from None


def parse_url(url: str) -> httpx2.URL:
    """An address that may be asked for.

    Raises:
        ToolRefusedError: it is none.
    """
    try:
        parsed = httpx2.URL(url)
    except (httpx2.InvalidURL, TypeError, ValueError) as error:
        raise ToolRefusedError(f"{url!r} is no address: {error}") from None
    if parsed.scheme not in ("http", "https") or not parsed.host:
        raise ToolRefusedError(f"{url!r} is no address that begins with http:// or https://.")
    if parsed.userinfo:
        raise ToolRefusedError("An address with a name or password in it is not asked.")
    return parsed


def _origin(url: httpx2.URL) -> tuple[str, str, int | None]:
    return url.scheme, url.host, url.port


def _for_strangers(sent: Mapping[str, str], given: Mapping[str, str]) -> dict[str, str]:
    """Without what was meant for the server that was asked first."""
    own = {name.lower() for name in given}
    return {
        name: value for name, value in sent.items() if name not in own or name in ("accept", "content-type")
    }


def _raw(url: httpx2.URL, headers: Mapping[str, str], content: bytes | None) -> Sequence[tuple[bytes, bytes]]:
    fields = {
        "host": url.netloc.decode("ascii"),
        "user-agent": f"agentic-platform/{__version__}",
        "accept-encoding": "identity",
        **headers,
    }
    if content is not None:
        fields["content-length"] = str(len(content))
    return [(name.encode("ascii"), value.encode("utf-8")) for name, value in fields.items()]


def ssl_context() -> ssl.SSLContext:
    """Certificates as they should be, whatever the environment says of proxies and files."""
    return httpx2.create_ssl_context(trust_env=False)
