"""Requests in Ollama's form out of those in OpenAI's, and its answers back."""

from __future__ import annotations

import base64
import struct
import time
from typing import Any, Final, cast
from uuid import uuid4

from agentic.layers.base.common_errors import InvalidError
from agentic.layers.L04_model_gateway.errors import ModelCannotError
from agentic.layers.L04_model_gateway.streaming import Tokens
from agentic.layers.L04_model_gateway.translation.content import (
    Body,
    arguments_of,
    arguments_text,
    data_url,
    object_of,
    objects,
    openai_usage,
    plain,
    text_of,
)

_OPTIONS: Final = ("temperature", "top_p", "seed", "presence_penalty", "frequency_penalty")
_MISSING: Final = ("logit_bias", "audio", "functions", "function_call")


def request(body: Body, options: Body) -> Body:
    """A request for `/api/chat`; `options` are those of the provider, which the request's own stand over.

    Raises:
        ModelCannotError: it asks for what Ollama does not have.
        InvalidError: it is not in OpenAI's form.
    """
    for name in _MISSING:
        if body.get(name):
            raise ModelCannotError(f"{name}: Ollama's models do not have this.")
    if body.get("n") not in (None, 1):
        raise ModelCannotError("n: Ollama's models give one answer.")
    own = {name: body[name] for name in _OPTIONS if body.get(name) is not None}
    limit = body.get("max_completion_tokens") or body.get("max_tokens")
    if limit:
        own["num_predict"] = limit
    if stop := body.get("stop"):
        own["stop"] = [stop] if isinstance(stop, str) else stop
    made: Body = {
        "model": body.get("model"),
        "messages": _messages(objects(body.get("messages"), "messages")),
        "stream": bool(body.get("stream")),
    }
    if every := {**options, **own}:
        made["options"] = every
    if (shape := _format(body.get("response_format"))) is not None:
        made["format"] = shape
    if tools := _tools(body):
        made["tools"] = tools
    return made


def _messages(messages: list[Body]) -> list[Body]:
    names: dict[Any, Any] = {}
    made: list[Body] = []
    for index, message in enumerate(messages):
        field = f"messages.{index}"
        role = message.get("role")
        if role in ("system", "developer"):
            made.append({"role": "system", "content": plain(message.get("content"), f"{field}.content")})
        elif role == "user":
            made.append({"role": "user", **_parts(message.get("content"), f"{field}.content")})
        elif role == "assistant":
            made.append(_said(message, field, names))
        elif role == "tool":
            result: Body = {"role": "tool", "content": plain(message.get("content"), f"{field}.content")}
            if name := names.get(message.get("tool_call_id")):
                result["tool_name"] = name
            made.append(result)
        else:
            raise InvalidError.of((f"{field}.role", "system, developer, user, assistant or tool"))
    return made


def _parts(content: Any, field: str) -> Body:
    if isinstance(content, str):
        return {"content": content}
    texts: list[str] = []
    images: list[str] = []
    for index, part in enumerate(objects(content, field)):
        at = f"{field}.{index}"
        if part.get("type") == "text":
            texts.append(text_of(part.get("text"), f"{at}.text"))
        elif part.get("type") == "image_url":
            url = text_of(
                object_of(part.get("image_url"), f"{at}.image_url").get("url"), f"{at}.image_url.url"
            )
            if (data := data_url(url)) is None:
                raise ModelCannotError(f"{at}: Ollama takes images as data URLs, not addresses.")
            images.append(data[1])
        else:
            raise ModelCannotError(f"{at}: Ollama's models cannot be given {part.get('type')!r}.")
    return {"content": "\n\n".join(texts), **({"images": images} if images else {})}


def _said(message: Body, field: str, names: dict[Any, Any]) -> Body:
    made: Body = {"role": "assistant", "content": plain(message.get("content"), f"{field}.content")}
    calls: list[Body] = []
    for index, call in enumerate(objects(message.get("tool_calls") or [], f"{field}.tool_calls")):
        at = f"{field}.tool_calls.{index}.function"
        function = object_of(call.get("function"), at)
        names[call.get("id")] = function.get("name")
        arguments = arguments_of(function.get("arguments"), f"{at}.arguments")
        calls.append({"function": {"name": function.get("name"), "arguments": arguments}})
    if calls:
        made["tool_calls"] = calls
    return made


def _format(wanted: Any) -> Any:
    if wanted is None:
        return None
    shape = object_of(wanted, "response_format")
    kind = shape.get("type")
    if kind == "json_schema":
        named = object_of(shape.get("json_schema"), "response_format.json_schema")
        return object_of(named.get("schema"), "response_format.json_schema.schema")
    return "json" if kind == "json_object" else None


def _tools(body: Body) -> list[Body]:
    """The tools; Ollama cannot be made to call one, but can be shown only that one."""
    tools = objects(body.get("tools") or [], "tools")
    choice = body.get("tool_choice")
    if choice == "none":
        return []
    if isinstance(choice, dict):
        wanted = object_of(cast("Body", choice).get("function"), "tool_choice.function").get("name")
        named = [(object_of(tool.get("function"), "tools").get("name"), tool) for tool in tools]
        return [tool for name, tool in named if name == wanted]
    return tools


def tool_calls(calls: Any) -> list[Body]:
    """The tool calls of a message, with ids, which Ollama does not give."""
    return [
        {
            "id": call.get("id") or f"call_{uuid4().hex[:24]}",
            "type": "function",
            "function": {
                "name": call["function"]["name"],
                "arguments": arguments_text(call["function"].get("arguments")),
            },
        }
        for call in calls or ()
    ]


def finish(answer: Body, called: bool) -> str:
    """Why an answer ended."""
    if answer.get("done_reason") == "length":
        return "length"
    return "tool_calls" if called else "stop"


def reply(answer: Body, tokens: Tokens | None) -> Body:
    """A whole answer, in OpenAI's form."""
    said = answer["message"]
    calls = tool_calls(said.get("tool_calls"))
    message: Body = {"role": "assistant", "content": said.get("content") or (None if calls else "")}
    if said.get("thinking"):
        message["reasoning_content"] = said["thinking"]
    if calls:
        message["tool_calls"] = calls
    choice = {
        "index": 0,
        "message": message,
        "logprobs": None,
        "finish_reason": finish(answer, bool(calls)),
    }
    made: Body = {
        "id": f"chatcmpl-{uuid4().hex[:24]}",
        "object": "chat.completion",
        "created": int(time.time()),
        "model": answer.get("model"),
        "choices": [choice],
    }
    if (usage := openai_usage(tokens)) is not None:
        made["usage"] = usage
    return made


def embedding_request(body: Body, options: Body) -> Body:
    """A request for `/api/embed`.

    Raises:
        ModelCannotError: it gives tokens instead of texts.
    """
    wanted: Any = body.get("input")
    texts = [wanted] if isinstance(wanted, str) else wanted
    if not isinstance(texts, list) or not all(isinstance(text, str) for text in cast("list[Any]", texts)):
        raise ModelCannotError("input: Ollama's models take a text or a list of texts.")
    made: Body = {"model": body.get("model"), "input": texts}
    if options:
        made["options"] = options
    if body.get("dimensions"):
        made["dimensions"] = body["dimensions"]
    return made


def embedding_reply(answer: Body, tokens: Tokens | None, request: Body) -> Body:
    """An answer of `/api/embed`, in OpenAI's form."""
    packed = request.get("encoding_format") == "base64"
    items = [
        {"object": "embedding", "index": index, "embedding": _packed(vector) if packed else vector}
        for index, vector in enumerate(answer["embeddings"])
    ]
    count = tokens.input if tokens else 0
    return {
        "object": "list",
        "data": items,
        "model": answer.get("model"),
        "usage": {"prompt_tokens": count, "total_tokens": count},
    }


def _packed(vector: list[float]) -> str:
    return base64.b64encode(struct.pack(f"<{len(vector)}f", *vector)).decode()
