"""OpenAI's form: `/v1/chat/completions` and `/v1/embeddings`."""

from __future__ import annotations

import time
from typing import Any, Final
from uuid import uuid4

from agentic.layers.base import jsonio
from agentic.layers.base.errors import PlatformError
from agentic.layers.L04_model_gateway.forms.form import Body, Needs, field_of, shown_images, whole_number
from agentic.layers.L04_model_gateway.providers.openai import wants_usage
from agentic.layers.L04_model_gateway.streaming import Delta, ToolPiece
from agentic.layers.L04_model_gateway.translation.content import openai_usage

_TYPES: Final = {
    400: "invalid_request_error",
    401: "authentication_error",
    403: "permission_error",
    404: "not_found_error",
    413: "invalid_request_error",
    422: "invalid_request_error",
    429: "rate_limit_error",
}


class OpenAiForm:
    """The pivot, as callers speak it."""

    name = "openai"

    def to_openai(self, body: Body) -> Body:
        """The request itself."""
        return body

    def needs(self, body: Body) -> Needs:
        """Read from its fields."""
        return Needs(
            tools=bool(body.get("tools")) and body.get("tool_choice") != "none",
            json_schema=field_of(body.get("response_format"), "type") == "json_schema",
            vision=shown_images(body.get("messages"), "image_url"),
        )

    def output_limit(self, body: Body) -> int | None:
        """The new name stands over the old one."""
        return whole_number(body.get("max_completion_tokens")) or whole_number(body.get("max_tokens"))

    def from_openai(self, answer: Body) -> Body:
        """The answer itself."""
        return answer

    def encoder(self, body: Body, model: str) -> OpenAiEncoder:
        """Who writes chunks."""
        return OpenAiEncoder(model, usage=wants_usage(body))

    def error(self, error: PlatformError, request_id: str) -> Body:
        """The object that OpenAI's clients read; `code` is ours."""
        told: dict[str, Any] = {
            **error.members,
            "message": error.detail,
            "type": _TYPES.get(error.status, "api_error"),
            "param": _first_field(error),
            "code": error.code,
        }
        return {"error": told, "request_id": request_id}

    def stream_error(self, error: PlatformError, request_id: str) -> bytes:
        """An event that OpenAI's clients raise as an error."""
        return _event(self.error(error, request_id))


class OpenAiEncoder:
    """Writes `chat.completion.chunk`s."""

    def __init__(self, model: str, *, usage: bool) -> None:
        self._usage = usage
        self._tokens: Any = None
        self._finish: str | None = None
        self._begun = False
        self._head: Body = {
            "id": f"chatcmpl-{uuid4().hex[:24]}",
            "object": "chat.completion.chunk",
            "created": int(time.time()),
            "model": model,
        }

    def feed(self, delta: Delta) -> bytes:
        """A chunk for what there is to say."""
        self._tokens = delta.tokens or self._tokens
        self._finish = delta.finish or self._finish
        said: Body = {}
        if delta.text:
            said["content"] = delta.text
        if delta.thought:
            said["reasoning_content"] = delta.thought
        if delta.tools:
            said["tool_calls"] = [_piece(piece) for piece in delta.tools]
        return self._chunk(said) if said else b""

    def end(self) -> bytes:
        """The reason, the usage when it was asked for, and the end."""
        told = self._chunk({}, self._finish or "stop")
        if self._usage:
            told += _event({**self._head, "choices": [], "usage": openai_usage(self._tokens)})
        return told + b"data: [DONE]\n\n"

    def _chunk(self, delta: Body, finish: str | None = None) -> bytes:
        if not self._begun:
            self._begun = True
            delta = {"role": "assistant", "content": "", **delta}
        choice = {"index": 0, "delta": delta, "logprobs": None, "finish_reason": finish}
        return _event({**self._head, "choices": [choice]})


def _piece(piece: ToolPiece) -> Body:
    if piece.id is None and piece.name is None:
        return {"index": piece.number, "function": {"arguments": piece.arguments}}
    return {
        "index": piece.number,
        "id": piece.id,
        "type": "function",
        "function": {"name": piece.name, "arguments": piece.arguments},
    }


def _event(data: Body) -> bytes:
    return b"data: %b\n\n" % jsonio.encode(data)


def _first_field(error: PlatformError) -> str | None:
    errors: Any = error.members.get("errors")
    return errors[0]["field"] if errors else None


OPENAI: Final = OpenAiForm()
