"""`platform worker`: carries runs beside a platform that carries none, and gives them back when it is told to stop."""

import signal
import subprocess
import sys
from collections.abc import Generator
from contextlib import contextmanager
from pathlib import Path

import pytest

from agentic.platform.exit_codes import FAILED, NOT_RUNNING, OK
from tests.kit.commands import PATIENCE, plain_environment, run
from tests.kit.platforms import ScriptedPlatform, scripted_platform, until
from tests.kit.providers import Reply, Tool, hangs

OWN_CODE = '''
import agentic
from agentic.layers.L03_tool_execution.functions import tool

@tool(idempotent=True)
def shout(text: str) -> str:
    """Says it louder.

    Args:
        text: What is said.
    """
    return text.upper()

@agentic.agent(model="test/small", tools=["shout"])
async def loud(ctx, name):
    greeting = await ctx.model(f"Greet {name}.")
    return await ctx.tool("shout", text=greeting.text)
'''


@pytest.fixture(scope="module")
def shared_platform() -> Generator[ScriptedPlatform]:
    """A platform that answers for runs and carries none."""
    with scripted_platform(
        environment={"PLATFORM_L02_CARRIES": "false", "PLATFORM_L02_LEASE": "2"}
    ) as platform:
        yield platform


@contextmanager
def worker(
    platform: ScriptedPlatform, *arguments: str, cwd: Path | None = None
) -> Generator[subprocess.Popen[str]]:
    """A worker that carries runs, once it says so."""
    environment = plain_environment() | platform.environment | {"PLATFORM_L02_LEASE": "2"}
    command = [sys.executable, "-m", "agentic", "worker", *arguments]
    root = str(Path(__file__).parents[2])
    with subprocess.Popen(
        command,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        cwd=cwd,
        env=environment | {"PYTHONPATH": root},
    ) as process:
        assert process.stdout is not None
        line = process.stdout.readline()
        assert "Carries runs" in line, process.communicate()
        yield process
        if process.poll() is None:
            process.kill()
        process.communicate()


def stop(process: subprocess.Popen[str], number: int = signal.SIGTERM) -> str:
    process.send_signal(number)
    out, error = process.communicate(timeout=PATIENCE)
    assert process.returncode == OK, error
    return out


def test_it_carries_what_the_platform_does_not(platform: ScriptedPlatform) -> None:
    platform.agent("carried", "--tool", "calculator")
    platform.models.script(Reply(tools=[Tool("calculator", {"expression": "6 * 7"})]), Reply("It is 42."))
    run_id = platform.run("run", "carried", "What is 6 times 7?", "--no-wait").out.strip()
    assert platform.get("L01", f"/runs/{run_id}")["status"] == "queued"
    with worker(platform, "--concurrency", "3") as process:
        done = platform.run_in_state(run_id, "completed")
        assert done["output"] == "It is 42." and str(process.pid) in done["worker"]
        assert "Stopping" in stop(process, signal.SIGINT)


def test_it_lets_a_step_finish_and_gives_the_run_to_another(platform: ScriptedPlatform) -> None:
    platform.agent("handed-on", "--tool", "calculator")
    slow = Reply(tools=[Tool("calculator", {"expression": "6 * 7"})], delay=1.5)
    platform.models.script(slow, Reply("It is 42."))
    run_id = platform.run("run", "handed-on", "What is 6 times 7?", "--no-wait").out.strip()
    with worker(platform) as process:
        until(lambda: platform.models.calls)
        assert "1 run" in stop(process)
    assert platform.models.calls[0].answered
    steps = platform.get("L01", f"/runs/{run_id}/steps")["items"]
    assert steps[0]["kind"] == "model"
    with worker(platform):
        done = platform.run_in_state(run_id, "completed")
    assert done["output"] == "It is 42." and len(platform.models.calls) == 2


def test_a_second_signal_does_not_wait_for_the_step(platform: ScriptedPlatform) -> None:
    platform.agent("impatient")
    platform.models.script(hangs(), Reply("At last."))
    run_id = platform.run("run", "impatient", "Hi", "--no-wait").out.strip()
    with worker(platform, "--drain", "600") as process:
        until(lambda: platform.models.calls)
        process.send_signal(signal.SIGTERM)
        assert process.stdout is not None
        while "Stopping" not in process.stdout.readline():
            pass
        stop(process)
    with worker(platform):
        assert platform.run_in_state(run_id, "completed")["output"] == "At last."


def test_agents_and_tools_of_your_own_are_its_to_carry(platform: ScriptedPlatform, tmp_path: Path) -> None:
    (tmp_path / "own_code.py").write_text(OWN_CODE)
    wrong = run("worker", "--module", "nowhere_at_all", environment=platform.environment)
    assert wrong.code == FAILED and "nowhere_at_all" in wrong.error and "Traceback" not in wrong.error
    with worker(platform), worker(platform, "--module", "own_code", cwd=tmp_path) as knowing:
        until(lambda: platform.get("L01", "/agents", name="loud")["items"])
        ended = platform.run("run", "loud", "Ada")
        assert (ended.code, ended.out) == (OK, "HELLO THERE, FRIEND.\n")
        newest = platform.get("L01", "/runs", limit=1)["items"][0]
        assert str(knowing.pid) in newest["worker"]


def test_without_a_platform_it_says_what_is_missing(data_dir: Path) -> None:
    ended = run("worker", "--data-dir", data_dir)
    assert ended.code == NOT_RUNNING and "DATABASE_URL" in ended.error and not data_dir.exists()
