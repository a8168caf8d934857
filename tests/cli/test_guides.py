"""The guides: every command in them is given, in their order, against a platform, and every file in them is run.

Models are scripted under the names that the guides use. A block of Python whose first line is a file's name becomes that file.
"""

import importlib.util
import json
import os
import re
import shutil
import signal
import subprocess
import sys
from collections.abc import Generator
from contextlib import contextmanager
from pathlib import Path

import psutil
import pytest

from tests.architecture.test_docs import FENCE
from tests.kit.commands import PATIENCE, plain_environment, wait_until_gone
from tests.kit.platforms import ScriptedPlatform, provide, scripted_platform
from tests.kit.providers import ProviderCall, Reply, Tool

ROOT = Path(__file__).parents[2]
LOCAL = {"smollm2-135m-instruct": {"context_length": 4096}}
FILE_NAME = re.compile(r"# (\w+\.py)\n")
LONGEST = PATIENCE * 5
PLAN = '{"steps": [{"id": "product", "tool": "calculator", "input": {"expression": "12 * 12"}}]}'
NEEDED = {"bring-your-own-agent.md": ("openai", "pydantic_ai")}


def says(call: ProviderCall) -> Reply:
    """What a sensible model says to what the guides ask."""
    last = call.body["messages"][-1]
    if "You judge" in str(call.body["messages"][0]["content"]):
        return Reply('{"rationale": "It is.", "grade": 5}')
    text = str(last.get("content"))
    if "An assistant works by these instructions" in text:
        return Reply("```\nAlways write the unit km after the number.\n```")
    if stop := re.search(r"stop (\d+)", text):
        return Reply(f"{stop[1]} km" if "unit km" in str(call.body["messages"][0]["content"]) else stop[1])
    if last["role"] == "tool":
        return Reply(f"It is {text}.")
    if call.body.get("response_format"):
        return Reply(PLAN)
    tools = [tool["function"]["name"] for tool in call.body.get("tools") or ()]
    if "calculator" in tools and (sum_ := re.search(r"\d+ \* \d+", text)):
        return Reply(tools=[Tool("calculator", {"expression": sum_[0]})], delay=0.3)
    return Reply("Hello there, friend.")


GUIDES = (
    "first-agent.md",
    "tools.md",
    "goals-and-plans.md",
    "models-and-costs.md",
    "bring-your-own-agent.md",
    "when-it-crashes.md",
    "evaluate.md",
    "subscribe-and-integrate.md",
    "mcp-clients.md",
    "learn-from-feedback.md",
)


@pytest.mark.parametrize("name", GUIDES)
def test_what_a_guide_says_works(name: str, tmp_path: Path) -> None:
    if missing := [each for each in NEEDED.get(name, ()) if importlib.util.find_spec(each) is None]:
        pytest.skip(f"not installed: {', '.join(missing)}")
    with scripted_platform() as platform:
        platform.models.otherwise = says
        provide(platform, "local", LOCAL, paid=False)
        script = written_out(ROOT / "docs" / name, platform, tmp_path)
        with nothing_left_behind(platform):
            done = subprocess.run(
                ["bash", "-euxo", "pipefail", "-c", script],
                cwd=tmp_path,
                env=environment(platform, tmp_path),
                stdin=subprocess.DEVNULL,
                capture_output=True,
                text=True,
                timeout=LONGEST,
            )
    assert done.returncode == 0, f"{done.stdout}\n{done.stderr}"
    assert "Traceback" not in done.stderr


def written_out(guide: Path, platform: ScriptedPlatform, folder: Path) -> str:
    """The commands of a guide as one script; the files that it shows are written into the folder."""
    commands: list[str] = []
    for language, code in FENCE.findall(guide.read_text()):
        if language == "sh":
            commands.append(code.replace("localhost:8000", platform.url.removeprefix("http://")))
        elif language == "python" and (named := FILE_NAME.match(code)):
            (folder / named[1]).write_text(code)
    assert commands
    script = "\n".join(commands)
    unused = [file.stem for file in folder.glob("*.py") if file.stem not in script]
    return "\n".join([script, *(f"python3 -c 'import {name}'" for name in unused)])


def environment(platform: ScriptedPlatform, folder: Path) -> dict[str, str]:
    """Of a person who has installed the platform, and follows the guide."""
    programs = folder / "bin"
    programs.mkdir()
    for name, start in (("platform", f'"{sys.executable}" -m agentic'), ("python3", f'"{sys.executable}"')):
        (programs / name).write_text(f'#!/bin/sh\nexec {start} "$@"\n')
        (programs / name).chmod(0o755)
    addresses = {
        f"PLATFORM_{layer}_URL": platform.layers[layer]
        for layer in ("L01", "L02", "L03", "L04", "L05", "L06", "L07")
    }
    return {
        **plain_environment(),
        **platform.environment,
        **addresses,
        "PATH": f"{programs}:{os.environ['PATH']}",
        "PYTHONPATH": str(ROOT),
        "PLATFORM_PORT": "0",
        "PLATFORM_V1": f"{platform.url}/v1",
    }


@contextmanager
def nothing_left_behind(platform: ScriptedPlatform) -> Generator[None]:
    """Ends a platform that a guide has started."""
    try:
        yield
    finally:
        state = platform.data_dir / "platform.json"
        if state.exists() and (pid := json.loads(state.read_text())["pid"]) != platform.status["pid"]:
            process = psutil.Process(pid)
            family = [process, *process.children(recursive=True)]
            process.send_signal(signal.SIGTERM)
            wait_until_gone(family)


def test_every_guide_is_tried() -> None:
    assert set(GUIDES) <= {path.name for path in (ROOT / "docs").glob("*.md")}
    assert shutil.which("bash") and shutil.which("curl"), "the guides need both"
