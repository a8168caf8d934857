"""OpenAI, and every server that speaks as it does: vLLM, llama.cpp, LM Studio, OpenRouter and others."""

from __future__ import annotations

from typing import Any, ClassVar, Final, cast

import msgspec

from agentic.layers.L04_model_gateway.errors import ProviderFailedError
from agentic.layers.L04_model_gateway.models import ModelInfo
from agentic.layers.L04_model_gateway.providers.provider import (
    SHOWN,
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
from agentic.layers.L04_model_gateway.upstream import GarbledError, Request

PATHS: Final[dict[Task, str]] = {"chat": "/chat/completions", "embeddings": "/embeddings"}
DONE: Final = b"[DONE]"


class _Details(msgspec.Struct):
    cached_tokens: int | None = None
    reasoning_tokens: int | None = None


class _Usage(msgspec.Struct):
    prompt_tokens: int | None = None
    completion_tokens: int | None = None
    prompt_tokens_details: _Details | None = None
    completion_tokens_details: _Details | None = None


class _Function(msgspec.Struct):
    name: str | None = None
    arguments: str | None = None


class _ToolCall(msgspec.Struct):
    index: int = 0
    id: str | None = None
    function: _Function | None = None


class _Message(msgspec.Struct):
    content: str | None = None
    reasoning_content: str | None = None
    reasoning: str | None = None
    tool_calls: list[_ToolCall] | None = None


class _Choice(msgspec.Struct):
    index: int = 0
    delta: _Message | None = None
    message: _Message | None = None
    finish_reason: str | None = None


class _Answer(msgspec.Struct):
    choices: list[_Choice] = []
    data: list[msgspec.Raw] = []
    usage: _Usage | None = None
    error: Any = None


_decode = msgspec.json.Decoder(_Answer).decode


class OpenAiProvider(Provider):
    """A server that speaks OpenAI's chat completions and embeddings."""

    kind: ClassVar[str] = "openai"
    form: ClassVar[str] = "openai"
    default_url: ClassVar[str] = "https://api.openai.com/v1"
    paid: ClassVar[bool] = True

    @property
    def output_field(self) -> str:
        """OpenAI's own models know the new name, most other servers only the old one."""
        own = self.host == "openai.com" or self.host.endswith((".openai.com", ".openai.azure.com"))
        return "max_completion_tokens" if own else "max_tokens"

    def request(self, task: Task, body: Body, model: str) -> Request:
        """The pivot is its own form."""
        return self.as_it_is(task, body, b"", model)

    def as_it_is(self, task: Task, body: Body, raw: bytes, model: str) -> Request:
        """The request itself; of a stream the usage is asked for, which it tells only then."""
        changed: Body = {name: value for name, value in self.setting.options.items() if name not in body}
        if body.get("model") != model:
            changed["model"] = model
        if task == "chat" and body.get("stream") and not wants_usage(body):
            changed["stream_options"] = {**(body.get("stream_options") or {}), "include_usage": True}
        content = raw if raw and not changed else encode({**body, **changed})
        return self.post(PATHS[task], content, self._headers())

    def read(self, task: Task, content: bytes) -> Whole:
        """Usage, end and size of a whole answer."""
        answer = _parsed(content)
        if task == "chat" and not answer.choices:
            raise GarbledError("The answer has no choices.")
        finish = answer.choices[0].finish_reason if answer.choices else None
        size = sum(_size(choice.message) for choice in answer.choices if choice.message)
        return Whole(_tokens(answer.usage), finish, size)

    def to_openai(self, task: Task, content: bytes, request: Body) -> Body:
        """The answer itself."""
        return decode(content)

    def reader(self, request: Body) -> OpenAiReader:
        """Who reads server-sent events of chunks."""
        return OpenAiReader(self.name)

    async def discover(self, fetch: Fetch) -> list[ModelInfo]:
        """`GET /models`; servers that tell more than names tell it there."""
        items = items_of(decode(await fetch(self.get("/models", self._headers()))), "data")
        return [self._found(item) for item in items if isinstance(item.get("id"), str)]

    def _found(self, item: Body) -> ModelInfo:
        meta: Any = item.get("meta")
        trained: Any = cast("Body", meta).get("n_ctx_train") if isinstance(meta, dict) else None
        length = item.get("context_length") or item.get("max_model_len") or trained
        known: Body = {"context_length": length if isinstance(length, int) else None}
        parameters = item.get("supported_parameters")
        if isinstance(parameters, list):  # OpenRouter
            known["tools"] = "tools" in parameters
            known["json_schema"] = "structured_outputs" in parameters or "response_format" in parameters
        return self.model_info(item["id"], **known)

    def _headers(self) -> dict[str, str]:
        key = self.key()
        return {} if key is None else {"authorization": f"Bearer {key}"}


class OpenAiReader:
    """Reads `data: {…}` lines up to `data: [DONE]`."""

    def __init__(self, provider: str) -> None:
        self.finished = False
        self._provider = provider
        self._lines = Lines()

    def feed(self, data: bytes) -> list[Delta]:
        """What these bytes add."""
        deltas: list[Delta] = []
        for line in self._lines.feed(data):
            if not line.startswith(b"data:"):
                if line.strip() and not line.startswith((b":", b"event:", b"id:", b"retry:")):
                    raise GarbledError("The stream is not one of server-sent events.")
                continue
            payload = line[5:].strip()
            if payload == DONE:
                self.finished = True
            elif payload:
                deltas.append(self._delta(_parsed(payload)))
        return deltas

    def _delta(self, answer: _Answer) -> Delta:
        if answer.error is not None:
            raise ProviderFailedError(
                f"{self._provider}: {message_of(answer.error)}", provider=self._provider
            )
        tokens = _tokens(answer.usage)
        if not answer.choices:
            return Delta(tokens=tokens)
        choice = answer.choices[0]
        if choice.finish_reason:
            self.finished = True  # some servers end without [DONE]
        message = choice.delta or _Message()
        tools = tuple(
            ToolPiece(
                call.index,
                call.id,
                call.function.name if call.function else None,
                (call.function.arguments or "") if call.function else "",
            )
            for call in message.tool_calls or ()
        )
        thought = message.reasoning_content or message.reasoning or ""
        return Delta(message.content or "", thought, tools, choice.finish_reason, tokens)


def wants_usage(body: Body) -> bool:
    """Whether a request for a stream asks for its usage."""
    options = body.get("stream_options")
    return isinstance(options, dict) and bool(cast("Body", options).get("include_usage"))


def message_of(error: Any) -> str:
    """What an error object says, whoever made it."""
    if isinstance(error, dict):
        told = cast("Body", error)
        inner = told.get("error")
        if isinstance(inner, dict | str) and inner:
            return message_of(inner)
        text = told.get("message") or told.get("detail") or told.get("code")
        return str(text)[:SHOWN] if text else ""
    return str(error)[:SHOWN] if error else ""


def _parsed(content: bytes) -> _Answer:
    try:
        return _decode(content)
    except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError) as error:
        raise GarbledError(f"The answer is not in OpenAI's form: {error}") from None


def _tokens(usage: _Usage | None) -> Tokens | None:
    if usage is None or usage.prompt_tokens is None:
        return None
    cached = usage.prompt_tokens_details.cached_tokens if usage.prompt_tokens_details else 0
    thought = usage.completion_tokens_details.reasoning_tokens if usage.completion_tokens_details else 0
    return Tokens(
        count(usage.prompt_tokens), count(usage.completion_tokens), count(cached), 0, count(thought)
    )


def _size(message: _Message) -> int:
    size = len(message.content or "") + len(message.reasoning_content or "")
    for call in message.tool_calls or ():
        size += len(call.function.arguments or "") if call.function else 0
    return size
