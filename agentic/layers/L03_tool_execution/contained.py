"""A child process that is certain to end, with all that it started, and of whose output only so much is kept."""

from __future__ import annotations

import asyncio
import contextlib
import os
import secrets
import signal
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

MARK: Final = "PLATFORM_CONTAINED"
"""In the environment of a child and of whatever it starts, with a name of the child's own: by it they are found."""
FLOOD: Final = 16
"""A child that writes so many times more than is kept is ended: it would go on for ever."""
_CHUNK: Final = 64 * 1024
_ROUNDS: Final = 50
_HIDDEN: Final = ("PLATFORM_", "DATABASE_URL", "REDIS_URL", "PG")
"""The beginnings of what a child has no business to know."""


@dataclass(frozen=True)
class Ended:
    """How a child ended, and what it wrote before."""

    code: int
    output: bytes
    errors: bytes
    flooded: bool


async def contained(
    command: Sequence[str],
    stdin: bytes,
    *,
    keep: int,
    environment: Mapping[str, str],
    **options: Any,
) -> Ended:
    """Runs `command` until it ends, writes too much, or the waiting task is cancelled. Nothing of it is left then.

    Raises:
        OSError: it cannot be started.
    """
    mark = secrets.token_hex(16)
    process = await asyncio.create_subprocess_exec(
        *command,
        stdin=asyncio.subprocess.PIPE,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
        env={**environment, MARK: mark},
        start_new_session=True,
        **options,
    )
    assert process.stdin is not None and process.stdout is not None and process.stderr is not None
    flood = asyncio.Event()
    readers = [asyncio.create_task(_read(stream, keep, flood)) for stream in (process.stdout, process.stderr)]
    writer = asyncio.create_task(_write(process.stdin, stdin))
    ended = asyncio.create_task(process.wait())
    too_much = asyncio.create_task(flood.wait())
    try:
        await asyncio.wait([ended, too_much], return_when=asyncio.FIRST_COMPLETED)
        flooded = flood.is_set()
        _kill(process.pid, mark)  # what the child left behind holds its pipes open
        output, errors = await asyncio.gather(*readers)
        return Ended(await ended, output, errors, flooded)
    finally:
        _kill(process.pid, mark)
        for task in (*readers, writer, too_much):
            task.cancel()
        await asyncio.wait([ended, *readers, writer, too_much])
        process._transport.close()  # type: ignore[attr-defined]


async def _read(stream: asyncio.StreamReader, keep: int, flood: asyncio.Event) -> bytes:
    kept = bytearray()
    size = 0
    while chunk := await stream.read(_CHUNK):
        size += len(chunk)
        kept += chunk[: max(0, keep - len(kept))]
        if size > keep * FLOOD:
            flood.set()
    return bytes(kept)


async def _write(stream: asyncio.StreamWriter, data: bytes) -> None:
    with contextlib.suppress(ConnectionError, asyncio.CancelledError):
        stream.write(data)
        await stream.drain()
    stream.close()


def _kill(pid: int, mark: str) -> None:
    """Ends the child's session, and whatever left it but still bears its mark."""
    with contextlib.suppress(ProcessLookupError, PermissionError):
        os.killpg(pid, signal.SIGKILL)
    for _ in range(_ROUNDS):  # one that forks while it is looked for is found the next time
        strays = _marked(mark)
        for stray in strays:
            with contextlib.suppress(ProcessLookupError, PermissionError):
                os.kill(stray, signal.SIGKILL)
        if not strays:
            return


def _marked(mark: str) -> list[int]:
    """Processes with the mark in their environment. Only Linux tells; elsewhere the session has to do."""
    if sys.platform != "linux":
        return []
    wanted = f"{MARK}={mark}".encode()
    found: list[int] = []
    for entry in Path("/proc").iterdir():
        if not entry.name.isdigit() or int(entry.name) == os.getpid():
            continue
        with contextlib.suppress(OSError):
            if wanted in (entry / "environ").read_bytes() and not _is_dead(entry):
                found.append(int(entry.name))
    return found


def _is_dead(entry: Path) -> bool:
    return (entry / "stat").read_bytes().rpartition(b")")[2].split()[0] in (b"Z", b"X")


def plain_environment() -> dict[str, str]:
    """This process's environment without what is the platform's own."""
    return {name: value for name, value in os.environ.items() if not name.startswith(_HIDDEN)}
