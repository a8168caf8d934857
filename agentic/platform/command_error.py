"""What may be in the way of a command: an error whose message says it all, with an exit code of its own."""

from __future__ import annotations

from typing import ClassVar

from agentic.platform import exit_codes


class CommandError(Exception):
    """A command cannot do its work. The message is for the person who gave it, and needs no traceback."""

    exit_code: ClassVar[int] = exit_codes.FAILED
