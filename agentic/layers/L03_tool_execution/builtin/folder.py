"""An agent's own folder, which no path leaves: neither by `..`, nor by an absolute path, nor through a symbolic link.

A path is never handed to the system as a whole. Each part is opened below the one before, without following links, so
that what was looked at is what is used, whatever somebody changes meanwhile.
"""

from __future__ import annotations

import contextlib
import errno
import os
import secrets
import stat
from collections.abc import Generator, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Final
from uuid import UUID

from agentic.layers.L03_tool_execution.errors import FolderFullError, PathError, ToolRefusedError

MOST_PARTS: Final = 32
MOST_LISTED: Final = 1000
MOST_FILES: Final = 20_000
LONGEST_NAME: Final = 255
_FOLDER: Final = os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC
_READ: Final = os.O_RDONLY | os.O_NOFOLLOW | os.O_CLOEXEC | os.O_NONBLOCK
_UNFINISHED: Final = ".unfinished-"


class AgentFolder:
    """The files of one agent, below `root`."""

    def __init__(self, root: Path, agent_id: str, *, max_file: int, max_folder: int) -> None:
        self._root = root
        self._name = str(UUID(agent_id))
        self._max_file = max_file
        self._max_folder = max_folder

    def read(self, path: str) -> bytes:
        """The content of a file.

        Raises:
            PathError: the path leads elsewhere, or to no plain file.
            ToolRefusedError: there is no such file, or it is too large.
        """
        *folders, name = parts_of(path, file=True)
        with self._opened(folders) as folder:
            descriptor = _open(name, _READ, folder, path)
            try:
                mode = os.fstat(descriptor).st_mode
                if stat.S_ISDIR(mode):
                    raise ToolRefusedError(f"{path} is a folder.")
                if not stat.S_ISREG(mode):
                    raise PathError(f"{path} is no plain file.")
                with os.fdopen(descriptor, "rb", closefd=False) as file:
                    data = file.read(self._max_file + 1)
            finally:
                os.close(descriptor)
        if len(data) > self._max_file:
            raise ToolRefusedError(
                f"{path} is larger than {self._max_file} bytes, which is the most that is read."
            )
        return data

    def write(self, path: str, data: bytes) -> bool:
        """Gives a file this content, as a whole or not at all; answers whether it is new.

        Raises:
            PathError: the path leads elsewhere, or to no plain file.
            FolderFullError: it would be too much.
        """
        *folders, name = parts_of(path, file=True)
        if len(data) > self._max_file:
            raise FolderFullError(f"{path} would have {len(data)} bytes; a file may have {self._max_file}.")
        with self._opened(folders, make=True) as folder:
            there = _plain(name, folder, path)
            self._require_room(len(data) - (there or 0))
            passing = f"{_UNFINISHED}{secrets.token_hex(8)}"
            flags = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW | os.O_CLOEXEC
            descriptor = os.open(passing, flags, 0o600, dir_fd=folder)
            try:
                with os.fdopen(descriptor, "wb") as file:
                    file.write(data)
                    file.flush()
                    os.fsync(descriptor)
                os.replace(passing, name, src_dir_fd=folder, dst_dir_fd=folder)
            except BaseException:
                with contextlib.suppress(OSError):
                    os.unlink(passing, dir_fd=folder)
                raise
        return there is None

    def list(self, path: str) -> list[dict[str, Any]]:
        """What is in a folder: name, kind and size of each entry, by name.

        Raises:
            PathError: the path leads elsewhere.
            ToolRefusedError: there is no such folder.
        """
        folders = parts_of(path, file=False)
        with self._opened(folders) as folder:
            entries = [_described(name, folder) for name in _names(folder)]
        return [entry for entry in entries if entry is not None]

    @contextmanager
    def _opened(self, folders: list[str], *, make: bool = False) -> Generator[int]:
        """The folder at the end of `folders`, opened step by step."""
        own = self._root / self._name
        own.mkdir(mode=0o700, parents=True, exist_ok=True)
        descriptor = os.open(own, _FOLDER)
        try:
            gone: list[str] = []
            for name in folders:
                gone.append(name)
                if make:
                    with contextlib.suppress(FileExistsError):
                        os.mkdir(name, 0o700, dir_fd=descriptor)
                below = _open(name, _FOLDER, descriptor, "/".join(gone))
                os.close(descriptor)
                descriptor = below
            yield descriptor
        finally:
            os.close(descriptor)

    def _require_room(self, size: int) -> None:
        total = count = 0
        for entry in _all_files(self._root / self._name):
            total += entry
            count += 1
        if total + size > self._max_folder or count >= MOST_FILES:
            raise FolderFullError(
                f"The folder holds {count} files with {total} bytes; {self._max_folder} bytes and {MOST_FILES} files "
                "are the most."
            )


def parts_of(path: str, *, file: bool) -> list[str]:
    """The parts of a path below the folder.

    Raises:
        PathError: it leads out of it, or is no path.
    """
    if "\0" in path:
        raise PathError("A path has no NUL in it.")
    if path.startswith(("/", "~", "\\")) or "\\" in path or path[1:2] == ":":
        raise PathError(
            f"{path!r} is not below your folder: name it as notes/today.md, without a / in front."
        )
    parts = [part for part in path.split("/") if part not in ("", ".")]
    if ".." in parts:
        raise PathError(f"{path!r} leads out of your folder.")
    if len(parts) > MOST_PARTS or any(
        len(os.fsencode(part)) > LONGEST_NAME for part in _encodable(parts, path)
    ):
        raise PathError("The path is too long.")
    if file and not parts:
        raise PathError(f"{path!r} names no file.")
    return parts


def _encodable(parts: list[str], path: str) -> list[str]:
    try:
        for part in parts:
            part.encode()
    except UnicodeEncodeError:
        raise PathError(f"{path!r} is no text.") from None
    return parts


def _open(name: str, flags: int, folder: int, path: str) -> int:
    try:
        return os.open(name, flags, dir_fd=folder)
    except FileNotFoundError:
        raise ToolRefusedError(f"There is no {path}.") from None
    except OSError as error:
        if error.errno in (errno.ELOOP, errno.ENOTDIR, errno.EMLINK) and _is_link(name, folder):
            raise PathError(f"{path} is a link, which is not followed.") from None
        raise ToolRefusedError(f"{path} cannot be opened: {error.strerror}.") from None


def _is_link(name: str, folder: int) -> bool:
    try:
        return stat.S_ISLNK(os.stat(name, dir_fd=folder, follow_symlinks=False).st_mode)
    except OSError:
        return False


def _plain(name: str, folder: int, path: str) -> int | None:
    """The size of the file, when it is there already.

    Raises:
        PathError: what is there is no plain file.
    """
    try:
        found = os.stat(name, dir_fd=folder, follow_symlinks=False)
    except FileNotFoundError:
        return None
    if not stat.S_ISREG(found.st_mode):
        raise PathError(f"{path} is {'a folder' if stat.S_ISDIR(found.st_mode) else 'no plain file'}.")
    return found.st_size


def _names(folder: int) -> list[str]:
    with os.scandir(folder) as entries:
        return sorted(entry.name for entry in entries)[:MOST_LISTED]


def _described(name: str, folder: int) -> dict[str, Any] | None:
    if name.startswith(_UNFINISHED):
        return None
    try:
        found = os.stat(name, dir_fd=folder, follow_symlinks=False)
    except FileNotFoundError:
        return None
    shown = name.encode(errors="replace").decode()
    if stat.S_ISDIR(found.st_mode):
        return {"name": shown, "kind": "folder"}
    return {"name": shown, "kind": "file" if stat.S_ISREG(found.st_mode) else "other", "bytes": found.st_size}


def _all_files(folder: Path) -> Iterator[int]:
    """The size of each entry; one that is no plain file takes no room of its own."""
    for _, _, names, descriptor in os.fwalk(folder, follow_symlinks=False):
        for name in names:
            with contextlib.suppress(FileNotFoundError):
                found = os.stat(name, dir_fd=descriptor, follow_symlinks=False)
                yield found.st_size if stat.S_ISREG(found.st_mode) else 0
