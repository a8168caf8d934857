"""JSON Schema, draft 2020-12, by the library `jsonschema`, which an idle platform has no use for: it is loaded when it is asked.

No reference leaves a schema: one to an address would otherwise be fetched, by whoever wrote the schema.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from functools import cache
from typing import TYPE_CHECKING, Any, NamedTuple, cast

if TYPE_CHECKING:
    from jsonschema.exceptions import ValidationError


class NotASchemaError(ValueError):
    """What was given is no JSON Schema; the text says where and why."""

    def __init__(self, where: str, why: str) -> None:
        self.where, self.why = where, why
        super().__init__(f"not a JSON Schema at {where}: {why}")


class LostReferenceError(ValueError):
    """A schema refers to something that it does not hold."""

    def __init__(self, reference: str) -> None:
        self.reference = reference
        super().__init__(f"the schema refers to {reference!r}, which it does not hold")


class Validator:
    """A JSON Schema, ready to be asked.

    Raises:
        NotASchemaError: it is none.
    """

    def __init__(self, schema: Mapping[str, Any]) -> None:
        check_schema(schema)
        library = _library()
        self._validator: Any = library.validator(schema, registry=library.nothing)

    def errors(self, value: Any) -> Iterator[ValidationError]:
        """What is wrong with a value, as the library tells it.

        Raises:
            LostReferenceError: the schema refers to something that it does not hold.
        """
        try:
            yield from self._validator.iter_errors(value)
        except _library().unresolvable as error:
            raise LostReferenceError(str(cast("Any", error).ref)) from None


def check_schema(schema: Mapping[str, Any]) -> None:
    """Looks whether it is a JSON Schema.

    Raises:
        NotASchemaError: it is none.
    """
    library = _library()
    try:
        library.validator.check_schema(schema)
    except library.schema_error as error:
        told = cast("Any", error)
        where = "/".join(map(str, told.absolute_path)) or "its root"
        raise NotASchemaError(where, told.message) from None


def nearest(errors: Sequence[ValidationError]) -> ValidationError | None:
    """The error that is nearest to what was meant, of those of several allowed forms."""
    return _library().best_match(errors)


class _Library(NamedTuple):
    validator: Any
    nothing: Any
    schema_error: type[Exception]
    unresolvable: type[Exception]
    best_match: Any


@cache
def _library() -> _Library:
    from jsonschema import Draft202012Validator, exceptions
    from referencing import Registry
    from referencing.exceptions import Unresolvable

    make: Any = Registry
    told: Any = exceptions
    return _Library(Draft202012Validator, make(), told.SchemaError, Unresolvable, told.best_match)
