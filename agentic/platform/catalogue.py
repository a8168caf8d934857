"""The layers of this platform: one explicit list. What is not here does not run."""

from __future__ import annotations

from graphlib import TopologicalSorter
from importlib import import_module
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:  # a command that only asks where layers are needs no framework
    from agentic.layers.base.layer import Layer

CATALOGUE: Final = {
    "L01": "agentic.layers.L01_data_layer.layer:DataLayer",
    "L02": "agentic.layers.L02_agent_runtime.layer:AgentRuntime",
    "L03": "agentic.layers.L03_tool_execution.layer:ToolExecution",
    "L04": "agentic.layers.L04_model_gateway.layer:ModelGateway",
    "L05": "agentic.layers.L05_planning.layer:Planner",
    "L06": "agentic.layers.L06_evaluation.layer:Evaluation",
    "L07": "agentic.layers.L07_learning.layer:Learning",
    "L09": "agentic.layers.L09_api_gateway.layer:ApiGateway",
    "L10": "agentic.layers.L10_human_interface.layer:HumanInterface",
    "L11": "agentic.layers.L11_integration.layer:Integration",
}
"""Where each layer's class is. Imported when wanted: a layer in a process of its own needs no other."""


def layer_class(layer_id: str) -> type[Layer]:
    """The class of a layer.

    Raises:
        KeyError: there is no such layer.
    """
    module, _, name = CATALOGUE[layer_id].partition(":")
    return getattr(import_module(module), name)


def in_waves() -> list[list[type[Layer]]]:
    """All layers, each in a later wave than those that it requires: one wave may start at once."""
    classes = {layer_id: layer_class(layer_id) for layer_id in CATALOGUE}
    order = TopologicalSorter({layer_id: cls.requires for layer_id, cls in classes.items()})
    order.prepare()
    waves: list[list[type[Layer]]] = []
    while wave := sorted(order.get_ready()):
        waves.append([classes[layer_id] for layer_id in wave])
        order.done(*wave)
    return waves


def in_order() -> list[type[Layer]]:
    """All layers, each after those that it requires: the order in which they start."""
    return [cls for wave in in_waves() for cls in wave]
