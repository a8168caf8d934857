"""The integration layer as the supervisor runs it: build, lifespan, health."""

from __future__ import annotations

from collections.abc import AsyncGenerator, Mapping
from contextlib import asynccontextmanager
from typing import ClassVar

from starlette.routing import Route

from agentic.layers.base.api_keys import PLAIN_REFUSALS, KeyRing
from agentic.layers.base.app import LayerApp
from agentic.layers.base.backends import LocalBackend
from agentic.layers.base.background import Work
from agentic.layers.base.errors import PlatformError
from agentic.layers.base.layer import Check, Context, Health, Layer, health_of
from agentic.layers.L01_data_layer.client import L01Client, key_source
from agentic.layers.L02_agent_runtime.client import L02Client
from agentic.layers.L03_tool_execution.client import L03Client
from agentic.layers.L05_planning.client import L05Client
from agentic.layers.L11_integration import models
from agentic.layers.L11_integration.client import L11Client
from agentic.layers.L11_integration.hooks import HookService
from agentic.layers.L11_integration.makers import SubscriberMaker
from agentic.layers.L11_integration.mcp.endpoint import PATH, McpEndpoint
from agentic.layers.L11_integration.mcp.tool import Layers
from agentic.layers.L11_integration.notices import CATEGORIES, Notices
from agentic.layers.L11_integration.registry import ServiceRegistry
from agentic.layers.L11_integration.router import EventRouter
from agentic.layers.L11_integration.routers import FEED, feed_router, hook_router, routes_by_section
from agentic.layers.L11_integration.rules import Clients
from agentic.layers.L11_integration.settings import L11Settings
from agentic.layers.L11_integration.stored import StoredSubscriptions
from agentic.layers.L11_integration.subscription_service import SubscriptionService
from agentic.layers.L11_integration.turn import Turn
from agentic.layers.L11_integration.views import of_running
from agentic.layers.L11_integration.webhook_sender import WebhookSender


class Integration(Layer):
    """L11."""

    id: ClassVar[str] = "L11"
    title: ClassVar[str] = "Integration"
    port: ClassVar[int] = 8011
    requires: ClassVar[tuple[str, ...]] = ("L01", "L02", "L03", "L05")

    def __init__(self, context: Context, settings: L11Settings | None = None) -> None:
        super().__init__(context)
        self.settings = settings or L11Settings()
        self.router = EventRouter(self._l01, self.settings)
        self.notices = {name: Notices() for name in CATEGORIES}
        for name, pattern in CATEGORIES.items():
            self.router.subscribe(name, pattern, self.notices[name])
        self._sender = WebhookSender(self.settings.outgoing_allow, self.settings.webhook_limit)
        maker = SubscriberMaker(
            Clients(
                self._l01,
                lambda: context.client(L02Client),
                lambda: context.client(L03Client),
                lambda: context.client(L05Client),
            ),
            self.router.letters,
            self._sender,
            self.settings,
            self._switch_off,
        )
        self.stored = StoredSubscriptions(self._l01, self.router, maker.make)
        self.turn = Turn(self._l01, self.settings.turn, self.stored.take_turn)
        self.registry = ServiceRegistry(
            self._l01,
            context.health_checks,
            own=self.id,
            every=self.settings.look_every,
            failures=self.settings.failures,
        )
        self._subscriptions = SubscriptionService(
            self._l01, self.router, self.stored, self.notices, self._sender
        )
        self.hooks = HookService(self._l01)
        self._sections = routes_by_section(self._subscriptions, self.hooks, self.registry)
        test_key = self.settings.test_key and not context.public
        memory = self.settings.key_memory
        self._keys = KeyRing(key_source(self._l01), PLAIN_REFUSALS, test_key=test_key, memory=memory)
        self._mcp = McpEndpoint(self._layers, self._keys, keys_needed=context.public)

    def build(self) -> LayerApp:
        """Subscriptions, what becomes of their events, hooks, services, and the Model Context Protocol."""
        app = LayerApp(self.title)
        app.serve_stream(FEED, feed_router(self.router))
        app.include_router(hook_router(self.hooks, self.settings.hook_max_body))
        for section, routes in self._sections.items():
            app.serve(routes, section)
        app.router.routes.append(Route(PATH, self._mcp))
        return app

    @asynccontextmanager
    async def lifespan(self) -> AsyncGenerator[None]:
        """Delivers events. The data layer need not be there yet: each subscription waits for it."""
        try:
            async with self.router.running():
                yield
        finally:
            await self._sender.close()

    def background(self) -> Mapping[str, Work]:
        """What is stored is kept running, the layers are asked how they are, and keys that change are told of."""
        return {
            "stored subscriptions": self.stored.run,
            "turn to deliver": self.turn.run,
            "services": self.registry.run,
            "changes of keys": self._keys.watch,
        }

    def local_client(self) -> L11Client:
        """`L11Client` on the router of this process."""
        routes = (route for served in self._sections.values() for route in served)
        return L11Client(backend=LocalBackend(routes))

    async def health(self) -> Health:
        """The data layer is needed; each subscription is to follow it closely."""
        try:
            head = await self._l01().events.head()
        except PlatformError as error:
            return health_of(self.id, {"data layer": {"status": "down", "detail": error.detail}})
        checks: dict[str, Check] = {"data layer": {"status": "ok", "detail": "answers"}}
        for subscription in self.router.subscriptions.values():
            checks[f"subscription {subscription.name}"] = self._check(
                of_running(subscription, None, head, None)
            )
        return health_of(self.id, checks)

    def _check(self, seen: models.Subscription) -> Check:
        lag = seen["lag"]
        well = seen["status"] == "following" and lag is not None and lag < self.settings.long_lag
        behind = "not started" if lag is None else f"{lag} behind"
        return {"status": "ok" if well else "degraded", "detail": f"{seen['status']}, {behind}"}

    async def _switch_off(self, subscription_id: str, reason: str) -> None:
        await self.stored.switch_off(subscription_id, reason)

    async def _layers(self) -> Layers:
        return Layers(self._l01(), self.context.client(L02Client))

    def _l01(self) -> L01Client:
        return self.context.client(L01Client)
