"""The routes of the integration layer: how each subscription fares."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from agentic.layers.base import jsonio
from agentic.layers.base.common_errors import NotFoundError
from agentic.layers.base.operation import Answer, Call, Route
from agentic.layers.L01_data_layer.client import L01Client
from agentic.layers.L11_integration import models
from agentic.layers.L11_integration.notices import Notices
from agentic.layers.L11_integration.router import EventRouter
from agentic.layers.L11_integration.subscription import Subscription


class SubscriptionView:
    """What is seen of a router from outside."""

    def __init__(
        self, router: EventRouter, notices: Mapping[str, Notices], client: Callable[[], L01Client]
    ) -> None:
        self._router = router
        self._notices = notices
        self._client = client

    async def list(self, call: Call) -> Answer:
        """Every subscription: how far it has come, how far that is behind, and what went wrong last."""
        head = await self._client().events.head()
        items = [self.of(subscription, head) for subscription in self._router.subscriptions.values()]
        return Answer(jsonio.encode({"items": items}))

    async def get(self, call: Call) -> Answer:
        """One subscription by its name."""
        name = call.path["name"]
        if (subscription := self._router.subscriptions.get(name)) is None:
            raise NotFoundError(f"There is no subscription {name!r}.")
        return Answer(jsonio.encode(self.of(subscription, await self._client().events.head())))

    def of(self, subscription: Subscription, head: int) -> models.Subscription:
        """A subscription as it stands when the newest event is at `head`."""
        position = subscription.cursor.position
        notices = self._notices.get(subscription.name)
        return {
            "name": subscription.name,
            "pattern": subscription.pattern.text,
            "status": subscription.status,
            "position": position,
            "lag": None if position is None else max(0, head - position),
            "attempts": subscription.attempts,
            "delivered": subscription.delivered,
            "parked": subscription.parked,
            "last_error": subscription.last_error,
            "notified": None if notices is None else notices.report(),
        }


def routes(view: SubscriptionView) -> list[Route]:
    """What may be asked of subscriptions."""
    return [Route(models.LIST_SUBSCRIPTIONS, view.list), Route(models.GET_SUBSCRIPTION, view.get)]
