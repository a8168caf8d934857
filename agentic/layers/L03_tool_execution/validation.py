"""JSON Schema: arguments and results against it, with errors from which a model sees what to change."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from functools import lru_cache
from typing import TYPE_CHECKING, Any, Final, cast

from agentic.layers.base import jsonio
from agentic.layers.base.errors import FieldError
from agentic.layers.base.json_schema import LostReferenceError, NotASchemaError, Validator, nearest
from agentic.layers.L03_tool_execution.errors import DefinitionError

if TYPE_CHECKING:
    from jsonschema.exceptions import ValidationError

MOST_ERRORS: Final = 20
LONGEST: Final = 300


class Schema:
    """A JSON Schema, ready to be asked."""

    def __init__(self, schema: Mapping[str, Any]) -> None:
        try:
            self._validator = Validator(schema)
        except NotASchemaError as error:
            raise DefinitionError(f"The JSON Schema is not valid at {error.where}: {error.why}") from None

    def errors(self, value: Any) -> list[FieldError]:
        """What is wrong with a value, field by field; nothing when it is valid.

        Raises:
            DefinitionError: the schema refers to something that it does not hold.
        """
        found: list[FieldError] = []
        try:
            for error in self._validator.errors(value):
                found.extend(_told(error))
                if len(found) >= MOST_ERRORS:
                    break
        except LostReferenceError as error:
            raise DefinitionError(
                f"The JSON Schema refers to {error.reference!r}, which it does not hold."
            ) from None
        except RecursionError:
            return [{"field": "arguments", "message": "nested too deeply"}]
        return found[:MOST_ERRORS]


def schema_of(schema: Mapping[str, Any]) -> Schema:
    """The schema, made once for all calls.

    Raises:
        DefinitionError: it is none.
    """
    return _made(jsonio.encode(schema))


@lru_cache(maxsize=1000)
def _made(text: bytes) -> Schema:
    return Schema(jsonio.decode(text))


def _told(error: ValidationError) -> Iterator[FieldError]:
    kind = cast("str", error.validator)
    instance, limit = cast("Any", error.instance), cast("Any", error.validator_value)
    path = [str(part) for part in error.absolute_path]
    if kind == "required" and isinstance(instance, Mapping):
        missing = error.message.split("'")[1] if "'" in error.message else ""
        yield _error([*path, missing], "required, and missing")
    elif kind == "additionalProperties" and isinstance(instance, Mapping):
        yield from _unknown(error, path)
    elif kind in ("anyOf", "oneOf") and (best := nearest(error.context or [])) is not None:
        inner = [str(part) for part in best.absolute_path]
        yield _error(inner, f"fits none of the allowed forms; nearest: {best.message}")
    elif kind == "enum":
        yield _error(path, f"must be one of {', '.join(map(repr, limit))}, not {instance!r}")
    elif kind == "type":
        wanted = limit if isinstance(limit, str) else " or ".join(limit)
        yield _error(path, f"must be of type {wanted}, not {_type(instance)} ({instance!r})")
    else:
        yield _error(path, error.message)


def _unknown(error: ValidationError, path: list[str]) -> Iterator[FieldError]:
    schema = cast("Mapping[str, Any]", error.schema)
    known = list(cast("Mapping[str, Any]", schema.get("properties", {})))
    for name in cast("Mapping[str, Any]", error.instance):
        if name not in known:
            there = f"there are: {', '.join(known)}" if known else "it takes none"
            yield _error([*path, name], f"there is no such argument; {there}")


def _error(path: list[str], message: str) -> FieldError:
    short = message if len(message) <= LONGEST else f"{message[:LONGEST]}…"
    return {"field": ".".join(path) or "arguments", "message": short}


def _type(value: Any) -> str:
    names = {
        bool: "boolean",
        str: "string",
        int: "integer",
        list: "array",
        dict: "object",
        type(None): "null",
    }
    return names.get(cast("type[Any]", type(value)), "number")
