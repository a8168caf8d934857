"""A create under a key is done once, whoever asks again and whenever, within a day."""

from __future__ import annotations

import asyncio
from datetime import timedelta

import pytest

from agentic.layers.base.common_errors import BrokenReferenceError, IdempotencyError
from agentic.layers.base.ids import now
from agentic.layers.L01_data_layer.client import L01Client
from agentic.layers.L01_data_layer.idempotency import KEPT_FOR, forget_old
from agentic.layers.L01_data_layer.layer import DataLayer

pytestmark = pytest.mark.anyio

UNKNOWN = "01a20325-92b7-72c8-a565-dd334b91464a"


async def test_many_at_once_make_one_record_and_one_event(l01: L01Client) -> None:
    answers = await asyncio.gather(*(l01.agents.create(name="x", idempotency_key="k") for _ in range(10)))
    assert answers == [answers[0]] * 10
    assert (await l01.agents.list(total=True)).get("total") == 1
    assert len((await l01.events.list(event_type="agent.created"))["items"]) == 1


async def test_a_key_belongs_to_one_request(l01: L01Client) -> None:
    await l01.agents.create(name="x", idempotency_key="k")
    with pytest.raises(IdempotencyError):
        await l01.agents.create(name="y", idempotency_key="k")
    with pytest.raises(IdempotencyError):
        await l01.tools.create(name="x", schema_def={}, idempotency_key="k")


async def test_what_failed_was_not_done_and_may_be_tried_again(l01: L01Client) -> None:
    for _ in range(2):
        with pytest.raises(BrokenReferenceError):
            await l01.goals.create(description="x", agent_id=UNKNOWN, idempotency_key="k")
    await l01.goals.create(description="x", idempotency_key="k")


async def test_an_answer_is_kept_for_a_day(data_layer: DataLayer, l01_local: L01Client) -> None:
    first = await l01_local.agents.create(name="x", idempotency_key="old")
    young = await l01_local.agents.create(name="y", idempotency_key="young")
    yesterday = now() - KEPT_FOR - timedelta(minutes=1)
    await data_layer.database.fetch(
        "UPDATE idempotent_answers SET created_at = $1 WHERE key = 'old'", yesterday
    )
    forgetting = asyncio.create_task(forget_old(data_layer.database))
    async with asyncio.timeout(20):
        while await data_layer.database.fetchrow("SELECT 1 FROM idempotent_answers WHERE key = 'old'"):
            await asyncio.sleep(0.005)
    forgetting.cancel()
    await asyncio.wait({forgetting})
    assert (await l01_local.agents.create(name="x", idempotency_key="old"))["id"] != first["id"]
    assert await l01_local.agents.create(name="y", idempotency_key="young") == young
