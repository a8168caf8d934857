"""The routes of the integration layer."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Header, Request

from agentic.layers.base.common_errors import InvalidError
from agentic.layers.base.http import JsonResponse, read_body
from agentic.layers.base.operation import Route
from agentic.layers.base.server_sent import DOCUMENTED, ServerSentEvents
from agentic.layers.L11_integration import models
from agentic.layers.L11_integration.errors import NotStoredError
from agentic.layers.L11_integration.feed_subscription import FeedSubscription
from agentic.layers.L11_integration.hooks import HookService
from agentic.layers.L11_integration.registry import ServiceRegistry
from agentic.layers.L11_integration.router import EventRouter
from agentic.layers.L11_integration.subscription_service import SubscriptionService

FEED = "/subscriptions/{name}/events"
RECEIVE = "/hooks/{name}"


def routes_by_section(
    subscriptions: SubscriptionService, hooks: HookService, services: ServiceRegistry
) -> dict[str, list[Route]]:
    """What may be asked, by section of the documentation."""
    return {
        "subscriptions": [
            Route(models.LIST_SUBSCRIPTIONS, subscriptions.list),
            Route(models.SUBSCRIBE, subscriptions.create),
            Route(models.GET_SUBSCRIPTION, subscriptions.get),
            Route(models.CHANGE_SUBSCRIPTION, subscriptions.update),
            Route(models.UNSUBSCRIBE, subscriptions.delete),
            Route(models.PAUSE, subscriptions.pause),
            Route(models.RESUME, subscriptions.resume),
            Route(models.REPLAY, subscriptions.replay),
            Route(models.ACKNOWLEDGE, subscriptions.acknowledge),
            Route(models.ROTATE, subscriptions.rotate),
        ],
        "deliveries": [
            Route(models.DELIVERIES, subscriptions.deliveries),
            Route(models.DEAD_LETTERS, subscriptions.dead_letters),
            Route(models.RETRY_LETTER, subscriptions.retry),
            Route(models.DROP_LETTER, subscriptions.drop),
        ],
        "hooks": [
            Route(models.LIST_HOOKS, hooks.list),
            Route(models.MAKE_HOOK, hooks.create),
            Route(models.GET_HOOK, hooks.get),
            Route(models.CHANGE_HOOK, hooks.update),
            Route(models.DELETE_HOOK, hooks.delete),
            Route(models.ROTATE_HOOK, hooks.rotate),
        ],
        "services": [Route(models.LIST_SERVICES, services.list)],
    }


def feed_router(events: EventRouter) -> APIRouter:
    """The streams of server-sent events."""
    routes = APIRouter(tags=["subscriptions"])

    @routes.get(FEED, status_code=200, responses=DOCUMENTED, response_class=ServerSentEvents)
    async def stream(  # pyright: ignore[reportUnusedFunction]
        name: str, last_event_id: Annotated[str | None, Header()] = None
    ) -> ServerSentEvents:
        """The events of a feed as they happen, from its own place on. A `Last-Event-ID` goes before that."""
        feed = events.subscriptions.get(name)
        if not isinstance(feed, FeedSubscription):
            raise NotStoredError(f"{name} is no feed that is switched on.")
        return ServerSentEvents(feed.blocks(_position(last_event_id)))

    return routes


def hook_router(hooks: HookService, most: int) -> APIRouter:
    """Where others tell us something."""
    routes = APIRouter(tags=["hooks"])

    @routes.post(RECEIVE, status_code=202)
    async def receive(name: str, request: Request) -> JsonResponse:  # pyright: ignore[reportUnusedFunction]
        """Takes a signed message; it becomes an event, once, however often it comes."""
        body = await read_body(request.receive, most)
        headers = {key.lower(): value for key, value in request.headers.items()}
        return JsonResponse(await hooks.receive(name, headers, body), 202)

    return routes


def _position(last_event_id: str | None) -> int | None:
    if last_event_id is None:
        return None
    if not (last_event_id.isascii() and last_event_id.isdigit() and len(last_event_id) < 17):
        raise InvalidError.of(("Last-Event-ID", "not a position that a stream gave"))
    return int(last_event_id)
