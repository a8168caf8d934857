"""The two options that every benchmark takes."""

import argparse
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Options:
    """How long to measure."""

    rounds: int
    seconds: float


def read_options(description: str | None, *, rounds: int = 5, seconds: float = 3.0) -> Options:
    """Read them from the command line; the defaults are those of a run that is worth keeping."""
    parser = argparse.ArgumentParser(description=description)
    parser.add_argument("--rounds", type=int, default=rounds, help=f"interleaved rounds ({rounds})")
    parser.add_argument("--seconds", type=float, default=seconds, help=f"of each measurement ({seconds})")
    arguments = parser.parse_args()
    return Options(arguments.rounds, arguments.seconds)
