"""Compares the rows with what their events add up to, and the log with its own rules. It only reads.

Page by page, each page one statement: a row and its events are written by one, so a statement sees both or neither, and
the check may run beside writers. PostgreSQL does the comparing; only differences come here, their values cut short.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Final
from uuid import UUID

from asyncpg import Record
from pydantic import TypeAdapter, ValidationError
from sqlalchemy import Table

from agentic.layers.base import jsonio
from agentic.layers.base.common_errors import InvalidError
from agentic.layers.base.operation import Answer, Call, validated
from agentic.layers.L01_data_layer import tables
from agentic.layers.L01_data_layer.database import Database
from agentic.layers.L01_data_layer.models.check import CheckQuery
from agentic.layers.L01_data_layer.pages import decode_cursor, encode_cursor
from agentic.layers.L01_data_layer.services import check_sql

FOLDED: Final[dict[str, Table]] = {
    "agent": tables.AGENTS,
    "tool": tables.TOOLS,
    "tool_execution": tables.TOOL_EXECUTIONS,
    "model_usage": tables.MODEL_USAGE,
    "goal": tables.GOALS,
    "plan": tables.PLANS,
    "task": tables.TASKS,
    "evaluation": tables.EVALUATIONS,
    "feedback": tables.FEEDBACK_ENTRIES,
    "improvement": tables.IMPROVEMENTS,
    "export": tables.EXPORTS,
    "document": tables.DOCUMENTS,
    "session": tables.SESSIONS,
    "checkpoint": tables.CHECKPOINTS,
    "config": tables.CONFIGURATIONS,
    "api_key": tables.API_KEYS,
    "run": tables.RUNS,
    "run_step": tables.RUN_STEPS,
    "approval": tables.APPROVALS,
    "budget": tables.BUDGETS,
    "schedule": tables.SCHEDULES,
    "dataset": tables.DATASETS,
    "dataset_item": tables.DATASET_ITEMS,
    "experiment": tables.EXPERIMENTS,
    "experiment_result": tables.EXPERIMENT_RESULTS,
    "subscription": tables.SUBSCRIPTIONS,
    "hook": tables.HOOKS,
}
"""Every table whose rows are the fold of their events, by the name of its aggregates."""

_KIND: Final = TypeAdapter(tuple[str, str])

_Part = Callable[[str, int], Awaitable[Record | None]]
"""Looks at one page, after a place (empty: from the beginning), and describes so many differences."""


class FoldCheck:
    """The engine of `platform check`."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self._parts: dict[str, _Part] = {name: self._rows(name, table) for name, table in FOLDED.items()}
        self._parts |= {"versions": self._versions, "positions": self._positions, "kinds": self._kinds}

    async def page(self, call: Call) -> Answer:
        """The next page of the check: first the rows of each kind of record, then the log itself."""
        query = validated(CheckQuery, call.query)
        part, after = self._place(query.cursor)
        found = await self._parts[part](after, query.limit)
        assert found is not None
        following = self._next(part, found["last"])
        cursor = "null" if following is None else f'"{encode_cursor(following)}"'
        return Answer(
            b'{"part":"%b","checked":%d,"differing":%d,"differences":%b,"next_cursor":%b}'
            % (part.encode(), found["checked"], found["differing"], found["differences"], cursor.encode())
        )

    def _place(self, cursor: str | None) -> tuple[str, str]:
        if cursor is None:
            return next(iter(self._parts)), ""
        part, _, after = decode_cursor(cursor).partition(" ")
        if part not in self._parts:
            raise _bad_cursor()
        return part, after

    def _next(self, part: str, last: str | None) -> str | None:
        if last is not None:
            return f"{part} {last}"
        names = list(self._parts)
        following = names.index(part) + 1
        return names[following] if following < len(names) else None

    def _rows(self, name: str, table: Table) -> _Part:
        """Rows that are missing, rows that are too many, and fields that differ."""

        async def check(after: str, limit: int) -> Record | None:
            sql = check_sql.rows(name, table, resumed=bool(after))
            return await self._database.fetchrow(sql, limit, *([_uuid(after)] if after else []))

        return check

    async def _versions(self, after: str, limit: int) -> Record | None:
        """The events of each aggregate are numbered from 1 without a gap, and `aggregates` knows the last number."""
        aggregate_id, _, aggregate_type = after.partition(" ")
        place = [_uuid(aggregate_id), aggregate_type] if after else []
        return await self._database.fetchrow(check_sql.versions(resumed=bool(after)), limit, *place)

    async def _positions(self, after: str, limit: int) -> Record | None:
        """Positions are dense, end where the relay says, and run with the versions of each aggregate."""
        if after and not (after.isascii() and after.isdigit() and len(after) < 19):
            raise _bad_cursor()
        return await self._database.fetchrow(check_sql.POSITIONS, limit, int(after or 0))

    async def _kinds(self, after: str, limit: int) -> Record | None:
        """The count of events of each kind, a kind a page: counting may take a while."""
        return await self._database.fetchrow(check_sql.KINDS, limit, *(_kind(after) if after else ("", "")))


def _kind(text: str) -> tuple[str, str]:
    try:
        return _KIND.validate_python(jsonio.decode(text))
    except (InvalidError, ValidationError):
        raise _bad_cursor() from None


def _uuid(text: str) -> UUID:
    try:
        return UUID(text)
    except ValueError:
        raise _bad_cursor() from None


def _bad_cursor() -> InvalidError:
    return InvalidError.of(("cursor", "not a cursor that a check gave"))
