"""One walk through the checks: each is timed, fails alone, and leaves the next ones to go on."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncGenerator, Awaitable, Callable, Iterable
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, field
from typing import Any, Final, cast

import asyncpg
import httpx2

from agentic.layers.base.errors import PlatformError
from agentic.layers.L01_data_layer.backends.http import HttpBackend
from agentic.layers.L01_data_layer.client import L01Client
from agentic.platform.verification.addresses import Addresses

LIMIT: Final = 15.0
"""Seconds for one check."""
EVENT_LIMIT: Final = 10.0
"""Seconds in which an event must arrive."""


class CheckFailedError(Exception):
    """What was to be seen was not; the message says what was seen instead."""


@dataclass(frozen=True)
class Result:
    """What became of one check."""

    step: str
    what: str
    ok: bool
    detail: str
    ms: float


@dataclass
class Walk:
    """What the checks share: the ways to what is verified, and what they made."""

    addresses: Addresses
    http: httpx2.AsyncClient
    agents: dict[str, str] = field(default_factory=dict[str, str])
    """The ids of agents that were made, by name; they are deleted at the end."""
    left: list[str] = field(default_factory=list[str])
    """What was made and cannot be deleted."""
    removals: list[str] = field(default_factory=list[str])
    """Addresses of what can be deleted, the newest last."""
    endings: list[str] = field(default_factory=list[str])
    """Addresses that are posted to at the end, which ends what can only be ended."""
    resources: AsyncExitStack = field(default_factory=AsyncExitStack)
    """What is held until then."""

    async def ask(
        self, method: str, url: str, body: Any = None, expected: int = 200, key: str | None = None
    ) -> Any:
        """The decoded answer to a request.

        Raises:
            CheckFailedError: the status is another one, or the answer is no JSON.
        """
        headers = {"x-api-key": key} if key else {}
        try:
            response = await self.http.request(method, url, json=body, headers=headers)
        except httpx2.TransportError as error:
            raise CheckFailedError(f"{url} does not answer: {error or type(error).__name__}") from error
        if response.status_code != expected:
            raise CheckFailedError(f"{method} {url} answered {_summary(response)}")
        if not response.content:
            return None
        try:
            return response.json()
        except ValueError:
            raise CheckFailedError(f"{method} {url} did not answer with JSON") from None

    async def l01(self, method: str, path: str, body: Any = None, expected: int = 200) -> Any:
        """The answer of the data layer."""
        return await self.ask(method, f"{self.addresses.l01}{path}", body, expected)

    async def l09(self, method: str, path: str, body: Any = None, expected: int = 200) -> Any:
        """The answer of the gateway, to which the key is shown."""
        return await self.ask(
            method, f"{self.addresses.l09}{path}", body, expected, self.addresses.gateway_key
        )

    async def page(self, path: str) -> str:
        """A page of the dashboard.

        Raises:
            CheckFailedError: there is none.
        """
        url = f"{self.addresses.l10}{path}"
        try:
            response = await self.http.get(url, headers={"accept": "text/html"})
        except httpx2.TransportError as error:
            raise CheckFailedError(f"{url} does not answer: {error or type(error).__name__}") from error
        if response.status_code != 200 or "text/html" not in response.headers.get("content-type", ""):
            raise CheckFailedError(f"GET {url} answered {_summary(response)}")
        return response.text

    def made_agent(self, agent: dict[str, Any]) -> str:
        """Remembers an agent for the end; answers its id."""
        self.agents[agent["name"]] = agent["id"]
        self.removals.append(f"{self.addresses.l01}/agents/{agent['id']}")
        return str(agent["id"])

    def agent(self, name: str) -> str:
        """The id of an agent that an earlier step made.

        Raises:
            CheckFailedError: that step failed.
        """
        if name not in self.agents:
            raise CheckFailedError(f"there is no {name!r}: the step that makes it failed")
        return self.agents[name]

    @asynccontextmanager
    async def database(self) -> AsyncGenerator[asyncpg.Connection[Any]]:
        """A connection to the database itself.

        Raises:
            CheckFailedError: it cannot be reached.
        """
        try:
            connection = await asyncpg.connect(self.addresses.database_url, timeout=5, command_timeout=LIMIT)
        except (OSError, TimeoutError, asyncpg.PostgresError, asyncpg.InterfaceError, ValueError) as error:
            raise CheckFailedError(
                f"the database cannot be reached: {error or type(error).__name__}"
            ) from error
        try:
            yield connection
        finally:
            await connection.close()

    def client(self) -> L01Client:
        """The client library, over HTTP."""
        return L01Client(self.addresses.l01, backend=HttpBackend(self.addresses.l01, self.addresses.headers))


@dataclass(frozen=True)
class Check:
    """One thing to see. `see` answers what was seen."""

    step: str
    what: str
    see: Callable[[Walk], Awaitable[str]]


async def walk_through(
    addresses: Addresses, checks: Iterable[Check], tell: Callable[[Check], None]
) -> list[Result]:
    """Makes each check in turn and cleans up; `tell` hears which one is next."""
    async with AsyncExitStack() as stack:
        http = httpx2.AsyncClient(trust_env=False, timeout=LIMIT, headers=addresses.headers)
        walk = Walk(addresses, await stack.enter_async_context(http))
        await stack.enter_async_context(walk.resources)
        results: list[Result] = []
        for check in checks:
            tell(check)
            results.append(await _made(check, walk))
        results.append(await _made(Check("", "Clean up", _clean_up), walk))
    return results


async def _made(check: Check, walk: Walk) -> Result:
    began = time.perf_counter()
    try:
        async with asyncio.timeout(LIMIT):
            detail, ok = await check.see(walk), True
    except TimeoutError:
        detail, ok = f"not seen within {LIMIT:.0f} s", False
    except (CheckFailedError, PlatformError) as error:
        detail, ok = str(error), False
    except Exception as error:  # whatever else is wrong with what is verified must not end the walk
        detail, ok = f"{type(error).__name__}: {error}", False
    return Result(check.step, check.what, ok, detail, (time.perf_counter() - began) * 1000)


async def _clean_up(walk: Walk) -> str:
    failed: list[str] = []
    done = [
        *(("POST", url, 200) for url in walk.endings),
        *(("DELETE", url, 204) for url in walk.removals[::-1]),
    ]
    for method, url, expected in done:
        try:
            await walk.ask(method, url, expected=expected)
        except CheckFailedError as error:
            failed.append(str(error))
    if failed:
        raise CheckFailedError("; ".join(failed))
    removed = f"deleted {len(walk.removals)} records"
    if walk.endings:
        removed = f"{removed}, terminated {len(walk.endings)} agent, whose run stays"
    return f"{removed}; the API has no delete for {', '.join(walk.left)}" if walk.left else removed


def _summary(response: httpx2.Response) -> str:
    try:
        problem = cast("dict[str, Any]", response.json())
        return f"{response.status_code} {problem.get('code', '')} {problem.get('detail', '')}".strip()
    except (ValueError, AttributeError):
        return f"{response.status_code}"
