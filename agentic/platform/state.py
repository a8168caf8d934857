"""What a running platform says of itself, in `platform.json` of its data folder: for `platform status` and other commands.

The file alone proves nothing: a platform that was killed leaves it behind. It counts while the process that wrote it
holds the folder's lock, which the kernel takes from a dead one.
"""

from __future__ import annotations

from collections.abc import Generator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Final, Literal

import msgspec

from agentic.platform.embedded import DataFolderError, holder
from agentic.platform.servers.folder import DataFolder
from agentic.platform.stores import Store

STATE_FILE: Final = "platform.json"

Mode = Literal["one process", "separate"]


class LayerState(msgspec.Struct, frozen=True):
    """Where one layer answers."""

    id: str
    title: str
    url: str
    pid: int


class PlatformState(msgspec.Struct, frozen=True):
    """A running platform."""

    version: str
    pid: int
    started_at: str
    mode: Mode
    url: str
    data_dir: str
    log: str
    layers: list[LayerState]
    database: Store
    bus: Store

    def layer(self, layer_id: str) -> LayerState | None:
        """One of its layers."""
        return next((layer for layer in self.layers if layer.id == layer_id), None)


@contextmanager
def published(state: PlatformState) -> Generator[None]:
    """The state file, for as long as the block lasts. Only its owner reads it."""
    write_state(state)
    try:
        yield
    finally:
        _path(Path(state.data_dir)).unlink(missing_ok=True)


def write_state(state: PlatformState) -> None:
    """Writes the state file, whole or not at all."""
    path = Path(state.data_dir)
    DataFolder(path).write(_path(path), as_json(state) + "\n")


def as_json(state: PlatformState, **more: Any) -> str:
    """The state, and what is known beyond it, for programs."""
    return msgspec.json.format(msgspec.json.encode(msgspec.structs.asdict(state) | more), indent=2).decode()


def read_state(data_dir: Path) -> PlatformState | None:
    """The platform that runs on a data folder; None when none does, or it is still starting.

    Raises:
        DataFolderError: the folder is another user's.
    """
    held = holder(data_dir)
    path = _path(data_dir.expanduser())
    if held is None:
        return None
    try:
        state = msgspec.json.decode(path.read_bytes(), type=PlatformState)
    except (FileNotFoundError, msgspec.MsgspecError):
        return None
    except PermissionError as error:
        raise DataFolderError(f"{path} belongs to another user: run the command as that user.") from error
    return state if state.pid == held.pid else None


def _path(data_dir: Path) -> Path:
    return data_dir / STATE_FILE
