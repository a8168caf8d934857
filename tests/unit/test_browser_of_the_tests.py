"""Tests in a browser are never left out unseen."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.kit import browser


@pytest.fixture(autouse=True)
def nothing(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """A machine without a browser."""
    monkeypatch.setenv("PATH", str(tmp_path))
    monkeypatch.delenv("CHROMIUM", raising=False)
    monkeypatch.delenv("CI", raising=False)


def test_a_person_may_do_without() -> None:
    with pytest.raises(pytest.skip.Exception, match="apt-get install chromium"):
        browser.chromium()


def test_ci_may_not(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CI", "true")
    with pytest.raises(pytest.fail.Exception, match="apt-get install chromium"):
        browser.chromium()


def test_one_that_is_there_is_taken(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    (tmp_path / "chromium-browser").touch(mode=0o755)
    assert browser.chromium() == str(tmp_path / "chromium-browser")
    monkeypatch.setenv("CHROMIUM", "/elsewhere/chrome")
    assert browser.chromium() == "/elsewhere/chrome"
