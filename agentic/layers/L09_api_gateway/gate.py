"""Who may pass: the key of each request, checked against the data layer and remembered for a few seconds."""

from __future__ import annotations

from collections.abc import Callable
from contextvars import ContextVar
from typing import Final

from starlette.types import Scope as Request

from agentic.layers.base import api_keys
from agentic.layers.base.api_keys import KeyRing, printable
from agentic.layers.base.app import Headers
from agentic.layers.L01_data_layer.client import L01Client, key_source
from agentic.layers.L09_api_gateway.errors import MissingKeyError
from agentic.layers.L09_api_gateway.keys import REFUSALS

PREFIX: Final = "/api/v1"

_caller: ContextVar[str] = ContextVar("caller")


def caller() -> str:
    """The id of the key with which the request in hand was made."""
    return _caller.get()


class Gate:
    """Checks the key of each request below `/api/v1`. The specification's test key passes only if `test_key` says so."""

    def __init__(self, client: Callable[[], L01Client], *, test_key: bool, memory: float) -> None:
        self._keys = KeyRing(key_source(client), REFUSALS, test_key=test_key, memory=memory)

    async def admit(self, path: str, request: Request, headers: Headers) -> None:
        """Lets a request pass, in the name of its key.

        Raises:
            MissingKeyError, InvalidKeyError, RevokedKeyError, ExpiredKeyError, MissingScopeError: it may not.
            PlatformError: the data layer could not be asked.
        """
        if path != PREFIX and not path.startswith(f"{PREFIX}/"):
            return
        record = await self._keys.admit(request)
        _caller.set(record["id"])
        headers.trace["actor"] = printable(record["name"])

    async def watch(self) -> None:
        """Forgets what is remembered whenever a key changes, in whatever process. Runs until it is cancelled."""
        await self._keys.watch()


def presented_key(request: Request) -> str:
    """The key in `X-API-Key`, or else in `Authorization: Bearer`.

    Raises:
        MissingKeyError: there is none.
    """
    key = api_keys.presented_key(request)
    if key is None:
        raise MissingKeyError
    return key
