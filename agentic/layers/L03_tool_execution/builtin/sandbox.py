"""Python that a model wrote, where it can do nothing but compute.

Monty is an interpreter of its own, in a worker process, with no files, network or processes to offer; it knows a part of the
language and of its library. Bubblewrap gives a whole Python a world of its own: no network, read-only system files, a
folder that is gone afterwards, and an end of everything at the end; but not to root, whom no limit keeps from making
processes without end, not even in there. Without either, nothing is run.
"""

from __future__ import annotations

import asyncio
import os
import shutil
import sys
import sysconfig
from collections.abc import Mapping
from contextlib import AsyncExitStack
from importlib.util import find_spec
from pathlib import Path
from typing import Annotated, Any, Final, Literal

from pydantic import Field

from agentic.layers.base import jsonio
from agentic.layers.base.common_errors import InvalidError
from agentic.layers.L03_tool_execution.contained import contained
from agentic.layers.L03_tool_execution.errors import (
    NoSandboxError,
    ToolRefusedError,
    ToolStoppedError,
)
from agentic.layers.L03_tool_execution.functions import from_function
from agentic.layers.L03_tool_execution.settings import L03Settings
from agentic.layers.L03_tool_execution.tool import Rules, Tool

Kind = Literal["monty", "bubblewrap", "none"]

LONGEST_CODE: Final = 100_000
LONGEST_ERROR: Final = 4000
GRACE: Final = 5.0
_STOPS: Final = (
    "TimeoutError: feed time limit",
    "TimeoutError: sleep limit",
    "MemoryError: memory limit",
    "RecursionError",
)
_INSIDE: Final = Path(__file__).with_name("inside_bubblewrap.py")


def available(settings: L03Settings) -> Kind:
    """Which sandbox is used here."""
    wanted = settings.sandbox
    if wanted in ("auto", "monty") and find_spec("pydantic_monty") is not None:
        return "monty"
    if wanted in ("auto", "bubblewrap") and _holds_processes() and shutil.which("bwrap"):
        return "bubblewrap"
    return "none"


def _holds_processes() -> bool:
    """Whether Linux holds this user to a number of processes: RLIMIT_NPROC does not count those of root."""
    return sys.platform == "linux" and os.geteuid() != 0


class Sandbox:
    """The tool, and the workers behind it."""

    def __init__(self, settings: L03Settings) -> None:
        self._settings = settings
        self._stack = AsyncExitStack()
        self._pool: Any = None
        self._opening = asyncio.Lock()

    def tools(self) -> list[Tool]:
        """One. What it runs leaves no trace, so that running it twice is running it once."""
        rules = Rules(idempotent=True, retries=0, timeout=self._settings.sandbox_seconds + GRACE)
        return [from_function(self.run_python, rules=rules)]

    async def close(self) -> None:
        """Ends the workers."""
        await self._stack.aclose()
        self._pool = None

    async def run_python(
        self, code: Annotated[str, Field(min_length=1, max_length=LONGEST_CODE)]
    ) -> dict[str, Any]:
        """Runs Python code in a sandbox without files, network or installed packages.

        Args:
            code: What is printed comes back, and the value of the last line where it is an expression.
        """
        match available(self._settings):
            case "monty":
                return await self._monty(code)
            case "bubblewrap":
                return await self._bubblewrap(code)
            case "none":
                raise NoSandboxError

    async def _monty(self, code: str) -> dict[str, Any]:
        import pydantic_monty

        printed = pydantic_monty.CollectString(self._settings.sandbox_output)
        seconds = self._settings.sandbox_seconds
        limits: pydantic_monty.ResourceLimits = {
            "max_feed_duration_secs": seconds,
            "max_total_sleep_secs": seconds,
            "max_memory": self._settings.sandbox_memory,
        }
        pool = await self._workers()
        try:
            async with pool.checkout(limits=limits) as session:
                result = await session.feed_run(code, print_callback=printed)
        except pydantic_monty.MontyCrashedError:
            raise ToolStoppedError("The code took more than the sandbox gives it, and was ended.") from None
        except (pydantic_monty.MontyRuntimeError, pydantic_monty.MontySyntaxError) as error:
            told = _with_output(error.display(), printed.output)
            raise (ToolStoppedError if str(error).startswith(_STOPS) else ToolRefusedError)(told) from None
        except pydantic_monty.MontyError as error:
            raise ToolRefusedError(f"{error}"[:LONGEST_ERROR]) from None
        return {"printed": printed.output, "result": plain(result)}

    async def _workers(self) -> Any:
        """The pool, started by the first call."""
        import pydantic_monty

        async with self._opening:
            if self._pool is None:
                pool = pydantic_monty.AsyncMonty(
                    request_timeout=2 * self._settings.sandbox_seconds + GRACE, max_checkouts_per_worker=100
                )
                self._pool = await self._stack.enter_async_context(pool)
        return self._pool

    async def _bubblewrap(self, code: str) -> dict[str, Any]:
        settings = self._settings
        keep = settings.sandbox_output
        seconds = settings.sandbox_seconds
        limits = [str(int(seconds) + 1), str(settings.sandbox_memory), str(keep)]
        try:
            async with asyncio.timeout(seconds):
                ended = await contained(
                    [*_world(), "/inside.py", *limits], code.encode(), keep=2 * keep, environment={}
                )
        except TimeoutError:
            raise ToolStoppedError(f"The code ran for more than {seconds:g} s, and was ended.") from None
        except OSError as error:
            raise NoSandboxError(f"Bubblewrap cannot be started: {error.strerror}.") from None
        return _told(ended.output, ended.errors, ended.flooded, ended.code)


def _told(output: bytes, errors: bytes, flooded: bool, code: int) -> dict[str, Any]:
    try:
        told = jsonio.decode(output)
    except InvalidError:
        if errors.startswith(b"bwrap:"):
            raise NoSandboxError(
                f"Bubblewrap does not work here: {errors.decode(errors='replace').strip()}"
            ) from None
        reason = "printed without end" if flooded else f"ended its interpreter with code {code}"
        raise ToolStoppedError(f"The code {reason}, and was ended.") from None
    if told["error"] is not None:
        cls = ToolStoppedError if told["stopped"] else ToolRefusedError
        raise cls(_with_output(told["error"], told["printed"]))
    return {"printed": told["printed"], "result": told["result"]}


def _with_output(error: str, printed: str) -> str:
    error = error[-LONGEST_ERROR:]
    return f"{error}\nIt had printed:\n{printed[-LONGEST_ERROR:]}" if printed else error


def _world() -> list[str]:
    """Bubblewrap with a Python in it, and little else."""
    prefix = Path(sys.base_prefix)
    python = prefix / "bin" / f"python{sysconfig.get_python_version()}"
    shown = [Path(name) for name in ("/usr", "/lib", "/lib64", "/bin", "/etc/ld.so.cache")]
    if not prefix.is_relative_to("/usr"):
        shown.append(prefix)
    binds = [part for path in shown if path.exists() for part in ("--ro-bind", str(path), str(path))]
    return [
        shutil.which("bwrap") or "bwrap",
        *("--unshare-all", "--die-with-parent", "--new-session", "--clearenv", "--cap-drop", "ALL"),
        *("--uid", "65534", "--gid", "65534", "--hostname", "sandbox"),
        *binds,
        *("--proc", "/proc", "--dev", "/dev", "--size", str(64 * 1024 * 1024), "--tmpfs", "/tmp"),  # noqa: S108
        *("--ro-bind", str(_INSIDE), "/inside.py", "--chdir", "/tmp"),  # noqa: S108
        *("--setenv", "PATH", "/usr/bin:/bin", "--setenv", "HOME", "/tmp"),  # noqa: S108
        *(str(python), "-I", "-S", "-B"),
    ]


def plain(value: Any) -> Any:
    """A result as JSON values; what JSON does not know is shown as Python would show it."""
    if value is None or isinstance(value, bool | int | str):
        return value
    if isinstance(value, float):
        return value if value - value == 0 else repr(value)
    if isinstance(value, Mapping):
        items: Mapping[Any, Any] = value  # pyright: ignore[reportUnknownVariableType]
        return {key if isinstance(key, str) else repr(key): plain(item) for key, item in items.items()}
    if isinstance(value, list | tuple | set | frozenset):
        parts: list[Any] = list(value)  # pyright: ignore[reportUnknownArgumentType]
        return [plain(item) for item in parts]
    return repr(value)
