"""A tool of ours: mostly an operation of a layer, with the name and the words that a model reads.

What the operation takes is its arguments: its schema is made of the operation's models, and the layer itself validates them.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from itertools import pairwise
from typing import Annotated, Any, Final, Literal, NamedTuple

from pydantic import BaseModel, Field, create_model

from agentic.layers.base.api_keys import Scope
from agentic.layers.base.common_errors import InvalidError
from agentic.layers.base.operation import Call, Operation, validated
from agentic.layers.L01_data_layer.client import L01Client
from agentic.layers.L01_data_layer.models.fields import Body, Id
from agentic.layers.L02_agent_runtime.client import L02Client

Version = Annotated[int | None, Field(ge=1)]
Key = Annotated[str | None, Field(pattern="^[ -~]{1,255}$")]
SHARED: Final[Mapping[str, str]] = {
    "limit": "How many at most.",
    "cursor": "The `next_cursor` of the page before this one.",
    "order": "`desc`: the newest first.",
    "total": "Whether to count all that meet the filters.",
    "as_of": "As it was then: a moment (RFC 3339), or the position of an event.",
    "since": "Made at this moment or later (RFC 3339).",
    "until": "Made at this moment or earlier (RFC 3339).",
    "expected_version": "Changes it only if it still has this `version`: else refused with E1005.",
    "idempotency_key": "A name for this call, for one day: called again under it, the first answer is given again.",
    "agent_id": "The agent that it belongs to.",
    "session_id": "Which session.",
    "document_id": "Which document.",
    "run_id": "Which run.",
    "goal_id": "Which goal.",
    "approval_id": "Which approval.",
}
"""What arguments mean that many tools have."""


class Layers(NamedTuple):
    """The layers that are asked."""

    l01: L01Client
    l02: L02Client


Handler = Callable[[Layers, dict[str, Any]], Awaitable[Any]]


@dataclass(frozen=True)
class Tool:
    """What a client may call."""

    name: str
    description: str
    schema: dict[str, Any]
    handler: Handler
    scope: Scope
    """What a key must be allowed to do."""
    idempotent: bool = False
    destructive: bool = False


def own_tool(
    name: str,
    arguments: type[BaseModel],
    handler: Callable[[Layers, Any], Awaitable[Any]],
    scope: Scope,
    *,
    about: Mapping[str, str] | None = None,
    **hints: bool,
) -> Tool:
    """A tool that is more than one operation: described by the docstring of its function, with arguments of its own."""

    async def handle(layers: Layers, given: dict[str, Any]) -> Any:
        return await handler(layers, validated(arguments, given))

    schema = _plain(arguments.model_json_schema())
    _describe(schema["properties"], about or {})
    return Tool(name, _words(handler.__doc__), schema, handle, scope, **hints)


def operation_tool(
    name: str,
    operation: Operation,
    description: str,
    *,
    layer: Literal["l01", "l02"] = "l01",
    about: Mapping[str, str] | None = None,
    without: frozenset[str] = frozenset(),
    shown: Callable[[Any], Any] | None = None,
    **hints: bool,
) -> Tool:
    """An operation as a tool, but for arguments that it goes `without`; `about` says what its own ones mean."""
    own = _own_arguments(operation)
    query = _properties(operation.query, without)
    body = _properties(operation.body, without)
    properties = {**_properties(own, without), **query, **body}
    _describe(properties, about or {})
    schema: dict[str, Any] = {"type": "object", "properties": properties, "additionalProperties": False}
    if required := [*_required(own), *_required(operation.body)]:
        schema["required"] = required

    async def handle(layers: Layers, given: dict[str, Any]) -> Any:
        _refuse_unknown(given, properties)
        mine = validated(own, _some(given, own.model_fields))
        call = Call(
            {parameter: getattr(mine, argument) for parameter, argument in _parameters(operation).items()},
            {key: value for key, value in _some(given, query).items() if value is not None},
            None if operation.body is None else _some(given, body),
            getattr(mine, "expected_version", None),
            getattr(mine, "idempotency_key", None),
        )
        client: L01Client | L02Client = getattr(layers, layer)
        answer = await client.backend.call(operation, call)
        return answer if shown is None else shown(answer)

    scope: Scope = "read" if operation.method == "GET" else "write"
    return Tool(name, description, schema, handle, scope, **hints)


def _parameters(operation: Operation) -> dict[str, str]:
    """The arguments that stand for the parameters in the path: `/sessions/{id}` has a `session_id`."""
    parts = operation.path.split("/")
    return {
        part[1:-1]: f"{before.removesuffix('s')}_id" if part == "{id}" else part[1:-1]
        for before, part in pairwise(parts)
        if part.startswith("{")
    }


def _own_arguments(operation: Operation) -> type[BaseModel]:
    """The arguments that are neither in the query nor in the body."""
    fields: dict[str, Any] = {}
    for parameter, argument in _parameters(operation).items():
        fields[argument] = (Id, ...)
        if operation.address is not None:
            field = operation.address.model_fields[parameter]
            fields[argument] = (Annotated[field.annotation, *field.metadata], ...)
    if operation.conditional:
        fields["expected_version"] = (Version, None)
    if operation.repeatable:
        fields["idempotency_key"] = (Key, None)
    return create_model("Arguments", __base__=Body, **fields)


def _properties(model: type[BaseModel] | None, without: frozenset[str]) -> dict[str, Any]:
    if model is None:
        return {}
    described: dict[str, Any] = _plain(model.model_json_schema())["properties"]
    return {name: schema for name, schema in described.items() if name not in without}


def _required(model: type[BaseModel] | None) -> list[str]:
    return (
        [] if model is None else [name for name, field in model.model_fields.items() if field.is_required()]
    )


def _plain(schema: dict[str, Any]) -> dict[str, Any]:
    """A schema without the titles that pydantic makes of names."""
    schema.pop("title", None)
    schema.pop("description", None)
    for field in schema.setdefault("properties", {}).values():
        field.pop("title", None)
    return schema


def _describe(properties: dict[str, Any], about: Mapping[str, str]) -> None:
    for name, schema in properties.items():
        if (words := about.get(name) or schema.get("description") or SHARED.get(name)) is not None:
            schema["description"] = words


def _refuse_unknown(given: Mapping[str, Any], known: Mapping[str, Any]) -> None:
    if unknown := [name for name in given if name not in known]:
        raise InvalidError.of(*((name, "no argument of this tool") for name in unknown))


def _some(given: Mapping[str, Any], names: Mapping[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in given.items() if name in names}


def _words(docstring: str | None) -> str:
    assert docstring is not None
    return " ".join(docstring.split())
