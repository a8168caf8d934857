"""Secrets by name: looked up at the last moment, and taken out of whatever comes back.

A definition says `{"secret": "NAME"}` or `"Bearer ${secret:NAME}"`. The value is `PLATFORM_SECRET_NAME` of the environment,
or the line `NAME=value` of a file that its owner alone may read. What a model gives as arguments is never looked at for references.
"""

from __future__ import annotations

import os
import re
import stat
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final, cast

from agentic.layers.L03_tool_execution.errors import SecretMissingError
from agentic.layers.L03_tool_execution.tool import Redaction

PREFIX: Final = "PLATFORM_SECRET_"
REFERENCE: Final = re.compile(r"\$\{secret:([A-Za-z][A-Za-z0-9_]{0,99})\}")
NAME: Final = re.compile(r"[A-Za-z][A-Za-z0-9_]{0,99}")
OTHERS: Final = stat.S_IRWXG | stat.S_IRWXO
MAX_FILE: Final = 1024 * 1024


class Secrets:
    """Finds values. A change of the file, or of the environment, is seen by the next call."""

    def __init__(self, file: Path | None) -> None:
        self._file = file

    def value(self, name: str, redact: Redaction) -> str:
        """The secret itself, which `redact` knows from now on.

        Raises:
            SecretMissingError: it is not there, or lies open.
        """
        found = os.environ.get(f"{PREFIX}{name}")
        if found is None:
            found = self._filed().get(name)
        if not found:
            raise SecretMissingError(
                f"There is no secret {name}. Set {PREFIX}{name}, or write {name}=… into {self._file or 'a file'}."
            )
        redact.add(name, found)
        return found

    def resolve(self, template: Any, redact: Redaction) -> Any:
        """A value of a definition with its references replaced, at any depth."""
        if isinstance(template, str):
            return REFERENCE.sub(lambda match: self.value(match[1], redact), template)
        if isinstance(template, Mapping):
            items = cast("Mapping[str, Any]", template)
            if (name := referred(items)) is not None:
                return self.value(name, redact)
            return {key: self.resolve(item, redact) for key, item in items.items()}
        if isinstance(template, list):
            return [self.resolve(item, redact) for item in cast("list[Any]", template)]
        return template

    def _filed(self) -> dict[str, str]:
        if self._file is None:
            return {}
        try:
            descriptor = os.open(self._file, os.O_RDONLY | os.O_NOFOLLOW | os.O_CLOEXEC)
        except FileNotFoundError:
            return {}
        except OSError as error:
            raise SecretMissingError(f"{self._file} cannot be read: {error.strerror}.") from None
        with os.fdopen(descriptor, encoding="utf-8") as file:
            found = os.fstat(descriptor)
            if found.st_mode & OTHERS or not stat.S_ISREG(found.st_mode):
                raise SecretMissingError(
                    f"{self._file} can be read by others: it is used once its mode is 0600."
                )
            lines = file.read(MAX_FILE).splitlines()
        return dict(_line(line) for line in lines if "=" in line and not line.lstrip().startswith("#"))


def _line(line: str) -> tuple[str, str]:
    name, _, value = line.partition("=")
    return name.strip(), value.strip()


def referred(value: Mapping[str, Any]) -> str | None:
    """The name in a `{"secret": "NAME"}`, if it is one."""
    name = value.get("secret") if len(value) == 1 else None
    return name if isinstance(name, str) and NAME.fullmatch(name) else None
