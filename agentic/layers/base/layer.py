"""What a layer is: the one shape that the supervisor, `--separate` and uvicorn all run.

A subclass states `id`, `title`, `port` and `requires`, builds its app, opens and closes its resources in `lifespan`,
names its background work, and answers for its health. `serve_alone` makes the app that `uvicorn …main:app` runs.
"""

from __future__ import annotations

import asyncio
import signal
import threading
from abc import ABC, abstractmethod
from collections.abc import AsyncGenerator, Awaitable, Callable, Generator, Mapping
from contextlib import AsyncExitStack, asynccontextmanager, contextmanager
from pathlib import Path
from typing import Any, ClassVar, Literal, TypeVar, cast

from fastapi import FastAPI
from starlette.types import ASGIApp
from typing_extensions import TypedDict

from agentic.layers.base.app import LayerApp
from agentic.layers.base.background import Background, Work
from agentic.layers.base.browser_guard import BrowserGuard, GuardSettings
from agentic.layers.base.error_page import install_error_page
from agentic.layers.base.http import install_health

T = TypeVar("T")
Status = Literal["ok", "degraded", "down"]


class Check(TypedDict):
    """One thing that a layer depends on."""

    status: Status
    detail: str


class Health(TypedDict):
    """The answer of `/health/ready`: the worst of its checks."""

    status: Status
    layer: str
    checks: dict[str, Check]


_RANK: dict[Status, int] = {"ok": 0, "degraded": 1, "down": 2}


def health_of(layer: str, checks: dict[str, Check]) -> Health:
    """Sums checks up to the worst of them."""
    worst: Status = "ok"
    for check in checks.values():
        worst = max(worst, check["status"], key=_RANK.__getitem__)
    return {"status": worst, "layer": layer, "checks": checks}


class Context:
    """What the supervisor gives a layer: the clients of the layers below it, and how this process is deployed.

    A client that nobody gave is made by its class with no arguments, which means: over HTTP, at the layer's own address.
    """

    def __init__(self, *, public: bool = False, data_dir: Path | None = None) -> None:
        self.public = public
        """True when the process listens beyond loopback: no test key, keys everywhere."""
        self.data_dir = data_dir
        """The platform's folder on this machine; none where a layer runs without one."""
        self.health_checks: dict[str, Callable[[], Awaitable[Health]]] = {}
        """How to ask each layer that runs beside this one for its health, by layer id, in the order of their start."""
        self._clients: dict[type[Any], Any] = {}

    def give(self, client: object) -> None:
        """Makes `client` the one that `client(type(client))` answers."""
        self._clients[type(client)] = client

    def client(self, cls: Callable[[], T]) -> T:
        """The client of class `cls`."""
        if cls not in self._clients:
            self._clients[cast("type[Any]", cls)] = cls()
        return cast("T", self._clients[cast("type[Any]", cls)])


class Layer(ABC):
    """One of L01 … L11."""

    id: ClassVar[str]
    title: ClassVar[str]
    port: ClassVar[int]
    requires: ClassVar[tuple[str, ...]] = ()

    def __init__(self, context: Context) -> None:
        self.context = context
        self.background_state = Background(self.id)

    @abstractmethod
    def build(self) -> LayerApp:
        """The layer's app. Called once, before `lifespan`; it must do no I/O."""

    @asynccontextmanager
    async def lifespan(self) -> AsyncGenerator[None]:
        """Opens what the layer needs and closes it again."""
        yield

    def background(self) -> Mapping[str, Work]:
        """Coroutines that run while the layer does, by name."""
        return {}

    @abstractmethod
    async def health(self) -> Health:
        """Bounded checks of what the layer needs to do its work."""

    def local_client(self) -> object | None:
        """The client by which the layers above call this one in process; none where it has none."""
        return None

    def stopping(self) -> None:  # noqa: B027
        """Told before the last requests are waited for: ends answers that would never end, such as streams."""

    @asynccontextmanager
    async def running(self) -> AsyncGenerator[None]:
        """The lifespan with the background work inside it."""
        async with AsyncExitStack() as stack:
            await stack.enter_async_context(self.lifespan())
            await stack.enter_async_context(self.background_state.running(self.background()))
            yield

    def app(self) -> LayerApp:
        """The built app with health routes and the page of errors, ready to serve or to mount."""
        app = self.build()
        install_health(app, self.health)
        install_error_page(app)
        return app


def serve_alone(layer_class: Callable[[Context], Layer]) -> ASGIApp:
    """The app for uvicorn: one layer in a process of its own, reaching the others over HTTP.

    Web pages of others are kept out as under the supervisor; names beside the loopback ones stand in `PLATFORM_HOSTS`.
    """
    layer = layer_class(Context())
    app = layer.app()

    @asynccontextmanager
    async def lifespan(_: FastAPI) -> AsyncGenerator[None]:
        async with layer.running():
            with _told_at_the_signal(layer.stopping):
                yield

    app.router.lifespan_context = lifespan
    return BrowserGuard(app, hosts=GuardSettings().hosts)


@contextmanager
def _told_at_the_signal(tell: Callable[[], None]) -> Generator[None]:
    """Calls `tell` when the process is asked to stop: uvicorn waits for its streams, and tells nobody."""
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    loop = asyncio.get_running_loop()
    servers = {number: signal.getsignal(number) for number in (signal.SIGINT, signal.SIGTERM)}

    def handle(number: int, frame: Any) -> None:
        loop.call_soon_threadsafe(tell)
        cast("Callable[[int, Any], None]", servers[signal.Signals(number)])(number, frame)

    for number, handler in servers.items():
        if callable(handler):
            signal.signal(number, handle)
    try:
        yield
    finally:
        for number, handler in servers.items():
            signal.signal(number, handler)
