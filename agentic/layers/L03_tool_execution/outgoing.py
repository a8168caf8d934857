"""HTTP to the outside, for tools: only to public addresses, whatever a name resolves to, whatever redirects say.

`base/public_addresses.py` looks at every address that is connected to. Each redirect is a new request with a new check. What comes
back is read up to a size and within a time, compressed or not.
"""

from __future__ import annotations

import ssl
import zlib
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

import httpcore2
import httpx2

from agentic import __version__
from agentic.layers.base.public_addresses import Allowed, Guard
from agentic.layers.L03_tool_execution.errors import (
    DownloadTooLargeError,
    ForbiddenAddressError,
    ToolRefusedError,
    UnreachableToolError,
)

MAX_REDIRECTS: Final = 5
CONNECT_LIMIT: Final = 10.0
ALLOWED_IN: Final = "PLATFORM_L03_OUTGOING_ALLOW"
_REDIRECTS: Final = frozenset((301, 302, 303, 307, 308))


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


class Outgoing:
    """Makes requests for tools."""

    def __init__(self, allow: Iterable[str], max_bytes: int) -> None:
        self.guard = Guard(Allowed(allow), ForbiddenAddressError, ALLOWED_IN)
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
