"""What a start leaves out: looking for garbage among what is kept for good, and code that nobody here uses."""

from __future__ import annotations

import gc
import sys
from collections.abc import Generator
from contextlib import contextmanager
from typing import Any, Final, cast

UNUSED: Final = "pydantic.v1"
"""FastAPI loads the whole first version of pydantic to ask of each route's types whether they are of it; none of ours is."""


@contextmanager
def lean_start() -> Generator[None]:
    """What is loaded and made in the block stays until the process ends.

    Python would look through all of it for garbage again and again, and find nothing: a quarter of the time of a start. Later
    it would stand still for as long whenever it collects the oldest generation.
    """
    modules = cast("dict[str, Any]", sys.modules)
    gc.disable()
    # `None` makes its import fail, which FastAPI takes for "is not there".
    left_out = modules.setdefault(UNUSED, None) is None
    try:
        yield
    finally:
        if left_out:
            del modules[UNUSED]
        gc.freeze()
        gc.enable()
