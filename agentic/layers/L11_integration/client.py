"""`L11Client`: subscriptions, hooks and services; a call when the layer lives in this process and HTTP when it does not.

l11 = L11Client()
made = await l11.subscribe("orders", "webhook", "task.completed", target={"url": "https://example.com/hook"})
print(made["secret"])
"""

from __future__ import annotations

import os
from collections.abc import Mapping
from typing import Any, Final

from agentic.layers.base.backends import Backend, HttpBackend
from agentic.layers.base.operation import Call, Operation
from agentic.layers.L01_data_layer.models.delivery import Delivery
from agentic.layers.L01_data_layer.models.resource import Page
from agentic.layers.L01_data_layer.models.subscription import Hook
from agentic.layers.L11_integration import errors, models

__all__ = ["L11Client", "errors"]
# With the errors: what is refused over HTTP is raised here as the class that it was.

DEFAULT_URL: Final = "http://localhost:8011"
URL_VARIABLE: Final = "PLATFORM_L11_URL"


class L11Client:
    """The integration layer; without an address the one in `PLATFORM_L11_URL`, or else its own port on this machine."""

    def __init__(self, base_url: str | None = None, *, backend: Backend | None = None) -> None:
        self.backend = backend or HttpBackend("L11", base_url or os.environ.get(URL_VARIABLE) or DEFAULT_URL)

    # -- subscriptions

    async def subscriptions(self) -> list[models.Subscription]:
        """Every subscription."""
        return (await self.backend.call(models.LIST_SUBSCRIPTIONS, Call()))["items"]

    async def subscription(self, name: str) -> models.Subscription:
        """One subscription.

        Raises:
            NotFoundError: there is none of this name.
        """
        return await self._at(models.GET_SUBSCRIPTION, name)

    async def subscribe(
        self,
        name: str,
        kind: str,
        event_type: str,
        *,
        target: Mapping[str, Any] | None = None,
        **fields: Any,
    ) -> models.NewSubscription:
        """A new subscription, with its secret if it has one. `filter`, `form`, `enabled`; `after`: where it begins.

        Raises:
            SubscriptionExistsError: the name is taken.
            PatternError, FilterError, TargetError: what is wrong with it.
        """
        body = {
            "name": name,
            "kind": kind,
            "event_type": event_type,
            "target": dict(target or {}),
            **fields,
        }
        return await self.backend.call(models.SUBSCRIBE, Call(body=body))

    async def change(self, name: str, **changes: Any) -> models.Stored:
        """Changes what it is about: `event_type`, `filter`, `target`, `form`."""
        return await self._at(models.CHANGE_SUBSCRIPTION, name, changes)

    async def unsubscribe(self, name: str) -> None:
        """Takes a subscription away."""
        await self._at(models.UNSUBSCRIBE, name)

    async def pause(self, name: str) -> models.Stored:
        """Nothing is delivered until it is resumed; nothing is missed either."""
        return await self._at(models.PAUSE, name)

    async def resume(self, name: str) -> models.Stored:
        """It goes on where it was."""
        return await self._at(models.RESUME, name)

    async def replay(
        self, name: str, *, position: int | None = None, time: str | None = None
    ) -> models.Place:
        """Events come again, after a position or from a time on."""
        wanted = {"position": position, "time": time}
        return await self._at(
            models.REPLAY, name, {key: value for key, value in wanted.items() if value is not None}
        )

    async def acknowledge(self, name: str, position: int) -> models.Place:
        """A reader of server-sent events has done everything up to a position."""
        return await self._at(models.ACKNOWLEDGE, name, {"position": position})

    async def rotate(self, name: str, **how: Any) -> models.NewSecret:
        """A new secret for a webhook; the one before stays valid for `overlap` seconds."""
        return await self._at(models.ROTATE, name, how)

    # -- deliveries

    async def deliveries(self, name: str, **query: Any) -> Page[Delivery]:
        """What became of events, the newest first. `status`; paging as everywhere."""
        return await self._asked(models.DELIVERIES, name, query)

    async def dead_letters(self, name: str, **query: Any) -> Page[Delivery]:
        """The events that could not be delivered."""
        return await self._asked(models.DEAD_LETTERS, name, query)

    async def retry(self, name: str, position: int) -> Delivery:
        """Tries a dead letter again."""
        path = {"name": name, "position": position}
        return await self.backend.call(models.RETRY_LETTER, Call(path))

    async def drop(self, name: str, position: int) -> None:
        """Gives a dead letter up."""
        await self.backend.call(models.DROP_LETTER, Call({"name": name, "position": position}))

    # -- hooks

    async def hooks(self, **query: Any) -> Page[Hook]:
        """One page of the addresses at which others tell us something."""
        return await self.backend.call(models.LIST_HOOKS, Call(query=query))

    async def hook(self, name: str) -> Hook:
        """One hook."""
        return await self._at(models.GET_HOOK, name)

    async def make_hook(self, name: str, **fields: Any) -> models.NewHook:
        """A new hook, with the secret that callers sign with. `event_type`, `scheme`, `secret`, `enabled`."""
        return await self.backend.call(models.MAKE_HOOK, Call(body={"name": name, **fields}))

    async def change_hook(self, name: str, **changes: Any) -> Hook:
        """Changes `event_type`, `scheme` or `enabled`."""
        return await self._at(models.CHANGE_HOOK, name, changes)

    async def rotate_hook(self, name: str, **how: Any) -> models.NewSecret:
        """A new secret for a hook; the one before stays valid for `overlap` seconds."""
        return await self._at(models.ROTATE_HOOK, name, how)

    async def delete_hook(self, name: str) -> None:
        """Takes a hook away."""
        await self._at(models.DELETE_HOOK, name)

    # -- services

    async def services(self) -> list[models.Service]:
        """Every layer, how it fares, and whether it is asked at the moment."""
        return (await self.backend.call(models.LIST_SERVICES, Call()))["items"]

    async def _at(self, operation: Operation, name: str, body: Any = None) -> Any:
        return await self.backend.call(operation, Call({"name": name}, body=body))

    async def _asked(self, operation: Operation, name: str, query: Mapping[str, Any]) -> Any:
        return await self.backend.call(operation, Call({"name": name}, query=query))
