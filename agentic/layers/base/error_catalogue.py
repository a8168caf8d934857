"""Every error that there is: those of all layers that are installed, whether they run in this process or not."""

from __future__ import annotations

import pkgutil
from collections.abc import Sequence
from importlib import import_module
from importlib.util import find_spec
from itertools import groupby
from typing import NamedTuple

from agentic import layers
from agentic.layers.base.errors import CATALOGUE, PlatformError


class LayerErrors(NamedTuple):
    """The errors in the range of one layer."""

    title: str
    errors: Sequence[type[PlatformError]]


def catalogue() -> tuple[type[PlatformError], ...]:
    """Every error, by code. The layers' own modules of errors are found, not named: this module knows no layer."""
    for package in pkgutil.iter_modules(layers.__path__, f"{layers.__name__}."):
        if find_spec(f"{package.name}.errors") is not None:
            import_module(f"{package.name}.errors")
    import_module(f"{layers.__name__}.base.common_errors")
    ours = (error for error in CATALOGUE.values() if error.__module__.startswith(f"{layers.__name__}."))
    return tuple(sorted(ours, key=lambda error: int(error.code[1:])))


def by_layer() -> list[LayerErrors]:
    """Every error, in the ranges of the layers."""
    return [
        LayerErrors(_range(layer), tuple(group)) for layer, group in groupby(catalogue(), lambda e: e.layer)
    ]


def _range(layer: int) -> str:
    if layer == 0:
        return "Any layer"
    return f"L{layer:02}: E{layer}000 to E{layer}999" + (", spoken by every layer" if layer == 1 else "")
