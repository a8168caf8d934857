"""Documents that were written as YAML, read as the JSON that they stand for.

Values are those of YAML 1.2's JSON schema, as OpenAPI recommends: `on`, `12:30` and dates are text, where the library, which follows
YAML 1.1, would make something of them. Aliases are followed, and what grows beyond measure by them is refused; `<<` is a key like others.
"""

from __future__ import annotations

import re
from typing import Any, Final, cast

import yaml

from agentic.layers.base.jsonio import MAX_DEPTH
from agentic.layers.L03_tool_execution.errors import DefinitionError

MOST_VALUES: Final = 1_000_000


class _Loader(yaml.SafeLoader):
    """A safe loader that knows fewer kinds of plain values."""

    yaml_implicit_resolvers: dict[str, list[tuple[str, re.Pattern[str]]]] = {}


for _tag, _form, _first in (
    ("null", r"~|null|Null|NULL|", ["~", "n", "N", ""]),
    ("bool", r"true|True|TRUE|false|False|FALSE", list("tTfF")),
    ("int", r"-?(?:0|[1-9][0-9]*)", list("-0123456789")),
    ("float", r"-?(?:0|[1-9][0-9]*)(?:\.[0-9]+)?(?:[eE][-+]?[0-9]+)?", list("-0123456789")),
):
    for _character in _first:
        _Loader.yaml_implicit_resolvers.setdefault(_character, []).append(
            (f"tag:yaml.org,2002:{_tag}", re.compile(f"(?:{_form})$"))
        )


def read_yaml(text: bytes) -> Any:
    """The value of a YAML text, with text for keys.

    Raises:
        DefinitionError: it is not YAML, is nested too deeply, or holds too much.
    """
    try:
        value: Any = yaml.load(text, _Loader)  # noqa: S506 - a safe loader
        return _Plain().of(value, 0)
    except yaml.YAMLError as error:
        raise DefinitionError(f"This is not YAML: {' '.join(str(error).split())}") from error
    except (RecursionError, ValueError) as error:
        raise DefinitionError("This YAML is nested too deeply, or holds what cannot be read.") from error


class _Plain:
    """Makes values anew, each as often as it is referred to."""

    def __init__(self) -> None:
        self._left = MOST_VALUES

    def of(self, value: Any, depth: int) -> Any:
        self._left -= 1
        if self._left < 0 or depth > MAX_DEPTH:
            raise DefinitionError(
                f"This YAML holds more than {MOST_VALUES:,} values, or is nested too deeply."
            )
        if isinstance(value, dict):
            items = cast("dict[Any, Any]", value).items()
            return {_key(key): self.of(item, depth + 1) for key, item in items}
        if isinstance(value, list):
            return [self.of(item, depth + 1) for item in cast("list[Any]", value)]
        if value is None or isinstance(value, str | int | float):
            return value
        raise DefinitionError(f"This YAML holds a {type(value).__name__}, which JSON does not have.")


def _key(key: Any) -> str:
    if isinstance(key, bool) or key is None:
        return {True: "true", False: "false", None: "null"}[key]
    return str(key)
