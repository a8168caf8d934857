"""L06: a dataset, and the examples that it is made of."""

from __future__ import annotations

from typing import Annotated, Any

from pydantic import Field
from typing_extensions import TypedDict

from agentic.layers.base.operation import Operation
from agentic.layers.L01_data_layer.models.fields import (
    MAX_INT,
    Body,
    Changes,
    Id,
    Json,
    JsonArray,
    JsonObject,
    Kind,
    Name,
    Text,
    Wanted,
)
from agentic.layers.L01_data_layer.models.resource import NO_DELETE, WHOLE, ListQuery, Resource, Verb

LARGEST_ADDITION = 1000
"""Items that one request adds or removes."""
READ_ONLY: frozenset[Verb] = frozenset(("get", "list"))
Revision = Annotated[int, Field(ge=0, le=MAX_INT), WHOLE]


class DatasetCreate(Body):
    """A new dataset, without items. `evaluators` say how answers to its items are judged, when nobody says otherwise."""

    name: Name
    description: Text | None = None
    evaluators: JsonArray = []
    metadata: JsonObject = {}


class DatasetUpdate(Changes):
    """What may change in a dataset, beside its items."""

    name: Name = ""
    description: Text | None = None
    evaluators: JsonArray = []
    metadata: JsonObject = {}


class DatasetQuery(ListQuery):
    """Filters of the list of datasets."""

    name: Wanted | None = None


class Dataset(TypedDict):
    """A dataset as stored. `revision` is one more each time that its items changed, `size` how many it has now."""

    id: str
    name: str
    description: str | None
    evaluators: list[Any]
    metadata: dict[str, Any]
    revision: int
    size: int
    created_at: str
    updated_at: str
    version: int


class DatasetItemCreate(Body):
    """An example: an input, what is expected of it, and where it is from."""

    input: Json = None
    expected: Json = None
    metadata: JsonObject = {}
    split: Kind | None = None
    source_run_id: Id | None = None
    source_feedback_id: Id | None = None
    person: Name | None = None


class DatasetItemQuery(ListQuery):
    """Filters of the list of items; `revision` gives those that the dataset had then."""

    dataset_id: Id | None = None
    split: Wanted | None = None
    source_run_id: Id | None = None
    source_feedback_id: Id | None = None
    person: Wanted | None = None
    revision: Revision | None = None


class DatasetItem(TypedDict):
    """An item as stored. It does not change but for `removed_in`, the revision in which it is no longer.

    `digest` is of input and expectation: a dataset has no two items that are the same.
    """

    id: str
    dataset_id: str
    input: Any
    expected: Any
    metadata: dict[str, Any]
    split: str | None
    source_run_id: str | None
    source_feedback_id: str | None
    person: str | None
    digest: str
    added_in: int
    removed_in: int | None
    created_at: str
    version: int


class DatasetAddition(Body):
    """Items for a dataset, which make its next revision. Those that it has already are left out."""

    items: Annotated[list[DatasetItemCreate], Field(min_length=1, max_length=LARGEST_ADDITION)]


class DatasetRemoval(Body):
    """Items that the next revision of a dataset does not have."""

    items: Annotated[list[Id], Field(min_length=1, max_length=LARGEST_ADDITION)]


class DatasetChange(TypedDict):
    """A dataset after a change of its items, and how many were changed; the others were there, or gone, already."""

    dataset: Dataset
    changed: int


DATASETS = Resource(
    "dataset", "/datasets", DatasetCreate, DatasetQuery, Dataset, DatasetUpdate, verbs=NO_DELETE
)
DATASET_ITEMS = Resource(
    "dataset_item", "/dataset-items", DatasetItemCreate, DatasetItemQuery, DatasetItem, verbs=READ_ONLY
)
ADD_TO_DATASET = Operation(
    "dataset.add", "POST", "/datasets/{id}/items", body=DatasetAddition, result=DatasetChange
)
REMOVE_FROM_DATASET = Operation(
    "dataset.remove", "POST", "/datasets/{id}/items/remove", body=DatasetRemoval, result=DatasetChange
)
