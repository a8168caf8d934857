"""The cases of an improvement: which are learned from, and which only prove. They become a dataset of its own, which does not change."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from hashlib import sha256
from typing import Any, Final

from agentic.layers.base.common_errors import InvalidError
from agentic.layers.L01_data_layer.client import L01Client
from agentic.layers.L01_data_layer.models.dataset import Dataset
from agentic.layers.L01_data_layer.models.improvement import Improvement
from agentic.layers.L07_learning.conversations import opening_of
from agentic.layers.L07_learning.errors import CasesError
from agentic.layers.L07_learning.models import Improve

TRAIN: Final = "train"
HELD_OUT: Final = "held_out"
KEPT_BACK: Final = (HELD_OUT, "test", "validation")
"""Splits of a dataset that nothing is learned from: so somebody has decided."""
LEAST_TRAIN: Final = 2
LEAST_HELD_OUT: Final = 6
"""With fewer, even a change that is better on every one of them could be chance (p > 0.03)."""
MOST: Final = 2000

Item = dict[str, Any]


class Cases:
    """Finds cases, and keeps them apart."""

    def __init__(self, l01: Callable[[], L01Client]) -> None:
        self._l01 = l01

    async def split(self, wanted: Improve) -> list[Item]:
        """The items of the improvement's dataset, each with its split.

        Raises:
            CasesError: there are too few on either side.
            InvalidError: neither or both of a dataset and cases are given, or there is no such dataset.
        """
        if (wanted.dataset is None) == (wanted.cases is None):
            raise InvalidError.of(("cases", "either cases or a dataset"))
        items = [each.model_dump() for each in wanted.cases or ()] or await self._of_dataset(wanted)
        items = apart(items, wanted.held_out, wanted.seed)
        train = sum(item["split"] == TRAIN for item in items)
        held_out = len(items) - train
        if train < LEAST_TRAIN or held_out < LEAST_HELD_OUT:
            raise CasesError(
                f"{train} cases would be learned from and {held_out} would prove; {LEAST_TRAIN} and {LEAST_HELD_OUT} are needed."
            )
        return items

    async def fixed(self, wanted: Improve) -> Improve:
        """What is wanted, with the dataset by its id and revision: it may change while the improvement is looked for."""
        if wanted.dataset is None:
            return wanted
        dataset = await self._dataset(wanted.dataset)
        revision = wanted.dataset_version or dataset["revision"]
        return wanted.model_copy(update={"dataset": dataset["id"], "dataset_version": revision})

    async def keep(self, items: Sequence[Item], improvement: Improvement) -> Dataset:
        """A dataset of these items for an improvement; asked for again, the same one."""
        l01 = self._l01()
        name = f"Cases of improvement {improvement['id']}"
        there = (await l01.datasets.list(name=name, limit=1))["items"]
        dataset = (
            there[0]
            if there
            else await l01.datasets.create(name=name, description=improvement["title"], idempotency_key=name)
        )
        for first in range(0, len(items), 1000):
            await l01.datasets.add(dataset["id"], list(items[first : first + 1000]))
        return await l01.datasets.get(dataset["id"])

    async def _of_dataset(self, wanted: Improve) -> list[Item]:
        dataset = await self._dataset(str(wanted.dataset))
        revision = wanted.dataset_version or dataset["revision"]
        items: list[Item] = []
        async for each in self._l01().dataset_items.all(
            dataset_id=dataset["id"], revision=revision, order="asc", limit=1000
        ):
            fields = (
                "input",
                "expected",
                "metadata",
                "split",
                "source_run_id",
                "source_feedback_id",
                "person",
            )
            items.append({name: each[name] for name in fields})
            if len(items) > MOST:
                raise CasesError(
                    f"The dataset has more than {MOST} items: take some of them into one of their own."
                )
        return items

    async def _dataset(self, reference: str) -> Dataset:
        l01 = self._l01()
        if found := (await l01.datasets.list(name=reference, limit=1))["items"]:
            return found[0]
        try:
            return await l01.datasets.get(reference)
        except Exception as error:
            if getattr(error, "code", "") not in ("E1001", "E1002"):
                raise
            raise InvalidError.of(("dataset", f"there is no dataset {reference!r}")) from None


def apart(items: Sequence[Item], share: float, seed: int) -> list[Item]:
    """The items, each with its split: as somebody has decided, or so that about a share of them is held out.

    What begins alike stays together, so that nothing which proves was learned from.
    """
    if any(item.get("split") in KEPT_BACK for item in items):
        return [{**item, "split": HELD_OUT if item.get("split") in KEPT_BACK else TRAIN} for item in items]
    groups: dict[str, list[Item]] = {}
    for item in items:
        groups.setdefault(opening_of(item["input"]), []).append(item)
    order = sorted(groups, key=lambda group: sha256(f"{seed}:{group}".encode()).digest())
    told: list[Item] = []
    held_out = 0
    for group in order:
        kept_back = held_out < share * len(items)
        held_out += kept_back * len(groups[group])
        told += [{**item, "split": HELD_OUT if kept_back else TRAIN} for item in groups[group]]
    return told
