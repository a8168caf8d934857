"""Many callers, one statement: what arrives while a statement is in flight goes out together in the next one."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Hashable
from dataclasses import dataclass
from typing import Any, Generic, TypeVar

from agentic.layers.base.common_errors import DatabaseUnavailableError
from agentic.layers.base.errors import PlatformError

T = TypeVar("T")
R = TypeVar("R")

MOST_ITEMS = 256
MOST_BYTES = 4 * 1024 * 1024
MOST_WAITING = 20_000


@dataclass(slots=True)
class _Waiting(Generic[T]):
    item: T
    size: int
    key: Hashable
    answer: asyncio.Future[Any]


class Coalescer(Generic[T, R]):
    """Runs `execute` on batches of items of one shape; a lone item goes out at once.

    Items with the same `key` never share a batch: PostgreSQL changes a row at most once in a statement. When a batch
    fails for what it holds, each of its items is tried alone, so that a bad one fails nobody else; when the database
    could not be reached, all of them fail, because nobody knows what was committed.
    """

    def __init__(self, execute: Callable[[list[T]], Awaitable[list[R]]]) -> None:
        self._execute = execute
        self._waiting: list[_Waiting[T]] = []
        self._flusher: asyncio.Task[None] | None = None

    async def submit(self, item: T, size: int, key: Hashable = None) -> R:
        """The result of `item`, once the statement that carried it is committed.

        Raises:
            DatabaseUnavailableError: too many items wait already.
            PlatformError: what `execute` raised for this item.
        """
        if len(self._waiting) >= MOST_WAITING:
            raise DatabaseUnavailableError("Too many writes wait for the database. Nothing was written.")
        answer: asyncio.Future[R] = asyncio.get_running_loop().create_future()
        self._waiting.append(_Waiting(item, size, key, answer))
        if self._flusher is None:
            self._flusher = asyncio.create_task(self._flush())
        return await answer

    async def _flush(self) -> None:
        # The flusher is idle before its last await returns control: an item queued later finds `_flusher` empty and
        # starts the next one; set afterwards, it would wait for ever.
        try:
            while self._waiting:
                await self._send(self._next_batch())
        finally:
            self._flusher = None

    def _next_batch(self) -> list[_Waiting[T]]:
        batch: list[_Waiting[T]] = []
        rest: list[_Waiting[T]] = []
        keys: set[Hashable] = set()
        size = 0
        for index, waiting in enumerate(self._waiting):
            full = batch and (len(batch) >= MOST_ITEMS or size + waiting.size > MOST_BYTES)
            if full:
                rest.extend(self._waiting[index:])
                break
            if waiting.key is not None and waiting.key in keys:
                rest.append(waiting)
                continue
            keys.add(waiting.key)
            batch.append(waiting)
            size += waiting.size
        self._waiting = rest
        return batch

    async def _send(self, batch: list[_Waiting[T]]) -> None:
        try:
            results = await self._execute([waiting.item for waiting in batch])
        except Exception as error:
            if len(batch) == 1 or isinstance(error, DatabaseUnavailableError):
                _fail(batch, error)
                return
            for waiting in batch:
                await self._send([waiting])
        except BaseException:
            _fail(batch + self._waiting, DatabaseUnavailableError("The data layer is stopping."))
            raise
        else:
            for waiting, result in zip(batch, results, strict=True):
                if not waiting.answer.done():
                    waiting.answer.set_result(result)


def _fail(batch: list[_Waiting[Any]], error: Exception) -> None:
    for waiting in batch:
        if not waiting.answer.done():
            waiting.answer.set_exception(_copy(error) if len(batch) > 1 else error)


def _copy(error: Exception) -> Exception:
    """The same error for another caller: one exception object raised in two tasks would mix their tracebacks."""
    return type(error)(error.detail, **error.members) if isinstance(error, PlatformError) else error
