"""Configuration: values by namespace and key, with their history."""

from __future__ import annotations

from typing import Any, Final
from uuid import UUID, uuid5

from sqlalchemy import ColumnElement, Text, bindparam, func

from agentic.layers.base.common_errors import NotFoundError
from agentic.layers.base.ids import now, uuid7
from agentic.layers.base.operation import Answer, Call, validated
from agentic.layers.base.tracing import traced
from agentic.layers.L01_data_layer.conditions import equals
from agentic.layers.L01_data_layer.config_statements import ConfigStatements
from agentic.layers.L01_data_layer.fold import folded
from agentic.layers.L01_data_layer.models.config import (
    ConfigAddress,
    ConfigQuery,
    ConfigSet,
    NamespaceAddress,
)
from agentic.layers.L01_data_layer.models.history import HistoryQuery, Restore
from agentic.layers.L01_data_layer.models.resource import AsOf, filters_of
from agentic.layers.L01_data_layer.services.history import History, parse_as_of
from agentic.layers.L01_data_layer.services.records import Records
from agentic.layers.L01_data_layer.services.resource_service import NOTHING, stale
from agentic.layers.L01_data_layer.store import NO_JSON, Changed, Deleted, Store, payload_of, trace
from agentic.layers.L01_data_layer.tables.config import CONFIGURATIONS

NAME: Final = "config"
IDS: Final = UUID("0fd4d54c-60a3-5b8b-9a0a-6d6f0f9c2e11")
"""The name space of the ids of configuration."""


class ConfigStore:
    """Reads and writes configuration. A key keeps its id, and so its history, when it is deleted and made again."""

    def __init__(self, store: Store) -> None:
        self._database = store.database
        self._statements = ConfigStatements(CONFIGURATIONS, NAME)
        self._writes = store.writes(self._statements)
        self._records = Records(store.database, self._statements, _condition, by="key")
        self._history = History(store.database, self._statements, shown=("value",))

    async def namespaces(self, call: Call) -> Answer:
        """The namespaces that have values, by name."""
        past = parse_as_of(validated(AsOf, call.query).as_of)
        source: Any = CONFIGURATIONS if past is None else folded(CONFIGURATIONS, NAME, past.kind)
        bounds = () if past is None else (past.bound,)
        row = await self._database.fetchrow(self._statements.namespaces(source).sql, *bounds)
        assert row is not None
        return Answer(b'{"items":%b}' % row[0])

    async def list(self, call: Call) -> Answer:
        """One page of the values of a namespace, by key."""
        namespace = validated(NamespaceAddress, dict(call.path)).namespace
        query = validated(ConfigQuery, call.query)
        filters = {"namespace": namespace, **filters_of(query)}
        return await self._records.page(query, filters, parse_as_of(query.as_of))

    async def get(self, call: Call) -> Answer:
        """One value, as it is or as it was."""
        at = _address(call)
        past = parse_as_of(validated(AsOf, call.query).as_of)
        where = {"namespace": at.namespace, "key": at.key} if past is None else {"id": config_id(at)}
        answer = await self._records.one(where, past)
        if answer is None:
            raise _missing(at)
        return answer

    async def set(self, call: Call) -> Answer:
        """Gives a key a value; the first time makes it."""
        return await self._put(_address(call), validated(ConfigSet, call.body).value, call.expected)

    async def restore(self, call: Call) -> Answer:
        """Gives a key the value of one of its versions, as a new version; a deleted key is made again."""
        at = _address(call)
        version = validated(Restore, call.body).version
        past = await self._history.at(config_id(at), version)
        with traced(restored_from=f"version {version}"):
            return await self._put(at, past["value"], call.expected)

    async def _put(self, at: ConfigAddress, value: Any, expected: int | None) -> Answer:
        payload = payload_of({"namespace": at.namespace, "key": at.key, "value": value})
        item = Changed(config_id(at), payload, NO_JSON, uuid7(), trace(), now(), expected, None)
        _, version, _, new_version, record = await self._writes.change(item)
        if new_version is None:
            assert expected is not None
            raise stale(NAME, expected, version or 0)
        return Answer(record, new_version)

    async def delete(self, call: Call) -> Answer:
        """Deletes a value. Its history stays."""
        at = _address(call)
        item = Deleted(config_id(at), uuid7(), trace(), now(), call.expected)
        _, version, gone = await self._writes.delete(item)
        if version is None:
            raise _missing(at)
        if gone is None:
            assert call.expected is not None
            raise stale(NAME, call.expected, version)
        return NOTHING

    async def versions(self, call: Call) -> Answer:
        """The versions of a value, newest first. They can be read when it was deleted, too."""
        at = _address(call)
        return await self._history.page(config_id(at), validated(HistoryQuery, call.query))


def config_id(at: ConfigAddress) -> UUID:
    """The id of a key: made from namespace and key, neither of which has a slash."""
    return uuid5(IDS, f"{at.namespace}/{at.key}")


def _address(call: Call) -> ConfigAddress:
    return validated(ConfigAddress, dict(call.path))


def _missing(at: ConfigAddress) -> NotFoundError:
    return NotFoundError(f"There is no configuration {at.namespace}/{at.key}.")


def _condition(name: str, rows: Any) -> ColumnElement[bool]:
    if name == "prefix":
        return func.starts_with(rows["key"], bindparam("prefix", type_=Text()))
    return equals(rows, name)
