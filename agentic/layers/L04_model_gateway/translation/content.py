"""The parts of messages that translations look at: text, images, arguments; refused by name when they are none."""

from __future__ import annotations

from typing import Any, cast

import msgspec

from agentic.layers.base.common_errors import InvalidError
from agentic.layers.L04_model_gateway.streaming import Tokens

Body = dict[str, Any]


def objects(value: Any, field: str) -> list[Body]:
    """A list of objects.

    Raises:
        InvalidError: it is none.
    """
    if not isinstance(value, list):
        raise InvalidError.of((field, "a list of objects"))
    for index, item in enumerate(cast("list[Any]", value)):
        if not isinstance(item, dict):
            raise InvalidError.of((f"{field}.{index}", "an object"))
    return cast("list[Body]", value)


def object_of(value: Any, field: str) -> Body:
    """An object.

    Raises:
        InvalidError: it is none.
    """
    if not isinstance(value, dict):
        raise InvalidError.of((field, "an object"))
    return cast("Body", value)


def text_of(value: Any, field: str) -> str:
    """A text.

    Raises:
        InvalidError: it is none.
    """
    if not isinstance(value, str):
        raise InvalidError.of((field, "a text"))
    return value


def plain(content: Any, field: str) -> str:
    """The text of a content that is a text, a list of parts, or nothing; other parts are refused.

    Raises:
        InvalidError: it holds something else.
    """
    if content is None:
        return ""
    if isinstance(content, str):
        return content
    texts: list[str] = []
    for index, part in enumerate(objects(content, field)):
        if part.get("type") not in ("text", "refusal"):
            raise InvalidError.of((f"{field}.{index}.type", f"{part.get('type')!r} cannot stand here"))
        texts.append(text_of(part.get("text", part.get("refusal")), f"{field}.{index}.text"))
    return "\n".join(texts)


def arguments_of(text: Any, field: str) -> Body:
    """The arguments of a tool call, which OpenAI's form has as a text.

    Raises:
        InvalidError: it is not that of an object.
    """
    try:
        value = msgspec.json.decode(text or "{}")
    except (msgspec.MsgspecError, TypeError, ValueError):
        raise InvalidError.of((field, "the JSON text of an object")) from None
    return object_of(value, field)


def arguments_text(arguments: Any) -> str:
    """The arguments of a tool call as a text."""
    return msgspec.json.encode(arguments if isinstance(arguments, dict) else {}).decode()


def data_url(url: str) -> tuple[str, str] | None:
    """The media type and the base64 text of a data URL; none of another one."""
    head, comma, data = url.partition(",")
    if not comma or not head.startswith("data:") or not head.endswith(";base64"):
        return None
    return head[5:-7] or "application/octet-stream", data


def openai_usage(tokens: Tokens | None) -> Body | None:
    """A count of tokens in OpenAI's form."""
    if tokens is None:
        return None
    return {
        "prompt_tokens": tokens.input,
        "completion_tokens": tokens.output,
        "total_tokens": tokens.input + tokens.output,
        "prompt_tokens_details": {"cached_tokens": tokens.cached},
        "completion_tokens_details": {"reasoning_tokens": tokens.reasoning},
    }
