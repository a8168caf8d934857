"""An agent's own folder: no path leads out of it, whatever a model writes and whatever lies in the way."""

from __future__ import annotations

import os
import stat
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import Any
from uuid import uuid4

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from agentic.layers.L03_tool_execution.builtin.folder import AgentFolder, parts_of
from agentic.layers.L03_tool_execution.errors import (
    FolderFullError,
    PathError,
    ToolLayerError,
    ToolRefusedError,
)

AGENT, OTHER = str(uuid4()), str(uuid4())
SECRET = b"of another"

PIECES = st.sampled_from(
    [
        *(
            "..",
            ".",
            "",
            "/",
            "//",
            "a",
            "notes",
            "link",
            "linked",
            "dangling",
            "loop",
            "~",
            "~root",
            "%2e%2e",
        ),
        *("..%2f", "\\", "..\\", "C:", "\0", "\u2024\u2024", "\uff0e\uff0e", "\ud800", " ", "...", "secret"),
        *(OTHER, "hard", "fifo", "x" * 300, "outside", "etc", "passwd"),
    ]
)
PATHS = st.one_of(
    st.lists(PIECES, max_size=8).map("/".join),
    st.lists(PIECES, max_size=8).map("".join),
    st.text(max_size=40),
)


class World:
    """Folders of two agents, and around them what nobody may reach."""

    def __init__(self, base: Path) -> None:
        self.root = base / "agents"
        self.outside = base / "outside"
        self.outside.mkdir()
        (self.outside / "secret").write_bytes(SECRET)
        (self.root / OTHER).mkdir(parents=True)
        (self.root / OTHER / "secret").write_bytes(SECRET)
        own = self.own = self.root / AGENT
        (own / "notes").mkdir(parents=True)
        (own / "a").write_bytes(b"mine")
        (own / "link").symlink_to(self.outside / "secret")
        (own / "linked").symlink_to(self.outside)
        (own / "notes" / "linked").symlink_to("../../" + OTHER)
        (own / "dangling").symlink_to(self.outside / "new")
        (own / "loop").symlink_to("loop")
        os.mkfifo(own / "fifo")

    def folder(self, **limits: int) -> AgentFolder:
        return AgentFolder(self.root, AGENT, **{"max_file": 1000, "max_folder": 10_000, **limits})

    def seen_from_outside(self) -> dict[str, bytes]:
        """All that lies outside the agent's folder."""
        found = {}
        for top in (self.outside, self.root / OTHER, self.root.parent):
            for path in top.iterdir():
                found[str(path)] = path.read_bytes() if path.is_file() else b""
        return found


@pytest.fixture
def world(tmp_path: Path) -> World:
    return World(tmp_path)


@settings(max_examples=400, deadline=None)
@given(path=PATHS)
def test_no_path_leads_out(path: str) -> None:
    with tempfile.TemporaryDirectory() as base:
        world = World(Path(base))
        folder = world.folder()
        before = world.seen_from_outside()
        outcomes: list[Any] = []
        operations: list[Callable[[], Any]] = [
            lambda: folder.read(path),
            lambda: folder.list(path),
            lambda: folder.write(path, b"written"),
            lambda: folder.read(path),
        ]
        for operation in operations:
            try:
                outcomes.append(operation())
            except ToolLayerError as error:
                outcomes.append(error)
        assert world.seen_from_outside() == before
        assert SECRET not in outcomes
        assert not any(
            isinstance(each, list) and any(e["name"] == "secret" for e in each) for each in outcomes
        )


@pytest.mark.parametrize(
    "path",
    [
        "../x",
        "a/../../x",
        "/etc/passwd",
        "~/x",
        "notes/../../x",
        "..",
        "C:/x",
        "..\\x",
        "linked/x",
        "link",
        "notes/linked/secret",
        "x\0y",
        "\ud800",
    ],
)
def test_what_leads_out_is_called_so(world: World, path: str) -> None:
    for operation in (lambda: world.folder().read(path), lambda: world.folder().write(path, b"")):
        with pytest.raises(PathError):
            operation()


def test_what_is_written_is_read_and_listed(world: World) -> None:
    folder = world.folder()
    assert folder.write("notes/today/list.md", b"milk") is True
    assert folder.write("./notes//today/list.md", b"bread") is False
    assert folder.read("notes/today/list.md") == b"bread"
    assert folder.list("notes/today") == [{"name": "list.md", "kind": "file", "bytes": 5}]
    assert {
        "name": "link",
        "kind": "other",
        "bytes": len(str((world.own / "link").readlink())),
    } in folder.list("")
    assert {"name": "notes", "kind": "folder"} in folder.list(".")
    assert stat.S_IMODE((world.own / "notes/today/list.md").stat().st_mode) == 0o600


def test_a_file_that_is_a_link_is_not_written_through(world: World) -> None:
    for name in ("link", "dangling", "loop", "fifo"):
        with pytest.raises(PathError):
            world.folder().write(name, b"x")
    assert not (world.outside / "new").exists()


def test_a_pipe_is_not_waited_for(world: World) -> None:
    with pytest.raises(PathError):
        world.folder().read("fifo")


def test_a_folder_that_is_swapped_for_a_link_is_not_entered(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    real = os.open

    def swapping(path: Any, flags: int, *args: Any, **options: Any) -> int:
        if path == "notes":
            (world.own / "notes").rename(world.own / "was")
            (world.own / "notes").symlink_to(world.outside)
        return real(path, flags, *args, **options)

    monkeypatch.setattr(os, "open", swapping)
    with pytest.raises(PathError):
        world.folder().read("notes/secret")


def test_a_folder_has_an_end(world: World) -> None:
    with pytest.raises(FolderFullError):
        world.folder().write("big", b"x" * 1001)
    folder = world.folder(max_folder=100)
    folder.write("one", b"x" * 90)
    with pytest.raises(FolderFullError):
        folder.write("two", b"x" * 20)
    folder.write("one", b"y" * 95)
    assert [each["name"] for each in folder.list("")] == sorted(
        ["one", "a", "notes", "link", "linked", "dangling", "loop", "fifo"]
    )


def test_what_is_not_there_is_said_to_the_model(world: World) -> None:
    for wrong in ("missing", "missing/x", "a/x"):
        with pytest.raises(ToolRefusedError):
            world.folder().read(wrong)
    with pytest.raises(ToolRefusedError, match="is a folder"):
        world.folder().read("notes")
    with pytest.raises(PathError, match="names no file"):
        parts_of("", file=True)


def test_the_name_of_the_folder_is_a_uuid_or_nothing(tmp_path: Path) -> None:
    with pytest.raises(ValueError):
        AgentFolder(tmp_path, "../x", max_file=1, max_folder=1)
