"""What `platform` itself says, and that it says it without loading what only its commands need."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from agentic import __version__
from agentic.platform import exit_codes
from tests.kit.commands import plain_environment, run

HEAVY = ("alembic", "asyncpg", "fastapi", "httpx2", "pydantic", "redis", "sqlalchemy", "structlog", "uvicorn")


def test_the_help_says_what_the_exit_codes_mean() -> None:
    said = " ".join(run("--help").out.split())
    for code in (exit_codes.IN_USE, exit_codes.PORT_TAKEN, exit_codes.NOT_RUNNING, exit_codes.REFUSED):
        assert f"{code} " in said


COMMANDS = ["up", "status", "layer", "verify", "doctor", "check", "errors", "version", "db", "keys"]
COMMANDS += [f"db {name}" for name in ("migrate", "dump", "restore", "reset")]
COMMANDS += [f"keys {name}" for name in ("create", "list", "revoke")]


@pytest.mark.parametrize("command", COMMANDS)
def test_every_command_has_help(command: str) -> None:
    ended = run(*command.split(), "--help")
    assert ended.code == exit_codes.OK and "Usage" in ended.out


def test_the_version() -> None:
    assert run("version").out.strip() == __version__


@pytest.mark.parametrize(
    "arguments", [("upp",), ("up", "--port", "x"), ("up", "--port", "65536"), ("layer",)]
)
def test_wrong_usage(arguments: tuple[str, ...]) -> None:
    assert run(*arguments).code == 2


def test_a_setting_that_cannot_be_used_is_named(tmp_path: Path) -> None:
    ended = run("up", "--data-dir", tmp_path / "data", environment={"PLATFORM_LOG_LEVEL": "loud"})
    assert ended.code == exit_codes.FAILED
    assert "log_level" in ended.error and "Traceback" not in ended.error


def test_a_setting_that_is_no_json_is_named(data_dir: Path) -> None:
    ended = run("up", "--port", 0, "--data-dir", data_dir, environment={"PLATFORM_HOSTS": "a.b"})
    assert ended.code == exit_codes.FAILED
    assert "hosts" in ended.error and "JSON" in ended.error and "Traceback" not in ended.error


def test_reading_the_command_line_loads_nothing_heavy() -> None:
    script = "import sys, agentic.cli; print(*(sys.modules.keys() & set(sys.argv[1:])))"
    loaded = subprocess.run(
        [sys.executable, "-c", script, *HEAVY],
        capture_output=True,
        text=True,
        check=True,
        env=plain_environment(),
    )
    assert loaded.stdout.split() == []
