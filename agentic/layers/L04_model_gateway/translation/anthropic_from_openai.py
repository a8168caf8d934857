"""Requests and answers in Anthropic's form, out of those in OpenAI's."""

from __future__ import annotations

from typing import Any, Final, cast
from uuid import uuid4

from agentic.layers.base.common_errors import InvalidError
from agentic.layers.L04_model_gateway.errors import ModelCannotError
from agentic.layers.L04_model_gateway.translation.content import (
    Body,
    arguments_of,
    data_url,
    object_of,
    objects,
    plain,
    text_of,
)

STOPS: Final = {
    "stop": "end_turn",
    "length": "max_tokens",
    "tool_calls": "tool_use",
    "function_call": "tool_use",
    "content_filter": "refusal",
}
_SAME: Final = ("temperature", "top_p", "stream")
_MISSING: Final = ("logprobs", "top_logprobs", "logit_bias", "audio", "functions", "function_call")
"""What Anthropic has nothing like, and what changes the answer too much to be left out."""


def request(body: Body, default_output: int) -> Body:
    """A request; Anthropic must be told how long the answer may become.

    Raises:
        ModelCannotError: it asks for what Anthropic does not have.
        InvalidError: it is not in OpenAI's form.
    """
    for name in _MISSING:
        if body.get(name):
            raise ModelCannotError(f"{name}: Anthropic's models do not have this.")
    if body.get("n") not in (None, 1):
        raise ModelCannotError("n: Anthropic's models give one answer.")
    system, messages = _messages(objects(body.get("messages"), "messages"))
    made: Body = {
        "model": body.get("model"),
        "messages": messages,
        "max_tokens": body.get("max_completion_tokens") or body.get("max_tokens") or default_output,
        **{name: body[name] for name in _SAME if body.get(name) is not None},
    }
    if isinstance(made.get("temperature"), int | float):
        made["temperature"] = min(made["temperature"], 1)
    if system:
        made["system"] = system
    if stop := body.get("stop"):
        made["stop_sequences"] = [stop] if isinstance(stop, str) else stop
    if user := body.get("user"):
        made["metadata"] = {"user_id": user}
    if (shape := _format(body.get("response_format"))) is not None:
        made["output_config"] = {"format": shape}
    made.update(_tools(body))
    return made


def _messages(messages: list[Body]) -> tuple[str, list[Body]]:
    system: list[str] = []
    made: list[Body] = []
    for index, message in enumerate(messages):
        field = f"messages.{index}"
        role = message.get("role")
        if role in ("system", "developer"):
            system.append(plain(message.get("content"), f"{field}.content"))
        elif role == "user":
            _append(made, "user", _parts(message.get("content"), f"{field}.content"))
        elif role == "assistant":
            _append(made, "assistant", _said(message, field))
        elif role == "tool":
            _append(made, "user", [_result(message, field)])
        else:
            raise InvalidError.of((f"{field}.role", "system, developer, user, assistant or tool"))
    return "\n\n".join(system), made


def _append(messages: list[Body], role: str, blocks: list[Body]) -> None:
    """Roles take turns: what the same one says next belongs to the same message."""
    if messages and messages[-1]["role"] == role:
        messages[-1]["content"] += blocks
    elif blocks:
        messages.append({"role": role, "content": blocks})


def _parts(content: Any, field: str) -> list[Body]:
    if isinstance(content, str):
        return [{"type": "text", "text": content}]
    return [_part(part, f"{field}.{index}") for index, part in enumerate(objects(content, field))]


def _part(part: Body, field: str) -> Body:
    kind = part.get("type")
    if kind == "text":
        return {"type": "text", "text": text_of(part.get("text"), f"{field}.text")}
    if kind == "image_url":
        url = text_of(
            object_of(part.get("image_url"), f"{field}.image_url").get("url"), f"{field}.image_url.url"
        )
        if (data := data_url(url)) is not None:
            return {"type": "image", "source": {"type": "base64", "media_type": data[0], "data": data[1]}}
        return {"type": "image", "source": {"type": "url", "url": url}}
    raise ModelCannotError(f"{field}: Anthropic's models cannot be given {kind!r}.")


def _said(message: Body, field: str) -> list[Body]:
    text = plain(message.get("content"), f"{field}.content")
    blocks: list[Body] = [{"type": "text", "text": text}] if text else []
    for index, call in enumerate(objects(message.get("tool_calls") or [], f"{field}.tool_calls")):
        at = f"{field}.tool_calls.{index}.function"
        function = object_of(call.get("function"), at)
        blocks.append(
            {
                "type": "tool_use",
                "id": call.get("id"),
                "name": function.get("name"),
                "input": arguments_of(function.get("arguments"), f"{at}.arguments"),
            }
        )
    return blocks


def _result(message: Body, field: str) -> Body:
    return {
        "type": "tool_result",
        "tool_use_id": text_of(message.get("tool_call_id"), f"{field}.tool_call_id"),
        "content": plain(message.get("content"), f"{field}.content"),
    }


def _format(wanted: Any) -> Body | None:
    if wanted is None:
        return None
    shape = object_of(wanted, "response_format")
    kind = shape.get("type")
    if kind == "text":
        return None
    if kind == "json_schema":
        named = object_of(shape.get("json_schema"), "response_format.json_schema")
        return {
            "type": "json_schema",
            "schema": object_of(named.get("schema"), "response_format.json_schema.schema"),
        }
    raise ModelCannotError(f"response_format: Anthropic's models take a JSON Schema, not {kind!r}.")


def _tools(body: Body) -> Body:
    made: Body = {}
    choice = body.get("tool_choice")
    if tools := objects(body.get("tools") or [], "tools"):
        made["tools"] = [_tool(tool, f"tools.{index}") for index, tool in enumerate(tools)]
        made["tool_choice"] = _choice(choice)
        if body.get("parallel_tool_calls") is False and made["tool_choice"]["type"] != "none":
            made["tool_choice"]["disable_parallel_tool_use"] = True
    return made


def _tool(tool: Body, field: str) -> Body:
    function = object_of(tool.get("function"), f"{field}.function")
    made: Body = {
        "name": text_of(function.get("name"), f"{field}.function.name"),
        "input_schema": function.get("parameters") or {"type": "object", "properties": {}},
    }
    if function.get("description"):
        made["description"] = function["description"]
    return made


def _choice(choice: Any) -> Body:
    if isinstance(choice, dict):
        function = object_of(cast("Body", choice).get("function"), "tool_choice.function")
        return {"type": "tool", "name": function.get("name")}
    kinds = {None: "auto", "auto": "auto", "none": "none", "required": "any"}
    if choice not in kinds:
        raise InvalidError.of(("tool_choice", "auto, none, required, or a function"))
    return {"type": kinds[choice]}


def reply(answer: Body) -> Body:
    """A whole answer."""
    choices: list[Body] = answer.get("choices") or [{}]
    choice = choices[0]
    message: Body = choice.get("message") or {}
    blocks: list[Body] = []
    if message.get("content"):
        blocks.append({"type": "text", "text": message["content"]})
    for call in message.get("tool_calls") or ():
        function: Body = call.get("function") or {}
        blocks.append(
            {
                "type": "tool_use",
                "id": call.get("id"),
                "name": function.get("name"),
                "input": _lenient(function.get("arguments")),
            }
        )
    return {
        "id": f"msg_{uuid4().hex[:24]}",
        "type": "message",
        "role": "assistant",
        "model": answer.get("model"),
        "content": blocks,
        "stop_reason": STOPS.get(choice.get("finish_reason") or "stop", "end_turn"),
        "stop_sequence": None,
        "usage": usage(answer.get("usage") or {}),
    }


def _lenient(text: Any) -> Body:
    try:
        return arguments_of(text, "")
    except InvalidError:  # what a model wrote is passed on, not judged
        return {"_raw": str(text)}


def usage(told: Body) -> Body:
    """A count of tokens, from OpenAI's."""
    details: Body = told.get("prompt_tokens_details") or {}
    cached = details.get("cached_tokens") or 0
    return {
        "input_tokens": max(0, (told.get("prompt_tokens") or 0) - cached),
        "cache_creation_input_tokens": 0,
        "cache_read_input_tokens": cached,
        "output_tokens": told.get("completion_tokens") or 0,
    }
