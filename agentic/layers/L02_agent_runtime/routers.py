"""The routes of the agent runtime."""

from __future__ import annotations

from collections.abc import AsyncGenerator, Callable
from contextlib import aclosing
from typing import Annotated, Any, Final
from uuid import UUID

from fastapi import APIRouter, Header, Query, Request
from starlette.responses import StreamingResponse
from starlette.types import Send

from agentic.layers.base import jsonio
from agentic.layers.base.app import PROBLEM_RESPONSES
from agentic.layers.base.common_errors import InvalidError
from agentic.layers.base.http import read_body
from agentic.layers.base.operation import Answer, Call, Handler, Operation, Route, validated
from agentic.layers.L01_data_layer.client import L01Client
from agentic.layers.L02_agent_runtime import models
from agentic.layers.L02_agent_runtime.control import RunControl
from agentic.layers.L02_agent_runtime.lifecycle import Lifecycle
from agentic.layers.L02_agent_runtime.models import RunBegin, StreamQuery
from agentic.layers.L02_agent_runtime.stream import RunStream

STREAM: Final = "/runs/{run_id}/stream"
RUN_AND_STREAM: Final = "/agents/{agent_id}/runs/stream"
_SSE: Final = "text/event-stream"
_HEADERS: Final = {"Cache-Control": "no-store", "X-Accel-Buffering": "no"}
_DOCUMENTED: Final[dict[int | str, dict[str, Any]]] = {
    200: {"description": "Server-sent events.", "content": {_SSE: {"schema": {"type": "string"}}}},
    **PROBLEM_RESPONSES,
}


def agent_routes(lifecycle: Lifecycle, control: RunControl) -> list[Route]:
    """What may be done with agents."""
    return [
        Route(models.SPAWN, lifecycle.spawn),
        Route(models.START_AGENT, lifecycle.start),
        Route(models.SUSPEND_AGENT, lifecycle.suspend),
        Route(models.RESUME_AGENT, lifecycle.resume),
        Route(models.TERMINATE_AGENT, lifecycle.terminate),
        Route(models.BEGIN_RUN, control.begin),
    ]


def run_routes(control: RunControl) -> list[Route]:
    """What may be done with runs."""
    return [
        Route(models.COMPARE_RUNS, control.compare),
        Route(models.GET_RUN, control.look),
        Route(models.STEPS_OF_RUN, control.steps),
        Route(models.CANCEL, control.cancel),
        Route(models.PAUSE, control.pause),
        Route(models.RESUME, control.resume),
        Route(models.STEER, control.steer),
        Route(models.APPROVE, control.approve),
        Route(models.RETRY, control.retry),
        Route(models.FORK, control.fork),
        Route(models.BRANCH_SESSION, control.branch),
    ]


def schedule_routes(l01: Callable[[], L01Client]) -> list[Route]:
    """Schedules, handed on to the data layer as they are asked for."""

    def passing(operation: Operation) -> Handler:
        async def handler(call: Call) -> Answer:
            return await l01().answer(operation, call)

        handler.__doc__ = f"As `{operation.method} {operation.path}` of the data layer."
        return handler

    return [Route(operation, passing(operation)) for operation in models.SCHEDULE.operations.values()]


class _EventStream(StreamingResponse):
    """Closes what it streams from at once when the reader is gone, not when the garbage collector comes."""

    media_type = _SSE

    def __init__(self, blocks: AsyncGenerator[bytes], headers: dict[str, str] | None = None) -> None:
        super().__init__(blocks, headers={**_HEADERS, **(headers or {})})
        self._blocks = blocks

    async def stream_response(self, send: Send) -> None:
        async with aclosing(self._blocks):
            await super().stream_response(send)


def stream_router(control: RunControl, streams: RunStream) -> APIRouter:
    """The streams: of a run that there is, and of one that is begun by the request."""
    routes = APIRouter(tags=["runs"])

    @routes.get(STREAM, status_code=200, responses=_DOCUMENTED, response_class=_EventStream)
    async def stream(  # pyright: ignore[reportUnusedFunction]
        run_id: UUID,
        query: Annotated[StreamQuery, Query()],
        last_event_id: Annotated[str | None, Header()] = None,
    ) -> _EventStream:
        """A run as it happens, after a step: `step`, `text`, `run`. A `Last-Event-ID` goes before `after`."""
        await control.exists(str(run_id))
        return _EventStream(
            streams.blocks(str(run_id), _after(last_event_id) if last_event_id else query.after)
        )

    @routes.post(
        RUN_AND_STREAM,
        status_code=200,
        responses=_DOCUMENTED,
        response_class=_EventStream,
        openapi_extra={
            "requestBody": {"content": {"application/json": {"schema": RunBegin.model_json_schema()}}}
        },
    )
    async def run_and_stream(  # pyright: ignore[reportUnusedFunction]
        agent_id: UUID,
        request: Request,
        idempotency_key: Annotated[str | None, Header(max_length=255)] = None,
    ) -> _EventStream:
        """Begins a run and streams it; `X-Run-Id` says which it is."""
        content = await read_body(request.receive)
        body = validated(RunBegin, jsonio.decode(content) if content else {})
        begun = await control.create(str(agent_id), body, idempotency_key)
        return _EventStream(streams.blocks(begun["id"]), {"X-Run-Id": begun["id"]})

    return routes


def _after(last_event_id: str) -> int:
    try:
        return validated(StreamQuery, {"after": last_event_id}).after
    except InvalidError:
        raise InvalidError.of(("Last-Event-ID", "not the number of a step that a stream gave")) from None
