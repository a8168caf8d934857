"""What may be asked of a layer: said once, served over HTTP by `LayerApp` and in process by a lookup."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from typing import Any, Literal, NamedTuple, TypeVar

from pydantic import BaseModel, ConfigDict, ValidationError

from agentic.layers.base.common_errors import invalid_from

Model = TypeVar("Model", bound=BaseModel)


class Query(BaseModel):
    """The parameters of a request: an unknown one is refused, so that a misspelt filter never lists everything."""

    model_config = ConfigDict(strict=True, extra="forbid", hide_input_in_errors=True, defer_build=True)


@dataclass(frozen=True)
class Operation:
    """One thing that may be asked: a method on a path, with what it takes and answers."""

    name: str
    method: Literal["GET", "POST", "PUT", "PATCH", "DELETE"]
    path: str
    query: type[Query] | None = None
    body: Any = None
    result: Any = None
    status: int = 200
    address: type[BaseModel] | None = None
    """What the parameters of the path must be. None: an id is a UUID, anything else is text."""
    conditional: bool = False
    """Takes `If-Match`: it is done only if the record still stands at that version."""
    repeatable: bool = False
    """Takes `Idempotency-Key`: under the same key it is done once."""

    def __hash__(self) -> int:
        return hash(self.name)


class Call(NamedTuple):
    """One request for an operation, however it came: not yet validated."""

    path: Mapping[str, Any] = {}
    query: Mapping[str, Any] = {}
    body: Any = None
    expected: int | None = None
    """The version that the caller has seen (`If-Match`)."""
    key: str | None = None
    """The caller's `Idempotency-Key`."""


class Answer(NamedTuple):
    """The answer as JSON text, and the version of the record in it: its ETag."""

    body: bytes
    version: int | None = None
    id: str | None = None


Handler = Callable[[Call], Awaitable[Answer]]


class Route(NamedTuple):
    """An operation and what carries it out."""

    operation: Operation
    handler: Handler


def validated(model: type[Model], raw: object) -> Model:
    """`raw` as a model.

    Raises:
        InvalidError: it is none; every field that is wrong is named.
    """
    try:
        return model.__pydantic_validator__.validate_python(raw)
    except ValidationError as error:
        raise invalid_from(
            error.errors(include_url=False, include_context=False, include_input=False)
        ) from None
