"""`platform keys`: made beside a platform that runs and without one; shown once; revoked at once."""

import json
import time
from collections.abc import Generator
from pathlib import Path

import httpx2
import pytest

from agentic.platform.commands.keys import SpanError, span
from agentic.platform.exit_codes import FAILED, OK
from tests.kit.commands import PATIENCE, Ended, run, up
from tests.kit.servers import temporary_folder


class Platform:
    """A platform that runs, and the commands that are given beside it."""

    def __init__(self, data_dir: Path, url: str) -> None:
        self.data_dir, self.url = data_dir, url

    def keys(self, *arguments: object) -> Ended:
        return run("keys", *arguments, "--data-dir", self.data_dir)

    def answer(self, key: str, method: str = "GET") -> int:
        """The status that a request with the key gets."""
        headers, url = {"X-API-Key": key}, f"{self.url}/api/v1/agents"
        return httpx2.request(
            method, url, headers=headers, json={"name": "x"} if method == "POST" else None
        ).status_code


@pytest.fixture(scope="module")
def platform() -> Generator[Platform]:
    with temporary_folder() as folder, up(folder / "data") as running:
        yield Platform(folder / "data", running.wait_until_it_runs()["url"])


def test_a_key_is_shown_once_and_works_at_once(platform: Platform) -> None:
    made = platform.keys("create", "reader", "--scope", "read", "--expires", "30d")
    key = made.out.strip()
    assert made.code == OK and key.startswith("agk_") and key not in made.error
    assert "only now" in made.error and "X-API-Key" in made.error
    assert platform.answer(key) == 200
    assert platform.answer(key, "POST") == 403

    listed = platform.keys("list")
    assert listed.code == OK and "reader" in listed.out and "valid" in listed.out
    assert key not in listed.out
    (record,) = [each for each in json.loads(platform.keys("list", "--json").out) if each["name"] == "reader"]
    assert record["scopes"] == ["read"] and record["expires_at"] and "key_hash" not in record


def test_a_key_may_write_unless_told_otherwise(platform: Platform) -> None:
    key = platform.keys("create", "writer").out.strip()
    assert platform.answer(key, "POST") == 201


def test_a_revoked_key_stops_working_by_itself(platform: Platform) -> None:
    key = platform.keys("create", "leaver").out.strip()
    assert platform.answer(key) == 200
    revoked = platform.keys("revoke", "leaver")
    assert revoked.code == OK and "revoked" in revoked.error
    deadline = time.monotonic() + PATIENCE
    while platform.answer(key) == 200:
        assert time.monotonic() < deadline
        time.sleep(0.05)
    assert platform.answer(key) == 401
    assert "revoked" in platform.keys("list").out


def test_what_is_wrong_is_said(platform: Platform) -> None:
    unknown = platform.keys("revoke", "nobody")
    assert unknown.code == FAILED and "no key 'nobody'" in unknown.error
    assert platform.keys("create", "x", "--scope", "everything").code == 2
    soon = platform.keys("create", "x", "--expires", "soon")
    assert soon.code == FAILED and "30d" in soon.error and soon.out == ""


def test_a_key_made_before_the_first_start_opens_the_platform(data_dir: Path) -> None:
    nothing = run("keys", "list", "--data-dir", data_dir)
    assert nothing.code == FAILED and "no database" in nothing.error and not data_dir.exists()
    key = run("keys", "create", "first", "--scope", "admin", "--data-dir", data_dir).out.strip()
    with up(data_dir) as running:
        platform = Platform(data_dir, running.wait_until_it_runs()["url"])
        assert platform.answer(key) == 200


@pytest.mark.parametrize(("text", "hours"), [("12h", 12), ("30d", 720), (" 2W ", 336), ("120m", 2)])
def test_a_span_is_a_number_and_a_unit(text: str, hours: int) -> None:
    assert span(text).total_seconds() == hours * 3600


@pytest.mark.parametrize("text", ["", "30", "d", "0d", "-1d", "1y", "1.5d", "999999w"])
def test_other_spans_are_refused(text: str) -> None:
    with pytest.raises(SpanError):
        span(text)
