"""Addresses in the environment that can be none: said by every command, without a traceback and without a password."""

from __future__ import annotations

from pathlib import Path

import pytest

from agentic.platform.exit_codes import FAILED, NOT_RUNNING
from tests.kit.commands import Ended, run

BAD = (
    ("DATABASE_URL", "postgresql://u:quick/silver@localhost:5432/agentic", "percent-encoded"),
    ("DATABASE_URL", "mysql://u:quicksilver@localhost/agentic", "postgresql://user:password@host"),
    ("REDIS_URL", "redis://:quick/silver@localhost:6379", "percent-encoded"),
    ("REDIS_URL", "quicksilver@localhost", "redis://user:password@host"),
    ("REDIS_URL", "redis://:quicksilver@localhost:6379?colour=blue", "colour"),
)


def said(ended: Ended) -> str:
    """Everything, as one line."""
    return " ".join((ended.out + ended.error).split())


@pytest.mark.parametrize(("name", "url", "words"), BAD)
def test_up_and_doctor_say_what_is_wrong(data_dir: Path, name: str, url: str, words: str) -> None:
    where = ("--port", 0, "--data-dir", data_dir)
    for arguments in (("up", *where), ("doctor", *where), ("doctor", "--json", *where)):
        ended = run(*arguments, environment={name: url})
        text = said(ended)
        assert ended.code == FAILED, text
        assert words in text and name.lower() in text.lower()
        assert "Traceback" not in text and not any(part in text for part in ("quick", "silver")), text
    assert not (data_dir / "platform.json").exists()


@pytest.mark.parametrize("command", [("up", "--separate", "--port", "0"), ("keys", "list"), ("check",)])
def test_so_do_those_that_need_the_database(data_dir: Path, command: tuple[str, ...]) -> None:
    ended = run(*command, "--data-dir", data_dir, environment={BAD[0][0]: BAD[0][1]})
    assert ended.code == FAILED
    assert "database_url" in ended.error and "Traceback" not in ended.error and "quick" not in ended.error


def test_status_does_not_need_them(data_dir: Path) -> None:
    ended = run("status", "--data-dir", data_dir, environment={"DATABASE_URL": "x", "REDIS_URL": "y"})
    assert ended.code == NOT_RUNNING and "No platform is running" in ended.error


def test_a_database_that_is_not_there_is_named_with_the_reason(data_dir: Path) -> None:
    address = "postgresql://u:quicksilver@127.0.0.1:9/agentic"
    ended = run("up", "--port", 0, "--data-dir", data_dir, environment={"DATABASE_URL": address})
    assert ended.code == FAILED
    assert "E1010" in ended.error and "refused" in ended.error
    assert "Traceback" not in ended.error and "quicksilver" not in ended.error
