"""Tools whose effects are counted by the test, wherever the process that calls them is."""

from __future__ import annotations

import os
from collections import Counter
from typing import Any

import httpx2
from starlette.types import Receive, Scope, Send

from agentic.layers.base import jsonio
from agentic.layers.base.http import read_body
from agentic.layers.L03_tool_execution.functions import tool

URL = "EFFECTS_URL"


class EffectCounter:
    """Counts what it is told, by tag and number: an ASGI app."""

    def __init__(self) -> None:
        self.done: Counter[tuple[str, int]] = Counter()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        told: Any = jsonio.decode(await read_body(receive))
        self.done[told["tag"], told["number"]] += 1
        await send({"type": "http.response.start", "status": 204, "headers": []})
        await send({"type": "http.response.body", "body": b""})


@tool
async def charge(tag: str, number: int) -> str:
    """Charges somebody: what must not happen twice.

    Args:
        tag: Whom.
        number: The how manieth time.
    """
    async with httpx2.AsyncClient(trust_env=False) as client:
        (await client.post(os.environ[URL], json={"tag": tag, "number": number})).raise_for_status()
    return f"charged {number}"


@tool(idempotent=True)
async def look(number: int) -> int:
    """Looks: what may be done again.

    Args:
        number: What is seen.
    """
    return number
