"""The tool layer as the supervisor runs it: build, lifespan, background work, health."""

from __future__ import annotations

from collections.abc import AsyncGenerator, Mapping
from contextlib import asynccontextmanager
from pathlib import Path
from typing import ClassVar, Final

from agentic.layers.base.app import LayerApp
from agentic.layers.base.backends import LocalBackend
from agentic.layers.base.background import Work
from agentic.layers.base.errors import PlatformError
from agentic.layers.base.layer import Check, Context, Health, Layer, health_of
from agentic.layers.L01_data_layer.client import L01Client
from agentic.layers.L03_tool_execution.approvals import Approvals
from agentic.layers.L03_tool_execution.breaker import Breakers
from agentic.layers.L03_tool_execution.builtin import builtin_tools
from agentic.layers.L03_tool_execution.builtin.sandbox import Sandbox, available
from agentic.layers.L03_tool_execution.call_service import CallService
from agentic.layers.L03_tool_execution.calls import Calls
from agentic.layers.L03_tool_execution.carrying import Carrying
from agentic.layers.L03_tool_execution.client import L03Client
from agentic.layers.L03_tool_execution.ledger import Ledger
from agentic.layers.L03_tool_execution.left_behind import LeftBehind
from agentic.layers.L03_tool_execution.limits import Limits
from agentic.layers.L03_tool_execution.mcp_registry import McpRegistry
from agentic.layers.L03_tool_execution.mcp_tools import McpServers
from agentic.layers.L03_tool_execution.outgoing import Outgoing
from agentic.layers.L03_tool_execution.pipeline import Pipeline
from agentic.layers.L03_tool_execution.registry import Registry
from agentic.layers.L03_tool_execution.routers import routes
from agentic.layers.L03_tool_execution.secrets import Secrets
from agentic.layers.L03_tool_execution.settings import L03Settings
from agentic.layers.L03_tool_execution.threads import stuck
from agentic.layers.L03_tool_execution.tools_service import Tools

RECORD_PATIENCE: Final = 60.0
"""Seconds of an outage of the data layer through which the end of a call is kept in memory, to be written."""
FILES: Final = "agents"
SECRETS: Final = "secrets"


class ToolExecution(Layer):
    """L03."""

    id: ClassVar[str] = "L03"
    title: ClassVar[str] = "Tool execution"
    port: ClassVar[int] = 8004
    requires: ClassVar[tuple[str, ...]] = ("L01",)

    def __init__(self, context: Context, settings: L03Settings | None = None) -> None:
        super().__init__(context)
        self.settings = settings = settings or L03Settings()
        secrets = Secrets(settings.secrets_file or _below(context.data_dir, SECRETS))
        self._outgoing = Outgoing(settings.outgoing_allow, settings.max_download)
        self._sandbox = Sandbox(settings)
        self._servers = McpServers(self._outgoing, secrets)
        mcp = McpRegistry(self._l01, self._servers)
        self.registry = Registry(self._l01, self._outgoing, secrets, mcp)
        files = settings.files_dir or _below(context.data_dir, FILES)
        for tool in builtin_tools(self._l01, self._outgoing, self._sandbox, files, settings):
            self.registry.add(tool)
        for module in settings.modules:
            self.registry.add_module(module)
        ledger = Ledger(self._l01, RECORD_PATIENCE)
        self._breakers = Breakers(settings.breaker_failures, settings.breaker_pause)
        self._carrying = Carrying(ledger, self._breakers, settings)
        limits = Limits(settings.concurrency, settings.patience)
        approvals = Approvals(self._l01, settings.approval_days)
        pipeline = Pipeline(
            self._l01, self.registry, ledger, approvals, limits, self._breakers, self._carrying
        )
        self._calls = Calls(pipeline)
        self._left_behind = LeftBehind(self._l01)
        service = CallService(self._l01, self.registry, self._calls, self._breakers, settings)
        self._sections = routes(service, Tools(self._l01, self.registry, mcp, self._outgoing))

    def build(self) -> LayerApp:
        """The catalogue, calls, and what is kept of them."""
        app = LayerApp(self.title)
        for section, served in self._sections.items():
            app.serve(served, section)
        return app

    @asynccontextmanager
    async def lifespan(self) -> AsyncGenerator[None]:
        """Closes what calls have opened: connections, servers, workers."""
        try:
            yield
        finally:
            self._carrying.stopping = True
            await self._calls.end()
            await self._servers.close()
            await self._sandbox.close()
            await self._outgoing.close()

    def background(self) -> Mapping[str, Work]:
        """The records of this process's functions, the news of tools that change, and calls that nobody will end."""
        return {
            "records of functions": self.registry.register,
            "changes of tools": self.registry.watch,
            "calls left behind": self._left_behind.run,
        }

    def local_client(self) -> L03Client:
        """`L03Client` on the pipeline of this process."""
        return L03Client(
            backend=LocalBackend(route for served in self._sections.values() for route in served)
        )

    async def health(self) -> Health:
        """The data layer is needed; the rest is told."""
        checks: dict[str, Check] = {"data layer": await self._data_layer(), "sandbox": self._sandbox_check()}
        if (threads := stuck()) > 0:
            checks["threads"] = {"status": "degraded", "detail": f"{threads} calls of functions do not end"}
        if resting := self._breakers.open():
            checks["breakers"] = {
                "status": "degraded",
                "detail": f"left alone after failures: {', '.join(resting)}",
            }
        return health_of(self.id, checks)

    def _l01(self) -> L01Client:
        return self.context.client(L01Client)

    async def _data_layer(self) -> Check:
        try:
            await self._l01().tools.list(limit=1)
        except PlatformError as error:
            return {"status": "down", "detail": error.detail}
        return {"status": "ok", "detail": "answers"}

    def _sandbox_check(self) -> Check:
        kind = available(self.settings)
        return {"status": "ok", "detail": kind if kind != "none" else "none: run_python is refused"}


def _below(folder: Path | None, name: str) -> Path | None:
    return None if folder is None else folder / name
