"""Anthropic's Messages API, and servers that speak as it does."""

from __future__ import annotations

from typing import Any, ClassVar, Final, cast

from agentic.layers.L04_model_gateway.errors import ModelCannotError, ProviderFailedError
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
from agentic.layers.L04_model_gateway.translation import anthropic_from_openai, openai_from_anthropic
from agentic.layers.L04_model_gateway.upstream import GarbledError, Request

VERSION: Final = "2023-06-01"
DEFAULT_OUTPUT: Final = 4096


class AnthropicProvider(Provider):
    """A server that speaks Anthropic's messages."""

    kind: ClassVar[str] = "anthropic"
    form: ClassVar[str] = "anthropic"
    default_url: ClassVar[str] = "https://api.anthropic.com"
    paid: ClassVar[bool] = True
    tasks: ClassVar[frozenset[Task]] = frozenset(("chat",))

    def request(self, task: Task, body: Body, model: str) -> Request:
        """Translated."""
        if task != "chat":
            raise ModelCannotError(f"{self.name} has no models that make embeddings.")
        limit = self.model_info(model)["max_output_tokens"] or DEFAULT_OUTPUT
        return self.as_it_is(task, anthropic_from_openai.request(body, limit), b"", model)

    def as_it_is(self, task: Task, body: Body, raw: bytes, model: str) -> Request:
        """The request itself."""
        changed: Body = {name: value for name, value in self.setting.options.items() if name not in body}
        if body.get("model") != model:
            changed["model"] = model
        content = raw if raw and not changed else encode({**body, **changed})
        return self.post("/v1/messages", content, self._headers())

    def read(self, task: Task, content: bytes) -> Whole:
        """Usage, end and size of a whole answer."""
        answer = decode(content)
        blocks = _blocks(answer)
        size = sum(len(str(block.get("text") or block.get("input") or "")) for block in blocks)
        return Whole(
            tokens(answer.get("usage")), openai_from_anthropic.finish(answer.get("stop_reason")), size
        )

    def to_openai(self, task: Task, content: bytes, request: Body) -> Body:
        """Translated back."""
        answer = decode(content)
        _blocks(answer)
        return openai_from_anthropic.reply(answer, tokens(answer.get("usage")))

    def reader(self, request: Body) -> AnthropicReader:
        """Who reads its events."""
        return AnthropicReader(self.name)

    async def discover(self, fetch: Fetch) -> list[ModelInfo]:
        """`GET /v1/models`, which pages."""
        found: list[ModelInfo] = []
        after = ""
        while True:
            query = f"?limit=1000{f'&after_id={after}' if after else ''}"
            page = decode(await fetch(self.get(f"/v1/models{query}", self._headers())))
            names = [str(item["id"]) for item in items_of(page, "data") if "id" in item]
            found += [self.model_info(name, tools=True, embeddings=False) for name in names]
            if not page.get("has_more") or not names:
                return found
            after = names[-1]

    def _headers(self) -> dict[str, str]:
        key = self.key()
        return {"anthropic-version": VERSION, **({} if key is None else {"x-api-key": key})}


class AnthropicReader:
    """Reads events up to `message_stop`."""

    def __init__(self, provider: str) -> None:
        self.finished = False
        self._provider = provider
        self._lines = Lines()
        self._usage: Body = {}
        self._tools: dict[int, int] = {}
        """The number of a tool call by that of its block."""

    def feed(self, data: bytes) -> list[Delta]:
        """What these bytes add."""
        deltas: list[Delta] = []
        for line in self._lines.feed(data):
            if line.startswith(b"data:"):
                event = decode(line[5:].strip())
                if (delta := self._delta(event)) is not None:
                    deltas.append(delta)
            elif line.strip() and not line.startswith((b":", b"event:", b"id:", b"retry:")):
                raise GarbledError("The stream is not one of server-sent events.")
        return deltas

    def _delta(self, event: Body) -> Delta | None:
        try:
            kind = event["type"]
            if kind == "content_block_delta":
                return self._added(event["index"], event["delta"])
            if kind == "content_block_start":
                return self._begun(event["index"], event["content_block"])
            if kind == "message_start":
                self._usage.update(event["message"].get("usage") or {})
                return Delta(tokens=tokens(self._usage))
            if kind == "message_delta":
                self._usage.update(_given(event.get("usage")))
                return Delta(
                    finish=openai_from_anthropic.finish(event["delta"].get("stop_reason")),
                    tokens=tokens(self._usage),
                )
        except (KeyError, TypeError, AttributeError) as error:
            raise GarbledError(f"The stream is not in Anthropic's form: {error!r}") from None
        if kind == "message_stop":
            self.finished = True
        elif kind == "error":
            raise ProviderFailedError(
                f"{self._provider}: {message_of(event.get('error'))}", provider=self._provider
            )
        return None

    def _begun(self, index: int, block: Body) -> Delta | None:
        if block["type"] != "tool_use":
            return Delta(text=block["text"]) if block.get("text") else None
        number = self._tools[index] = len(self._tools)
        return Delta(tools=(ToolPiece(number, block["id"], block["name"]),))

    def _added(self, index: int, delta: Body) -> Delta | None:
        kind = delta["type"]
        if kind == "text_delta":
            return Delta(text=delta["text"])
        if kind == "thinking_delta":
            return Delta(thought=delta["thinking"])
        if kind == "input_json_delta" and index in self._tools:
            return Delta(tools=(ToolPiece(self._tools[index], arguments=delta["partial_json"]),))
        return None


def tokens(usage: Any) -> Tokens | None:
    """What Anthropic counted: it counts what was cached apart from the input."""
    if not isinstance(usage, dict) or "input_tokens" not in usage:
        return None
    told = cast("Body", usage)
    cached, written = (
        count(told.get("cache_read_input_tokens")),
        count(told.get("cache_creation_input_tokens")),
    )
    given = count(told["input_tokens"])
    return Tokens(given + cached + written, count(told.get("output_tokens")), cached, written)


def _blocks(answer: Body) -> list[Body]:
    blocks: Any = answer.get("content")
    if not isinstance(blocks, list) or not all(
        isinstance(block, dict) for block in cast("list[Any]", blocks)
    ):
        raise GarbledError("The answer is not in Anthropic's form.")
    return cast("list[Body]", blocks)


def _given(usage: Any) -> Body:
    """What an event says of the usage; what it leaves empty stays as it was."""
    if not isinstance(usage, dict):
        return {}
    return {name: value for name, value in cast("Body", usage).items() if value is not None}
