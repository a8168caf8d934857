"""Collections with more than the five verbs."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any
from uuid import UUID

from agentic.layers.base.operation import Call, Operation, validated
from agentic.layers.L01_data_layer.backends.backend import Backend
from agentic.layers.L01_data_layer.collection import Collection, given
from agentic.layers.L01_data_layer.models.agent import AGENT_HISTORY, AGENTS, RESTORE_AGENT, Agent
from agentic.layers.L01_data_layer.models.config import (
    CONFIG_HISTORY,
    CONFIG_NAMESPACES,
    DELETE_CONFIG,
    GET_CONFIG,
    LIST_CONFIG,
    RESTORE_CONFIG,
    SET_CONFIG,
    Config,
    ConfigAddress,
    ConfigNamespace,
    ConfigVersion,
    NamespaceAddress,
)
from agentic.layers.L01_data_layer.models.dataset import (
    ADD_TO_DATASET,
    DATASETS,
    REMOVE_FROM_DATASET,
    Dataset,
    DatasetChange,
)
from agentic.layers.L01_data_layer.models.document import (
    DOCUMENT_HISTORY,
    DOCUMENTS,
    RESTORE_DOCUMENT,
    SEARCH_DOCUMENTS,
    Document,
    DocumentHit,
)
from agentic.layers.L01_data_layer.models.history import Version
from agentic.layers.L01_data_layer.models.resource import Page
from agentic.layers.L01_data_layer.models.session import (
    CHECKPOINTS,
    HEARTBEAT,
    RESTORE_SESSION,
    SESSIONS,
    STALE_SESSIONS,
    Checkpoint,
    Heartbeat,
    Session,
)

Ref = str | UUID


class Agents(Collection[Agent]):
    """Agents: restored from their versions."""

    def __init__(self, backend: Backend) -> None:
        super().__init__(backend, AGENTS)

    async def history(self, agent_id: Ref, **query: Any) -> Page[Version]:
        """The versions of an agent, newest first, of a deleted one too. `limit`, `cursor`."""
        return await self._backend.call(AGENT_HISTORY, Call({"id": agent_id}, given(query)))

    async def restore(self, agent_id: Ref, version: int, *, expected_version: int | None = None) -> Agent:
        """The agent with a new version in which all but its state is that of an earlier one."""
        call = Call({"id": agent_id}, body={"version": version}, expected=expected_version)
        return await self._backend.call(RESTORE_AGENT, call)


class Datasets(Collection[Dataset]):
    """Datasets, whose items are added and taken out, each time making a revision."""

    def __init__(self, backend: Backend) -> None:
        super().__init__(backend, DATASETS)

    async def add(self, dataset_id: Ref, items: Sequence[Mapping[str, Any]]) -> DatasetChange:
        """Adds up to 1000 items: `input`, `expected`, `metadata`, `split`, `source_run_id`, `source_feedback_id`, `person`.

        Those that the dataset has already, by input and expectation, are left out: asked for twice, they are there once.
        """
        body = {"items": [dict(item) for item in items]}
        return await self._backend.call(ADD_TO_DATASET, Call({"id": dataset_id}, body=body))

    async def remove(self, dataset_id: Ref, items: Sequence[Ref]) -> DatasetChange:
        """Takes up to 1000 items out, by their ids. Earlier revisions keep them."""
        return await self._backend.call(
            REMOVE_FROM_DATASET, Call({"id": dataset_id}, body={"items": list(items)})
        )


class Documents(Collection[Document]):
    """Documents: searched by their words, and restored from their versions."""

    def __init__(self, backend: Backend) -> None:
        super().__init__(backend, DOCUMENTS)

    async def search(self, q: str, **query: Any) -> Page[DocumentHit]:
        """What was found, best first. Filters `content_type`, `tag`, `min_authority`, `superseded`; `limit`, `cursor`."""
        call = Call(query=given({"q": q, **query}))
        return await self._backend.call(SEARCH_DOCUMENTS, call)

    async def history(self, document_id: Ref, **query: Any) -> Page[Version]:
        """The versions of a document, newest first, of a deleted one too. `limit`, `cursor`."""
        return await self._backend.call(DOCUMENT_HISTORY, Call({"id": document_id}, given(query)))

    async def restore(
        self, document_id: Ref, version: int, *, expected_version: int | None = None
    ) -> Document:
        """The document with a new version whose content is that of an earlier one."""
        call = Call({"id": document_id}, body={"version": version}, expected=expected_version)
        return await self._backend.call(RESTORE_DOCUMENT, call)


class Configuration:
    """Configuration values, by namespace and key. Neither may hold a slash: each is one part of a path.

    That is looked at before anything is sent, because another path may mean another operation.
    """

    def __init__(self, backend: Backend) -> None:
        self._backend = backend

    async def namespaces(self, *, as_of: str | None = None) -> list[ConfigNamespace]:
        """The namespaces that have values, by name."""
        answer = await self._backend.call(CONFIG_NAMESPACES, Call(query=given({"as_of": as_of})))
        return answer["items"]

    async def list(self, namespace: str, **query: Any) -> Page[Config]:
        """One page of a namespace, by key. `prefix`, `limit`, `cursor`, `order`, `total`, `as_of`."""
        path = validated(NamespaceAddress, {"namespace": namespace}).__dict__
        return await self._backend.call(LIST_CONFIG, Call(path, given(query)))

    async def get(self, namespace: str, key: str, *, as_of: str | None = None) -> Config:
        """One value, as it is or as it was at a time or position."""
        return await self._at(GET_CONFIG, namespace, key, query=given({"as_of": as_of}))

    async def set(
        self, namespace: str, key: str, value: Any, *, expected_version: int | None = None
    ) -> Config:
        """Gives a key a value; with a version, only if it still stands there."""
        return await self._at(SET_CONFIG, namespace, key, body={"value": value}, expected=expected_version)

    async def delete(self, namespace: str, key: str, *, expected_version: int | None = None) -> bool:
        """Deletes a value. True: it was there.

        Raises:
            NotFoundError: it was not.
        """
        await self._at(DELETE_CONFIG, namespace, key, expected=expected_version)
        return True

    async def history(self, namespace: str, key: str, **query: Any) -> Page[ConfigVersion]:
        """The versions of a value, newest first, of a deleted one too. `limit`, `cursor`."""
        return await self._at(CONFIG_HISTORY, namespace, key, query=given(query))

    async def restore(
        self, namespace: str, key: str, version: int, *, expected_version: int | None = None
    ) -> Config:
        """Gives a key the value of an earlier version, as a new version; a deleted key is made again."""
        return await self._at(
            RESTORE_CONFIG, namespace, key, body={"version": version}, expected=expected_version
        )

    async def _at(self, operation: Operation, namespace: str, key: str, **parts: Any) -> Any:
        path = validated(ConfigAddress, {"namespace": namespace, "key": key}).__dict__
        return await self._backend.call(operation, Call(path, **parts))


class Sessions(Collection[Session]):
    """Sessions: their signs of life, and their checkpoints."""

    def __init__(self, backend: Backend) -> None:
        super().__init__(backend, SESSIONS)

    async def heartbeat(self, session_id: Ref) -> Heartbeat:
        """Notes that a session is being worked on; says whether it is to be paused.

        Raises:
            StateError: it is over.
        """
        return await self._backend.call(HEARTBEAT, Call({"id": session_id}))

    async def stale(self, seconds: int = 60, **query: Any) -> Page[Session]:
        """Active sessions that were silent for so long, oldest first. Filters `agent_id`, `session_type`; paging."""
        return await self._backend.call(STALE_SESSIONS, Call(query=given({"seconds": seconds, **query})))

    async def keep(
        self, session_id: Ref, name: str, *, idempotency_key: str | None = None, **state: Any
    ) -> Checkpoint:
        """Keeps a session's context and checkpoint, or those in `state`, under a name of its own."""
        call = Call({"id": session_id}, body={"name": name, **state}, key=idempotency_key)
        return await self._backend.call(CHECKPOINTS.operations["create"], call)

    async def checkpoints(self, session_id: Ref, **query: Any) -> Page[Checkpoint]:
        """One page of what was kept of a session. Filters and paging as everywhere."""
        return await self._backend.call(
            CHECKPOINTS.operations["list"], Call({"id": session_id}, given(query))
        )

    async def restore(self, session_id: Ref, name: str, *, expected_version: int | None = None) -> Session:
        """The session with the context and checkpoint that were kept under a name."""
        call = Call({"id": session_id}, body={"name": name}, expected=expected_version)
        return await self._backend.call(RESTORE_SESSION, call)
