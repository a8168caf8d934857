"""The platform's data folder: what lies where, and what the servers' account may reach of it.

    platform.lock        held while a platform runs (lock.py)
    platform.json        what answers where, while it runs; platform.log (and l01.log …): what it logged
    servers.json         what runs: addresses, pids, versions; for `platform status` and commands that attach
    servers/             configuration and logs of the servers, written by the platform
      postgres/ valkey/  their data, private to their account
      run/               their sockets, private as well
    agents/              a folder for the files of each agent
    secrets              what tools may need, written by the owner, mode 0600
    programs/            copies of the servers' programs, where their account cannot reach the installed ones

For root everything but the three private folders stays root's, so that the account of the servers can never replace
a file that root writes; it may only pass through.
"""

import contextlib
import json
import os
import re
import shutil
import sys
import tempfile
from pathlib import Path
from typing import Any, cast

from platformdirs import user_data_path

from agentic.platform.servers.account import Account
from agentic.platform.servers.errors import DataFolderError
from agentic.platform.servers.lock import leave_to_owner

POSTGRES_SOCKET = ".s.PGSQL.5432"
VALKEY_SOCKET = "valkey.sock"
_SOCKET_PATH_LIMIT = 107 if sys.platform == "linux" else 103  # what sun_path holds without its NUL
# Line ends cannot stand in a configuration file, nor bytes that are not UTF-8 in an address.
_UNNAMEABLE = re.compile("[\n\r\ud800-\udfff]")
_WRITTEN = re.compile(r"\.?(platform|servers|l\d\d)\.(lock|json|log)(\.new|\.\d)?|programs|agents|secrets")
"""The names of what a platform writes into its data folder, or reads there, beside `servers`."""
_SHORT_FOLDERS = Path("/tmp")  # noqa: S108 - short, as TMPDIR on macOS is not; mkdtemp makes ours private
_SHORT_PREFIX = "agentic-sockets-"


def default_data_dir() -> Path:
    """The data folder when none is named: the user's, and for root one outside its closed home folder."""
    return Path("/var/lib/agentic") if os.geteuid() == 0 else user_data_path("agentic", appauthor=False)


def is_ours(folder: Path) -> bool:
    """Whether a folder is a platform's: it holds the servers' data, or nothing that somebody else put there."""
    names = {entry.name for entry in folder.iterdir()}
    return "servers" in names or all(_WRITTEN.fullmatch(name) for name in names)


class DataFolder:
    """One data folder, made when it is missing. Raises DataFolderError when that is not possible."""

    def __init__(self, path: Path) -> None:
        self.path = path.expanduser().resolve()
        if _UNNAMEABLE.search(str(self.path)):
            raise DataFolderError(f"The data folder {str(self.path)!r} has a path that is not plain text.")
        self.servers = self.path / "servers"
        self.programs = self.path / "programs"
        self._state = self.path / "servers.json"
        try:
            self.path.mkdir(mode=0o700, parents=True, exist_ok=True)
            self._is_ours = is_ours(self.path)  # else it holds what is none of our business
        except OSError as error:
            raise DataFolderError(f"The data folder {self.path} cannot be used: {error.strerror}.") from error

    def data_owner(self) -> int:
        """The uid that owns the servers' data, or will as it owns the folder for them."""
        for name in ("postgres", "valkey"):
            with contextlib.suppress(FileNotFoundError):
                return (self.servers / name).stat().st_uid
        return self.path.stat().st_uid

    def open_to(self, account: Account) -> None:
        """Make `servers`, private but for the account, which may pass through.

        Permissions are changed on folders of our own only. Raises DataFolderError when another one bars the way.
        """
        if self._is_ours:
            self._make_passable(self.path, account)
        if not account.may_enter(self.path):
            way = (*reversed(self.path.parents), self.path)
            blocker = next((folder for folder in way if not account.may_enter(folder)), self.path)
            raise DataFolderError(
                f"The platform runs as root and its servers as {account.name!r}, who may not enter {blocker}. "
                f"Use a data folder outside it, for example {default_data_dir()}."
            )
        self.servers.mkdir(mode=0o700, exist_ok=True)
        self._make_passable(self.servers, account)

    def _make_passable(self, folder: Path, account: Account) -> None:
        if account.is_another:
            os.chown(folder, self.path.stat().st_uid, account.gid)
        folder.chmod(0o710 if account.is_another else 0o700)

    def private(self, folder: Path, account: Account) -> Path:
        """Make a folder that only the account can enter. What root finds in other hands is given to it whole.

        Raises DataFolderError when it is another user's.
        """
        folder.mkdir(mode=0o700, exist_ok=True)
        owner = folder.stat().st_uid
        if owner != account.uid and not account.is_another:
            raise DataFolderError(f"{folder} belongs to the user id {owner}: run the platform as that user.")
        if owner != account.uid:
            _give_tree(folder, account)
        folder.chmod(0o700)
        return folder

    def socket_folder(self, account: Account) -> Path:
        """A private folder for the sockets: `run`, or a new short one where a socket cannot have such a path."""
        run = self.servers / "run"
        if fits_sockets(run):
            return self.private(run, account)
        return self.private(Path(tempfile.mkdtemp(prefix=_SHORT_PREFIX, dir=_SHORT_FOLDERS)), account)

    def write(self, path: Path, text: str, reader: Account | None = None) -> None:
        """Write a file of the platform's, whole or not at all, that nobody else reads but the `reader`."""
        new = path.with_name(f".{path.name}.new")
        new.unlink(missing_ok=True)
        descriptor = os.open(new, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        with os.fdopen(descriptor, "w", encoding="utf-8") as file:
            file.write(text)
            leave_to_owner(descriptor, self.path)
            if reader is not None and reader.is_another:
                os.fchown(descriptor, -1, reader.gid)
                os.fchmod(descriptor, 0o640)
        new.replace(path)

    def open_log(self, path: Path) -> int:
        """Open a log for appending, never through a symbolic link; gives its descriptor."""
        descriptor = os.open(path, os.O_WRONLY | os.O_APPEND | os.O_CREAT | os.O_NOFOLLOW, 0o600)
        leave_to_owner(descriptor, self.path)
        return descriptor

    def write_state(self, state: dict[str, Any]) -> None:
        """Write down what runs."""
        self.write(self._state, json.dumps(state, indent=2) + "\n")

    def read_state(self) -> dict[str, Any]:
        """What was written down as running, which may have ended since; empty when nothing was."""
        return read_state(self.path)

    def forget_state(self) -> None:
        """Nothing runs any more."""
        self._state.unlink(missing_ok=True)


def read_state(data_dir: Path) -> dict[str, Any]:
    """What `servers.json` in a data folder says; empty when there is none.

    Raises DataFolderError when this user may not read it.
    """
    path = data_dir.expanduser().resolve() / "servers.json"
    try:
        state = json.loads(path.read_text("utf-8"))
    except (FileNotFoundError, NotADirectoryError, ValueError):
        return {}
    except PermissionError as error:
        raise DataFolderError(f"{path} belongs to another user: run the command as that user.") from error
    return cast("dict[str, Any]", state) if isinstance(state, dict) else {}


def fits_sockets(folder: Path) -> bool:
    """Whether URLs can name sockets in it: short enough, and without a comma, which separates hosts there."""
    longest = max(len(os.fsencode(folder / name)) for name in (POSTGRES_SOCKET, VALKEY_SOCKET))
    return longest <= _SOCKET_PATH_LIMIT and "," not in str(folder)


def remove_short_folder(folder: str) -> None:
    """Remove a socket folder that `socket_folder` made; any other path is left alone."""
    path = Path(folder)
    if path.parent == _SHORT_FOLDERS and path.name.startswith(_SHORT_PREFIX):
        shutil.rmtree(path, ignore_errors=True)


def _give_tree(folder: Path, account: Account) -> None:
    for parent, folders, files in os.walk(folder):
        for name in (*folders, *files):
            os.chown(Path(parent, name), account.uid, account.gid, follow_symlinks=False)
    os.chown(folder, account.uid, account.gid)  # last: half done is seen as not done
