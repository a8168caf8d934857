"""What the page of a dataset shows, for the page and for its socket."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from typing import Any, Final, NamedTuple

from agentic.layers.L01_data_layer.models.dataset import Dataset, DatasetItem
from agentic.layers.L01_data_layer.models.experiment import Experiment
from agentic.layers.L10_human_interface.datasets_query import ItemsQuery
from agentic.layers.L10_human_interface.formats import clipped
from agentic.layers.L10_human_interface.run_lines import text_of
from agentic.layers.L10_human_interface.web_site import Site

PAGE: Final = 50
VERSIONS: Final = 100
LONGEST: Final = 140


class ItemRow(NamedTuple):
    """An item as a row shows it."""

    item: DatasetItem
    given: str
    expected: str


class Revision(NamedTuple):
    """One revision of a dataset: how many items it has, how many more than the one before, and when it was made by whom."""

    number: int
    size: int
    growth: int
    at: str
    by: str


class ExperimentRow(NamedTuple):
    """An experiment with the names of those that it compares."""

    item: Experiment
    subject: str
    baseline: str


def item_row(item: DatasetItem) -> ItemRow:
    """The row of an item."""
    expected = "" if item["expected"] is None else clipped(text_of(item["expected"]), LONGEST)
    return ItemRow(item, clipped(text_of(item["input"]), LONGEST), expected)


async def items_of(site: Site, dataset: Dataset, query: ItemsQuery) -> dict[str, Any]:
    """One page of the items of a revision."""
    filters = {"revision": str(dataset["revision"]), **query.given(), "dataset_id": dataset["id"]}
    page = await site.l01.dataset_items.list(**filters, limit=PAGE)
    return {"items": [item_row(item) for item in page["items"]], "next": page["next_cursor"]}


async def revisions_of(site: Site, dataset: Dataset) -> list[Revision]:
    """The revisions of a dataset, as its events tell of them, the newest first."""
    page = await site.l01.events.list(
        aggregate_id=dataset["id"], event_type="dataset.updated", limit=VERSIONS
    )
    told = [event for event in page["items"] if "revision" in event["payload"]]
    sizes = [event["payload"]["size"] for event in told]
    return [
        Revision(
            event["payload"]["revision"],
            size,
            size - before,
            event["created_at"],
            str(event["metadata"].get("actor") or ""),
        )
        for event, size, before in zip(told, sizes, [*sizes, 0][1:], strict=True)
    ]


async def experiment_rows(site: Site, items: Sequence[Experiment]) -> list[ExperimentRow]:
    """The rows of these experiments, in their order."""
    return await asyncio.gather(*(experiment_row(site, item) for item in items))


async def experiment_row(site: Site, item: Experiment) -> ExperimentRow:
    """The row of one experiment."""
    subject = await site.rows.names.name(item["agent_id"])
    if item["baseline_configuration"] is None and item["baseline_agent_id"] is None:
        return ExperimentRow(item, subject, "")
    baseline = item["baseline_agent_id"] or item["agent_id"]
    return ExperimentRow(item, subject, await site.rows.names.name(baseline))
