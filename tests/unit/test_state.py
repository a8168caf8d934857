"""What a platform says of itself counts only while it runs; and what may be shown of an address."""

from __future__ import annotations

import json
import os
from pathlib import Path

import pytest

from agentic.platform.servers.lock import hold
from agentic.platform.state import STATE_FILE, LayerState, PlatformState, as_json, published, read_state
from agentic.platform.stores import Store, Yours, without_password

pytestmark = pytest.mark.anyio


def state(folder: Path, pid: int) -> PlatformState:
    store = Store("postgresql://me:secret@db/x", embedded=False, server="", pid=None)
    layers = [LayerState("L01", "Data layer", "http://localhost:8002", pid)]
    url, log = "http://localhost:8000", str(folder / "platform.log")
    return PlatformState(
        "1", pid, "2026-01-01T00:00:00Z", "one process", url, str(folder), log, layers, store, store
    )


async def test_it_is_there_while_the_platform_runs_and_only_its_owner_reads_it(tmp_path: Path) -> None:
    async with hold(tmp_path) as lock:
        lock.announce("http://localhost:8000")
        mine = state(tmp_path, os.getpid())
        with published(mine):
            assert read_state(tmp_path) == mine
            assert (tmp_path / STATE_FILE).stat().st_mode & 0o777 == 0o600
        assert read_state(tmp_path) is None
        assert not (tmp_path / STATE_FILE).exists()


async def test_what_a_killed_platform_left_says_nothing(tmp_path: Path) -> None:
    (tmp_path / STATE_FILE).write_text(as_json(state(tmp_path, os.getpid())))
    assert read_state(tmp_path) is None
    async with hold(tmp_path) as lock:  # another platform that is still starting
        lock.announce(None)
        (tmp_path / STATE_FILE).write_text(as_json(state(tmp_path, 1)))
        assert read_state(tmp_path) is None


@pytest.mark.parametrize("text", ["", "{", "[]", '{"pid": "x"}'])
async def test_a_broken_file_says_nothing(tmp_path: Path, text: str) -> None:
    async with hold(tmp_path):
        (tmp_path / STATE_FILE).write_text(text)
        assert read_state(tmp_path) is None


async def test_a_folder_that_there_is_not_says_nothing(tmp_path: Path) -> None:
    assert read_state(tmp_path / "nothing" / "here") is None


def test_programs_get_more_than_the_file(tmp_path: Path) -> None:
    said = json.loads(as_json(state(tmp_path, 7), health={"L01": {"status": "ok"}}))
    assert said["pid"] == 7
    assert said["layers"][0]["url"] == "http://localhost:8002"
    assert said["database"]["url"] == "postgresql://me:secret@db/x"
    assert said["health"] == {"L01": {"status": "ok"}}


@pytest.mark.parametrize(
    ("url", "shown"),
    [
        ("postgresql://me:s%40cret@db:5432/x", "postgresql://me:***@db:5432/x"),
        ("postgresql://me@db/x", "postgresql://me@db/x"),
        (
            "postgresql://db/x?user=me&password=secret&sslmode=require",
            "postgresql://db/x?user=me&password=***&sslmode=require",
        ),
        ("redis://:secret@bus:6379/0", "redis://:***@bus:6379/0"),
        ("unix:///run/valkey.sock", "unix:///run/valkey.sock"),
    ],
)
def test_no_password_is_shown(url: str, shown: str) -> None:
    assert without_password(url) == shown
    assert Store(url, embedded=False, server="", pid=None).shown == f"{shown}, yours"


def test_yours_are_those_that_the_environment_names(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("DATABASE_URL", "REDIS_URL", "PLATFORM_L01_DATABASE_URL", "PLATFORM_L01_REDIS_URL"):
        monkeypatch.delenv(name, raising=False)
    assert Yours.from_environment() == Yours(None, None)
    monkeypatch.setenv("DATABASE_URL", "postgresql://db/x")
    assert Yours.from_environment() == Yours("postgresql://db/x", None)
    monkeypatch.setenv("PLATFORM_L01_REDIS_URL", "redis://bus")
    assert Yours.from_environment() == Yours("postgresql://db/x", "redis://bus")
