"""Usage on its way to the data layer: bounded, never lost at a normal stop, and not spoilt by one bad row."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from typing import Any
from uuid import uuid4

import pytest

from agentic.layers.base.common_errors import (
    BrokenReferenceError,
    DatabaseUnavailableError,
    ExistsError,
    InvalidError,
)
from agentic.layers.base.layer import Context
from agentic.layers.L01_data_layer.client import L01Client
from agentic.layers.L04_model_gateway.errors import UsageBacklogError
from agentic.layers.L04_model_gateway.layer import ModelGateway
from agentic.layers.L04_model_gateway.settings import L04Settings
from agentic.layers.L04_model_gateway.usage import UsageWriter
from tests.kit.providers import CountingProvider
from tests.layers.L04.conftest import Configure, base_url, chat

pytestmark = pytest.mark.anyio


class Ledger:
    """A data layer's usage that is slow, away, or particular."""

    def __init__(self) -> None:
        self.rows: list[dict[str, Any]] = []
        self.open = asyncio.Event()
        self.open.set()
        self.away = False
        self.usage = self

    async def record_all(self, rows: list[Mapping[str, Any]]) -> list[str]:
        await self.open.wait()
        if self.away:
            raise DatabaseUnavailableError
        for row in rows:
            if row["model_name"] == "bad":
                raise InvalidError
            if row.get("agent_id") == "nobody":
                raise BrokenReferenceError
            if row["id"] in {known["id"] for known in self.rows}:
                raise ExistsError
        self.rows += [dict(row) for row in rows]
        return [row["id"] for row in rows]


def writer(ledger: Ledger, room: int = 100, patience: float = 30) -> UsageWriter:
    return UsageWriter(lambda: ledger, room, patience)  # type: ignore[arg-type,return-value]


def row(number: int, **fields: Any) -> dict[str, Any]:
    return {"model_provider": "p", "model_name": str(number), **fields}


async def until(true: Any) -> None:
    async with asyncio.timeout(20):
        while not true():
            await asyncio.sleep(0.001)


async def test_when_the_data_layer_is_slow_calls_wait_and_then_are_refused() -> None:
    ledger = Ledger()
    ledger.open.clear()
    usage = writer(ledger, room=10, patience=0.05)
    running = asyncio.create_task(usage.run())
    for number in range(10):
        await usage.place()
        usage.add(row(number))
    with pytest.raises(UsageBacklogError):
        await usage.place()
    assert usage.backlog == 10
    waiting = asyncio.create_task(usage.place())
    ledger.open.set()
    await waiting
    usage.leave()
    await until(lambda: len(ledger.rows) == 10)
    assert usage.backlog == 0
    running.cancel()


async def test_a_place_is_given_back_when_its_row_is_written() -> None:
    ledger = Ledger()
    usage = writer(ledger, room=3, patience=20)
    running = asyncio.create_task(usage.run())
    for number in range(50):
        await usage.place()
        usage.add(row(number))
    await until(lambda: len(ledger.rows) == 50)
    running.cancel()


async def test_what_cannot_be_written_now_is_written_later() -> None:
    ledger = Ledger()
    ledger.away = True
    usage = writer(ledger)
    running = asyncio.create_task(usage.run())
    for number in range(5):
        await usage.place()
        usage.add(row(number))
    await until(lambda: usage.late)
    ledger.away = False
    await until(lambda: len(ledger.rows) == 5)
    await until(lambda: usage.late is None)
    assert [each["model_name"] for each in ledger.rows] == ["0", "1", "2", "3", "4"]
    running.cancel()


async def test_a_writer_that_is_stopped_within_a_batch_writes_it_before_the_end() -> None:
    ledger = Ledger()
    ledger.open.clear()
    usage = writer(ledger)
    running = asyncio.create_task(usage.run())
    for number in range(5):
        await usage.place()
        usage.add(row(number))
    await asyncio.sleep(0)
    await asyncio.sleep(0)
    running.cancel()
    await asyncio.wait([running])
    for number in range(5, 8):
        await usage.place()
        usage.add(row(number))
    ledger.open.set()
    await usage.finish()
    assert [each["model_name"] for each in ledger.rows] == [str(number) for number in range(8)]


async def test_a_bad_row_spoils_no_other() -> None:
    ledger = Ledger()
    usage = writer(ledger)
    first = row(0, id=str(uuid4()))
    ledger.rows.append(first)
    for each in (row(1), dict(first), row(2, agent_id="nobody"), {**row(3), "model_name": "bad"}, row(4)):
        await usage.place()
        usage.add(each)
    await usage.finish()
    assert [each["model_name"] for each in ledger.rows] == ["0", "1", "2", "4"]
    assert "agent_id" not in ledger.rows[2]


async def test_a_normal_stop_loses_no_row(
    l01_local: L01Client, l04_settings: L04Settings, provider: CountingProvider
) -> None:
    context = Context()
    context.give(l01_local)
    value = {"kind": "openai", "base_url": base_url("openai", provider), "paid": False}
    await l01_local.config.set("model_providers", "main", value)
    layer = ModelGateway(context, l04_settings)
    async with layer.running():
        await layer.catalogue.loaded(20)
        l04 = layer.local_client()
        for _ in range(10):
            await asyncio.gather(*(l04.complete(chat()) for _ in range(20)))
    rows = [row async for row in l01_local.usage.all()]
    assert len(rows) == provider.answered == 200
    assert sum(row["input_tokens"] for row in rows) == provider.input_tokens


async def test_the_backlog_is_seen_in_the_health(layer: ModelGateway, configure: Configure) -> None:
    assert (await layer.health())["checks"]["usage"] == {"status": "ok", "detail": "0 waiting"}
    layer.usage.late = "the database is away"
    assert (await layer.health())["checks"]["usage"]["status"] == "degraded"
