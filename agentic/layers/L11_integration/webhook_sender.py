"""Posts messages to addresses of others: only to public ones, never on to where a redirect leads."""

from __future__ import annotations

import asyncio
import ssl
import time
from collections.abc import Iterable, Mapping
from typing import Final, NamedTuple

import httpcore2
import httpx2

from agentic import __version__
from agentic.layers.base.public_addresses import Allowed, Guard
from agentic.layers.L11_integration.errors import DeliveryError, ForbiddenTargetError
from agentic.layers.L11_integration.targets import address_of

ALLOWED_IN: Final = "PLATFORM_L11_OUTGOING_ALLOW"
GONE: Final = 410
MOST_READ: Final = 64 * 1024
"""Bytes of an answer that are read, so that the connection can be used again; a longer one costs the connection."""
_REFUSED: Final = (
    httpcore2.NetworkError,
    httpcore2.TimeoutException,
    httpcore2.ProtocolError,
    httpcore2.UnsupportedProtocol,
    ssl.SSLError,
)


class Sent(NamedTuple):
    """What came of one attempt."""

    code: int | None
    milliseconds: int
    error: str | None

    @property
    def gone(self) -> bool:
        """The other end wants nothing more, ever."""
        return self.code == GONE


class WebhookSender:
    """Connections to the addresses of all webhooks."""

    def __init__(self, allow: Iterable[str], limit: float) -> None:
        self.guard = Guard(Allowed(allow), ForbiddenTargetError, ALLOWED_IN)
        self._limit = limit
        self._made: httpcore2.AsyncConnectionPool | None = None

    @property
    def _pool(self) -> httpcore2.AsyncConnectionPool:
        if self._made is None:
            self._made = httpcore2.AsyncConnectionPool(
                ssl_context=httpx2.create_ssl_context(trust_env=False),
                max_connections=200,
                max_keepalive_connections=50,
                keepalive_expiry=15,
                network_backend=self.guard,
            )
        return self._made

    async def close(self) -> None:
        """Closes what is open."""
        if self._made is not None:
            await self._made.aclose()
            self._made = None

    async def check(self, url: str) -> None:
        """Returns when messages may be sent to an address; one that cannot be looked up now may be there later.

        Raises:
            TargetError, ForbiddenTargetError: they may not.
        """
        parsed = address_of(url)
        port = parsed.port or {"http": 80, "https": 443}[parsed.scheme]
        try:
            await self.guard.addresses(parsed.host, port)
        except httpcore2.ConnectError:
            return

    async def post(self, url: str, headers: Mapping[str, str], body: bytes) -> Sent:
        """Sends one message, and tells what came of it."""
        started = time.perf_counter()
        code, error = None, None
        try:
            code = await self._post(address_of(url), headers, body)
            if not 200 <= code < 300:
                moved = ", and redirects are not followed" if 300 <= code < 400 else ""
                error = f"answered {code}{moved}"
        except TimeoutError:
            error = f"no answer within {self._limit:g} s"
        except (DeliveryError, ForbiddenTargetError) as refused:
            error = refused.detail
        return Sent(code, round((time.perf_counter() - started) * 1000), error)

    async def _post(self, url: httpx2.URL, headers: Mapping[str, str], body: bytes) -> int:
        fields = {
            "host": url.netloc.decode("ascii"),
            "user-agent": f"agentic-platform/{__version__}",
            "content-length": str(len(body)),
            **headers,
        }
        raw = [(name.encode("ascii"), value.encode("utf-8")) for name, value in fields.items()]
        target = httpcore2.URL(scheme=url.raw_scheme, host=url.raw_host, port=url.port, target=url.raw_path)
        try:
            async with (
                asyncio.timeout(self._limit),
                self._pool.stream("POST", target, headers=raw, content=body) as response,
            ):
                read = 0
                async for chunk in response.aiter_stream():
                    read += len(chunk)
                    if read > MOST_READ:
                        break
                return response.status
        except _REFUSED as error:
            reason = f"{type(error).__name__}: {error}".rstrip(": ")
            raise DeliveryError(f"{url.host} did not answer: {reason}") from None
