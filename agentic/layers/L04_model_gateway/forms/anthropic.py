"""Anthropic's form: `/v1/messages`."""

from __future__ import annotations

from typing import Any, Final
from uuid import uuid4

from agentic.layers.base import jsonio
from agentic.layers.base.errors import PlatformError
from agentic.layers.L04_model_gateway.forms.form import Body, Needs, field_of, shown_images, whole_number
from agentic.layers.L04_model_gateway.streaming import Delta, Tokens
from agentic.layers.L04_model_gateway.translation import anthropic_from_openai, openai_from_anthropic
from agentic.layers.L04_model_gateway.translation.content import openai_usage

_TYPES: Final = {
    400: "invalid_request_error",
    401: "authentication_error",
    403: "permission_error",
    404: "not_found_error",
    413: "request_too_large",
    422: "invalid_request_error",
    429: "rate_limit_error",
    503: "overloaded_error",
    504: "timeout_error",
}


class AnthropicForm:
    """Messages, as Anthropic's clients speak them."""

    name = "anthropic"

    def to_openai(self, body: Body) -> Body:
        """Translated."""
        return openai_from_anthropic.request(body)

    def needs(self, body: Body) -> Needs:
        """Read from its fields."""
        return Needs(
            tools=bool(body.get("tools")) and field_of(body.get("tool_choice"), "type") != "none",
            json_schema=bool(field_of(body.get("output_config"), "format")),
            vision=shown_images(body.get("messages"), "image"),
        )

    def output_limit(self, body: Body) -> int | None:
        """It must say so."""
        return whole_number(body.get("max_tokens"))

    def from_openai(self, answer: Body) -> Body:
        """Translated back."""
        return anthropic_from_openai.reply(answer)

    def encoder(self, body: Body, model: str) -> AnthropicEncoder:
        """Who writes events."""
        return AnthropicEncoder(model)

    def error(self, error: PlatformError, request_id: str) -> Body:
        """The object that Anthropic's clients read, with our `code` beside its type."""
        told: dict[str, Any] = {
            **error.members,
            "type": _TYPES.get(error.status, "api_error"),
            "message": error.detail,
            "code": error.code,
        }
        return {"type": "error", "error": told, "request_id": request_id}

    def stream_error(self, error: PlatformError, request_id: str) -> bytes:
        """An event that Anthropic's clients raise as an error."""
        return _event("error", self.error(error, request_id))


class AnthropicEncoder:
    """Writes `message_start` … `message_stop`, one block for the text and one for each tool call."""

    def __init__(self, model: str) -> None:
        self._model = model
        self._tokens: Tokens | None = None
        self._finish: str | None = None
        self._begun = False
        self._block = -1
        self._open: str | None = None
        """What the open block is: `text`, `thinking`, or the number of a tool call."""

    def feed(self, delta: Delta) -> bytes:
        """Events for what there is to say."""
        self._tokens = delta.tokens or self._tokens
        self._finish = delta.finish or self._finish
        sent = b""
        if delta.thought:
            sent += self._block_of("thinking", {"type": "thinking", "thinking": "", "signature": ""})
            sent += self._added({"type": "thinking_delta", "thinking": delta.thought})
        if delta.text:
            sent += self._block_of("text", {"type": "text", "text": ""})
            sent += self._added({"type": "text_delta", "text": delta.text})
        for piece in delta.tools:
            call: Body = {"type": "tool_use", "id": piece.id, "name": piece.name, "input": {}}
            sent += self._block_of(str(piece.number), call)
            if piece.arguments:
                sent += self._added({"type": "input_json_delta", "partial_json": piece.arguments})
        return sent

    def end(self) -> bytes:
        """The reason and the usage, and the end."""
        sent = self._begin() + self._close()
        stop = anthropic_from_openai.STOPS.get(self._finish or "stop", "end_turn")
        usage = anthropic_from_openai.usage(openai_usage(self._tokens) or {})
        delta = {"stop_reason": stop, "stop_sequence": None}
        sent += _event("message_delta", {"type": "message_delta", "delta": delta, "usage": usage})
        return sent + _event("message_stop", {"type": "message_stop"})

    def _begin(self) -> bytes:
        if self._begun:
            return b""
        self._begun = True
        message: Body = {
            "id": f"msg_{uuid4().hex[:24]}",
            "type": "message",
            "role": "assistant",
            "model": self._model,
            "content": [],
            "stop_reason": None,
            "stop_sequence": None,
            "usage": anthropic_from_openai.usage(openai_usage(self._tokens) or {}),
        }
        return _event("message_start", {"type": "message_start", "message": message})

    def _block_of(self, what: str, block: Body) -> bytes:
        if self._open == what:
            return b""
        sent = self._begin() + self._close()
        self._open = what
        self._block += 1
        return sent + _event(
            "content_block_start",
            {"type": "content_block_start", "index": self._block, "content_block": block},
        )

    def _added(self, delta: Body) -> bytes:
        event = {"type": "content_block_delta", "index": self._block, "delta": delta}
        return _event("content_block_delta", event)

    def _close(self) -> bytes:
        if self._open is None:
            return b""
        self._open = None
        return _event("content_block_stop", {"type": "content_block_stop", "index": self._block})


def _event(name: str, data: Body) -> bytes:
    return b"event: %b\ndata: %b\n\n" % (name.encode(), jsonio.encode(data))


ANTHROPIC: Final = AnthropicForm()
