"""One layer as a process of its own that we started: ready, watched, started again when it dies, stopped.

It listens on sockets that we hold too: while it is down, callers wait for the next one instead of being turned away. Its
standard input is a pipe of ours: when we are gone, however that came about, it reads the end and stops.
"""

from __future__ import annotations

import asyncio
import contextlib
import os
import signal
import sys
from asyncio.subprocess import PIPE, Process
from collections.abc import Callable, Mapping
from typing import Final

import structlog

from agentic.platform.command_error import CommandError
from agentic.platform.ports import Endpoint
from agentic.platform.servers.process import describe_exit

log = structlog.get_logger()

READY: Final = b"ready\n"
"""What a child says on its standard output once it answers."""
DATA_DIR: Final = "PLATFORM_DATA_DIR"
LONGEST_PAUSE: Final = 10.0
SETTLED: Final = 30.0


class ChildStartError(CommandError):
    """A layer's process ended before it answered; what it said about it stands above."""

    def __init__(self, layer_id: str, code: int) -> None:
        super().__init__(f"The process of {layer_id} did not start: {describe_exit(code)}.")


class Child:
    """The process of one layer; `environment` is what it gets beside ours."""

    def __init__(self, layer_id: str, endpoint: Endpoint, environment: Mapping[str, str]) -> None:
        self.layer_id = layer_id
        self._endpoint = endpoint
        self._environment = environment
        self._process: Process | None = None

    @property
    def pid(self) -> int:
        """The process that runs, or ran last."""
        return self._process.pid if self._process else 0

    async def start(self) -> None:
        """Starts it, and returns once it answers.

        Raises:
            ChildStartError: it ended instead.
        """
        sockets = [each.fileno() for each in self._endpoint.sockets]
        process = self._process = await asyncio.create_subprocess_exec(
            *(sys.executable, "-m", "agentic", "layer", self.layer_id),
            *("--inherited", ",".join(map(str, sockets))),
            stdin=PIPE,
            stdout=PIPE,
            env={**os.environ, **self._environment},
            pass_fds=sockets,
            start_new_session=True,  # Ctrl-C in the terminal is for us, who stop the layers in their order
        )
        if process.stdout is None or await process.stdout.readline() != READY:
            raise ChildStartError(self.layer_id, await process.wait())

    async def keep_running(self, changed: Callable[[], None]) -> None:
        """Starts it again whenever it ends, until cancelled; `changed` is called when another process runs."""
        clock, pause = asyncio.get_running_loop().time, 0.0
        while self._process is not None:
            began = clock()
            code = await self._process.wait()
            pause = 0.0 if clock() - began > SETTLED else pause
            log.warning(
                "a layer's process is gone", layer=self.layer_id, how=describe_exit(code), again_in=pause
            )
            await asyncio.sleep(pause)
            pause = min(max(2 * pause, 0.2), LONGEST_PAUSE)
            try:
                await self.start()
                changed()
            except ChildStartError:
                continue  # the next round says so
            except OSError as error:  # no process to be had, or the disk is full: giving up helps nobody
                log.error("a layer's process cannot be started", layer=self.layer_id, error=str(error))

    async def stop(self, patience: float) -> None:
        """Tells it to stop, waits, and kills it when it does not."""
        process = self._process
        if process is None or process.returncode is not None:
            return
        with contextlib.suppress(ProcessLookupError):
            process.send_signal(signal.SIGTERM)
        try:
            async with asyncio.timeout(patience):
                await process.wait()
        except TimeoutError:
            log.error("a layer's process did not stop in time", layer=self.layer_id, limit=patience)
            with contextlib.suppress(ProcessLookupError):
                process.kill()
            await process.wait()
