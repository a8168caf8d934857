"""What is vendored: every file has a licence beside it, and says from which release of what it is."""

import re
from pathlib import Path

import pytest

import agentic

VENDOR = Path(agentic.__file__).parent / "static" / "vendor"
FOLDERS = sorted(path for path in VENDOR.iterdir())
each_folder = pytest.mark.parametrize("folder", FOLDERS, ids=lambda path: path.name)


def code(folder: Path) -> set[str]:
    """The names of its files but for licences and the like, which packages bring in any number."""
    legal = re.compile(r"VERSION|NOTICE|.*LICENSE.*")
    return {path.name for path in folder.rglob("*") if path.is_file() and not legal.fullmatch(path.name)}


def test_something_is_vendored_and_each_in_a_folder_of_its_own() -> None:
    assert FOLDERS and all(path.is_dir() for path in FOLDERS)


@each_folder
def test_the_licence_stands_beside_it(folder: Path) -> None:
    text = (folder / "LICENSE").read_text()
    words = r"permission to use, copy, modify|permission is hereby granted|Apache License\s+Version 2\.0"
    assert re.search(words, text, re.IGNORECASE)


@each_folder
def test_package_and_version_are_said_and_every_file_is_named(folder: Path) -> None:
    said = (folder / "VERSION").read_text()
    assert re.match(r"[\w.@/-]+ \d+\.\d+\.\d+\n", said)
    assert not {name for name in code(folder) if name not in said}


def test_htmx_is_the_version_that_it_says() -> None:
    version = (VENDOR / "htmx" / "VERSION").read_text().split()[1]
    assert f'"{version}"' in (VENDOR / "htmx" / "htmx.min.js").read_text()


def test_every_vendored_file_is_used() -> None:
    package = VENDOR.parents[1]
    ours = [*package.rglob("*.py"), *(package / "templates").rglob("*.html")]
    text = "\n".join(path.read_text() for path in ours)
    assert not {name for folder in FOLDERS for name in code(folder) if name not in text}
