"""Python that a model wrote: it computes, and can do nothing else, in either sandbox; without one it is not run."""

from __future__ import annotations

import asyncio
import os
import subprocess
from collections.abc import AsyncGenerator
from pathlib import Path
from typing import Any

import psutil
import pytest

from agentic.layers.L03_tool_execution.builtin import sandbox as module
from agentic.layers.L03_tool_execution.builtin.sandbox import Sandbox, available
from agentic.layers.L03_tool_execution.errors import (
    NoSandboxError,
    ToolLayerError,
    ToolRefusedError,
    ToolStoppedError,
)
from agentic.layers.L03_tool_execution.settings import L03Settings

pytestmark = pytest.mark.anyio

SETTINGS = L03Settings(sandbox_seconds=1, sandbox_memory=64 * 1024 * 1024, sandbox_output=10_000)


def bubblewrap_works() -> bool:
    """Whether this machine has bubblewrap, and lets it make its namespaces."""
    try:
        command = ["bwrap", "--unshare-all", "--ro-bind", "/", "/", "true"]
        return subprocess.run(command, capture_output=True).returncode == 0
    except FileNotFoundError:
        return False


KINDS = [
    "monty",
    pytest.param("bubblewrap", marks=pytest.mark.skipif(not bubblewrap_works(), reason="no bubblewrap")),
]


@pytest.fixture(params=KINDS)
async def sandbox(request: pytest.FixtureRequest) -> AsyncGenerator[Sandbox]:
    """Each sandbox that is here."""
    made = Sandbox(SETTINGS.model_copy(update={"sandbox": request.param}))
    yield made
    await made.close()


async def test_it_gives_the_last_value_and_what_was_printed(sandbox: Sandbox) -> None:
    told = await sandbox.run_python(
        "import json\nprint('working')\nxs = [n * n for n in range(4)]\njson.dumps(xs)"
    )
    assert told == {"printed": "working\n", "result": "[0, 1, 4, 9]"}
    assert await sandbox.run_python("x = 1") == {"printed": "", "result": None}
    assert (await sandbox.run_python("{'a': (1, 2.5), 'b': None}"))["result"] == {"a": [1, 2.5], "b": None}


async def test_one_call_knows_nothing_of_another(sandbox: Sandbox) -> None:
    await sandbox.run_python("x = 1\nimport os")
    with pytest.raises(ToolRefusedError, match="NameError"):
        await sandbox.run_python("x")


@pytest.mark.parametrize(
    ("code", "told"),
    [
        ("1 / 0", "ZeroDivisionError"),
        ("x = (", "SyntaxError"),
        ("raise ValueError('so')", "ValueError: so"),
        ("print('before')\n1 / 0", "before"),
        ("import requests", "ModuleNotFoundError"),
    ],
)
async def test_what_is_wrong_with_the_code_is_told_to_the_model(
    sandbox: Sandbox, code: str, told: str
) -> None:
    with pytest.raises(ToolRefusedError, match=told):
        await sandbox.run_python(code)


HARMFUL = {
    "loops": "while True: pass",
    "loops in C": "sum(range(10**12))",
    "sleeps": "import time\ntime.sleep(1000)",
    "prints a gigabyte": "for _ in range(1024): print('x' * 1024 * 1024)",
    "takes memory": "x = ['x' * 1024 * 1024 * n for n in range(1, 10_000)]",
    "takes memory at once": "'x' * 10**11",
    "forks": "import os\nwhile True:\n    os.fork()",
    "forks in threads": "import threading, time\nwhile True:\n    threading.Thread(target=time.sleep, args=(1000,)).start()",
    "leaves": "import os\nos._exit(0)",
    "exits": "raise SystemExit(3)",
    "recurses": "def f(n): return f(n + 1)\nf(0)",
    "breaks its interpreter": "import ctypes\nctypes.string_at(0)",
    "writes to the answer": "import os\nfor fd in range(64):\n    try: os.write(fd, b'x' * 1000000)\n    except OSError: pass\nos._exit(0)",
    "kills": "import os, signal\nos.kill(-1, signal.SIGKILL)",
    "a big number": "10 ** 10 ** 10",
}


@pytest.mark.parametrize("code", HARMFUL.values(), ids=HARMFUL.keys())
async def test_harmful_code_is_ended_and_nothing_else_is(sandbox: Sandbox, code: str) -> None:
    before = {process.pid for process in psutil.Process().children(recursive=True)}
    with pytest.raises((ToolStoppedError, ToolRefusedError)):
        await sandbox.run_python(code)
    assert (await sandbox.run_python("1 + 1"))["result"] == 2
    await sandbox.close()
    left = [p for p in psutil.Process().children(recursive=True) if p.pid not in before]
    assert not [p for p in left if p.status() != psutil.STATUS_ZOMBIE]


async def test_it_sees_no_file_and_writes_none(sandbox: Sandbox, tmp_path: Path) -> None:
    secret = tmp_path / "secret"
    secret.write_text("hush")
    for code in (
        f"open({str(secret)!r}).read()",
        f"open({str(tmp_path / 'new')!r}, 'w').write('x')",
        "open('/etc/shadow').read()",
    ):
        with pytest.raises(ToolLayerError) as caught:
            await sandbox.run_python(code)
        assert "hush" not in caught.value.detail
    assert [path.name for path in tmp_path.iterdir()] == ["secret"]


async def test_it_reaches_no_network_and_no_environment(
    sandbox: Sandbox, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PLATFORM_SECRET_TOKEN", "hush")
    server = await asyncio.start_server(lambda reader, writer: writer.close(), "127.0.0.1", 0)
    port = server.sockets[0].getsockname()[1]
    async with server:
        with pytest.raises(ToolLayerError):
            await sandbox.run_python(f"import socket\nsocket.create_connection(('127.0.0.1', {port}), 1)")
    try:
        told: Any = await sandbox.run_python("import os\nstr(dict(os.environ))")
    except ToolLayerError as error:
        told = error.detail
    assert "hush" not in str(told)


async def test_it_is_ended_when_nobody_waits_any_more(sandbox: Sandbox) -> None:
    task = asyncio.ensure_future(sandbox.run_python("while True: pass"))
    await asyncio.sleep(0.2)
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    assert (await sandbox.run_python("1 + 1"))["result"] == 2


async def test_several_run_at_once(sandbox: Sandbox) -> None:
    told = await asyncio.gather(*(sandbox.run_python(f"{n} * 2") for n in range(6)))
    assert [each["result"] for each in told] == [0, 2, 4, 6, 8, 10]


async def test_without_a_sandbox_no_code_is_run(monkeypatch: pytest.MonkeyPatch) -> None:
    off = Sandbox(SETTINGS.model_copy(update={"sandbox": "off"}))
    with pytest.raises(NoSandboxError, match="extra `sandbox`"):
        await off.run_python("1")
    monkeypatch.setattr(module, "find_spec", lambda name: None)
    assert available(SETTINGS) in ("bubblewrap", "none")
    monkeypatch.setattr(module.shutil, "which", lambda name: None)
    assert available(SETTINGS) == "none"
    with pytest.raises(NoSandboxError):
        await Sandbox(SETTINGS).run_python("1")


async def test_a_bubblewrap_that_does_not_work_is_said_to_be_none(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    broken = tmp_path / "bwrap"
    broken.write_text("#!/bin/sh\necho 'bwrap: No permissions to create new namespace' >&2\nexit 1\n")
    broken.chmod(0o755)
    monkeypatch.setenv("PATH", f"{tmp_path}:{os.environ['PATH']}")
    with pytest.raises(NoSandboxError, match="No permissions"):
        await Sandbox(SETTINGS.model_copy(update={"sandbox": "bubblewrap"})).run_python("1")
