"""The child of `processes.py`: takes arguments from its input, calls one function, and says what came of it."""

from __future__ import annotations

import contextlib
import importlib
import os
import resource
import sys
from operator import attrgetter
from typing import Any, Final

from agentic.layers.base import jsonio
from agentic.layers.base.errors import PlatformError
from agentic.layers.L03_tool_execution.errors import ToolLayerError

MEMORY: Final = 2 * 1024**3
FILE: Final = 1024**3


def main(module: str, name: str, seconds: str) -> None:
    """Calls the function `name` of `module`. What it prints goes where errors go; the answer has the output to itself."""
    answer = os.fdopen(os.dup(1), "wb")
    os.dup2(2, 1)
    _limit(float(seconds))
    arguments = jsonio.decode(sys.stdin.buffer.read())
    try:
        told: dict[str, Any] = {"result": _call(module, name, arguments)}
    except Exception as error:
        detail = error.detail if isinstance(error, PlatformError) else f"{type(error).__name__}: {error}"
        told = {"error": detail, "refused": isinstance(error, ToolLayerError) and not error.breaks}
    answer.write(jsonio.encode(told))
    answer.close()


def _limit(seconds: float) -> None:
    limits = {
        resource.RLIMIT_AS: MEMORY,
        resource.RLIMIT_FSIZE: FILE,
        resource.RLIMIT_CORE: 0,
        resource.RLIMIT_CPU: int(seconds) + 5,
    }
    for kind, most in limits.items():
        with contextlib.suppress(
            ValueError, OSError
        ):  # it stands lower already, or the system has no such limit
            resource.setrlimit(kind, (most, most))


def _call(module: str, name: str, arguments: dict[str, Any]) -> Any:
    from agentic.layers.L03_tool_execution.functions import tool_of

    function = attrgetter(name)(importlib.import_module(module))
    made: Any = tool_of(function)
    return made.run.here(arguments)


if __name__ == "__main__":
    main(*sys.argv[1:])
