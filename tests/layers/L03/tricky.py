"""Functions that behave badly, each in a process of its own; and some that behave."""

from __future__ import annotations

import os
import time
from pathlib import Path

from agentic.layers.L03_tool_execution.errors import ToolRefusedError
from agentic.layers.L03_tool_execution.functions import tool


@tool(isolated=True)
def process() -> int:
    """In which process it is."""
    print("this is not the answer")
    return os.getpid()


@tool(isolated=True)
def double(n: int) -> int:
    """Doubles an even number."""
    if n % 2:
        raise ToolRefusedError("an odd number")
    return 2 * n * (n // n)


@tool(isolated=True)
def environment() -> dict[str, str]:
    """What it sees."""
    return dict(os.environ)


@tool(isolated=True)
def ends() -> None:
    """Ends its process."""
    os._exit(0)


@tool(isolated=True)
def takes_all_memory() -> int:
    """Takes more than it may."""
    return len(bytearray(64 * 1024**3))


@tool(isolated=True)
def prints_a_gigabyte() -> None:
    """Prints."""
    for _ in range(1024):
        print("x" * 1024 * 1024)


@tool(isolated=True)
def loops(pids: str) -> None:
    """Loops for ever."""
    note(pids)
    while True:
        pass


@tool(isolated=True)
def forks(pids: str) -> None:
    """Leaves a child in its group, and another one in a session of its own."""
    note(pids)
    for session in (False, True):
        if os.fork() == 0:
            if session:
                os.setsid()
            note(pids)
            time.sleep(3600)
    time.sleep(3600)


def note(pids: str) -> None:
    """Writes down which process this is."""
    with Path(pids).open("a") as file:
        file.write(f"{os.getpid()}\n")
