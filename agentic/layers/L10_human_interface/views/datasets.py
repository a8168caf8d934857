"""The live views of datasets, of one of them, and of an experiment."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping, Sequence

from agentic.layers.L01_data_layer.client import FeedEvent
from agentic.layers.L01_data_layer.models.dataset import Dataset
from agentic.layers.L10_human_interface.dataset_page import ExperimentRow, experiment_rows
from agentic.layers.L10_human_interface.datasets_query import DatasetsQuery
from agentic.layers.L10_human_interface.experiment_page import ResultRow, result_rows
from agentic.layers.L10_human_interface.views.row_fragments import changed, row_fragments
from agentic.layers.L10_human_interface.views.sections import NOTHING
from agentic.layers.L10_human_interface.views.ticks import Ticks, partial
from agentic.layers.L10_human_interface.views.view import View
from agentic.layers.L10_human_interface.web_site import Site


class Datasets(View):
    """The list of datasets."""

    def __init__(self, site: Site, ticks: Ticks, filters: Mapping[str, str]) -> None:
        super().__init__(site, ticks, {"aggregate_type": "dataset"})
        self._query = DatasetsQuery.of(filters)

    async def changes(self, events: Sequence[FeedEvent]) -> list[str]:
        """Datasets, changed in place or new."""
        found = await asyncio.gather(*map(self.site.l01.datasets.get, changed(events, "dataset")))
        return row_fragments("#dataset-rows", found, lambda _: self._query.cursor is None, self._html)

    def _html(self, dataset: Dataset) -> str:
        return self.site.renderer.macro("macros/datasets.html", "dataset_row", dataset)


class OneDataset(View):
    """The experiments of a dataset, while they are tried."""

    def __init__(self, site: Site, ticks: Ticks, filters: Mapping[str, str]) -> None:
        super().__init__(site, ticks, {"aggregate_type": "experiment"})
        self._id = filters.get("dataset_id", "")
        self._first = "cursor" not in filters

    async def changes(self, events: Sequence[FeedEvent]) -> list[str]:
        """Experiments, changed in place or new."""
        found = await asyncio.gather(*map(self.site.l01.experiments.get, changed(events, "experiment")))
        rows = await experiment_rows(self.site, [each for each in found if each["dataset_id"] == self._id])
        return row_fragments("#experiment-rows", rows, lambda _: self._first, self._html)

    def _html(self, row: ExperimentRow) -> str:
        return self.site.renderer.macro("macros/datasets.html", "experiment_row", row)


class OneExperiment(View):
    """An experiment: what it came to, and each try."""

    def __init__(self, site: Site, ticks: Ticks, filters: Mapping[str, str]) -> None:
        super().__init__(site, ticks, {"event_type": "experiment.*,experiment_result.*"})
        self._id = filters.get("experiment_id", NOTHING["aggregate_id"])

    async def changes(self, events: Sequence[FeedEvent]) -> list[str]:
        """The head as it is now, and new results."""
        ids = changed(events, "experiment_result")
        results = await asyncio.gather(*map(self.site.l01.experiment_results.get, ids))
        own = [result for result in results if result["experiment_id"] == self._id]
        about = any(event.aggregate_id == self._id for event in events)
        return [
            *row_fragments("#result-rows", await result_rows(self.site, own), lambda _: True, self._html),
            *([await self._head()] if about else ()),
        ]

    def _html(self, row: ResultRow) -> str:
        return self.site.renderer.macro("macros/datasets.html", "result_row", row)

    async def _head(self) -> str:
        (row,) = await experiment_rows(self.site, [await self.site.l01.experiments.get(self._id)])
        block = self.site.renderer.block("experiment", "head", row=row, experiment=row.item)
        return partial("#experiment-head", "outerMorph", block)
