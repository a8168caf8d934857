"""A synchronous function in a thread of its own, which is ended when its time is over.

Python has no way to kill a thread. An exception is raised in it instead, which ends any loop of Python code; a call
that does not come back from C (a socket without a timeout) keeps its thread until it does. Such threads are counted,
and when there are too many of them no further one is begun. Code that is not trusted does not run here at all.
"""

from __future__ import annotations

import asyncio
import contextvars
import ctypes
import threading
import time
from collections.abc import Callable
from typing import Any, Final, TypeVar

import structlog

from agentic.layers.L03_tool_execution.errors import ToolDownError, ToolFailedError

log = structlog.get_logger()

T = TypeVar("T")

MOST_STUCK: Final = 16
AGAIN: Final = 0.05
GRACE: Final = 2.0
"""Seconds for which the end of a thread is waited for."""

_stuck: set[threading.Thread] = set()


class ThreadEndedError(BaseException):
    """Raised in a thread whose time is over. No `Exception`, so that a broad `except` of a tool does not swallow it."""


def stuck() -> int:
    """How many threads did not end when they were told to, and still run."""
    _stuck.difference_update([thread for thread in _stuck if not thread.is_alive()])
    return len(_stuck)


async def in_thread(call: Callable[[], T], name: str) -> T:
    """What `call` gives. When the waiting task is cancelled, the thread is ended.

    Raises:
        ToolDownError: too many threads do not end.
        Exception: what `call` raised.
    """
    if stuck() >= MOST_STUCK:
        raise ToolDownError(
            f"{MOST_STUCK} calls of functions did not end when their time was over, and still run."
        )
    loop = asyncio.get_running_loop()
    future: asyncio.Future[T] = loop.create_future()
    context = contextvars.copy_context()

    def work() -> None:
        try:
            outcome: Any = context.run(call)
            tell = future.set_result
        except Exception as error:
            # An iterator's end cannot travel in a future.
            outcome = ToolFailedError("StopIteration") if isinstance(error, StopIteration) else error
            tell = future.set_exception
        except BaseException as error:
            outcome, tell = ToolFailedError(f"{type(error).__name__}: {error}"), future.set_exception
        _report(loop, future, tell, outcome)

    thread = threading.Thread(target=work, name=f"tool {name}", daemon=True)
    thread.start()
    try:
        return await future
    except asyncio.CancelledError:
        await _end(thread)
        raise


def _report(loop: asyncio.AbstractEventLoop, future: Any, tell: Callable[[Any], None], outcome: Any) -> None:
    def deliver() -> None:
        if not future.done():
            tell(outcome)

    try:
        loop.call_soon_threadsafe(deliver)
    except RuntimeError:
        return  # the loop is closed: nobody waits


async def _end(thread: threading.Thread) -> None:
    """Raises in the thread until it has ended, or does not."""
    until = time.monotonic() + GRACE
    while thread.is_alive() and time.monotonic() < until:
        if thread.ident is not None:
            ctypes.pythonapi.PyThreadState_SetAsyncExc(
                ctypes.c_ulong(thread.ident), ctypes.py_object(ThreadEndedError)
            )
        # Shielded from nothing: whoever cancels a second time does not want to wait.
        await asyncio.sleep(AGAIN)
    if thread.is_alive():
        _stuck.add(thread)
        log.warning("a tool's function does not end", thread=thread.name, stuck=stuck())
