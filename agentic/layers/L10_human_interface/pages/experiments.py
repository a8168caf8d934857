"""Experiments: one is begun on a dataset, watched, compared and cancelled."""

from __future__ import annotations

from typing import Any, Final

from fastapi import APIRouter, Request
from starlette.datastructures import FormData
from starlette.responses import HTMLResponse, RedirectResponse, Response

from agentic.layers.base import jsonio
from agentic.layers.base.common_errors import InvalidError
from agentic.layers.L10_human_interface.experiment_page import context_of
from agentic.layers.L10_human_interface.forms import SEE_OTHER, required_in, text_in
from agentic.layers.L10_human_interface.web_site import Site

NUMBERS: Final = {"repeats": int, "margin": float, "max_cost": float}


def routes(site: Site) -> APIRouter:
    """`/experiments/{id}`, and what is done with them."""
    router = APIRouter(include_in_schema=False)

    @router.get("/experiments/{experiment_id}")
    async def experiment(request: Request, experiment_id: str) -> HTMLResponse:  # pyright: ignore[reportUnusedFunction]
        position = site.hub.position
        cursor = request.query_params.get("cursor") or None
        found = await context_of(site, experiment_id, cursor)
        dataset = found["dataset"]
        return await site.page(
            request,
            "experiment",
            title=found["experiment"]["name"],
            current="datasets",
            position=position,
            filters={"experiment_id": found["experiment"]["id"]},
            parent={"title": dataset["name"], "path": f"/datasets/{dataset['id']}/experiments"},
            notice=await site.beside.evaluation.notice(),
            **found,
        )

    @router.post("/datasets/{dataset_id}/experiments")
    async def begin(request: Request, dataset_id: str) -> Response:  # pyright: ignore[reportUnusedFunction]
        l06 = await site.beside.evaluation.client()
        made = await l06.experiment(dataset_id, **order_in(await request.form()))
        return RedirectResponse(f"/experiments/{made['id']}", SEE_OTHER)

    @router.post("/experiments/{experiment_id}/cancel")
    async def cancel(experiment_id: str) -> Response:  # pyright: ignore[reportUnusedFunction]
        l06 = await site.beside.evaluation.client()
        await l06.cancel_experiment(experiment_id)
        return RedirectResponse(f"/experiments/{experiment_id}", SEE_OTHER)

    return router


def order_in(form: FormData) -> dict[str, Any]:
    """An experiment as a person wrote it.

    Raises:
        InvalidError: a configuration is no JSON object, or a number is none.
    """
    order: dict[str, Any] = {
        "agent": required_in(form, "agent"),
        "configuration": _configuration(form, "configuration"),
        "baseline": text_in(form, "baseline") or None,
        "baseline_configuration": _configuration(form, "baseline_configuration"),
        "split": text_in(form, "split") or None,
        "name": text_in(form, "name") or None,
    }
    for name, read in NUMBERS.items():
        try:
            order[name] = read(text) if (text := text_in(form, name)) else None
        except ValueError:
            raise InvalidError.of((name, "not a number")) from None
    return order


def _configuration(form: FormData, name: str) -> dict[str, Any] | None:
    if not (text := text_in(form, name)):
        return None
    value = jsonio.decode(text)
    if not isinstance(value, dict):
        raise InvalidError.of((name, "not a JSON object"))
    return value  # pyright: ignore[reportUnknownVariableType]
