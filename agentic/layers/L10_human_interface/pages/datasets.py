"""Datasets: the list, a new one, and one with its items, its revisions and its experiments."""

from __future__ import annotations

import asyncio
from typing import Any, Final, Literal
from urllib.parse import urlencode

from fastapi import APIRouter, Request
from starlette.responses import HTMLResponse, RedirectResponse, Response, StreamingResponse

from agentic.layers.base import jsonio
from agentic.layers.base.common_errors import InvalidError
from agentic.layers.L01_data_layer.models.dataset import Dataset
from agentic.layers.L10_human_interface.dataset_filling import fill, lines_of
from agentic.layers.L10_human_interface.dataset_page import PAGE, experiment_rows, items_of, revisions_of
from agentic.layers.L10_human_interface.datasets_query import DatasetsQuery, ItemsQuery
from agentic.layers.L10_human_interface.formats import pretty
from agentic.layers.L10_human_interface.forms import SEE_OTHER, required_in, text_in
from agentic.layers.L10_human_interface.web_site import Site

PARENT: Final = {"title": "Datasets", "path": "/datasets"}
CHOICES: Final = 200
LONGEST_NOTE: Final = 300

Tab = Literal["items", "versions", "experiments"]
TABS: Final[tuple[tuple[Tab, str], ...]] = (
    ("items", "Items"),
    ("versions", "Versions"),
    ("experiments", "Experiments"),
)


def routes(site: Site) -> APIRouter:
    """`/datasets`, one of them with its tabs, and what is done there."""
    router = APIRouter(include_in_schema=False)

    @router.get("/datasets")
    async def datasets(request: Request) -> HTMLResponse:  # pyright: ignore[reportUnusedFunction]
        return await _datasets(site, request, DatasetsQuery.of(request.query_params))

    @router.post("/datasets")
    async def create(request: Request) -> Response:  # pyright: ignore[reportUnusedFunction]
        form = await request.form()
        made = await site.l01.datasets.create(
            name=required_in(form, "name"),
            description=text_in(form, "description") or None,
            evaluators=_evaluators(text_in(form, "evaluators")),
        )
        return RedirectResponse(f"/datasets/{made['id']}", SEE_OTHER)

    @router.get("/datasets/{dataset_id}")
    async def items(request: Request, dataset_id: str) -> HTMLResponse:  # pyright: ignore[reportUnusedFunction]
        return await _dataset(site, request, dataset_id, "items")

    @router.get("/datasets/{dataset_id}/versions")
    async def versions(request: Request, dataset_id: str) -> HTMLResponse:  # pyright: ignore[reportUnusedFunction]
        return await _dataset(site, request, dataset_id, "versions")

    @router.get("/datasets/{dataset_id}/experiments")
    async def experiments(request: Request, dataset_id: str) -> HTMLResponse:  # pyright: ignore[reportUnusedFunction]
        return await _dataset(site, request, dataset_id, "experiments")

    _actions(site, router)
    return router


def _actions(site: Site, router: APIRouter) -> None:
    @router.get("/datasets/{dataset_id}/items.jsonl")
    async def download(request: Request, dataset_id: str) -> Response:  # pyright: ignore[reportUnusedFunction]
        dataset = await site.l01.datasets.get(dataset_id)
        query = ItemsQuery.of({**request.query_params, "dataset_id": dataset_id})
        revision = int(query.revision or dataset["revision"])
        name = f"{dataset['id']}-{revision}.jsonl"
        headers = {"Content-Disposition": f'attachment; filename="{name}"'}
        lines = lines_of(site, dataset_id, revision)
        return StreamingResponse(lines, media_type="application/jsonl", headers=headers)

    @router.get("/items/{item_id}")
    @router.get("/items/{item_id}/peek")
    async def peek(request: Request, item_id: str) -> HTMLResponse:  # pyright: ignore[reportUnusedFunction]
        item = await site.l01.dataset_items.get(item_id)
        if request.url.path.endswith("/peek"):
            return site.renderer.render(request, "item", "peek", item=item)
        return await site.page(
            request,
            "item",
            title="An item",
            current="datasets",
            position=site.hub.position,
            live=False,
            parent={"title": "Dataset", "path": f"/datasets/{item['dataset_id']}"},
            item=item,
        )

    @router.post("/datasets/{dataset_id}/fill/{source}")
    async def filled(request: Request, dataset_id: str, source: str) -> Response:  # pyright: ignore[reportUnusedFunction]
        async with request.form() as form:  # With what was sent in it, which is closed then.
            return _back(dataset_id, await fill(site, dataset_id, source, form))

    @router.post("/datasets/{dataset_id}/remove")
    async def remove(request: Request, dataset_id: str) -> Response:  # pyright: ignore[reportUnusedFunction]
        item = required_in(await request.form(), "item")
        await site.l01.datasets.remove(dataset_id, [item])
        return _back(dataset_id, "Taken out. Earlier versions keep it.")


def _back(dataset_id: str, said: str) -> RedirectResponse:
    query = urlencode({"said": said[:LONGEST_NOTE]})
    return RedirectResponse(f"/datasets/{dataset_id}?{query}", SEE_OTHER)


async def _datasets(site: Site, request: Request, query: DatasetsQuery) -> HTMLResponse:
    position = site.hub.position
    page = await site.l01.datasets.list(**query.given(), limit=PAGE)
    return await site.page(
        request,
        "datasets",
        title="Datasets",
        current="datasets",
        position=position,
        filters=query.given(),
        query=query,
        datasets=page["items"],
        next=page["next_cursor"],
    )


async def _dataset(site: Site, request: Request, dataset_id: str, shown: Tab) -> HTMLResponse:
    position = site.hub.position
    query = ItemsQuery.of({**request.query_params, "dataset_id": dataset_id})
    dataset, notice, agents = await asyncio.gather(
        site.l01.datasets.get(dataset_id),
        site.beside.evaluation.notice(),
        site.l01.agents.list(limit=CHOICES),
    )
    opened = request.query_params.get("open") if shown == "items" else None
    return await site.page(
        request,
        "dataset",
        title=dataset["name"],
        current="datasets",
        position=position,
        filters={**query.given(), "tab": shown},
        parent=PARENT,
        dataset=dataset,
        query=query,
        shown=shown,
        views=_views(dataset),
        said=request.query_params.get("said", "")[:LONGEST_NOTE],
        notice=notice,
        agents=agents["items"],
        evaluators=pretty(dataset["evaluators"]) if dataset["evaluators"] else "",
        opened=await site.l01.dataset_items.get(opened) if opened else None,
        **await _TABS[shown](site, dataset, query),
    )


def _views(dataset: Dataset) -> list[dict[str, str]]:
    path = f"/datasets/{dataset['id']}"
    return [
        {"name": name, "title": title, "path": path if name == "items" else f"{path}/{name}"}
        for name, title in TABS
    ]


async def _versions_tab(site: Site, dataset: Dataset, _: ItemsQuery) -> dict[str, Any]:
    return {"revisions": await revisions_of(site, dataset)}


async def _experiments_tab(site: Site, dataset: Dataset, query: ItemsQuery) -> dict[str, Any]:
    page = await site.l01.experiments.list(dataset_id=dataset["id"], cursor=query.cursor, limit=PAGE)
    return {"experiments": await experiment_rows(site, page["items"]), "next": page["next_cursor"]}


_TABS: Final = {"items": items_of, "versions": _versions_tab, "experiments": _experiments_tab}


def _evaluators(text: str) -> list[Any]:
    """Evaluators as they were written: JSON, or a sentence by which a model judges."""
    if not text:
        return []
    if not text.startswith(("[", "{")):
        return [text]
    written = jsonio.decode(text)
    if not isinstance(written, list):
        written = [written]
    if not all(isinstance(each, (dict, str)) for each in written):  # pyright: ignore[reportUnknownVariableType]
        raise InvalidError.of(("evaluators", "a list of objects with a kind, or a sentence"))
    return written  # pyright: ignore[reportUnknownVariableType]
