"""Layers in processes of their own: `platform up --separate` and `platform layer`."""

from __future__ import annotations

import asyncio
import json
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import httpx2
import psutil
import pytest

from agentic.platform import exit_codes
from agentic.platform.catalogue import CATALOGUE
from tests.kit.commands import PATIENCE, family, plain_environment, run, up, wait_until_gone
from tests.kit.process import free_port

pytestmark = pytest.mark.anyio
TEST_KEY = {"X-API-Key": "test-key-12345678901234567890123456789012"}


def layer(status: dict[str, Any], layer_id: str) -> dict[str, Any]:
    return next(layer for layer in status["layers"] if layer["id"] == layer_id)


async def test_each_layer_has_a_process_and_comes_back_when_it_dies(data_dir: Path) -> None:
    with up(data_dir, "--separate") as platform:
        status = await asyncio.to_thread(platform.wait_until_it_runs)
        assert status["mode"] == "separate"
        pids = {layer["pid"] for layer in status["layers"]}
        assert len(pids) == len(CATALOGUE) and platform.process.pid not in pids
        agents = f"{layer(status, 'L09')['url']}/api/v1/agents"
        async with httpx2.AsyncClient(trust_env=False) as client:
            made = await client.post(agents, headers=TEST_KEY, json={"name": "apart"})
            assert made.status_code == 201
        for layer_id in ("L01", "L09"):
            victim = psutil.Process(layer(status, layer_id)["pid"])
            victim.kill()
            await asyncio.to_thread(victim.wait, PATIENCE)
        # Whoever asks meanwhile waits: the sockets are the supervisor's.
        async with httpx2.AsyncClient(trust_env=False, timeout=PATIENCE) as client:
            listed = await client.get(agents, headers=TEST_KEY)
            assert [agent["name"] for agent in listed.json()["items"]] == ["apart"]
        again = await asyncio.to_thread(_until_others_run, data_dir, pids)
        assert [one["url"] for one in again["layers"]] == [one["url"] for one in status["layers"]]
        processes = family(platform.process.pid)
        platform.process.send_signal(signal.SIGTERM)
        ended = await asyncio.to_thread(platform.end)
    assert ended.code == 0, ended.error
    wait_until_gone(processes)


def _until_others_run(data_dir: Path, pids: set[int]) -> dict[str, Any]:
    deadline = time.monotonic() + PATIENCE
    while time.monotonic() < deadline:
        ended = run("status", "--json", "--data-dir", data_dir)
        status = json.loads(ended.out)
        if ended.code == 0 and len({one["pid"] for one in status["layers"]} - pids) == 2:
            return status
    raise AssertionError("they did not come back in time")


async def test_when_the_supervisor_is_killed_its_layers_end(data_dir: Path) -> None:
    with up(data_dir, "--separate") as platform:
        await asyncio.to_thread(platform.wait_until_it_runs)
        processes = family(platform.process.pid)
        platform.kill()
    wait_until_gone(processes)


async def test_a_layer_that_does_not_start_stops_the_others(data_dir: Path) -> None:
    yours = {"DATABASE_URL": "postgresql://someone@127.0.0.1:1/x", "REDIS_URL": "redis://127.0.0.1:1"}
    ended = await asyncio.to_thread(
        run, "up", "--separate", "--data-dir", data_dir, "--port", 0, environment=yours
    )
    assert ended.code == exit_codes.FAILED
    assert "L01" in ended.error and "E1010" in ended.error and "Traceback" not in ended.error


async def test_one_layer_alone(data_dir: Path, database_url: str, redis_url: str) -> None:
    port = free_port()
    command = [
        sys.executable,
        "-m",
        "agentic",
        "layer",
        "l01",
        "--port",
        str(port),
        "--data-dir",
        str(data_dir),
    ]
    environment = plain_environment() | {"DATABASE_URL": database_url, "REDIS_URL": redis_url}
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True, env=environment) as process:
        assert process.stdout
        said = await asyncio.to_thread(process.stdout.readline)
        assert f"http://localhost:{port}" in said
        async with httpx2.AsyncClient(trust_env=False) as client:
            assert (await client.get(f"http://localhost:{port}/health/ready")).json()["status"] == "ok"
        process.terminate()
        assert await asyncio.to_thread(process.wait, PATIENCE) == 0


def test_there_is_no_layer_eight() -> None:
    ended = run("layer", "L08")
    assert ended.code == 2
    assert "L08" in ended.error


def test_a_layer_alone_has_no_lock_and_stays_on_this_machine(data_dir: Path) -> None:
    assert run("layer", "L01", "--host", "0.0.0.0", "--data-dir", data_dir).code == exit_codes.REFUSED
