"""Requests and answers in OpenAI's form, out of those in Anthropic's."""

from __future__ import annotations

import time
from typing import Any, Final

from agentic.layers.base.common_errors import InvalidError
from agentic.layers.L04_model_gateway.errors import ModelCannotError
from agentic.layers.L04_model_gateway.streaming import Tokens
from agentic.layers.L04_model_gateway.translation.content import (
    Body,
    arguments_text,
    object_of,
    objects,
    openai_usage,
    text_of,
)

FINISHES: Final = {
    "end_turn": "stop",
    "stop_sequence": "stop",
    "pause_turn": "stop",
    "max_tokens": "length",
    "model_context_window_exceeded": "length",
    "tool_use": "tool_calls",
    "refusal": "content_filter",
}
_SAME: Final = ("temperature", "top_p", "stream", "max_tokens")


def finish(reason: Any) -> str | None:
    """Why an answer ended."""
    return None if reason is None else FINISHES.get(str(reason), "stop")


def request(body: Body) -> Body:
    """A request.

    Raises:
        ModelCannotError: it asks for what OpenAI's form has no words for.
        InvalidError: it is not in Anthropic's form.
    """
    messages: list[Body] = []
    if body.get("system"):
        messages.append({"role": "system", "content": _text(body["system"], "system")})
    for index, message in enumerate(objects(body.get("messages"), "messages")):
        messages += _messages(message, f"messages.{index}")
    made: Body = {
        "model": body.get("model"),
        "messages": messages,
        **{name: body[name] for name in _SAME if body.get(name) is not None},
    }
    if body.get("stop_sequences"):
        made["stop"] = body["stop_sequences"]
    if (config := body.get("output_config")) and (shape := object_of(config, "output_config").get("format")):
        schema = object_of(shape, "output_config.format").get("schema")
        made["response_format"] = {
            "type": "json_schema",
            "json_schema": {"name": "answer", "schema": schema, "strict": True},
        }
    made.update(_tools(body))
    return made


def _messages(message: Body, field: str) -> list[Body]:
    role, content = message.get("role"), message.get("content")
    if role not in ("user", "assistant", "system"):
        raise InvalidError.of((f"{field}.role", "user or assistant"))
    if isinstance(content, str):
        return [{"role": role, "content": content}]
    blocks = objects(content, f"{field}.content")
    return _said(blocks, field) if role == "assistant" else _asked(role, blocks, field)


def _said(blocks: list[Body], field: str) -> list[Body]:
    texts: list[str] = []
    calls: list[Body] = []
    for index, block in enumerate(blocks):
        kind = block.get("type")
        if kind == "text":
            texts.append(text_of(block.get("text"), f"{field}.content.{index}.text"))
        elif kind == "tool_use":
            function = {"name": block.get("name"), "arguments": arguments_text(block.get("input"))}
            calls.append({"id": block.get("id"), "type": "function", "function": function})
        elif kind not in ("thinking", "redacted_thinking"):
            raise ModelCannotError(f"{field}.content.{index}: this model cannot be given {kind!r}.")
    message: Body = {"role": "assistant", "content": "".join(texts) or None}
    if calls:
        message["tool_calls"] = calls
    return [message]


def _asked(role: str, blocks: list[Body], field: str) -> list[Body]:
    messages: list[Body] = []
    parts: list[Body] = []
    for index, block in enumerate(blocks):
        at = f"{field}.content.{index}"
        kind = block.get("type")
        if kind == "text":
            parts.append({"type": "text", "text": text_of(block.get("text"), f"{at}.text")})
        elif kind == "image":
            parts.append({"type": "image_url", "image_url": {"url": _image(block, at)}})
        elif kind == "tool_result":
            content = _text(block.get("content") or "", f"{at}.content")
            if block.get("is_error"):
                content = f"Error: {content}"
            messages.append({"role": "tool", "tool_call_id": block.get("tool_use_id"), "content": content})
        else:
            raise ModelCannotError(f"{at}: this model cannot be given {kind!r}.")
    if parts:
        only_text = all(part["type"] == "text" for part in parts)
        content = "\n\n".join(part["text"] for part in parts) if only_text else parts
        messages.append({"role": role, "content": content})
    return messages


def _image(block: Body, field: str) -> str:
    source = object_of(block.get("source"), f"{field}.source")
    if source.get("type") == "base64":
        return f"data:{source.get('media_type')};base64,{source.get('data')}"
    return text_of(source.get("url"), f"{field}.source.url")


def _text(content: Any, field: str) -> str:
    if isinstance(content, str):
        return content
    texts: list[str] = []
    for index, block in enumerate(objects(content, field)):
        if block.get("type") != "text":
            raise ModelCannotError(f"{field}.{index}: this model can be given only text here.")
        texts.append(text_of(block.get("text"), f"{field}.{index}.text"))
    return "\n".join(texts)


def _tools(body: Body) -> Body:
    made: Body = {}
    tools = objects(body.get("tools") or [], "tools")
    if not tools:
        return made
    made["tools"] = [_tool(tool, f"tools.{index}") for index, tool in enumerate(tools)]
    if choice := body.get("tool_choice"):
        told = object_of(choice, "tool_choice")
        kind = told.get("type")
        if kind == "tool":
            made["tool_choice"] = {"type": "function", "function": {"name": told.get("name")}}
        elif kind in ("auto", "none", "any"):
            made["tool_choice"] = "required" if kind == "any" else kind
        else:
            raise InvalidError.of(("tool_choice.type", "auto, any, tool or none"))
        if told.get("disable_parallel_tool_use"):
            made["parallel_tool_calls"] = False
    return made


def _tool(tool: Body, field: str) -> Body:
    if "input_schema" not in tool:
        raise ModelCannotError(f"{field}: only Anthropic carries out the tool {tool.get('type')!r} itself.")
    function: Body = {
        "name": text_of(tool.get("name"), f"{field}.name"),
        "parameters": tool["input_schema"],
    }
    if tool.get("description"):
        function["description"] = tool["description"]
    return {"type": "function", "function": function}


def reply(answer: Body, tokens: Tokens | None) -> Body:
    """A whole answer."""
    texts: list[str] = []
    thoughts: list[str] = []
    calls: list[Body] = []
    for block in answer["content"]:
        kind = block.get("type")
        if kind == "text":
            texts.append(str(block.get("text") or ""))
        elif kind == "thinking":
            thoughts.append(str(block.get("thinking") or ""))
        elif kind == "tool_use":
            function = {"name": block.get("name"), "arguments": arguments_text(block.get("input"))}
            calls.append({"id": block.get("id"), "type": "function", "function": function})
    message: Body = {"role": "assistant", "content": "".join(texts) or (None if calls else "")}
    if thoughts:
        message["reasoning_content"] = "".join(thoughts)
    if calls:
        message["tool_calls"] = calls
    choice = {
        "index": 0,
        "message": message,
        "logprobs": None,
        "finish_reason": finish(answer.get("stop_reason")) or "stop",
    }
    made: Body = {
        "id": f"chatcmpl-{answer.get('id')}",
        "object": "chat.completion",
        "created": int(time.time()),
        "model": answer.get("model"),
        "choices": [choice],
    }
    if (usage := openai_usage(tokens)) is not None:
        made["usage"] = usage
    return made
