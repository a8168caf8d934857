"""A reply in the wire formats of OpenAI, Anthropic and Ollama, as their documentation shows them."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

from tests.kit.providers.replies import Reply

STAMP = 1_760_000_000
ANTHROPIC_STOPS = {"stop": "end_turn", "tool_calls": "tool_use", "length": "max_tokens"}
Body = dict[str, Any]


def _event(data: Body, name: str | None = None) -> bytes:
    head = f"event: {name}\n" if name else ""
    return f"{head}data: {json.dumps(data)}\n\n".encode()


def _line(data: Body) -> bytes:
    return json.dumps(data).encode() + b"\n"


class OpenAi:
    """`/v1/chat/completions`."""

    content_type = "text/event-stream"

    def whole(self, reply: Reply, body: Body) -> Body:
        message: Body = {"role": "assistant", "content": reply.text or None}
        if reply.tools:
            message["tool_calls"] = [
                {
                    "id": tool.id,
                    "type": "function",
                    "function": {"name": tool.name, "arguments": tool.arguments_text},
                }
                for tool in reply.tools
            ]
        choice = {"index": 0, "message": message, "logprobs": None, "finish_reason": reply.finish}
        return {**self._head(body, "chat.completion"), "choices": [choice], "usage": self.usage(reply)}

    def chunks(self, reply: Reply, body: Body) -> Iterator[bytes]:
        counted = (body.get("stream_options") or {}).get("include_usage")
        head = self._head(body, "chat.completion.chunk")
        if counted:
            head["usage"] = None

        def chunk(delta: Body, finish: str | None = None) -> bytes:
            choice = {"index": 0, "delta": delta, "logprobs": None, "finish_reason": finish}
            return _event({**head, "choices": [choice]})

        yield chunk({"role": "assistant", "content": ""})
        for piece in reply.pieces:
            yield chunk({"content": piece})
        for index, tool in enumerate(reply.tools):
            first = {
                "index": index,
                "id": tool.id,
                "type": "function",
                "function": {"name": tool.name, "arguments": ""},
            }
            yield chunk({"tool_calls": [first]})
            text = tool.arguments_text
            for part in (text[: len(text) // 2], text[len(text) // 2 :]):
                yield chunk({"tool_calls": [{"index": index, "function": {"arguments": part}}]})
        yield chunk({}, reply.finish)
        if counted:
            yield _event({**head, "choices": [], "usage": self.usage(reply)})
        yield b"data: [DONE]\n\n"

    def usage(self, reply: Reply) -> Body:
        return {
            "prompt_tokens": reply.input_tokens,
            "completion_tokens": reply.output_tokens,
            "total_tokens": reply.input_tokens + reply.output_tokens,
            "prompt_tokens_details": {"cached_tokens": reply.cached_tokens},
            "completion_tokens_details": {"reasoning_tokens": reply.reasoning_tokens},
        }

    def error(self, status: int) -> Body:
        return {
            "error": {"message": f"scripted {status}", "type": "scripted", "param": None, "code": "scripted"}
        }

    def _head(self, body: Body, kind: str) -> Body:
        return {"id": "chatcmpl-1", "object": kind, "created": STAMP, "model": body.get("model")}


class Anthropic:
    """`/v1/messages`."""

    content_type = "text/event-stream"

    def whole(self, reply: Reply, body: Body) -> Body:
        blocks: list[Body] = [{"type": "text", "text": reply.text}] if reply.text else []
        blocks += [
            {"type": "tool_use", "id": tool.id, "name": tool.name, "input": dict(tool.arguments)}
            for tool in reply.tools
        ]
        return {**self._message(body), "content": blocks, **self._stop(reply), "usage": self.usage(reply)}

    def chunks(self, reply: Reply, body: Body) -> Iterator[bytes]:
        def event(name: str, **members: Any) -> bytes:
            return _event({"type": name, **members}, name)

        begun = {**self.usage(reply), "output_tokens": 1}
        yield event(
            "message_start",
            message={
                **self._message(body),
                "content": [],
                "stop_reason": None,
                "stop_sequence": None,
                "usage": begun,
            },
        )
        index = 0
        if reply.pieces:
            yield event("content_block_start", index=0, content_block={"type": "text", "text": ""})
            yield event("ping")
            for piece in reply.pieces:
                yield event("content_block_delta", index=0, delta={"type": "text_delta", "text": piece})
            yield event("content_block_stop", index=0)
            index = 1
        for tool in reply.tools:
            block = {"type": "tool_use", "id": tool.id, "name": tool.name, "input": {}}
            yield event("content_block_start", index=index, content_block=block)
            text = tool.arguments_text
            for part in ("", text[: len(text) // 2], text[len(text) // 2 :]):
                delta = {"type": "input_json_delta", "partial_json": part}
                yield event("content_block_delta", index=index, delta=delta)
            yield event("content_block_stop", index=index)
            index += 1
        yield event("message_delta", delta=self._stop(reply), usage={"output_tokens": reply.output_tokens})
        yield event("message_stop")

    def usage(self, reply: Reply) -> Body:
        return {
            "input_tokens": reply.input_tokens - reply.cached_tokens,
            "cache_creation_input_tokens": 0,
            "cache_read_input_tokens": reply.cached_tokens,
            "output_tokens": reply.output_tokens,
        }

    def error(self, status: int) -> Body:
        kinds = {429: "rate_limit_error", 401: "authentication_error", 400: "invalid_request_error"}
        kind = kinds.get(status, "api_error")
        return {"type": "error", "error": {"type": kind, "message": f"scripted {status}"}}

    def _message(self, body: Body) -> Body:
        return {"id": "msg_1", "type": "message", "role": "assistant", "model": body.get("model")}

    def _stop(self, reply: Reply) -> Body:
        return {"stop_reason": ANTHROPIC_STOPS.get(reply.finish, reply.finish), "stop_sequence": None}


class Ollama:
    """`/api/chat`, which streams unless it is told not to."""

    content_type = "application/x-ndjson"

    def whole(self, reply: Reply, body: Body) -> Body:
        message: Body = {"role": "assistant", "content": reply.text}
        if reply.tools:
            message["tool_calls"] = self._tools(reply)
        return {**self._head(body), "message": message, **self._end(reply)}

    def chunks(self, reply: Reply, body: Body) -> Iterator[bytes]:
        for piece in reply.pieces:
            message = {"role": "assistant", "content": piece}
            yield _line({**self._head(body), "message": message, "done": False})
        if reply.tools:
            message = {"role": "assistant", "content": "", "tool_calls": self._tools(reply)}
            yield _line({**self._head(body), "message": message, "done": False})
        yield _line({**self._head(body), "message": {"role": "assistant", "content": ""}, **self._end(reply)})

    def error(self, status: int) -> Body:
        return {"error": f"scripted {status}"}

    def _tools(self, reply: Reply) -> list[Body]:
        return [{"function": {"name": tool.name, "arguments": dict(tool.arguments)}} for tool in reply.tools]

    def _head(self, body: Body) -> Body:
        return {"model": body.get("model"), "created_at": "2026-11-26T12:00:00.000000Z"}

    def _end(self, reply: Reply) -> Body:
        return {
            "done": True,
            "done_reason": "length" if reply.finish == "length" else "stop",
            "total_duration": 5_000_000,
            "load_duration": 1_000_000,
            "prompt_eval_count": reply.input_tokens,
            "prompt_eval_duration": 1_000_000,
            "eval_count": reply.output_tokens,
            "eval_duration": 3_000_000,
        }


Form = OpenAi | Anthropic | Ollama
OPENAI, ANTHROPIC, OLLAMA = OpenAi(), Anthropic(), Ollama()
