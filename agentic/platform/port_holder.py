"""Who listens on a port, so that "address in use" can name the program that is in the way."""

from __future__ import annotations

import contextlib
import pwd
import shutil
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Final

_LISTEN: Final = "0A"  # the state of a listening socket in /proc/net/tcp, proc(5)


@dataclass(frozen=True)
class PortHolder:
    """The process that listens on a port, as far as the system tells us."""

    pid: int | None
    command: str
    user: str

    def __str__(self) -> str:
        if self.pid is None:
            return f"a process of the user {self.user!r}" if self.user else "another process"
        return f"{self.command} (process {self.pid})" if self.command else f"process {self.pid}"


def find_holder(port: int) -> PortHolder:
    """Who listens on `port` at any address; what cannot be seen stays empty."""
    return _from_proc(port) if sys.platform == "linux" else _from_lsof(port)


def _from_proc(port: int) -> PortHolder:
    owners = _listeners(port)
    for inode in owners:
        if (pid := _process_with(inode)) is not None:
            return PortHolder(pid, _command_of(pid), "")
    return PortHolder(None, "", next((_user(uid) for uid in owners.values()), ""))


def _listeners(port: int) -> dict[str, int]:
    """The socket inodes that listen on a port, and the uid of each."""
    found: dict[str, int] = {}
    for table in ("tcp", "tcp6"):
        with contextlib.suppress(OSError):
            for line in Path("/proc/net", table).read_text().splitlines()[1:]:
                fields = line.split()
                if fields[3] == _LISTEN and int(fields[1].rpartition(":")[2], 16) == port:
                    found[fields[9]] = int(fields[7])
    return found


def _process_with(inode: str) -> int | None:
    wanted = f"socket:[{inode}]"
    for process in Path("/proc").iterdir():
        if not process.name.isdigit():
            continue
        with contextlib.suppress(OSError):  # it ended, or belongs to another user
            for descriptor in (process / "fd").iterdir():
                with contextlib.suppress(OSError):
                    if str(descriptor.readlink()) == wanted:
                        return int(process.name)
    return None


def _command_of(pid: int) -> str:
    with contextlib.suppress(OSError):
        words = Path(f"/proc/{pid}/cmdline").read_bytes().rstrip(b"\0").split(b"\0")
        return shorten(b" ".join(words).decode(errors="replace"))
    return ""


def _user(uid: int) -> str:
    try:
        return pwd.getpwuid(uid).pw_name
    except KeyError:
        return str(uid)


def _from_lsof(port: int) -> PortHolder:
    """For macOS, which has no /proc but brings lsof."""
    program = shutil.which("lsof")
    if program is None:
        return PortHolder(None, "", "")
    command = [program, "-nP", f"-iTCP:{port}", "-sTCP:LISTEN", "-F", "pcL"]
    listing = subprocess.run(command, capture_output=True, text=True, errors="replace")  # noqa: S603 - fixed
    return parse_lsof(listing.stdout)


def parse_lsof(listing: str) -> PortHolder:
    """The first process in the output of `lsof -F pcL`: one field a line, named by its first letter."""
    fields: dict[str, str] = {}
    for line in listing.splitlines():
        fields.setdefault(line[:1], line[1:])
    pid = int(fields["p"]) if fields.get("p", "").isdigit() else None
    return PortHolder(pid, shorten(fields.get("c", "")), fields.get("L", ""))


def shorten(text: str, limit: int = 80) -> str:
    """A command line on one line of a terminal."""
    return text if len(text) <= limit else f"{text[: limit - 1]}…"
