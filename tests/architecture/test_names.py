"""Names that would trip somebody: modules that shadow the standard library, rooms without a name."""

import importlib
import sys
from pathlib import Path

import pytest

import agentic

ROOT = Path(agentic.__file__).parent
NAMELESS = {"utils", "helpers", "manager", "misc", "common"}


def test_nothing_of_ours_stands_at_the_top_of_the_import_path() -> None:
    top = {path.stem for path in ROOT.parent.iterdir() if path.is_dir() and (path / "__init__.py").exists()}
    assert not top & sys.stdlib_module_names


def test_no_file_is_named_for_nothing() -> None:
    assert not [path for path in ROOT.rglob("*.py") if path.stem in NAMELESS]


def test_the_package_platform_refuses_to_be_imported_as_the_standard_module(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.syspath_prepend(str(ROOT))
    monkeypatch.delitem(sys.modules, "platform")
    with pytest.raises(ImportError, match="agentic/platform"):
        importlib.import_module("platform")


def test_no_file_is_two() -> None:
    long = {
        str(path.relative_to(ROOT)): lines
        for path in ROOT.rglob("*.py")
        if "migrations" not in path.parts and (lines := len(path.read_text().splitlines())) > 420
    }
    assert not long
