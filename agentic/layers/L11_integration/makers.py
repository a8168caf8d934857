"""Makes the subscriber that a stored subscription describes."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from typing import Any, Final

from agentic.layers.base import jsonio
from agentic.layers.base.common_errors import (
    BusUnavailableError,
    DatabaseUnavailableError,
    NotFoundError,
    TimedOutError,
    UnreachableError,
)
from agentic.layers.base.ids import now
from agentic.layers.L01_data_layer.models.event import Event
from agentic.layers.L01_data_layer.models.subscription import Subscription as Stored
from agentic.layers.L11_integration.causes import RULE
from agentic.layers.L11_integration.cloud_events import MEDIA_TYPE, cloud_event
from agentic.layers.L11_integration.cursor import Cursor
from agentic.layers.L11_integration.dead_letters import DeadLetters
from agentic.layers.L11_integration.feed_subscription import FeedSubscription
from agentic.layers.L11_integration.filters import Filter
from agentic.layers.L11_integration.follower import Subscriber, Wanted
from agentic.layers.L11_integration.pattern import Pattern
from agentic.layers.L11_integration.rules import Clients, Rule
from agentic.layers.L11_integration.secrets_of import Secrets
from agentic.layers.L11_integration.settings import L11Settings
from agentic.layers.L11_integration.signing import signed
from agentic.layers.L11_integration.subscription import Patience, Subscription
from agentic.layers.L11_integration.targets import StreamTarget, WebhookTarget, target_of
from agentic.layers.L11_integration.webhook_sender import Sent, WebhookSender
from agentic.layers.L11_integration.webhook_subscription import Endurance, WebhookSubscription

AWAITED: Final = (UnreachableError, BusUnavailableError, DatabaseUnavailableError, TimedOutError)
"""Nobody is there to take an event: it waits, and that is no attempt."""
CREATED: Final = "subscription.created"

SwitchOff = Callable[[str, str], Awaitable[None]]
"""Switches the subscription of this id off, for a reason."""


class SubscriberMaker:
    """Knows what every kind of subscriber needs."""

    def __init__(
        self,
        clients: Clients,
        letters: DeadLetters,
        sender: WebhookSender,
        settings: L11Settings,
        switch_off: SwitchOff,
    ) -> None:
        self._clients = clients
        self._client = clients.l01
        self._letters = letters
        self._sender = sender
        self._settings = settings
        self._switch_off = switch_off

    def make(self, stored: Stored) -> Subscriber:
        """The subscriber.

        Raises:
            PatternError, FilterError, TargetError: what is stored describes none.
        """
        wanted = Wanted(Pattern(stored["event_type"]), Filter(stored["filter"]))
        target = target_of(stored["kind"], stored["target"])
        make: dict[str, Callable[[Stored, Any, dict[str, Any]], Subscriber]] = {
            "webhook": self._webhook,
            "stream": self._stream,
            "feed": self._feed,
        }
        common = {
            "client": self._client,
            "cursor": self._cursor(stored),
            "subscriber": stored["id"],
            "name": stored["name"],
            "wanted": wanted,
        }
        return make.get(stored["kind"], self._rule)(stored, target, common)

    def _cursor(self, stored: Stored) -> Cursor:
        """A rule's place is saved after each event, so that a crash repeats none but the one in hand."""
        acts = stored["kind"] in ("run", "tool", "plan")
        return Cursor(
            cursor_name(stored),
            self._client,
            every=1 if acts else self._settings.save_every,
            within=self._settings.save_within,
            start=lambda: self._born(stored["id"]),
            onward=stored["kind"] != "feed",  # its reader may want something again
        )

    async def _born(self, subscription_id: str) -> int:
        """Where the subscription itself stands in the log: what came after it is its business, whoever was slow."""
        items = (await self._client().events.list(aggregate_id=subscription_id, event_type=CREATED))["items"]
        position = items[0]["position"] if items else None
        if position is None:
            raise NotFoundError("The subscription has no place in the log yet.")
        return position

    def _feed(self, stored: Stored, target: Any, common: dict[str, Any]) -> Subscriber:
        feed = FeedSubscription(**common)
        feed.form = stored["form"]
        return feed

    def _webhook(self, stored: Stored, target: WebhookTarget, common: dict[str, Any]) -> Subscriber:
        settings = self._settings
        secrets = Secrets(self._client, stored["id"])

        async def send(event: Event) -> Sent:
            body, media_type = body_of(event, stored["form"])
            keys = await secrets.valid()
            headers = signed(keys, event["id"], int(now().timestamp()), body)
            return await self._sender.post(target.url, {"content-type": media_type, **headers}, body)

        async def switch_off(reason: str) -> None:
            await self._switch_off(stored["id"], reason)

        return WebhookSubscription(
            **common,
            send=send,
            switch_off=switch_off,
            letters=self._letters,
            patience=Patience(
                0, settings.webhook_first_pause, settings.webhook_longest_pause, settings.webhook_limit
            ),
            endurance=Endurance(
                settings.webhook_at_once,
                settings.window,
                settings.window_bytes,
                settings.most_held,
                settings.failures,
                settings.webhook_longest_probe,
                settings.webhook_give_up,
            ),
        )

    def _stream(self, stored: Stored, target: StreamTarget, common: dict[str, Any]) -> Subscriber:
        async def add(event: Event) -> None:
            entry = {
                "generation": stored["generation"],
                "position": event["position"],
                "event": body_of(event, stored["form"])[0].decode(),
            }
            await self._client().streams.add(target.stream, [entry], keep=target.keep)

        return Subscription(
            **common, handler=add, patience=self._patience(), letters=self._letters, awaited=AWAITED
        )

    def _rule(self, stored: Stored, target: Any, common: dict[str, Any]) -> Subscriber:
        return Subscription(
            **common,
            handler=Rule(stored, target, self._clients, self._settings.most_rounds),
            patience=self._patience(),
            letters=self._letters,
            actor=RULE.strip(),
            awaited=AWAITED,
        )

    def _patience(self) -> Patience:
        settings = self._settings
        return Patience(
            settings.attempts, settings.first_pause, settings.longest_pause, settings.handler_limit
        )


def cursor_name(stored: Mapping[str, Any]) -> str:
    """The name of a subscription's place. A replay is a new one, so that nobody who still works at the old one can spoil it."""
    return f"{stored['id']}.{stored['generation']}"


def body_of(event: Event, form: str) -> tuple[bytes, str]:
    """A message about an event, and its media type."""
    if form == "cloudevent":
        return jsonio.encode(cloud_event(event)), MEDIA_TYPE
    return jsonio.encode(event), "application/json"
