"""An operation of the data layer as a route of the gateway: what comes in is passed on raw, what comes back as it is."""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from dataclasses import replace
from typing import Any, Final, cast

from pydantic import create_model

from agentic.layers.base.operation import Answer, Call, Operation, Query, Route
from agentic.layers.L01_data_layer.client import L01Client
from agentic.layers.L01_data_layer.models.resource import Truth
from agentic.layers.L09_api_gateway.gate import caller

Client = Callable[[], L01Client]

_MEANING: Final = {
    "list": "One page of records, newest first, and how many there are in all (`total=false` spares the counting).",
    "create": "A new record. With an `Idempotency-Key`, a repeated request answers what the first one did.",
    "get": "One record.",
    "update": "Changes the fields that the body names; with `If-Match`, only if the record still has that ETag.",
    "delete": "Deletes a record; with `If-Match`, only if it still has that ETag.",
    "append": "Appends a fact to the log, which publishes it.",
}


def passed_on(client: Client, operation: Operation) -> Route:
    """A route that hands each request for `operation` to the data layer, and its answer back."""
    counts = operation.query is not None and "total" in operation.query.model_fields

    async def handler(call: Call) -> Answer:
        if counts:
            call = call._replace(query={"total": "true", **call.query})
        if call.key is not None:
            call = call._replace(key=own_key(caller(), call.key))
        return await client().answer(operation, call)

    handler.__doc__ = _MEANING[operation.name.partition(".")[2]]
    return Route(replace(operation, query=_counted(operation.query)) if counts else operation, handler)


def own_key(caller_id: str, key: str) -> str:
    """An idempotency key that no other caller can have: hashed, because two of them would be too long together."""
    return f"{caller_id}:{hashlib.sha256(key.encode()).hexdigest()}"


def _counted(query: Any) -> type[Query]:
    """The parameters of a list that counts unless it is told not to."""
    model = create_model(query.__name__, __base__=query, __doc__=query.__doc__, total=(Truth, True))
    return cast("type[Query]", model)
