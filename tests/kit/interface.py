"""A running human interface over a running data layer, with an agent runtime beside it or without."""

from __future__ import annotations

from collections.abc import AsyncGenerator, Sequence
from contextlib import AsyncExitStack, asynccontextmanager

from agentic.layers.base.layer import Context, Health
from agentic.layers.L01_data_layer.client import L01Client
from agentic.layers.L01_data_layer.layer import DataLayer
from agentic.layers.L02_agent_runtime.client import L02Client
from agentic.layers.L02_agent_runtime.layer import AgentRuntime
from agentic.layers.L05_planning.client import L05Client
from agentic.layers.L06_evaluation.layer import Evaluation
from agentic.layers.L07_learning.layer import Learning
from agentic.layers.L10_human_interface.layer import HumanInterface
from agentic.layers.L10_human_interface.settings import L10Settings
from agentic.layers.L11_integration.layer import Integration

Beside = type[Evaluation] | type[Learning] | type[Integration]


@asynccontextmanager
async def interface_over(
    data_layer: DataLayer,
    settings: L10Settings | None = None,
    *,
    runtime: bool = False,
    planning: L05Client | None = None,
    beside: Sequence[Beside] = (),
) -> AsyncGenerator[HumanInterface]:
    """The interface as the supervisor runs it beside the data layer; it follows the log when the block begins.

    With `runtime` what is wanted of agents and runs is done; nobody carries runs but the test. With `planning` plans are made. Layers
    `beside` it run too.
    """
    context = Context()
    context.give(L01Client(backend=data_layer.backend))
    if runtime:
        context.give(L02Client(backend=AgentRuntime(context).backend))
        context.health_checks["L02"] = _well
    if planning is not None:
        context.give(planning)
        context.health_checks["L05"] = _well
    others = [layer(context) for layer in beside]
    for other in others:
        context.give(other.local_client())
        context.health_checks[other.id] = _well
    layer = HumanInterface(context, settings or L10Settings())
    context.health_checks.update({"L01": data_layer.health, "L10": layer.health})
    async with AsyncExitStack() as stack:
        for running in (*others, layer):
            await stack.enter_async_context(running.running())
        await layer.hub.started.wait()
        yield layer


async def _well() -> Health:
    return {"status": "ok", "layer": "", "checks": {}}
