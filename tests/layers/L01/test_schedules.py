"""Schedules: each due moment makes one run, whoever asks; and the cron lines that say when."""

from __future__ import annotations

import asyncio
from datetime import UTC, datetime
from zoneinfo import ZoneInfo

import pytest

from agentic.layers.base.common_errors import InvalidError, NotFoundError
from agentic.layers.base.layer import Context
from agentic.layers.L01_data_layer.client import L01Client
from agentic.layers.L01_data_layer.cron import Cron
from agentic.layers.L01_data_layer.layer import DataLayer
from agentic.layers.L01_data_layer.settings import L01Settings

pytestmark = pytest.mark.anyio
LONG_AGO = "2026-01-01T00:00:00.000000Z"
LATER = "2126-01-01T00:00:00.000000Z"


async def test_a_moment_makes_one_run(l01: L01Client) -> None:
    agent = await l01.create_agent("a", config={"model": "m"})
    schedule = await l01.schedules.create(agent_id=agent["id"], name="once", at=LONG_AGO, input={"n": 1})
    assert schedule["next_at"] == LONG_AGO
    await l01.schedules.create(name="later", at=LATER)
    await l01.schedules.create(name="off", at=LONG_AGO, enabled=False)
    (fired,) = await l01.schedules.fire()
    assert fired["schedule_id"] == schedule["id"]
    run = await l01.runs.get(fired["run_id"])
    assert (run["agent_id"], run["input"], run["configuration"]) == (agent["id"], {"n": 1}, {"model": "m"})
    after = await l01.schedules.get(schedule["id"])
    assert (after["next_at"], after["last_run_id"]) == (None, run["id"])
    assert await l01.schedules.fire() == []


async def test_two_who_ask_at_once_make_one_run(l01_local: L01Client, l01_settings: L01Settings) -> None:
    for n in range(10):
        await l01_local.schedules.create(name=f"s{n}", at=LONG_AGO)
    other = DataLayer(Context(), l01_settings)
    async with other.running(), L01Client(backend=other.backend) as there:
        answers = await asyncio.gather(
            *(here.schedules.fire(3) for _ in range(8) for here in (l01_local, there))
        )
        rest = await there.schedules.fire()
    fired = [item["schedule_id"] for answer in (*answers, rest) for item in answer]
    assert len(fired) == len(set(fired)) == 10
    assert (await l01_local.runs.list(total=True)).get("total") == 10


async def test_what_recurs_is_made_up_for_once_and_goes_on(l01: L01Client, data_layer: DataLayer) -> None:
    schedule = await l01.schedules.create(name="s", cron="0 9 * * mon", timezone="Europe/Berlin")
    assert schedule["next_at"] is not None
    await data_layer.database.write("UPDATE schedules SET next_at = now() - interval '10 weeks'")
    assert len(await l01.schedules.fire()) == 1
    after = await l01.schedules.get(schedule["id"])
    assert after["next_at"] == schedule["next_at"]
    assert await l01.schedules.fire() == []


async def test_a_change_moves_what_is_next(l01: L01Client) -> None:
    schedule = await l01.schedules.create(name="s", at=LATER)
    off = await l01.schedules.update(schedule["id"], {"enabled": False})
    assert off["next_at"] is None
    on = await l01.schedules.update(schedule["id"], {"enabled": True}, expected_version=2)
    assert on["next_at"] == LATER
    cron = await l01.schedules.update(schedule["id"], {"at": None, "cron": "@daily"})
    assert cron["next_at"] is not None
    assert cron["next_at"] < LATER
    named = await l01.schedules.update(schedule["id"], {"name": "t"})
    assert named["next_at"] == cron["next_at"]
    with pytest.raises(InvalidError):
        await l01.schedules.update(schedule["id"], {"at": LATER})
    with pytest.raises(NotFoundError):
        await l01.schedules.update("01890000-0000-7000-8000-000000000000", {"name": "x"})
    for fields in (
        {},
        {"cron": "@daily", "at": LATER},
        {"cron": "nonsense"},
        {"cron": "@daily", "timezone": "Nowhere/Land"},
        {"cron": "@daily", "timezone": "../../etc/passwd"},
    ):
        with pytest.raises(InvalidError):
            await l01.schedules.create(name="s", **fields)


@pytest.mark.parametrize(
    ("line", "zone", "after", "following"),
    [
        ("* * * * *", "UTC", "2026-01-01T00:00:30", "2026-01-01T00:01"),
        ("*/15 * * * *", "UTC", "2026-01-01T00:15", "2026-01-01T00:30"),
        ("5/20 * * * *", "UTC", "2026-01-01T00:26", "2026-01-01T00:45"),
        ("0 9-17/4 * * 1-5", "UTC", "2026-01-02T17:00", "2026-01-05T09:00"),
        ("0 0 29 feb *", "UTC", "2026-01-01T00:00", "2028-02-29T00:00"),
        ("0 0 31 * *", "UTC", "2026-01-31T00:00", "2026-03-31T00:00"),
        ("0 0 13 * fri", "UTC", "2026-01-01T00:00", "2026-01-02T00:00"),
        ("0 0 * * 7", "UTC", "2026-01-01T00:00", "2026-01-04T00:00"),
        ("30 8 * * *", "Europe/Berlin", "2026-07-01T00:00", "2026-07-01T06:30"),
        ("30 2 * * *", "Europe/Berlin", "2026-03-28T12:00", "2026-03-30T00:30"),
        ("30 2 * * *", "Europe/Berlin", "2026-10-25T00:30", "2026-10-26T01:30"),
        ("0 0 30 2 *", "UTC", "2026-01-01T00:00", None),
    ],
)
def test_the_next_time(line: str, zone: str, after: str, following: str | None) -> None:
    moment = datetime.fromisoformat(after).replace(tzinfo=UTC)
    wanted = following and datetime.fromisoformat(following).replace(tzinfo=UTC)
    assert Cron.parse(line).after(moment, ZoneInfo(zone)) == wanted


@pytest.mark.parametrize(
    "line",
    [
        "",
        "* * * *",
        "* * * * * *",
        "60 * * * *",
        "* 24 * * *",
        "* * 0 * *",
        "* * * 13 *",
        "* * * * 8",
        "a * * * *",
        "5-1 * * * *",
        "*/0 * * * *",
        "1, * * * *",
        "-1 * * * *",
        "١ * * * *",
        "1-2-3 * * * *",
    ],
)
def test_what_is_no_cron_line_is_refused(line: str) -> None:
    with pytest.raises(InvalidError, match="cron"):
        Cron.parse(line)
