"""Runs inside the sandbox, with nothing but the standard library: code from the input, an answer in JSON on the output.

It is started as `inside.py SECONDS MEMORY OUTPUT`, by a Python that has no other file of ours.
"""

from __future__ import annotations

import ast
import io
import json
import os
import resource
import sys
import traceback
from contextlib import redirect_stderr, redirect_stdout
from typing import Any


class TooMuchError(BaseException):
    """More was printed than is kept."""


class Printed(io.StringIO):
    """What the code prints, up to a limit."""

    def __init__(self, most: int) -> None:
        super().__init__()
        self._left = most

    def write(self, text: str, /) -> int:
        """Keeps the text.

        Raises:
            TooMuchError: it is too much.
        """
        super().write(text[: max(0, self._left)])
        self._left -= len(text)
        if self._left < 0:
            raise TooMuchError
        return len(text)


def main(seconds: str, memory: str, output: str) -> None:
    """Runs the code, within limits that it cannot raise again."""
    code = sys.stdin.read()
    limits = {
        resource.RLIMIT_AS: int(memory) + 64 * 1024 * 1024,
        resource.RLIMIT_CPU: int(seconds),
        resource.RLIMIT_NPROC: 16,
        resource.RLIMIT_FSIZE: 16 * 1024 * 1024,
        resource.RLIMIT_CORE: 0,
        resource.RLIMIT_NOFILE: 64,
    }
    answer = os.fdopen(os.dup(1), "w")
    sink = os.open(os.devnull, os.O_WRONLY)
    os.dup2(sink, 1)
    os.dup2(sink, 2)
    for kind, most in limits.items():
        resource.setrlimit(kind, (most, most))
    printed = Printed(int(output))
    own = os.getpid()
    told: dict[str, Any] = {"error": None, "stopped": False, "result": None}
    try:
        with redirect_stdout(printed), redirect_stderr(printed):
            told["result"] = plain(run(code))
    except TooMuchError:
        told.update(error="The code printed more than is kept, and was ended.", stopped=True)
    except MemoryError:
        told.update(error="MemoryError: the code took more memory than it may.", stopped=True)
    except BaseException as error:
        told["error"] = "".join(traceback.format_exception(error)[-10:])
    if os.getpid() == own:  # a fork that comes back here has nothing to say
        answer.write(json.dumps({**told, "printed": printed.getvalue()}))
        answer.flush()
    os._exit(0)


def run(code: str) -> Any:
    """Runs all of it; the value is that of the last line, where it is an expression."""
    tree = ast.parse(code, "main.py")
    last = tree.body[-1] if tree.body else None
    world: dict[str, Any] = {"__name__": "__main__"}
    if not isinstance(last, ast.Expr):
        exec(compile(tree, "main.py", "exec"), world)  # noqa: S102 - this is the sandbox
        return None
    tree.body.pop()
    exec(compile(tree, "main.py", "exec"), world)  # noqa: S102 - this is the sandbox
    return eval(compile(ast.Expression(last.value), "main.py", "eval"), world)  # noqa: S307 - this is the sandbox


def plain(value: Any) -> Any:
    """The value as JSON has it, or as Python shows it."""
    try:
        json.dumps(value, allow_nan=False)
    except (TypeError, ValueError, RecursionError):
        return repr(value)
    return value


if __name__ == "__main__":
    main(*sys.argv[1:])
