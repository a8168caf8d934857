"""`platform check`: says that rows and log agree, and shows where they do not."""

import json
from pathlib import Path

import asyncpg
import pytest

from agentic.layers.L01_data_layer.client import L01Client
from agentic.platform.exit_codes import FAILED, OK
from tests.kit.commands import Ended, run

pytestmark = pytest.mark.anyio


async def test_it_finds_what_was_written_past_the_platform(
    l01_local: L01Client, database_url: str, redis_url: str, data_dir: Path
) -> None:
    def check(*arguments: str) -> Ended:
        given = {"DATABASE_URL": database_url, "REDIS_URL": redis_url}
        return run("check", *arguments, "--data-dir", data_dir, environment=given)

    agent = await l01_local.create_agent("[bold]named")
    await l01_local.update_agent(agent["id"], {"status": "active"})
    async for batch in l01_local.follow(after=0):
        if batch and batch[-1].position == 2:
            break

    agreeing = check()
    assert agreeing.code == OK and "the log is whole" in agreeing.out, agreeing
    connection = await asyncpg.connect(database_url)
    await connection.execute("UPDATE agents SET name = '[red]changed'")
    await connection.close()

    differing = check()
    assert differing.code == FAILED
    for words in ("1 differ", agent["id"], "name", '"[red]changed"', '"[bold]named"'):
        assert words in differing.out
    report = json.loads(check("--json").out)
    assert not report["ok"] and report["parts"]["agent"] == {"checked": 1, "differing": 1}
    assert [difference["field"] for difference in report["differences"]] == ["name"]
    assert not data_dir.exists(), "a database of yours needs no data folder"


def test_without_a_platform_it_starts_the_embedded_database_if_there_is_one(data_dir: Path) -> None:
    nothing = run("check", "--data-dir", data_dir)
    assert nothing.code == FAILED and "no database" in nothing.error
    assert not data_dir.exists()
    assert run("db", "migrate", "--data-dir", data_dir).code == OK
    ended = run("check", "--data-dir", data_dir)
    assert ended.code == OK and "agent" in ended.out
