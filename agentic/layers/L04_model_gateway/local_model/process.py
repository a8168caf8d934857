"""The local model's process: started by the first request, stopped when nobody asked for a while, gone when we are."""

from __future__ import annotations

import asyncio
import contextlib
import json
import os
import secrets
import sys
from asyncio.subprocess import PIPE, Process
from collections import deque
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import structlog

from agentic.layers.L04_model_gateway.errors import LocalModelError
from agentic.layers.L04_model_gateway.local_model import weights
from agentic.layers.L04_model_gateway.local_model.settings import LocalModelSettings

log = structlog.get_logger()

MOST_THREADS: Final = 4
END_LIMIT: Final = 0.5
"""Seconds that the process has for ending by itself: it has nothing to put in order."""
_KEPT_ENVIRONMENT: Final = ("PATH", "PYTHONPATH", "LD_LIBRARY_PATH", "DYLD_LIBRARY_PATH", "TMPDIR", "HOME")
"""What it gets of ours. Keys and passwords are none of its business."""


@dataclass(frozen=True)
class Endpoint:
    """Where the model answers, in OpenAI's form, and the key that it asks for."""

    url: str
    key: str


class LocalModelProcess:
    """The process. It runs while somebody is within `serving()`, and some time longer."""

    def __init__(self, settings: LocalModelSettings | None = None) -> None:
        self.settings = settings or LocalModelSettings()
        self._process: Process | None = None
        self._endpoint: Endpoint | None = None
        self._said: deque[str] = deque(maxlen=20)
        self._listening: asyncio.Task[None] | None = None
        self._users = 0
        self._rest: asyncio.Task[None] | None = None
        self._changing = asyncio.Lock()

    @property
    def pid(self) -> int | None:
        """The process; None while there is none."""
        return self._process.pid if self._process is not None and self._process.returncode is None else None

    @property
    def endpoint(self) -> Endpoint | None:
        """Where it answers; None while it does not run."""
        return self._endpoint if self.pid is not None else None

    @asynccontextmanager
    async def serving(self) -> AsyncGenerator[Endpoint]:
        """Where it answers. It is started when it does not run, and not stopped before the block is left.

        Raises:
            LocalModelError: it is not installed, or did not start.
        """
        self._users += 1
        try:
            if self._rest is not None:
                self._rest.cancel()
            async with self._changing:
                endpoint = self.endpoint or await self._start()
            yield endpoint
        finally:
            self._users -= 1
            if self._users == 0:
                self._rest = asyncio.create_task(self._stop_later(), name="local model: stop when idle")

    async def stop(self) -> None:
        """Ends the process, if there is one."""
        if self._rest is not None and self._rest is not asyncio.current_task():
            self._rest.cancel()
            await asyncio.wait({self._rest})
        async with self._changing:
            await self._end()

    async def _stop_later(self) -> None:
        await asyncio.sleep(self.settings.idle_seconds)
        async with self._changing:
            if self._users == 0 and self.pid is not None:
                log.info("the local model is stopped: nobody uses it", after=self.settings.idle_seconds)
                await self._end()

    async def _start(self) -> Endpoint:
        file = weights.find(self.settings.file)
        if (missing := weights.missing(self.settings.file)) or file is None:
            raise LocalModelError(missing)
        await self._end()  # what is left of one that died
        self._said.clear()
        key = secrets.token_urlsafe(32)
        spawning = asyncio.create_task(_spawn())
        try:
            process = await asyncio.shield(spawning)
        except asyncio.CancelledError:
            self._process = await spawning  # else nobody would know of it
            await self._end()
            raise
        self._process = process
        self._listening = asyncio.create_task(self._listen(process), name="local model: what it says")
        try:
            self._endpoint = Endpoint(await self._address(process, self._wanted(file.resolve(), key)), key)
        except BaseException:
            await self._end()
            raise
        log.info("the local model is started", file=file.name, pid=process.pid)
        return self._endpoint

    def _wanted(self, file: Path, key: str) -> dict[str, object]:
        settings = self.settings
        return {
            "file": str(file),
            "name": weights.NAME,
            "key": key,
            "context": settings.context,
            "answer": settings.answer,
            "cache_mb": settings.cache_mb,
            "threads": settings.threads or max(1, min(_processors() // 2, MOST_THREADS)),
        }

    async def _address(self, process: Process, wanted: dict[str, object]) -> str:
        if process.stdin is None or process.stdout is None:
            raise LocalModelError
        try:
            async with asyncio.timeout(self.settings.start_seconds):
                process.stdin.write(json.dumps(wanted).encode() + b"\n")
                line = await process.stdout.readline()
        except TimeoutError as error:
            raise self._failure(
                f"it did not answer within {self.settings.start_seconds:g} seconds"
            ) from error
        except OSError as error:
            raise self._failure("it ended at once") from error
        told = json.loads(line) if line else {"error": f"it ended with code {await process.wait()}"}
        if "error" in told:
            raise self._failure(told["error"])
        return told["url"]

    def _failure(self, reason: str) -> LocalModelError:
        said = " ".join(self._said)
        return LocalModelError(
            f"The local model did not start: {reason}.{' It said: ' if said else ''}{said}"
        )

    async def _listen(self, process: Process) -> None:
        """Reads what it writes, so that it never waits for a reader; the last lines say why it did not start."""
        rest = b""
        while process.stderr is not None and (read := await process.stderr.read(4096)):
            *lines, rest = (rest + read)[-8192:].split(b"\n")
            for line in lines:
                self._said.append(text := line.decode(errors="replace").strip()[:300])
                log.debug("the local model says", line=text)

    async def _end(self) -> None:
        process, self._process, self._endpoint = self._process, None, None
        if process is None:
            return
        try:
            if process.stdin is not None:
                process.stdin.close()
            async with asyncio.timeout(END_LIMIT):
                await process.wait()
        except TimeoutError:
            pass
        finally:  # cancelled, it still ends
            with contextlib.suppress(ProcessLookupError):
                process.kill()
            await process.wait()
            if self._listening is not None:
                self._listening.cancel()


async def _spawn() -> Process:
    return await asyncio.create_subprocess_exec(
        *(sys.executable, "-P", str(Path(__file__).with_name("serve.py"))),
        stdin=PIPE,
        stdout=PIPE,
        stderr=PIPE,
        cwd="/",
        env={name: os.environ[name] for name in _KEPT_ENVIRONMENT if name in os.environ},
        start_new_session=True,  # Ctrl-C in the terminal is for the platform, which stops it in its order
    )


def _processors() -> int:
    """How many this process may use."""
    return len(os.sched_getaffinity(0)) if sys.platform == "linux" else os.cpu_count() or 1
