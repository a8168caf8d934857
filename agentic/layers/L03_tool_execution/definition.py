"""How the data layer keeps a tool: `schema_def` is the JSON Schema of its arguments, and `x-execution` in it says how it is carried out.

    {"type": "object", "properties": {"city": {"type": "string"}}, "required": ["city"],
     "x-execution": {"kind": "http", "method": "GET", "url": "https://api.example/weather/{city}",
                     "headers": {"Authorization": "Bearer ${secret:WEATHER}"}, "idempotent": true}}

`permissions` says who may use it, and whether a person is asked: the rules of `Rules`, and whatever else its owner writes.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Annotated, Any, Final, Literal

from pydantic import BaseModel, ConfigDict, Field, TypeAdapter, ValidationError

from agentic.layers.L03_tool_execution.errors import DefinitionError, ToolRefusedError
from agentic.layers.L03_tool_execution.outgoing import parse_url
from agentic.layers.L03_tool_execution.tool import NAME, rules_from
from agentic.layers.L03_tool_execution.validation import schema_of

KEYWORD: Final = "x-execution"
MARK: Final = re.compile(r"\{([A-Za-z_][\w.-]*)\}")
"""An argument in the path of an address."""
Place = Literal["path", "query", "header", "body", "content"]


class _Execution(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True, hide_input_in_errors=True, defer_build=True)

    idempotent: bool | None = None
    approval: bool | None = None
    timeout: Annotated[float, Field(gt=0, le=86_400)] | None = None
    retries: Annotated[int, Field(ge=0, le=10)] | None = None
    concurrency: Annotated[int, Field(ge=1)] | None = None
    per_minute: Annotated[int, Field(ge=1)] | None = None
    max_output: Annotated[int, Field(ge=1)] | None = None
    result: dict[str, Any] | None = None
    """The JSON Schema of what it gives."""


class HttpExecution(_Execution):
    """An HTTP request. `{name}` in the path of the address is an argument; other arguments go where `places` says.

    Without a place they are the query of a GET, HEAD or DELETE, and fields of the JSON body of anything else.
    """

    kind: Literal["http"]
    method: Literal["GET", "HEAD", "POST", "PUT", "PATCH", "DELETE"] = "GET"
    url: Annotated[str, Field(min_length=1, max_length=4000)]
    query: dict[str, Any] = {}
    headers: dict[str, Any] = {}
    places: dict[str, Place] = {}
    names: dict[str, str] = {}
    """What an argument is called in the request, where that is not its own name."""
    body: Literal["json", "form"] = "json"


class McpExecution(_Execution):
    """A tool of an MCP server that is known here."""

    kind: Literal["mcp"]
    server: str
    tool: str


class CodeExecution(_Execution):
    """A function of Python: the record only says that there is one, and whether it may be used."""

    kind: Literal["function", "builtin"]


Execution = HttpExecution | McpExecution | CodeExecution
_EXECUTION: Final[TypeAdapter[Execution]] = TypeAdapter(
    Annotated[Execution, Field(discriminator="kind")], config=ConfigDict(defer_build=True)
)


def parameters_of(schema_def: Mapping[str, Any]) -> dict[str, Any]:
    """The JSON Schema of the arguments, as a model is told."""
    schema = {key: value for key, value in schema_def.items() if key != KEYWORD}
    return {"type": "object", **schema} if "type" not in schema else schema


def execution_of(schema_def: Mapping[str, Any]) -> Execution | None:
    """How the tool is carried out, if its record says so.

    Raises:
        DefinitionError: it says it in a way that is not valid.
    """
    raw = schema_def.get(KEYWORD)
    if raw is None:
        return None
    try:
        execution = _EXECUTION.validate_python(raw)
    except ValidationError as error:
        wrong = "; ".join(f"{'.'.join(map(str, each['loc'][1:]))}: {each['msg']}" for each in error.errors())
        raise DefinitionError(f"{KEYWORD} is not valid. {wrong}") from None
    if isinstance(execution, HttpExecution):
        template(execution.url)
    return execution


def check(name: str, schema_def: Mapping[str, Any], permissions: Mapping[str, Any]) -> None:
    """Looks at a definition before it is kept.

    Raises:
        DefinitionError: it is not valid, and why.
    """
    if not NAME.fullmatch(name):
        raise DefinitionError(
            f"{name!r} cannot be the name of a tool: letters, digits, _ and -, 1 to 64 of them."
        )
    check_body(schema_def, permissions)


def check_body(schema_def: Mapping[str, Any] | None, permissions: Mapping[str, Any] | None) -> None:
    """`check` for what may change.

    Raises:
        DefinitionError: it is not valid, and why.
    """
    if schema_def is not None:
        schema_of(parameters_of(schema_def))
        execution = execution_of(schema_def)
        if execution is not None and execution.result is not None:
            schema_of(execution.result)
    if permissions is not None:
        rules_from(permissions, "permissions")


def template(url: str) -> tuple[str, str]:
    """The part of an address that is fixed, and the part into which arguments may be put.

    Raises:
        DefinitionError: it is no address, or an argument would say which server is asked.
    """
    scheme, separator, rest = url.partition("://")
    cut = min((rest.find(character) for character in "/?#" if character in rest), default=len(rest))
    base, path = f"{scheme}{separator}{rest[:cut]}", rest[cut:].partition("#")[0]
    if MARK.search(base) or "{" in base:
        raise DefinitionError("An argument cannot stand in the name of the server.")
    try:
        parse_url(base)
    except ToolRefusedError as error:
        raise DefinitionError(error.detail) from None
    return base, path if path.startswith("/") else f"/{path}"
