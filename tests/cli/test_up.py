"""`platform up`, as a person meets it: what it says, where it answers, how it ends, and that it loses nothing."""

from __future__ import annotations

import asyncio
import json
import os
import re
import signal
from pathlib import Path
from typing import Any

import httpx2
import pytest
from websockets.asyncio.client import connect
from websockets.exceptions import ConnectionClosed

from agentic.platform import exit_codes, serving, supervisor
from agentic.platform.catalogue import CATALOGUE
from agentic.platform.ports import bind
from tests.kit.commands import CONTROL_C, family, run, up, wait_until_gone

pytestmark = pytest.mark.anyio
TEST_KEY = {"X-API-Key": "test-key-12345678901234567890123456789012"}


def url_of(status: dict[str, Any], layer_id: str) -> str:
    return next(layer["url"] for layer in status["layers"] if layer["id"] == layer_id)


async def test_it_answers_where_it_says_and_ctrl_c_stops_everything(data_dir: Path) -> None:
    with up(data_dir) as platform:
        status = await asyncio.to_thread(platform.wait_until_it_runs)
        processes = family(platform.process.pid)
        front_door = status["url"]
        assert url_of(status, "L09") == front_door
        async with httpx2.AsyncClient(trust_env=False) as client:
            for address in (
                f"{front_door}/",
                f"{front_door}/docs",
                f"{front_door}/health/ready",
                f"{front_door}/l01/agents",
                f"{front_door}/l09/health/ready",
                f"{front_door}/l10/health/ready",
                f"{front_door}/l11/health/ready",
                f"{url_of(status, 'L10')}/",
                f"{url_of(status, 'L01')}/agents",
            ):
                assert (await client.get(address)).status_code == 200, address
            made = await client.post(f"{front_door}/api/v1/agents", headers=TEST_KEY, json={"name": "a"})
            assert made.status_code == 201
            assert (await client.get(f"{url_of(status, 'L01')}/agents/{made.json()['id']}")).json()[
                "name"
            ] == "a"
        file = data_dir / "platform.json"
        assert file.stat().st_mode & 0o077 == 0
        assert json.loads(file.read_text())["pid"] == status["pid"] == platform.process.pid
        shown = await asyncio.to_thread(run, "status", "--data-dir", data_dir)
        assert shown.code == 0
        assert all(layer["url"] in shown.out for layer in status["layers"])
        assert set(status["health"]) == set(CATALOGUE)
        assert status["database"]["embedded"] and status["bus"]["embedded"]

        # A second one says where the first is, and changes nothing.
        second = await asyncio.to_thread(run, "up", "--data-dir", data_dir, "--port", 0)
        assert second.code == exit_codes.IN_USE
        assert front_door in second.error and str(platform.process.pid) in second.error

        # Neither an open stream nor an open socket delays the end.
        async with (
            httpx2.AsyncClient(trust_env=False, timeout=None) as client,
            client.stream("GET", f"{url_of(status, 'L01')}/events/stream?after=0") as stream,
            connect(f"{front_door.replace('http', 'ws')}/ws/events", proxy=None) as socket,
        ):
            lines = stream.aiter_lines()
            assert await anext(lines)
            platform.type(CONTROL_C)
            with pytest.raises(ConnectionClosed):
                while True:
                    await socket.recv()
            async for _ in lines:
                pass
        ended = await asyncio.to_thread(platform.end)
    assert ended.code == 0, ended.error
    assert front_door in ended.out and "Stopping" in ended.out and "PostgreSQL" in ended.out
    wait_until_gone(processes)
    assert run("status", "--data-dir", data_dir).code == exit_codes.NOT_RUNNING


def test_all_steps_of_stopping_together_have_less_than_five_seconds() -> None:
    assert serving.DRAIN + serving.CUT + supervisor.CLOSE_LIMIT < 4


def test_a_taken_port_is_reported_with_its_holder_before_anything_starts(data_dir: Path) -> None:
    taken = bind("127.0.0.1", 0)
    try:
        ended = run("up", "--data-dir", data_dir, "--port", taken.port)
    finally:
        taken.close()
    assert ended.code == exit_codes.PORT_TAKEN
    assert str(taken.port) in ended.error and f"process {os.getpid()}" in ended.error
    assert not data_dir.exists()


async def test_killed_it_leaves_no_server_and_loses_nothing(data_dir: Path) -> None:
    with up(data_dir) as platform:
        status = await asyncio.to_thread(platform.wait_until_it_runs)
        processes = family(platform.process.pid)
        async with httpx2.AsyncClient(base_url=url_of(status, "L01"), trust_env=False) as client:
            agent = (await client.post("/agents", json={"name": "survivor"})).json()
        platform.kill()
    wait_until_gone(processes)
    dead = run("status", "--data-dir", data_dir)
    assert dead.code == exit_codes.NOT_RUNNING
    with up(data_dir) as platform:
        status = await asyncio.to_thread(platform.wait_until_it_runs)
        async with httpx2.AsyncClient(base_url=url_of(status, "L01"), trust_env=False) as client:
            assert (await client.get(f"/agents/{agent['id']}")).json() == agent
        platform.process.send_signal(signal.SIGTERM)
        assert (await asyncio.to_thread(platform.end)).code == 0


def test_a_database_that_does_not_answer_is_named_and_leaves_nothing_running(data_dir: Path) -> None:
    yours = {"DATABASE_URL": "postgresql://someone:secret@127.0.0.1:1/x", "REDIS_URL": "redis://127.0.0.1:1"}
    ended = run("up", "--data-dir", data_dir, "--port", 0, environment=yours)
    assert ended.code == exit_codes.FAILED
    assert "L01" in ended.error and "E1010" in ended.error
    assert "secret" not in ended.error and "Traceback" not in ended.error


def test_beyond_this_machine_it_wants_a_key(data_dir: Path) -> None:
    apart = run("up", "--host", "0.0.0.0", "--port", 0, "--separate", "--data-dir", data_dir)
    assert apart.code == exit_codes.REFUSED
    assert not data_dir.exists()
    without = run("up", "--host", "0.0.0.0", "--port", 0, "--data-dir", data_dir)
    assert without.code == exit_codes.REFUSED
    assert "platform keys create" in without.error
    made = run("keys", "create", "me", "--scope", "admin", "--data-dir", data_dir)
    admin = {"X-API-Key": re.findall(r"agk_\S{43}", made.out)[0]}
    with up(data_dir, "--host", "0.0.0.0") as platform:
        status = platform.wait_until_it_runs()
        for url in (
            f"{status['url']}/l01/agents",
            f"{url_of(status, 'L01')}/agents",
            f"{url_of(status, 'L10')}/",
        ):
            assert httpx2.get(url, trust_env=False).status_code == 401
            assert httpx2.get(url, trust_env=False, headers=admin).status_code == 200
        agents = f"{status['url']}/api/v1/agents"
        assert httpx2.get(agents, trust_env=False, headers=TEST_KEY).status_code == 401
        assert httpx2.get(agents, trust_env=False, headers=admin).status_code == 200
