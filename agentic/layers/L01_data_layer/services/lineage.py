"""Everything as one chain: goal, plan, task, run, step, call, evaluation, feedback, dataset, change, from any of their ids."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Final, cast

from asyncpg import Record

from agentic.layers.base import jsonio
from agentic.layers.base.common_errors import NotFoundError
from agentic.layers.base.operation import Answer, Call, validated
from agentic.layers.L01_data_layer.database import Database
from agentic.layers.L01_data_layer.lineage_sql import STATEMENT
from agentic.layers.L01_data_layer.models.lineage import (
    KINDS,
    LineageAddress,
    LineageItem,
    LineageLink,
    LineageQuery,
)
from agentic.layers.L01_data_layer.models.run import Used

SUMMED: Final = ("calls", "unpriced", "input_tokens", "output_tokens")


class LineageService:
    """Finds lineages, each with one statement."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def get(self, call: Call) -> Answer:
        """What led to a record, what came of it, and what was said of both.

        Raises:
            NotFoundError: there is no such record.
        """
        address = validated(LineageAddress, call.path)
        limit = validated(LineageQuery, call.query).limit
        rows = await self._database.fetch(STATEMENT, address.kind, address.id, limit)
        if not any(row["id"] == str(address.id) for row in rows):
            raise NotFoundError(f"There is no {address.kind.replace('_', ' ')} {address.id}.")
        items: list[LineageItem] = []
        more: list[str] = []
        for kind in KINDS:
            found = [
                _item(row, led=row["led"] and row["id"] != str(address.id))
                for row in rows
                if row["kind"] == kind
            ]
            kept = _bounded(found, str(address.id), limit)
            items += kept
            more += [kind] if len(kept) < len(found) else []
        _keep_links_within(items)
        body = {
            "kind": address.kind,
            "id": str(address.id),
            "items": items,
            "more": more,
            "cost": _cost(items),
        }
        return Answer(jsonio.encode(body))


def _bounded(found: Sequence[LineageItem], asked_for: str, limit: int) -> list[LineageItem]:
    """As many as are wanted of what led there, and of what came of it; always with the record that was asked for."""
    kept: list[LineageItem] = []
    for led in (True, False):
        several = [item for item in found if item["led"] is led]
        several.sort(key=lambda item: item["id"] != asked_for)
        kept += several[:limit]
    return sorted(kept, key=lambda item: item["id"])


def _item(row: Record, *, led: bool) -> LineageItem:
    links = [cast("LineageLink", dict(zip(("kind", "id"), link.split(), strict=True))) for link in row["of"]]
    return {
        "kind": row["kind"],
        "id": row["id"],
        "title": row["title"],
        "status": row["status"],
        "created_at": row["created_at"],
        "led": led,
        "of": links,
        "facts": jsonio.decode(row["facts"]),
    }


def _keep_links_within(items: Sequence[LineageItem]) -> None:
    there = {(item["kind"], item["id"]) for item in items}
    for item in items:
        item["of"] = [link for link in item["of"] if (link["kind"], link["id"]) in there]


def _cost(items: Sequence[LineageItem]) -> Used:
    """The sum over the runs that came of the record, and over the calls that belong to none of these."""
    came = [item for item in items if not item["led"]]
    runs = {item["id"]: item["facts"]["used"] for item in came if item["kind"] == "run"}
    calls = [item["facts"] for item in came if item["kind"] == "model_usage"]
    used = [*runs.values(), *(_alone(call) for call in calls if call["run_id"] not in runs)]
    sums: dict[str, Any] = {name: sum(each[name] for each in used) for name in SUMMED}
    return cast("Used", {**sums, "cost": round(sum(each["cost"] for each in used), 6)})


def _alone(call: dict[str, Any]) -> dict[str, Any]:
    tokens = {name: call[name] for name in ("input_tokens", "output_tokens")}
    unpriced = int(not call["cost_known"] and sum(tokens.values()) > 0)
    return {"calls": 1, "unpriced": unpriced, **tokens, "cost": call["cost"] or 0}
