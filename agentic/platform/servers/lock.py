"""Who holds a data folder: one platform at a time, by flock on `platform.lock`.

The kernel drops such a lock when its holder ends, however it ends, so there are no stale ones. It belongs to the open
file: a process that the platform forks without exec would share it, which is why children are started with exec, and why
it is given up by name.
"""

import asyncio
import contextlib
import fcntl
import json
import os
from collections.abc import AsyncGenerator, Generator
from contextlib import asynccontextmanager, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from agentic.platform.servers.errors import DataFolderError, DataFolderInUse

LOCK_FILE = "platform.lock"
_ATTEMPTS = 4


@dataclass(frozen=True)
class Holder:
    """Who holds a data folder, as far as it has said so."""

    pid: int | None
    address: str | None


class FolderLock:
    """The lock while we hold it."""

    def __init__(self, descriptor: int) -> None:
        self._descriptor = descriptor

    def announce(self, address: str | None) -> None:
        """Write down who we are, for those who find the folder held."""
        text = json.dumps({"pid": os.getpid(), "address": address}).encode()
        os.pwrite(self._descriptor, text, 0)
        os.ftruncate(self._descriptor, len(text))


@asynccontextmanager
async def hold(folder: Path) -> AsyncGenerator[FolderLock]:
    """Hold the folder. Raises DataFolderInUse, or DataFolderError where its file system knows no locks."""
    with _opened(folder / LOCK_FILE, os.O_RDWR | os.O_CREAT) as descriptor:
        for attempt in range(1, _ATTEMPTS + 1):
            if _locked(descriptor, fcntl.LOCK_EX):
                break
            if attempt == _ATTEMPTS:
                found = _read(descriptor)
                raise DataFolderInUse(folder, found.pid, found.address)
            await asyncio.sleep(0.05)  # somebody may be asking for the holder at this very moment
        leave_to_owner(descriptor, folder)
        lock = FolderLock(descriptor)
        lock.announce(None)
        yield lock
        os.ftruncate(descriptor, 0)
        # Not left to closing: a child between its fork and its exec has the open file too, and with it the lock.
        fcntl.flock(descriptor, fcntl.LOCK_UN)


def find_holder(folder: Path) -> Holder | None:
    """Who holds the folder at this moment; None when nobody does. Raises DataFolderError when we may not look."""
    try:
        with _opened(folder / LOCK_FILE, os.O_RDONLY) as descriptor:
            return None if _locked(descriptor, fcntl.LOCK_SH) else _read(descriptor)
    except FileNotFoundError:
        return None


def leave_to_owner(descriptor: int, folder: Path) -> None:
    """As root in a normal user's folder, make no file that this user cannot use afterwards."""
    if os.geteuid() == 0:
        os.fchown(descriptor, folder.stat().st_uid, -1)


@contextmanager
def _opened(path: Path, flags: int) -> Generator[int]:
    try:
        descriptor = os.open(path, flags | os.O_NOFOLLOW, 0o600)
    except FileNotFoundError:
        raise
    except PermissionError as error:
        raise DataFolderError(
            f"{path.parent} belongs to another user: run the command as that user."
        ) from error
    except OSError as error:
        raise DataFolderError(f"The lock {path} cannot be opened: {error.strerror}.") from error
    try:
        yield descriptor
    finally:
        os.close(descriptor)


def _locked(descriptor: int, kind: int) -> bool:
    try:
        fcntl.flock(descriptor, kind | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    except OSError as error:
        raise DataFolderError(
            f"The data folder cannot be locked ({error.strerror}): use one on a local disk."
        ) from error
    return True


def _read(descriptor: int) -> Holder:
    with contextlib.suppress(ValueError, KeyError, TypeError):
        said: dict[str, Any] = json.loads(os.pread(descriptor, 4096, 0))
        return Holder(said["pid"], said["address"])
    return Holder(None, None)
