"""The filters of a dataset's items, and of its experiments."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import ClassVar

from agentic.layers.base.common_errors import InvalidError
from agentic.layers.L10_human_interface.list_query import ListQuery


@dataclass(frozen=True)
class DatasetsQuery(ListQuery):
    """The list of datasets."""

    path: ClassVar[str] = "/datasets"


@dataclass(frozen=True)
class ItemsQuery(ListQuery):
    """The items of one dataset, as they are or as they were at a revision."""

    path: ClassVar[str] = "/datasets/{dataset_id}"
    labels: ClassVar[Mapping[str, str]] = {"split": "Split", "revision": "Revision"}

    dataset_id: str | None = None
    split: str | None = None
    revision: str | None = None

    def __post_init__(self) -> None:
        if self.revision is not None and not (self.revision.isascii() and self.revision.isdigit()):
            raise InvalidError.of(("revision", "the number of a revision"))
