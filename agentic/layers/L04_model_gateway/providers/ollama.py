"""Ollama by its own API, which tells context lengths and what a model can do, and keeps to a JSON Schema."""

from __future__ import annotations

from typing import Any, ClassVar, cast

from agentic.layers.L04_model_gateway.errors import ProviderFailedError
from agentic.layers.L04_model_gateway.models import ModelInfo
from agentic.layers.L04_model_gateway.providers.openai import message_of
from agentic.layers.L04_model_gateway.providers.provider import (
    Body,
    Fetch,
    Provider,
    Task,
    Whole,
    decode,
    encode,
    items_of,
)
from agentic.layers.L04_model_gateway.streaming import Delta, Lines, Tokens, ToolPiece, count
from agentic.layers.L04_model_gateway.translation import ollama_from_openai
from agentic.layers.L04_model_gateway.upstream import GarbledError, Request


class OllamaProvider(Provider):
    """An Ollama server."""

    kind: ClassVar[str] = "ollama"
    form: ClassVar[str] = "ollama"
    default_url: ClassVar[str] = "http://localhost:11434"
    paid: ClassVar[bool] = False

    def __init__(self, *arguments: Any) -> None:
        super().__init__(*arguments)
        self._shown: dict[tuple[str, Any], Body] = {}
        """What is known of each version of a model: it does not change."""

    def request(self, task: Task, body: Body, model: str) -> Request:
        """Translated."""
        body = {**body, "model": model}
        options = self.setting.options
        if task == "embeddings":
            return self.post(
                "/api/embed", ollama_from_openai.embedding_request(body, options), self._headers()
            )
        return self.post("/api/chat", ollama_from_openai.request(body, options), self._headers())

    def as_it_is(self, task: Task, body: Body, raw: bytes, model: str) -> Request:
        """No route of ours has this form; a request in it is sent as it is."""
        return self.post("/api/chat", encode({**body, "model": model}), self._headers())

    def read(self, task: Task, content: bytes) -> Whole:
        """Usage, end and size of a whole answer."""
        answer = decode(content)
        if task == "embeddings":
            return Whole(tokens(answer), None, 0)
        message = _message(answer)
        text = f"{message.get('content') or ''}{message.get('thinking') or ''}"
        called = message.get("tool_calls")
        size = len(text) + (len(str(called)) if called else 0)
        return Whole(tokens(answer), ollama_from_openai.finish(answer, bool(called)), size)

    def to_openai(self, task: Task, content: bytes, request: Body) -> Body:
        """Translated back."""
        answer = decode(content)
        try:
            if task == "embeddings":
                return ollama_from_openai.embedding_reply(answer, tokens(answer), request)
            _message(answer)
            return ollama_from_openai.reply(answer, tokens(answer))
        except (KeyError, TypeError, AttributeError) as error:
            raise GarbledError(f"The answer is not in Ollama's form: {error!r}") from None

    def reader(self, request: Body) -> OllamaReader:
        """Who reads its lines."""
        return OllamaReader(self.name)

    async def discover(self, fetch: Fetch) -> list[ModelInfo]:
        """`GET /api/tags`, and `POST /api/show` once for each version of a model."""
        items = items_of(decode(await fetch(self.get("/api/tags", self._headers()))), "models")
        found: list[ModelInfo] = []
        for item in items:
            name = item.get("model") or item.get("name")
            if isinstance(name, str):
                found.append(self.model_info(name, **await self._show(name, item.get("digest"), fetch)))
        return found

    async def _show(self, name: str, digest: Any, fetch: Fetch) -> Body:
        known = self._shown.get((name, digest))
        if known is None:
            shown = decode(await fetch(self.post("/api/show", {"model": name}, self._headers())))
            known = self._shown[name, digest] = _known(shown)
        return known

    def _headers(self) -> dict[str, str]:
        key = self.key()
        return {} if key is None else {"authorization": f"Bearer {key}"}


class OllamaReader:
    """Reads lines of JSON up to the one that says `done`."""

    def __init__(self, provider: str) -> None:
        self.finished = False
        self._provider = provider
        self._lines = Lines()
        self._calls = 0

    def feed(self, data: bytes) -> list[Delta]:
        """What these bytes add."""
        return [self._delta(decode(line)) for line in self._lines.feed(data) if line.strip()]

    def _delta(self, answer: Body) -> Delta:
        if "error" in answer:
            raise ProviderFailedError(f"{self._provider}: {message_of(answer)}", provider=self._provider)
        message = _message(answer)
        pieces: list[ToolPiece] = []
        try:
            for call in ollama_from_openai.tool_calls(message.get("tool_calls")):
                function = call["function"]
                pieces.append(ToolPiece(self._calls, call["id"], function["name"], function["arguments"]))
                self._calls += 1
        except (KeyError, TypeError, AttributeError) as error:
            raise GarbledError(f"The answer is not in Ollama's form: {error!r}") from None
        done = bool(answer.get("done"))
        self.finished = self.finished or done
        return Delta(
            message.get("content") or "",
            message.get("thinking") or "",
            tuple(pieces),
            ollama_from_openai.finish(answer, self._calls > 0) if done else None,
            tokens(answer) if done else None,
        )


def tokens(answer: Body) -> Tokens | None:
    """What Ollama counted; a prompt that it had read already is left out by old versions."""
    if "prompt_eval_count" not in answer and "eval_count" not in answer:
        return None
    return Tokens(count(answer.get("prompt_eval_count")), count(answer.get("eval_count")))


def _message(answer: Body) -> Body:
    message = answer.get("message")
    if not isinstance(message, dict):
        raise GarbledError("The answer is not in Ollama's form.")
    return cast("Body", message)


def _known(shown: Body) -> Body:
    known: Body = {}
    info = shown.get("model_info")
    if isinstance(info, dict):
        lengths = [
            value for name, value in cast("Body", info).items() if str(name).endswith(".context_length")
        ]
        if lengths and isinstance(lengths[0], int):
            known["context_length"] = lengths[0]
    can = shown.get("capabilities")
    if isinstance(can, list):
        known["tools"] = "tools" in can
        known["vision"] = "vision" in can
        known["embeddings"] = "embedding" in can
        known["json_schema"] = "completion" in can
    return known
