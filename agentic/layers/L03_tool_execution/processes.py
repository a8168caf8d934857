"""A function in a process of its own: what loops is killed, what takes memory fails alone, what forks is found."""

from __future__ import annotations

import os
import sys
from collections.abc import Callable
from typing import Any, Final

from agentic.layers.base import jsonio
from agentic.layers.base.common_errors import InvalidError
from agentic.layers.L03_tool_execution.contained import contained, plain_environment
from agentic.layers.L03_tool_execution.errors import ToolFailedError, ToolRefusedError, ToolStoppedError

MAX_RESULT: Final = 4 * 1024 * 1024
LAST_WORDS: Final = 500
CHILD: Final = "agentic.layers.L03_tool_execution.isolated"


async def in_process(function: Callable[..., Any], arguments: dict[str, Any], seconds: float) -> Any:
    """What the function gives, as JSON values. It has to be importable by its name.

    Raises:
        ToolRefusedError, ToolFailedError: the function raised.
        ToolStoppedError: it was ended, or ended its process.
    """
    environment = {**plain_environment(), "PYTHONPATH": os.pathsep.join(path for path in sys.path if path)}
    command = [sys.executable, "-m", CHILD, function.__module__, function.__qualname__, str(seconds)]
    ended = await contained(command, jsonio.encode(arguments), keep=MAX_RESULT, environment=environment)
    if ended.flooded:
        raise ToolStoppedError("The function wrote without end, and was ended.")
    try:
        told = jsonio.decode(ended.output)
    except InvalidError:
        last = ended.errors[-LAST_WORDS:].decode(errors="replace").strip()
        raise ToolStoppedError(
            f"The function's process ended with code {ended.code}. {last}".strip()
        ) from None
    if "result" in told:
        return told["result"]
    cls = ToolRefusedError if told["refused"] else ToolFailedError
    raise cls(told["error"])
