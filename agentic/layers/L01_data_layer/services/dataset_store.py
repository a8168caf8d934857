"""Datasets and their items: each change of the items is the dataset's next revision, in one transaction with it."""

from __future__ import annotations

from collections.abc import Mapping
from hashlib import sha256
from typing import Any, Final
from uuid import UUID

from sqlalchemy import ColumnElement, and_, or_

from agentic.layers.base import jsonio
from agentic.layers.base.operation import Answer, Call, validated
from agentic.layers.L01_data_layer.conditions import at_most
from agentic.layers.L01_data_layer.models.dataset import (
    DATASET_ITEMS,
    DATASETS,
    Dataset,
    DatasetAddition,
    DatasetItem,
    DatasetRemoval,
)
from agentic.layers.L01_data_layer.services.resource_service import ResourceService, parse_id
from agentic.layers.L01_data_layer.store import Store, Transaction, run
from agentic.layers.L01_data_layer.tables.dataset import DATASET_ITEMS as DATASET_ITEMS_TABLE
from agentic.layers.L01_data_layer.tables.dataset import DATASETS as DATASETS_TABLE

HOLD: Final = "SELECT revision, size FROM datasets WHERE id = $1 FOR UPDATE"
HERE_ALREADY: Final = """
SELECT digest FROM dataset_items WHERE dataset_id = $1 AND removed_in IS NULL AND digest = ANY($2)
"""
HERE: Final = """
SELECT id FROM dataset_items WHERE dataset_id = $1 AND removed_in IS NULL AND id = ANY($2) ORDER BY id
"""


class DatasetItemStore(ResourceService[DatasetItem]):
    """The items of datasets, to be read; they come and go by their dataset."""

    def __init__(self, store: Store) -> None:
        super().__init__(store, DATASET_ITEMS, DATASET_ITEMS_TABLE)

    def condition(self, name: str, rows: Any) -> ColumnElement[bool]:
        """`revision` is one that has the item; the others are as usual."""
        if name != "revision":
            return super().condition(name, rows)
        gone = at_most(rows, "removed_in", name)
        return and_(at_most(rows, "added_in", name), or_(rows["removed_in"].is_(None), ~gone))


class DatasetStore(ResourceService[Dataset]):
    """Datasets."""

    def __init__(self, store: Store, items: DatasetItemStore) -> None:
        super().__init__(store, DATASETS, DATASETS_TABLE)
        self._items = items

    async def add_items(self, call: Call) -> Answer:
        """Adds the items that the dataset does not have yet. Asked for twice, it adds them once."""
        dataset_id = parse_id(call.path["id"])
        wanted: dict[str, Mapping[str, Any]] = {}
        for item in validated(DatasetAddition, call.body).items:
            wanted.setdefault(_digest(item.__dict__), item.__dict__)
        async with self.store.transaction() as tx:
            revision, size = await self._hold(tx, dataset_id)
            for (digest,) in await tx.fetch(HERE_ALREADY, dataset_id, list(wanted)):
                del wanted[digest]
            if wanted:
                fixed = {"dataset_id": str(dataset_id), "added_in": revision + 1}
                new = [self._items.new({**each, **fixed, "digest": key}) for key, each in wanted.items()]
                await run(tx.fetch, self._items.statements.create, new)
            return await self._next(tx, dataset_id, revision, size, len(wanted), len(wanted))

    async def remove_items(self, call: Call) -> Answer:
        """Takes items out. Earlier revisions keep them."""
        dataset_id = parse_id(call.path["id"])
        wanted = validated(DatasetRemoval, call.body).items
        async with self.store.transaction() as tx:
            revision, size = await self._hold(tx, dataset_id)
            there = [row["id"] for row in await tx.fetch(HERE, dataset_id, wanted)]
            gone = [self._items.change(item_id, {"removed_in": revision + 1}, None) for item_id in there]
            if gone:
                await run(tx.fetch, self._items.statements.update, gone)
            return await self._next(tx, dataset_id, revision, size, -len(gone), len(gone))

    async def _hold(self, tx: Transaction, dataset_id: UUID) -> tuple[int, int]:
        """Revision and size of a dataset whose items nobody else changes until the end of the transaction."""
        rows = await tx.fetch(HOLD, dataset_id)
        if not rows:
            raise self.missing(dataset_id)
        return rows[0]["revision"], rows[0]["size"]

    async def _next(
        self, tx: Transaction, dataset_id: UUID, revision: int, size: int, growth: int, changed: int
    ) -> Answer:
        if changed:
            changes = {"revision": revision + 1, "size": size + growth}
            body = (await self.change_in(tx, dataset_id, changes, None)).body
        else:
            body = (await self.get(Call({"id": dataset_id}))).body
        return Answer(b'{"dataset":%b,"changed":%d}' % (body, changed))


def _digest(item: Mapping[str, Any]) -> str:
    return sha256(jsonio.encode([item["input"], item["expected"]])).hexdigest()
