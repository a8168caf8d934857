"""What the gateway needs of a form in which callers speak."""

from __future__ import annotations

from typing import Any, NamedTuple, Protocol, cast

from agentic.layers.base.errors import PlatformError
from agentic.layers.L04_model_gateway.streaming import Delta

Body = dict[str, Any]


class Needs(NamedTuple):
    """What a request asks of a model."""

    tools: bool = False
    json_schema: bool = False
    vision: bool = False
    embeddings: bool = False


class Encoder(Protocol):
    """Writes one stream in a caller's form."""

    def feed(self, delta: Delta) -> bytes:
        """What is sent for what one event added; nothing, when nothing is."""
        ...

    def end(self) -> bytes:
        """What is sent at the end."""
        ...


class Form(Protocol):
    """A form in which callers speak."""

    name: str

    def to_openai(self, body: Body) -> Body:
        """A request in OpenAI's form.

        Raises:
            InvalidError: it is not in this form.
            ModelCannotError: OpenAI's form has no words for it.
        """
        ...

    def needs(self, body: Body) -> Needs:
        """What a request asks of a model."""
        ...

    def output_limit(self, body: Body) -> int | None:
        """How many tokens the answer may have, if the request says so."""
        ...

    def from_openai(self, answer: Body) -> Body:
        """A whole answer in this form."""
        ...

    def encoder(self, body: Body, model: str) -> Encoder:
        """Who writes the stream that answers a request."""
        ...

    def error(self, error: PlatformError, request_id: str) -> Body:
        """An error as the whole answer."""
        ...

    def stream_error(self, error: PlatformError, request_id: str) -> bytes:
        """An error in the middle of a stream."""
        ...


def is_list_with(value: Any, kind: str) -> bool:
    """Whether a content has a part of this kind."""
    if not isinstance(value, list):
        return False
    return any(
        isinstance(part, dict) and cast("Body", part).get("type") == kind for part in cast("list[Any]", value)
    )


def shown_images(messages: Any, kind: str) -> bool:
    """Whether some message has a part of this kind."""
    if not isinstance(messages, list):
        return False
    told = [cast("Body", message) for message in cast("list[Any]", messages) if isinstance(message, dict)]
    return any(is_list_with(message.get("content"), kind) for message in told)


def field_of(value: Any, name: str) -> Any:
    """A field of an object; nothing of what is none."""
    return cast("Body", value).get(name) if isinstance(value, dict) else None


def whole_number(value: Any) -> int | None:
    """The number itself, if it is a whole one above zero."""
    return value if isinstance(value, int) and not isinstance(value, bool) and value > 0 else None
