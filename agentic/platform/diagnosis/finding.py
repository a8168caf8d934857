"""What an examination finds."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

Level = Literal["fine", "note", "problem"]


@dataclass(frozen=True)
class Finding:
    """One thing that was looked at. A note works, and is worth knowing; a problem has advice what to do."""

    subject: str
    level: Level
    says: str
    advice: str = ""


def fine(subject: str, says: str) -> Finding:
    """Nothing is wrong with it."""
    return Finding(subject, "fine", says)


def note(subject: str, says: str) -> Finding:
    """It works, and the person may want to know."""
    return Finding(subject, "note", says)


def problem(subject: str, says: str, advice: str) -> Finding:
    """It does not work, or will not for long."""
    return Finding(subject, "problem", says, advice)
