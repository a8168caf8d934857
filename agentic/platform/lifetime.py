"""From the first line to the last of a process that serves: its event loop, and the signals that end it.

Ctrl-C, SIGTERM and a closed terminal cancel the main task, wherever it is; leaving its `async with` blocks is what stops
everything in order. A second signal cancels again: whatever step is being waited for is not waited for any longer.
"""

from __future__ import annotations

import asyncio
import logging
import os
import signal
import sys
from collections.abc import Callable, Coroutine
from typing import Any, NoReturn

import uvloop

from agentic.platform.exit_codes import OK

Main = Callable[[], Coroutine[Any, Any, int]]


def run(main: Main, stopping: Callable[[], None], *, until_eof: int | None = None) -> int:
    """Runs `main` until it ends or is told to; answers the exit code. `stopping` is called at the first signal.

    `until_eof` is a pipe whose end means the same as a signal: whoever holds its other side is gone.
    """
    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        return runner.run(_until_told(main, stopping, until_eof))


def leave(code: int) -> NoReturn:
    """Ends this process at once, after `run`: everything is closed, and the kernel has the rest faster than Python.

    Taking a thousand modules apart takes the interpreter longer than all that was stopped before.
    """
    logging.shutdown()
    sys.stdout.flush()
    sys.stderr.flush()
    os._exit(code)


async def _until_told(main: Main, stopping: Callable[[], None], pipe: int | None) -> int:
    loop = asyncio.get_running_loop()
    task = asyncio.create_task(main(), name="platform")
    told = False

    def stop() -> None:
        nonlocal told
        if not told:
            stopping()
        told = True
        task.cancel()

    def read(descriptor: int) -> None:
        if not os.read(descriptor, 1024):
            loop.remove_reader(descriptor)
            stop()

    for number in (signal.SIGINT, signal.SIGTERM):  # also where a shell script started us with SIGINT ignored
        loop.add_signal_handler(number, stop)
    if signal.getsignal(signal.SIGHUP) is not signal.SIG_IGN:  # as under nohup
        loop.add_signal_handler(signal.SIGHUP, stop)
    if pipe is not None:
        loop.add_reader(pipe, read, pipe)
    await asyncio.wait({task})
    return OK if task.cancelled() else task.result()
