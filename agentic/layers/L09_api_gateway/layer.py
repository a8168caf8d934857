"""The gateway as the supervisor runs it: build, background work, health."""

from __future__ import annotations

from collections.abc import Mapping
from typing import ClassVar

from fastapi import Security
from fastapi.security import APIKeyHeader, HTTPBearer

from agentic.layers.base.app import LayerApp
from agentic.layers.base.background import Work
from agentic.layers.base.errors import PlatformError
from agentic.layers.base.layer import Check, Context, Health, Layer, health_of
from agentic.layers.L01_data_layer.client import L01Client
from agentic.layers.L09_api_gateway.gate import PREFIX, Gate
from agentic.layers.L09_api_gateway.routers.v1 import routes_by_section
from agentic.layers.L09_api_gateway.settings import L09Settings

WATCH = "changes of keys"


class ApiGateway(Layer):
    """L09."""

    id: ClassVar[str] = "L09"
    title: ClassVar[str] = "API gateway"
    port: ClassVar[int] = 8000
    requires: ClassVar[tuple[str, ...]] = ("L01",)

    def __init__(self, context: Context, settings: L09Settings | None = None) -> None:
        super().__init__(context)
        self.settings = settings or L09Settings()
        test_key = self.settings.test_key and not context.public
        self.gate = Gate(self._l01, test_key=test_key, memory=self.settings.key_memory)

    def build(self) -> LayerApp:
        """Every route of `/api/v1`, behind the gate."""
        app = LayerApp(self.title, admit=self.gate.admit)
        key = [
            Security(APIKeyHeader(name="X-API-Key", auto_error=False)),
            Security(HTTPBearer(auto_error=False)),
        ]
        for section, routes in routes_by_section(self._l01).items():
            app.serve(routes, section, PREFIX, security=key)
        return app

    def background(self) -> Mapping[str, Work]:
        """The watch on keys that change."""
        return {WATCH: self.gate.watch}

    async def health(self) -> Health:
        """The data layer is needed; the news of keys that change are missed."""
        return health_of(self.id, {"data layer": await self._data_layer(), WATCH: self._watch()})

    def _l01(self) -> L01Client:
        return self.context.client(L01Client)

    async def _data_layer(self) -> Check:
        try:
            await self._l01().keys.list(limit=1)
        except PlatformError as error:
            return {"status": "down", "detail": error.detail}
        return {"status": "ok", "detail": "answers"}

    def _watch(self) -> Check:
        if (failure := self.background_state.failures.get(WATCH)) is None:
            return {"status": "ok", "detail": "heard at once"}
        late = f"a revoked key is refused after {self.settings.key_memory:.0f} s: {failure}"
        return {"status": "degraded", "detail": late}
