"""The local model: a small one in a process of ours, which the first request starts. For plumbing, demos and tests."""

from __future__ import annotations

from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from typing import Any, ClassVar

from agentic.layers.L04_model_gateway.errors import LocalModelError, ModelCannotError
from agentic.layers.L04_model_gateway.local_model import weights
from agentic.layers.L04_model_gateway.local_model.asking import Reading, asked
from agentic.layers.L04_model_gateway.local_model.process import LocalModelProcess
from agentic.layers.L04_model_gateway.models import ModelInfo, ProviderSetting
from agentic.layers.L04_model_gateway.providers.openai import OpenAiProvider, OpenAiReader
from agentic.layers.L04_model_gateway.providers.provider import Body, Fetch, Task, decode, encode
from agentic.layers.L04_model_gateway.streaming import Delta, ToolPiece
from agentic.layers.L04_model_gateway.upstream import GarbledError, Request


class LocalProvider(OpenAiProvider):
    """The local model. Its server speaks OpenAI's form, but what it is told and says about tools is put in words of its own."""

    kind: ClassVar[str] = "local"
    form: ClassVar[str] = "local"
    default_url: ClassVar[str] = "http://127.0.0.1"
    paid: ClassVar[bool] = False
    tasks: ClassVar[frozenset[Task]] = frozenset(("chat",))
    note: ClassVar[str] = "A very small model for plumbing, demos and tests: what it says is seldom right."
    last_resort: ClassVar[bool] = True

    def __init__(self, name: str, setting: ProviderSetting, process: LocalModelProcess | None = None) -> None:
        super().__init__(name, setting)
        self.process = process or LocalModelProcess()

    @asynccontextmanager
    async def serving(self) -> AsyncGenerator[None]:
        """The process, started when it does not run."""
        async with self.process.serving():
            yield

    async def close(self) -> None:
        """Ends the process."""
        await self.process.stop()

    def request(self, task: Task, body: Body, model: str) -> Request:
        """Put so that this model can answer it."""
        if task != "chat":
            raise ModelCannotError(f"The model {model} makes no embeddings.")
        endpoint = self.process.endpoint
        if endpoint is None:
            raise LocalModelError
        wanted = {**self.setting.options, **asked(body).body, "model": model}
        if wanted.get("stream"):
            wanted["stream_options"] = {"include_usage": True}
        headers = {"content-type": "application/json", "authorization": f"Bearer {endpoint.key}"}
        return Request("POST", f"{endpoint.url}/v1/chat/completions", headers, encode(wanted))

    def to_openai(self, task: Task, content: bytes, request: Body) -> Body:
        """Its words as a message, or as a call of a tool."""
        answer = decode(content)
        try:
            choice = answer["choices"][0]
            reading = Reading(asked(request))
            reading.feed(choice["message"].get("content") or "")
            message, reason = reading.message(choice["finish_reason"])
        except (KeyError, IndexError, TypeError, AttributeError) as error:
            raise GarbledError(f"The answer is not in OpenAI's form: {error!r}") from None
        return {**answer, "choices": [{"index": 0, "message": message, "finish_reason": reason}]}

    def reader(self, request: Body) -> LocalReader:
        """Who reads its chunks, and the call or the answer out of them."""
        return LocalReader(self.name, request)

    async def discover(self, fetch: Fetch) -> list[ModelInfo]:
        """The one model; it is not started for that.

        Raises:
            LocalModelError: it is not installed; the detail says how to.
        """
        settings = self.process.settings
        if missing := weights.missing(settings.file):
            raise LocalModelError(missing)
        can: dict[str, Any] = {"tools": True, "json_schema": True, "vision": False, "embeddings": False}
        return [self.model_info(weights.NAME, context_length=settings.context, **can)]


class LocalReader(OpenAiReader):
    """Reads the model's chunks."""

    def __init__(self, provider: str, request: Body) -> None:
        super().__init__(provider)
        self._reading = Reading(asked(request))
        self._told = ""

    def feed(self, data: bytes) -> list[Delta]:
        """What these bytes add: words of the answer as they come, a call when it is whole."""
        return [self._translated(delta) for delta in super().feed(data)]

    def _translated(self, delta: Delta) -> Delta:
        words = self._reading.feed(delta.text) if delta.text else ""
        self._told += words
        if delta.finish is None:
            return delta._replace(text=words)
        message, reason = self._reading.message(delta.finish)
        calls = tuple(
            ToolPiece(index, call["id"], call["function"]["name"], call["function"]["arguments"])
            for index, call in enumerate(message.get("tool_calls") or ())
        )
        rest = (message["content"] or "").removeprefix(self._told)
        return delta._replace(text=words + rest, tools=calls, finish=reason)
