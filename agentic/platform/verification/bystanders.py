"""The MCP services beside the platform, which the specification protects: seen before and after, and never touched.

Protected is PM2 with everything that it runs, and any program that calls itself MCP. Nothing of ours starts, stops or
signals them; what can be shown from outside is that each of them is still the same process, and none a child of ours.
"""

from __future__ import annotations

import contextlib
import re
import subprocess
import sys
from collections.abc import Callable, Collection
from pathlib import Path
from typing import Final, NamedTuple

from agentic.platform.verification.walk import CheckFailedError

_PM2: Final = re.compile(r"^PM2 v\S+ ?: God Daemon")
_MCP: Final = re.compile(r"(^|[-_.@])mcp([-_.@]|$)|context-orchestrator|document-consolidator", re.IGNORECASE)
_WORDS: Final = 4
"""How many words of a command line are looked at: interpreter, an option or two, program."""
_PS: Final = re.compile(r"\s*(\d+)\s+(\d+)\s+(\w+ +\w+ +\d+ [\d:]+ \d+)\s+(.*)")


class Process(NamedTuple):
    """A process; pid and start time together are its identity."""

    pid: int
    parent: int
    started: str
    command: str


class Bystanders:
    """The protected processes at the beginning. `ours` are the processes of the platform."""

    def __init__(self, ours: Collection[int], look: Callable[[], list[Process]] | None = None) -> None:
        self._ours = frozenset(ours)
        self._look = look or processes
        self._before = protected(self._look())

    def unaffected(self) -> str:
        """What was seen, when all of them still are what they were.

        Raises:
            CheckFailedError: one is not, or is a child of the platform.
        """
        everything = self._look()
        now = protected(everything)
        alive = {(process.pid, process.started) for process in now}
        gone = [process for process in self._before if (process.pid, process.started) not in alive]
        if gone:
            raise CheckFailedError(f"ended or started anew meanwhile: {_named(gone)}")
        children = [process for process in now if _descends(process, self._ours, everything)]
        if children:
            raise CheckFailedError(f"started by the platform: {_named(children)}")
        if not now:
            return "none runs on this machine, and the platform started none"
        return f"{len(self._before)} processes of PM2 or MCP, the same before and after; none is ours"


def protected(everything: list[Process]) -> list[Process]:
    """PM2, everything below it, and programs that call themselves MCP."""
    daemons = {process.pid for process in everything if _PM2.match(process.command)}
    return [
        process
        for process in everything
        if process.pid in daemons or _is_mcp(process) or _descends(process, daemons, everything)
    ]


def _is_mcp(process: Process) -> bool:
    names = (word.rpartition("/")[2] for word in process.command.split()[:_WORDS])
    return any(_MCP.search(name) for name in names)


def _descends(process: Process, ancestors: Collection[int], everything: list[Process]) -> bool:
    parents = {each.pid: each.parent for each in everything}
    seen: set[int] = set()
    parent = process.parent
    while parent and parent not in seen:
        if parent in ancestors:
            return True
        seen.add(parent)
        parent = parents.get(parent, 0)
    return False


def processes() -> list[Process]:
    """Everything that runs on this machine."""
    if sys.platform == "linux":
        found = (_from_proc(entry) for entry in Path("/proc").iterdir() if entry.name.isdigit())
        return [process for process in found if process is not None]
    listing = subprocess.run(
        ["/bin/ps", "-axww", "-o", "pid=,ppid=,lstart=,command="],
        capture_output=True,
        text=True,
        errors="replace",
    )
    return parse_ps(listing.stdout)


def _from_proc(entry: Path) -> Process | None:
    with contextlib.suppress(OSError, IndexError):  # it ended meanwhile
        # The name in parentheses may hold anything; what follows the last one are fields 3, 4, … of proc(5).
        fields = (entry / "stat").read_text(errors="replace").rpartition(")")[2].split()
        words = (entry / "cmdline").read_bytes().rstrip(b"\0").split(b"\0")
        return Process(int(entry.name), int(fields[1]), fields[19], b" ".join(words).decode(errors="replace"))
    return None


def parse_ps(listing: str) -> list[Process]:
    """The lines of `ps` with pid, parent, start time (five words) and command."""
    matches = (_PS.fullmatch(line) for line in listing.splitlines())
    return [Process(int(match[1]), int(match[2]), match[3], match[4]) for match in matches if match]


def _named(found: list[Process]) -> str:
    return ", ".join(f"{process.command[:60]} (process {process.pid})" for process in found)
