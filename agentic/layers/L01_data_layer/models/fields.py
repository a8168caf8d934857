"""The types of fields: what a value must be before it may reach the database."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Any
from uuid import UUID

from pydantic import AfterValidator, BaseModel, BeforeValidator, ConfigDict, Field

from agentic.layers.base.ids import timestamp
from agentic.layers.base.jsonio import check, check_text

MAX_TEXT = 5_000_000
MAX_INT = 2_147_483_647


class Body(BaseModel):
    """A request body: unknown fields and other types than the named ones are refused."""

    model_config = ConfigDict(strict=True, extra="forbid", validate_default=False, hide_input_in_errors=True)


def _without_defaults(schema: dict[str, Any]) -> None:
    for field in schema.get("properties", {}).values():
        field.pop("default", None)


class Changes(Body):
    """The body of a PATCH: only the fields that it names are changed, so the defaults below are never used."""

    model_config = ConfigDict(json_schema_extra=_without_defaults)


def _storable(value: str) -> str:
    return check_text(value, "text")


def _json(value: Any) -> Any:
    return check(value, "value")


def _utc(value: Any) -> str:
    if isinstance(value, datetime):
        moment = value
    elif isinstance(value, str):
        moment = datetime.fromisoformat(value)
    else:
        raise ValueError("a time is text in RFC 3339 form, such as 2026-11-22T12:00:00Z")
    if moment.tzinfo is None:
        raise ValueError("a time needs its offset, such as Z")
    return timestamp(moment)


Id = Annotated[UUID, Field(strict=False)]
Name = Annotated[str, Field(min_length=1, max_length=255), AfterValidator(_storable)]
Kind = Annotated[str, Field(min_length=1, max_length=100), AfterValidator(_storable)]
Prose = Annotated[str, Field(min_length=1, max_length=MAX_TEXT), AfterValidator(_storable)]
Text = Annotated[str, Field(max_length=MAX_TEXT), AfterValidator(_storable)]
JsonObject = Annotated[dict[str, Any], AfterValidator(_json)]
JsonArray = Annotated[list[Any], AfterValidator(_json)]
Json = Annotated[Any, AfterValidator(_json)]
Int = Annotated[int, Field(ge=-MAX_INT, le=MAX_INT)]
Count = Annotated[int, Field(ge=0, le=MAX_INT)]
Moment = Annotated[str, BeforeValidator(_utc)]
Score = Annotated[float, Field(ge=0, le=1, allow_inf_nan=False), AfterValidator(lambda x: round(x, 4))]
Money = Annotated[float, Field(ge=0, lt=10_000, allow_inf_nan=False), AfterValidator(lambda x: round(x, 6))]
