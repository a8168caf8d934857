"""Subscriptions as pages show them: how far each has come where the integration layer says so, else as they are stored."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final, NamedTuple

from agentic.layers.base import jsonio
from agentic.layers.base.common_errors import InvalidError
from agentic.layers.L10_human_interface.formats import clipped
from agentic.layers.L10_human_interface.web_site import Site
from agentic.layers.L11_integration.models import Subscription

KINDS: Final[Mapping[str, str]] = {
    "webhook": "post to an address",
    "stream": "add to a Redis stream",
    "feed": "be read as server-sent events",
    "run": "run an agent",
    "plan": "plan a goal",
    "tool": "call a tool",
}
STORED: Final = 200
MAIN: Final = ("url", "stream", "agent", "agent_id", "tool", "goal")
"""What tells most about where a subscription leads, in this order."""


class SubscriptionRow(NamedTuple):
    """A subscription as a row shows it. `status` is empty where nobody knows how it fares."""

    name: str
    kind: str
    pattern: str
    target: str
    status: str
    lag: int | None
    delivered: int | None
    parked: int | None
    error: str
    own: bool
    """The platform's own, which are code."""


def live_row(item: Subscription) -> SubscriptionRow:
    """The row of one that runs."""
    error = item["last_error"]
    return SubscriptionRow(
        item["name"],
        item["kind"],
        item["pattern"],
        target_of(item["target"]),
        item["status"],
        item["lag"],
        item["delivered"],
        item["parked"],
        clipped(error["error"], 80) if error and item["status"] != "following" else item["reason"] or "",
        item["id"] is None,
    )


async def subscription_rows(site: Site) -> list[SubscriptionRow]:
    """Every subscription, by name; without the integration layer, those that are stored."""
    if await site.beside.integration.there():
        l11 = await site.beside.integration.client()
        rows = [live_row(item) for item in await l11.subscriptions()]
        return sorted(rows, key=lambda row: (row.own, row.name))
    page = await site.l01.subscriptions.list(limit=STORED)
    rows = [
        SubscriptionRow(
            item["name"],
            item["kind"],
            item["event_type"],
            target_of(item["target"]),
            "" if item["enabled"] else "paused",
            None,
            None,
            None,
            item["reason"] or "",
            own=False,
        )
        for item in page["items"]
    ]
    return sorted(rows, key=lambda row: row.name)


def target_of(target: Mapping[str, Any]) -> str:
    """Where a subscription leads, in a line."""
    for name in MAIN:
        if target.get(name):
            return clipped(str(target[name]), 80)
    return clipped(jsonio.encode(dict(target)).decode(), 80) if target else ""


def target_in(kind: str, text: str) -> dict[str, Any]:
    """A target as a person wrote it: JSON, or for a webhook its address and for a stream its name.

    Raises:
        InvalidError: it is neither.
    """
    if not text.startswith("{"):
        short = {"webhook": "url", "stream": "stream"}.get(kind)
        if short is None and text:
            raise InvalidError.of(("target", "a JSON object"))
        return {short: text} if short and text else {}
    value = jsonio.decode(text)
    if not isinstance(value, dict):
        raise InvalidError.of(("target", "a JSON object"))
    return value  # pyright: ignore[reportUnknownVariableType]
