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
from agentic.layers.L11_integration import models
from agentic.layers.L11_integration.client import L11Client
from agentic.layers.L11_integration.mcp.endpoint import PATH, McpEndpoint
from agentic.layers.L11_integration.mcp.tool import Layers
from agentic.layers.L11_integration.notices import CATEGORIES, Notices
from agentic.layers.L11_integration.router import EventRouter
from agentic.layers.L11_integration.routers import SubscriptionView, routes
from agentic.layers.L11_integration.settings import L11Settings


class Integration(Layer):
    """L11."""

    id: ClassVar[str] = "L11"
    title: ClassVar[str] = "Integration"
    port: ClassVar[int] = 8011
    requires: ClassVar[tuple[str, ...]] = ("L01", "L02")

    def __init__(self, context: Context, settings: L11Settings | None = None) -> None:
        super().__init__(context)
        self.settings = settings or L11Settings()
        self.router = EventRouter(self._l01, self.settings)
        self.notices = {name: Notices() for name in CATEGORIES}
        for name, pattern in CATEGORIES.items():
            self.router.subscribe(name, pattern, self.notices[name])
        self._view = SubscriptionView(self.router, self.notices, self._l01)
        self._routes = routes(self._view)
        test_key = self.settings.test_key and not context.public
        memory = self.settings.key_memory
        self._keys = KeyRing(key_source(self._l01), PLAIN_REFUSALS, test_key=test_key, memory=memory)
        self._mcp = McpEndpoint(self._layers, self._keys, keys_needed=context.public)

    def build(self) -> LayerApp:
        """The subscriptions as they stand, and the endpoint for clients of the Model Context Protocol."""
        app = LayerApp(self.title)
        app.serve(self._routes, "subscriptions")
        app.router.routes.append(Route(PATH, self._mcp))
        return app

    @asynccontextmanager
    async def lifespan(self) -> AsyncGenerator[None]:
        """Delivers events. The data layer need not be there yet: each subscription waits for it."""
        async with self.router.running():
            yield

    def background(self) -> Mapping[str, Work]:
        """The watch on keys that change."""
        return {"changes of keys": self._keys.watch}

    def local_client(self) -> L11Client:
        """`L11Client` on the router of this process."""
        return L11Client(backend=LocalBackend(self._routes))

    async def health(self) -> Health:
        """The data layer is needed; each subscription is to follow it closely."""
        try:
            head = await self._l01().events.head()
        except PlatformError as error:
            return health_of(self.id, {"data layer": {"status": "down", "detail": error.detail}})
        checks: dict[str, Check] = {"data layer": {"status": "ok", "detail": "answers"}}
        for subscription in self.router.subscriptions.values():
            checks[f"subscription {subscription.name}"] = self._check(self._view.of(subscription, head))
        return health_of(self.id, checks)

    def _check(self, seen: models.Subscription) -> Check:
        lag = seen["lag"]
        well = seen["status"] == "following" and lag is not None and lag < self.settings.long_lag
        behind = "not started" if lag is None else f"{lag} behind"
        return {"status": "ok" if well else "degraded", "detail": f"{seen['status']}, {behind}"}

    async def _layers(self) -> Layers:
        return Layers(self._l01(), self.context.client(L02Client))

    def _l01(self) -> L01Client:
        return self.context.client(L01Client)
