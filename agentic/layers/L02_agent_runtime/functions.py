"""The agents of somebody's own code that this process has loaded.

What is not here is not run: a configuration that names a module never makes the platform import it.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Iterable
from importlib import import_module
from typing import Any, Final

from agentic.layers.L02_agent_runtime.errors import UnknownFunctionError

Function = Callable[[Any, Any], Awaitable[Any]]
"""Takes the run's context and its input."""

_known: Final[dict[str, Function]] = {}


def register(reference: str, function: Function) -> None:
    """Makes a function findable. A module that is loaded again replaces its own."""
    _known[reference] = function


def is_known(reference: str) -> bool:
    """Whether this process can run it."""
    return reference in _known


def function_of(reference: str) -> Function:
    """A function by its reference, `module:name`.

    Raises:
        UnknownFunctionError: this process has not loaded it.
    """
    if reference not in _known:
        raise UnknownFunctionError(
            f"The code {reference!r} is not loaded where runs are carried: name its module in PLATFORM_L02_MODULES, or "
            "start a worker of its own with `run_worker`."
        )
    return _known[reference]


def load(modules: Iterable[str]) -> None:
    """Imports modules, whose agents are then known."""
    for name in modules:
        if name := name.strip():
            import_module(name)
