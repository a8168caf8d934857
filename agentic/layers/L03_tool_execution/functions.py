"""Python functions as tools: `@tool` makes the JSON Schema from types and docstring.

    @tool(idempotent=True)
    def weather(city: str, days: int = 1) -> dict[str, float]:
        '''The forecast for a city.

Args:
            city: Its name.
            days: How many days ahead.
        '''

An `async` function runs on the event loop, another one in a thread of its own, and one with `isolated=True` in a process
of its own, which can always be ended. What `weather` is stays a function: tests and other code call it as before.
"""

from __future__ import annotations

import inspect
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Final, TypeVar, cast, get_type_hints, overload

from pydantic import BaseModel, ConfigDict, Field, TypeAdapter, ValidationError, create_model
from pydantic.errors import PydanticSchemaGenerationError, PydanticUserError
from pydantic_core import PydanticSerializationError

from agentic.layers.base.errors import FieldError
from agentic.layers.L03_tool_execution.errors import ArgumentsError, ResultError, ToolFailedError
from agentic.layers.L03_tool_execution.processes import in_process
from agentic.layers.L03_tool_execution.threads import in_thread
from agentic.layers.L03_tool_execution.tool import Rules, Tool, ToolContext

F = TypeVar("F", bound=Callable[..., Any])

ATTRIBUTE: Final = "__agentic_tool__"
_SECTION: Final = re.compile(r"(Args|Arguments|Parameters|Returns?|Raises|Yields|Examples?|Notes?):\s*$")
_ARGUMENT: Final = re.compile(r"(\w+)\s*(?:\([^)]*\))?:\s*(.*)")
_REST: Final = re.compile(r":param\s+(?:[^:]*\s)?(\w+):\s*(.*)")


@overload
def tool(function: F) -> F: ...


@overload
def tool(
    *, name: str | None = None, description: str | None = None, isolated: bool = False, **rules: Any
) -> Callable[[F], F]: ...


def tool(
    function: Any = None,
    *,
    name: str | None = None,
    description: str | None = None,
    isolated: bool = False,
    **rules: Any,
) -> Any:
    """Makes a function a tool. `rules` are those of `Rules`: idempotent, approval, timeout, retries, concurrency, ….

    Raises:
        TypeError: the function cannot be one; it says why.
    """
    unknown = set(rules) - set(Rules.model_fields)
    if unknown:
        raise TypeError(
            f"there is no rule {', '.join(sorted(unknown))}; there are {', '.join(Rules.model_fields)}"
        )

    def decorate(decorated: Any) -> Any:
        made = from_function(
            decorated, name=name, description=description, isolated=isolated, rules=Rules(**rules)
        )
        setattr(decorated, ATTRIBUTE, made)
        return decorated

    return decorate if function is None else decorate(function)


def tool_of(function: object) -> Tool | None:
    """The tool that a decorated function is."""
    return getattr(function, ATTRIBUTE, None)


def from_function(
    function: Callable[..., Any],
    *,
    name: str | None = None,
    description: str | None = None,
    isolated: bool = False,
    rules: Rules | None = None,
) -> Tool:
    """A tool that calls `function`.

    Raises:
        TypeError: a parameter cannot be given by name, or has a type of which no JSON Schema can be made.
    """
    own = name or function.__name__
    summary, told = _documented(inspect.getdoc(function) or "")
    shape = _shape(function, own, told)
    run = _Call(function, own, shape, isolated)
    result = shape.result
    return Tool(
        name=own,
        description=description or summary,
        parameters=shape.parameters,
        run=run,
        rules=rules or Rules(),
        result=_schema_of(result) if result is not None else None,
    )


@dataclass(frozen=True)
class _Shape:
    """What a function takes and gives."""

    model: type[BaseModel]
    parameters: dict[str, Any]
    context: str | None
    """The parameter that is given the `ToolContext`."""
    result: TypeAdapter[Any] | None


class _Call:
    """Carries a call out: raw arguments to typed ones, the function where it belongs, its result to JSON."""

    def __init__(self, function: Callable[..., Any], name: str, shape: _Shape, isolated: bool) -> None:
        self._function = function
        self._name = name
        self._shape = shape
        self._isolated = isolated
        if isolated and (inspect.iscoroutinefunction(function) or shape.context is not None):
            raise TypeError(f"{name}: an isolated tool is a plain function without a context")

    async def __call__(self, context: ToolContext, arguments: dict[str, Any]) -> Any:
        typed = self._typed(arguments)
        if self._isolated:
            return await in_process(self._function, arguments, context.timeout)
        if self._shape.context is not None:
            typed[self._shape.context] = context
        if inspect.iscoroutinefunction(self._function):
            result = await _guarded(self._function, typed)
        else:
            result = await in_thread(lambda: self._function(**typed), self._name)
        return self.plain(result)

    def here(self, arguments: dict[str, Any]) -> Any:
        """The call itself, in the process that was started for it."""
        return self.plain(self._function(**self._typed(arguments)))

    def _typed(self, arguments: dict[str, Any]) -> dict[str, Any]:
        try:
            made = self._shape.model.model_validate(arguments)
        except ValidationError as error:
            wrong: list[FieldError] = [
                {"field": ".".join(map(str, each["loc"])), "message": each["msg"]} for each in error.errors()
            ]
            raise ArgumentsError.of(self._name, wrong) from None
        return {name: getattr(made, name) for name in self._shape.model.model_fields}

    def plain(self, result: Any) -> Any:
        """The result as JSON values.

        Raises:
            ResultError: it cannot be said in JSON.
        """
        adapter = self._shape.result or _ANYTHING
        try:
            return adapter.dump_python(result, mode="json", warnings="error")
        except (PydanticSerializationError, ValueError, TypeError) as error:
            reason = str(error).splitlines()[0]
            raise ResultError(f"{self._name} gave what cannot be said in JSON: {reason}") from None


_ANYTHING: Final[TypeAdapter[Any]] = TypeAdapter(Any)


async def _guarded(function: Callable[..., Any], arguments: dict[str, Any]) -> Any:
    try:
        return await function(**arguments)
    except (SystemExit, KeyboardInterrupt) as error:
        raise ToolFailedError(
            f"{type(error).__name__}: {error}"
        ) from None  # else it would end the event loop


def _shape(function: Callable[..., Any], name: str, told: Mapping[str, str]) -> _Shape:
    hints = get_type_hints(function, include_extras=True)
    fields: dict[str, Any] = {}
    context: str | None = None
    for parameter in inspect.signature(function).parameters.values():
        if parameter.kind not in (parameter.POSITIONAL_OR_KEYWORD, parameter.KEYWORD_ONLY):
            raise TypeError(f"{name}: the parameter {parameter.name} cannot be given by its name")
        kind = hints.get(parameter.name, Any)
        if kind is ToolContext:
            context = parameter.name
            continue
        default = ... if parameter.default is parameter.empty else parameter.default
        fields[parameter.name] = (kind, Field(default, description=told.get(parameter.name)))
    try:
        model = create_model(name, __config__=ConfigDict(extra="forbid", hide_input_in_errors=True), **fields)
        parameters = _plain_schema(model.model_json_schema())
        returned = hints.get("return", Any)
        result = None if returned in (Any, None, type(None)) else TypeAdapter(returned)
    except (PydanticSchemaGenerationError, PydanticUserError, NameError) as error:
        raise TypeError(f"{name}: no JSON Schema can be made of its types: {error}") from error
    return _Shape(model, parameters, context, result)


def _schema_of(adapter: TypeAdapter[Any]) -> dict[str, Any] | None:
    try:
        return _plain_schema(adapter.json_schema(mode="serialization"))
    except (
        PydanticUserError
    ):  # such as a type with a serializer of its own: what it gives is not known before
        return None


def _plain_schema(schema: dict[str, Any]) -> dict[str, Any]:
    """Without the titles that pydantic makes of names: a model pays for each word."""

    def walk(value: Any, *, names: bool) -> Any:
        if isinstance(value, dict):
            items = cast("dict[str, Any]", value)
            return {
                key: walk(item, names=not names and key in ("properties", "$defs"))
                for key, item in items.items()
                if names or key != "title" or not isinstance(item, str)
            }
        if isinstance(value, list):
            return [walk(item, names=False) for item in cast("list[Any]", value)]
        return value

    plain = cast("dict[str, Any]", walk(schema, names=False))
    plain.pop("description", None)
    return plain


def _documented(text: str) -> tuple[str, dict[str, str]]:
    """What a docstring says of the function, and of each of its parameters."""
    summary: list[str] = []
    told: dict[str, str] = {}
    section = ""
    current: str | None = None
    for line in text.splitlines():
        stripped = line.strip()
        if (heading := _SECTION.fullmatch(stripped)) and line == stripped:
            section, current = heading[1], None
        elif found := _REST.match(stripped):
            section, current = "Args", str(found[1])
            told[current] = found[2]
        elif section in ("Args", "Arguments", "Parameters"):
            indented = len(line) - len(line.lstrip())
            if (found := _ARGUMENT.match(stripped)) and indented <= 4:
                current = str(found[1])
                told[current] = found[2]
            elif current is not None and stripped:
                told[current] = f"{told[current]} {stripped}".strip()
        elif not section:
            summary.append(line)
    return "\n".join(summary).strip(), told
