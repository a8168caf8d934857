"""The model gateway as the supervisor runs it: build, lifespan, background work, health."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, Mapping
from contextlib import asynccontextmanager
from typing import ClassVar

from fastapi import Security
from fastapi.security import APIKeyHeader, HTTPBearer
from redis.exceptions import RedisError

from agentic.layers.base.api_keys import PLAIN_REFUSALS, KeyRing
from agentic.layers.base.background import Work
from agentic.layers.base.errors import PlatformError
from agentic.layers.base.layer import Check, Context, Health, Layer, health_of
from agentic.layers.L01_data_layer.client import L01Client, key_source
from agentic.layers.L04_model_gateway.account import Books
from agentic.layers.L04_model_gateway.app import GatewayApp
from agentic.layers.L04_model_gateway.cache import AnswerCache
from agentic.layers.L04_model_gateway.call import Desk
from agentic.layers.L04_model_gateway.catalogue import Catalogue
from agentic.layers.L04_model_gateway.client import L04Client
from agentic.layers.L04_model_gateway.dispatch import Dispatcher
from agentic.layers.L04_model_gateway.gateway import Gateway
from agentic.layers.L04_model_gateway.limits import LIMIT, Meter
from agentic.layers.L04_model_gateway.local import LocalBackend
from agentic.layers.L04_model_gateway.pricing import Pricing
from agentic.layers.L04_model_gateway.routers import layer_routes, model_routes, routes
from agentic.layers.L04_model_gateway.routing import Router
from agentic.layers.L04_model_gateway.settings import L04Settings
from agentic.layers.L04_model_gateway.upstream import Upstream
from agentic.layers.L04_model_gateway.usage import UsageWriter


class ModelGateway(Layer):
    """L04."""

    id: ClassVar[str] = "L04"
    title: ClassVar[str] = "Model gateway"
    port: ClassVar[int] = 8005
    requires: ClassVar[tuple[str, ...]] = ("L01",)

    def __init__(self, context: Context, settings: L04Settings | None = None) -> None:
        super().__init__(context)
        self.settings = settings = settings or L04Settings()
        self.upstream = Upstream()
        self.catalogue = Catalogue(self._l01, settings, self.upstream)
        self.usage = UsageWriter(self._l01, settings.usage_room, settings.usage_patience)
        self.meter = Meter(settings.redis_url)
        pricing = Pricing()
        router = Router(self.catalogue, pricing)
        books = Books(self._l01, self.usage, pricing, self.catalogue)
        desk = Desk(settings, self.catalogue, router.latencies, self.meter, books)
        dispatcher = Dispatcher(desk, self.upstream, router)
        self.gateway = Gateway(dispatcher, AnswerCache(self.meter.redis), self.usage)
        test_key = settings.test_key and not context.public
        self.keys = KeyRing(
            key_source(self._l01), PLAIN_REFUSALS, test_key=test_key, memory=settings.key_memory
        )
        self._routes = routes(self.catalogue)

    def build(self) -> GatewayApp:
        """The APIs of models behind their keys, and what the layers ask."""
        app = GatewayApp(self.title, self.gateway, self.catalogue, self.keys, self.settings)
        key = [
            Security(APIKeyHeader(name="X-API-Key", auto_error=False)),
            Security(HTTPBearer(auto_error=False)),
        ]
        app.serve(model_routes(), "models", security=key)
        app.serve(self._routes, "providers")
        app.serve(layer_routes(), "layers")
        return app

    @asynccontextmanager
    async def lifespan(self) -> AsyncGenerator[None]:
        """Writes what is left of usage at the end. Nothing need be there at the beginning: what is missing is waited for."""
        try:
            yield
        finally:
            await self.usage.finish()
            await self.catalogue.close()
            await self.upstream.close()
            await self.meter.close()

    def background(self) -> Mapping[str, Work]:
        """The writer of usage, the watch on configuration and on keys, and the look at providers."""
        return {
            "usage": self.usage.run,
            "configuration": self.catalogue.watch,
            "discovery": self.catalogue.discover,
            "changes of keys": self.keys.watch,
        }

    def local_client(self) -> L04Client:
        """`L04Client` on the gateway of this process."""
        return L04Client(backend=LocalBackend(self._routes, self.gateway))

    async def health(self) -> Health:
        """The data layer is needed; Redis and configured providers are missed."""
        data_layer, redis = await asyncio.gather(self._data_layer(), self._redis())
        checks: dict[str, Check] = {
            "data layer": data_layer,
            "limits": redis,
            "usage": self._usage(),
            "providers": self._providers(),
        }
        return health_of(self.id, checks)

    def _l01(self) -> L01Client:
        return self.context.client(L01Client)

    async def _data_layer(self) -> Check:
        try:
            await self._l01().keys.list(limit=1)
        except PlatformError as error:
            return {"status": "down", "detail": error.detail}
        return {"status": "ok", "detail": "answers"}

    async def _redis(self) -> Check:
        try:
            async with asyncio.timeout(LIMIT):
                await self.meter.redis.ping()
        except (RedisError, OSError, TimeoutError) as error:
            return {"status": "degraded", "detail": f"Redis does not answer: {error}"}
        return {"status": "ok", "detail": "counted"}

    def _usage(self) -> Check:
        if self.usage.late is None:
            return {"status": "ok", "detail": f"{self.usage.backlog} waiting"}
        return {"status": "degraded", "detail": f"{self.usage.backlog} waiting: {self.usage.late}"}

    def _providers(self) -> Check:
        """A default that is not there is no fault: nobody has asked for it."""
        if self.catalogue.invalid:
            wrong = "; ".join(f"{key}: {said}" for key, said in self.catalogue.invalid.items())
            return {"status": "degraded", "detail": wrong}
        entries = [entry for entry in self.catalogue.entries.values() if entry.provider.setting.enabled]
        away = [entry.name for entry in entries if entry.configured and entry.status == "unreachable"]
        if away:
            return {"status": "degraded", "detail": f"not reached: {', '.join(away)}"}
        answering = [entry.name for entry in entries if entry.status == "ok"]
        return {"status": "ok", "detail": f"answering: {', '.join(answering) or 'none'}"}
