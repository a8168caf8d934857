"""The types of fields: what a value must be before it may reach the database."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Any
from uuid import UUID

from pydantic import AfterValidator, BaseModel, BeforeValidator, ConfigDict, Field, WithJsonSchema

from agentic.layers.base.common_errors import InvalidError
from agentic.layers.base.ids import timestamp
from agentic.layers.base.jsonio import check, check_text

MAX_TEXT = 5_000_000
MAX_INT = 2_147_483_647
FIRST_YEAR, LAST_YEAR = 1000, 9998
"""Within them a moment has four digits of year in every time zone."""


class Body(BaseModel):
    """A request body: unknown fields and other types than the named ones are refused."""

    model_config = ConfigDict(
        strict=True, extra="forbid", validate_default=False, hide_input_in_errors=True, defer_build=True
    )


def without_defaults(schema: dict[str, Any]) -> None:
    """Documents a body in which a field that is not there means something else than any value."""
    for field in schema.get("properties", {}).values():
        field.pop("default", None)


def _some_of(schema: dict[str, Any]) -> None:
    schema["minProperties"] = 1
    without_defaults(schema)


class Changes(Body):
    """The body of a PATCH: only the fields that it names are changed, so the defaults below are never used."""

    model_config = ConfigDict(json_schema_extra=_some_of)


def storable(value: str) -> str:
    """The text itself; a `ValueError` when the database cannot keep it."""
    try:
        return check_text(value, "")
    except InvalidError as error:
        raise _refusal(error) from None


def _json(value: Any) -> Any:
    try:
        return check(value, "")
    except InvalidError as error:
        raise _refusal(error) from None


def _refusal(error: InvalidError) -> ValueError:
    # As a ValueError it gets the name of its field from pydantic; in front stands the path within the field.
    refused = error.members["errors"][0]
    path = refused["field"].lstrip(".")[:100]
    return ValueError(f"{path}: {refused['message']}" if path else refused["message"])


def utc(value: Any) -> str:
    """A moment, as text or already one, in the one form that records have; a `ValueError` when it is none."""
    if isinstance(value, datetime):
        moment = value
    elif isinstance(value, str):
        moment = datetime.fromisoformat(value)
    else:
        raise ValueError("a time is text in RFC 3339 form, such as 2026-11-22T12:00:00Z")
    if moment.tzinfo is None:
        raise ValueError("a time needs its offset, such as Z")
    if not FIRST_YEAR <= moment.year <= LAST_YEAR:
        raise ValueError(f"a time is between the years {FIRST_YEAR} and {LAST_YEAR}")
    return timestamp(moment)


Id = Annotated[UUID, Field(strict=False)]
Name = Annotated[str, Field(min_length=1, max_length=255), AfterValidator(storable)]
Kind = Annotated[str, Field(min_length=1, max_length=100), AfterValidator(storable)]
Prose = Annotated[str, Field(min_length=1, max_length=MAX_TEXT), AfterValidator(storable)]
Text = Annotated[str, Field(max_length=MAX_TEXT), AfterValidator(storable)]
Wanted = Annotated[str, Field(max_length=255), AfterValidator(storable)]
"""What a filter compares with."""
JsonObject = Annotated[dict[str, Any], AfterValidator(_json)]
JsonArray = Annotated[list[Any], AfterValidator(_json)]
Json = Annotated[Any, AfterValidator(_json)]
Int = Annotated[int, Field(ge=-MAX_INT, le=MAX_INT)]
Count = Annotated[int, Field(ge=0, le=MAX_INT)]
Moment = Annotated[str, BeforeValidator(utc), WithJsonSchema({"type": "string", "format": "date-time"})]
Score = Annotated[float, Field(ge=0, le=1, allow_inf_nan=False), AfterValidator(lambda x: round(x, 4))]
Money = Annotated[
    float, Field(ge=0, le=9_999.999999, allow_inf_nan=False), AfterValidator(lambda x: round(x, 6))
]
