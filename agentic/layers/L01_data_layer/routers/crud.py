"""The five verbs of a resource, with what carries them out."""

from __future__ import annotations

from typing import Any

from agentic.layers.base.operation import Handler, Route
from agentic.layers.L01_data_layer.models.resource import Verb
from agentic.layers.L01_data_layer.services.resource_service import ResourceService


def crud(service: ResourceService[Any]) -> list[Route]:
    """The routes of those verbs that the resource has."""
    handlers: dict[Verb, Handler] = {
        "list": service.list,
        "create": service.create,
        "get": service.get,
        "update": service.update,
        "delete": service.delete,
    }
    return [Route(operation, handlers[verb]) for verb, operation in service.resource.operations.items()]
