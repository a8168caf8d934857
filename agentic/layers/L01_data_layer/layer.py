"""The data layer as the supervisor runs it: build, lifespan, background work, health."""

from __future__ import annotations

from collections.abc import AsyncGenerator, Mapping
from contextlib import asynccontextmanager
from typing import ClassVar

from agentic.layers.base.app import LayerApp
from agentic.layers.base.background import Work
from agentic.layers.base.errors import PlatformError
from agentic.layers.base.layer import Check, Context, Health, Layer, health_of
from agentic.layers.L01_data_layer import client
from agentic.layers.L01_data_layer.backends.local import LocalBackend
from agentic.layers.L01_data_layer.database import Database
from agentic.layers.L01_data_layer.expiry import end_overdue
from agentic.layers.L01_data_layer.feed import EventFeed
from agentic.layers.L01_data_layer.idempotency import forget_old
from agentic.layers.L01_data_layer.live_text import LiveTexts
from agentic.layers.L01_data_layer.migrate import migrate
from agentic.layers.L01_data_layer.redis_client import Bus
from agentic.layers.L01_data_layer.relay import Relay
from agentic.layers.L01_data_layer.routers import event_stream, routes_by_section, text_stream
from agentic.layers.L01_data_layer.services import Services
from agentic.layers.L01_data_layer.services.evaluation_sums import keep_summed
from agentic.layers.L01_data_layer.settings import L01Settings
from agentic.layers.L01_data_layer.store import Store


class DataLayer(Layer):
    """L01."""

    id: ClassVar[str] = "L01"
    title: ClassVar[str] = "Data layer"
    port: ClassVar[int] = 8002

    def __init__(self, context: Context, settings: L01Settings | None = None) -> None:
        super().__init__(context)
        self.settings = settings or L01Settings()
        self.database = Database(self.settings.database_url)
        self.bus = Bus(self.settings.redis_url)
        self.relay = Relay(self.database, self.bus)
        self.feed = EventFeed(self.database, self.bus, self.relay.elsewhere)
        self.relay.listeners.append(self.feed.hand_over)
        self.texts = LiveTexts(self.bus)
        self.services = Services(Store(self.database, self.relay.wake), self.texts, self.bus)
        self.sections = routes_by_section(self.services)
        self.backend = LocalBackend(
            [route for routes in self.sections.values() for route in routes], self.feed, self.texts
        )

    def build(self) -> LayerApp:
        """Every operation as a route."""
        app = LayerApp(self.title)
        app.serve_stream(event_stream.PATH, event_stream.router(self.feed))
        app.serve_stream(text_stream.PATH, text_stream.router(self.texts))
        for section, routes in self.sections.items():
            app.serve(routes, section)
        return app

    @asynccontextmanager
    async def lifespan(self) -> AsyncGenerator[None]:
        """Migrates, opens the pool, and makes bare `L01Client()`s of this process local."""
        await migrate(self.settings.database_url)
        await self.database.open()
        client.live_here(self.backend)
        try:
            yield
        finally:
            client.gone_from_here(self.backend)
            self.feed.end()
            self.texts.end()
            await self.bus.close()
            await self.database.close()

    def background(self) -> Mapping[str, Work]:
        """The relay, the feed and the texts that live readers hang on, and the ends of what is kept for a time."""
        return {
            "relay": self.relay.lead,
            "feed": self.feed.run,
            "text to others": self.texts.send,
            "text of others": self.texts.hear,
            "kept answers": lambda: forget_old(self.database),
            "sums of evaluations": lambda: keep_summed(self.database),
            "old deliveries": self.services.deliveries.trim,
            "expiry": lambda: end_overdue(self.services.decisions, self.services.model_usage),
        }

    def stopping(self) -> None:
        """Ends the streams; their readers come back to the next start."""
        self.feed.end()
        self.texts.end()

    def local_client(self) -> client.L01Client:
        """`L01Client` on the services of this process."""
        return client.L01Client(backend=self.backend)

    async def health(self) -> Health:
        """The database is needed; the bus is missed."""
        return health_of(self.id, {"database": await self._database(), "bus": await self._bus()})

    async def _database(self) -> Check:
        try:
            await self.database.fetchrow("SELECT 1")
        except PlatformError as error:
            return {"status": "down", "detail": error.detail}
        return {"status": "ok", "detail": "answers"}

    async def _bus(self) -> Check:
        try:
            await self.bus.ping()
        except PlatformError as error:
            return {"status": "degraded", "detail": error.detail}
        return {"status": "ok", "detail": "answers"}
