"""The routes of the learning layer."""

from __future__ import annotations

from collections.abc import Callable

from fastapi import APIRouter
from starlette.responses import FileResponse

from agentic.layers.base.app import PROBLEM_RESPONSES
from agentic.layers.base.operation import Answer, Call, Handler, Operation, Route
from agentic.layers.L01_data_layer.client import L01Client
from agentic.layers.L07_learning import models
from agentic.layers.L07_learning.deciding import Deciding
from agentic.layers.L07_learning.exporting import Exports
from agentic.layers.L07_learning.giving import Giving


def routes(
    l01: Callable[[], L01Client], giving: Giving, exports: Exports, deciding: Deciding
) -> dict[str, list[Route]]:
    """What may be asked, by section of the documentation."""

    def passed_on(operation: Operation) -> Route:
        async def handler(call: Call) -> Answer:
            return await l01().answer(operation, call)

        handler.__doc__ = f"As `{operation.method} {operation.path}` of the data layer."
        told: Handler = handler
        return Route(operation, told)

    feedback, files, changes = models.FEEDBACK, models.EXPORTS, models.IMPROVEMENTS
    return {
        "feedback": [
            passed_on(models.UNPROCESSED_FEEDBACK),
            passed_on(feedback.operations["list"]),
            passed_on(feedback.operations["get"]),
            Route(models.GIVE, giving.give),
            Route(models.HANDLE, giving.handle),
        ],
        "exports": [
            Route(models.EXPORT, exports.begin),
            passed_on(files.operations["list"]),
            passed_on(files.operations["get"]),
        ],
        "improvements": [
            Route(models.IMPROVE, deciding.begin),
            passed_on(changes.operations["list"]),
            passed_on(changes.operations["get"]),
            Route(models.VIEW, deciding.view),
            Route(models.PROMOTE, deciding.promote),
            Route(models.DISMISS, deciding.dismiss),
            Route(models.ROLL_BACK, deciding.roll_back),
        ],
    }


def files_router(exports: Exports) -> APIRouter:
    """The files of exports, to be fetched."""
    router = APIRouter(tags=["exports"])

    @router.get("/exports/{export_id}/files/{name}", response_class=FileResponse, responses=PROBLEM_RESPONSES)
    async def file(export_id: str, name: str) -> FileResponse:  # pyright: ignore[reportUnusedFunction]
        """A file of an export that is whole."""
        return FileResponse(await exports.file(export_id, name))

    return router
