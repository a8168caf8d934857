"""Why the embedded servers are not running: one class per reaction of the person in front of the terminal."""

from pathlib import Path

# Phrases of the servers' logs that have a plainer reading. The log's own lines are shown as well.
_READINGS = (
    ("No space left on device", "The disk is full."),
    ("error while loading shared libraries", "A shared library that it needs is missing on this system."),
    ("Library not loaded", "A shared library that it needs is missing on this system."),
    ("database files are incompatible with server", "Another version of PostgreSQL wrote its data folder."),
    ("could not create shared memory segment", "The kernel's limits on shared memory are too low."),
    ("could not create semaphores", "The kernel's limits on semaphores are too low."),
    ("Bad file format reading the append only file", "Its append-only file is damaged."),
    ('"postmaster.pid" already exists', "Another PostgreSQL is using its data folder."),
    ("pre-existing shared memory block", "Processes of an earlier PostgreSQL still use its data folder."),
    ("Permission denied", "It is not allowed to use a file or a folder."),
)


class EmbeddedError(Exception):
    """The embedded servers cannot run; the message says why and what helps."""


class DataFolderInUse(EmbeddedError):  # noqa: N818 - it reads as what happened
    """Another process holds the data folder: `pid` and the `address` it answers at, as far as they are known."""

    def __init__(self, folder: Path, pid: int | None, address: str | None) -> None:
        self.folder, self.pid, self.address = folder, pid, address
        process = f"process {pid}" if pid else "another process"
        where = f", which answers at {address}" if address else ""
        super().__init__(f"The data folder {folder} is in use by {process}{where}.")


class DataFolderError(EmbeddedError):
    """The data folder cannot be used as it is: its place, its owner, its content or its version is in the way."""


class AccountError(EmbeddedError):
    """No operating system account is fit to run the servers."""


class ProgramsMissingError(EmbeddedError):
    """A wheel that brings a server's programs is not installed, or has none for this machine."""


class ServerStartError(EmbeddedError):
    """A server did not start; `last_lines` are what its log ends with."""

    def __init__(self, server: str, reason: str, log: Path, last_lines: str) -> None:
        self.server, self.log, self.last_lines = server, log, last_lines
        parts = [f"{server} did not start: {reason}."]
        parts += [reading for phrase, reading in _READINGS if phrase in last_lines][:1]
        ending = f"\nThe end of {log}:\n{last_lines}" if last_lines else f"\nIts log, {log}, says nothing."
        super().__init__(" ".join(parts) + ending)
