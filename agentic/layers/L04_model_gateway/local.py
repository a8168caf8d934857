"""The gateway of this process as the layers above call it: no HTTP, no lines of JSON."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from agentic.layers.base import backends
from agentic.layers.base.errors import PlatformError
from agentic.layers.base.http import translate
from agentic.layers.base.operation import Route, validated
from agentic.layers.L01_data_layer.models.run import RunRef
from agentic.layers.L04_model_gateway.caller import Caller
from agentic.layers.L04_model_gateway.gateway import Gateway, OnText
from agentic.layers.L04_model_gateway.models import CompletionOrder


class LocalBackend(backends.LocalBackend):
    """Calls the gateway."""

    def __init__(self, routes: Iterable[Route], gateway: Gateway) -> None:
        super().__init__(routes)
        self._gateway = gateway

    async def complete(self, order: dict[str, Any], on_text: OnText | None) -> Any:
        """The reply to a `CompletionOrder`."""
        try:
            return await carried_out(self._gateway, validated(CompletionOrder, order), on_text)
        except PlatformError:
            raise
        except Exception as error:
            raise translate(error) from error


async def carried_out(gateway: Gateway, order: CompletionOrder, on_text: OnText | None) -> Any:
    """What comes of a `CompletionOrder`: the fields of a `Reply`, or embeddings.

    Raises:
        PlatformError: nothing does.
    """
    run = RunRef(**order.run.model_dump()) if order.run else None
    caller = Caller(order.key_id, order.agent_id, order.goal_id, run, step_settles=run is not None)
    if order.task == "embeddings":
        return await gateway.embed(order.request, caller)
    return (await gateway.complete(order.request, caller, on_text, order.cache_seconds))._asdict()
