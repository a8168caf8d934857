"""What the page of an experiment shows, for the page and for its socket."""

from __future__ import annotations

import asyncio
from typing import Any, Final, NamedTuple

from agentic.layers.L01_data_layer.models.dataset import DatasetItem
from agentic.layers.L01_data_layer.models.experiment import ExperimentResult
from agentic.layers.L10_human_interface.dataset_page import experiment_row
from agentic.layers.L10_human_interface.formats import clipped
from agentic.layers.L10_human_interface.run_lines import text_of
from agentic.layers.L10_human_interface.web_site import Site

PAGE: Final = 50
LONGEST: Final = 120


class ResultRow(NamedTuple):
    """One try at one item."""

    item: ExperimentResult
    given: str
    answer: str


async def result_rows(site: Site, results: list[ExperimentResult]) -> list[ResultRow]:
    """The rows of these results, with what was asked."""
    ids = list(dict.fromkeys(result["item_id"] for result in results))
    items = await asyncio.gather(*map(site.l01.dataset_items.get, ids))
    by_id: dict[str, DatasetItem] = {item["id"]: item for item in items}
    return [_row(result, by_id[result["item_id"]]) for result in results]


def _row(result: ExperimentResult, item: DatasetItem) -> ResultRow:
    error = result["error"] or {}
    answer = str(error.get("detail") or error.get("code") or "") or text_of(result["output"])
    return ResultRow(result, clipped(text_of(item["input"]), LONGEST), clipped(answer, LONGEST))


async def context_of(site: Site, experiment_id: str, cursor: str | None = None) -> dict[str, Any]:
    """Everything that the page's template wants."""
    experiment = await site.l01.experiments.get(experiment_id)
    row, dataset, page = await asyncio.gather(
        experiment_row(site, experiment),
        site.l01.datasets.get(experiment["dataset_id"]),
        site.l01.experiment_results.list(experiment_id=experiment["id"], limit=PAGE, cursor=cursor),
    )
    return {
        "row": row,
        "experiment": experiment,
        "dataset": dataset,
        "results": await result_rows(site, page["items"]),
        "next": page["next_cursor"],
        "cursor": cursor,
    }
