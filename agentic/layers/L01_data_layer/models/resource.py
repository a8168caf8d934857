"""What a resource is, said once: its words, its models, its verbs. Service, router and client are made from it."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Annotated, Any, Generic, Literal, NotRequired, TypeVar

from pydantic import BeforeValidator, Field, WithJsonSchema
from typing_extensions import TypedDict

from agentic.layers.base.operation import Operation, Query
from agentic.layers.base.states import Machine
from agentic.layers.L01_data_layer.models.fields import MAX_INT, Body, Changes, Moment

R = TypeVar("R")

_INTEGER = re.compile(r"-?[0-9]{1,20}")
_FRACTION = re.compile(r"[0-9]{1,3}(\.[0-9]{1,30})?(e-?[0-9]{1,3})?")

Verb = Literal["create", "get", "list", "update", "delete"]
ALL: frozenset[Verb] = frozenset(("create", "get", "list", "update", "delete"))
NO_DELETE: frozenset[Verb] = frozenset(("create", "get", "list", "update"))
APPEND_ONLY: frozenset[Verb] = frozenset(("create", "get", "list"))


class Page(TypedDict, Generic[R]):
    """One page of a list; `next_cursor` is null on the last, `total` is there when it was asked for.

    A page of the past (`as_of`), or of a search in texts, looks at so many records and leaves what is beyond them to the next:
    it may hold fewer than its limit, even none, before the last. Its `total` is null when there may be more than that to look at.
    """

    items: list[R]
    next_cursor: str | None
    total: NotRequired[int | None]


def _whole(value: Any) -> Any:
    return int(value) if isinstance(value, str) and _INTEGER.fullmatch(value) else value


def _fraction(value: Any) -> Any:
    return float(value) if isinstance(value, str) and _FRACTION.fullmatch(value) else value


def _truth(value: Any) -> Any:
    return {"true": True, "false": False}.get(value, value) if isinstance(value, str) else value


WHOLE = BeforeValidator(_whole)
"""Reads a parameter's text as an integer. It stands last: the bounds before it are then those of the documentation."""
Integer = Annotated[int, Field(ge=-MAX_INT, le=MAX_INT), WHOLE]
Fraction = Annotated[float, Field(ge=0, le=1), BeforeValidator(_fraction)]
Limit = Annotated[int, Field(ge=1, le=1000), WHOLE]
Truth = Annotated[bool, BeforeValidator(_truth)]


_AS_OF_SCHEMA = WithJsonSchema(
    {
        "anyOf": [
            {"type": "string", "format": "date-time"},
            {"type": "string", "pattern": "^[0-9]{1,18}$"},
        ]
    }
)


def state_of(machine: Machine) -> WithJsonSchema:
    """Documents a field as one of the states; whether it may be reached depends on the present one."""
    return WithJsonSchema({"type": "string", "enum": list(machine)})


class AsOf(Query):
    """`as_of` is a time (RFC 3339) or a position: the record as it was then, folded from its events."""

    as_of: Annotated[str, Field(max_length=40), _AS_OF_SCHEMA] | None = None


class Paging(Query):
    """How a list is paged; `total` asks for the number of all records that meet the filters."""

    limit: Limit = 100
    cursor: Annotated[str, Field(max_length=2000)] | None = None
    order: Literal["asc", "desc"] = "desc"
    total: Truth = False


class ListQuery(Paging, AsOf):
    """What every list takes. `since` and `until` bound the moment of creation; subclasses add filters."""

    since: Moment | None = None
    until: Moment | None = None


LIST_FIELDS = frozenset((*Paging.model_fields, *AsOf.model_fields))


def filters_of(query: Query) -> dict[str, Any]:
    """The filters that a request names: what is neither paging nor `as_of`."""
    return {
        name: value for name, value in query.__dict__.items() if name not in LIST_FIELDS and value is not None
    }


@dataclass(frozen=True)
class Lifecycle:
    """The states of a resource, and which moment each of them stamps."""

    machine: Machine
    stamps: Mapping[str, str]

    @property
    def initial(self) -> str:
        """The state in which a record begins."""
        return next(iter(self.machine))


@dataclass(eq=False)
class Resource(Generic[R]):
    """A kind of record that L01 stores."""

    name: str
    path: str
    create: type[Body]
    filters: type[ListQuery]
    record: type[R]
    update: type[Changes] | None = None
    lifecycle: Lifecycle | None = None
    verbs: frozenset[Verb] = ALL

    @cached_property
    def operations(self) -> Mapping[Verb, Operation]:
        """The verbs as operations, by verb."""
        one = f"{self.path}/{{id}}"
        page: Any = Page[self.record]  # type: ignore[name-defined]
        every: dict[Verb, Operation] = {
            "list": Operation(f"{self.name}.list", "GET", self.path, query=self.filters, result=page),
            "create": Operation(
                f"{self.name}.create",
                "POST",
                self.path,
                body=self.create,
                result=self.record,
                status=201,
                repeatable=True,
            ),
            "get": Operation(f"{self.name}.get", "GET", one, query=AsOf, result=self.record),
            "update": Operation(
                f"{self.name}.update",
                "PATCH",
                one,
                body=self.update,
                result=self.record,
                conditional=True,
            ),
            "delete": Operation(f"{self.name}.delete", "DELETE", one, status=204, conditional=True),
        }
        return {verb: operation for verb, operation in every.items() if verb in self.verbs}
