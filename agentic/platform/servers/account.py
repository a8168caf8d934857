"""Which operating system account the servers run as.

A normal user runs them as itself. Root must not: PostgreSQL refuses to, and a server does not need to be root. So
for root, in this order:

1. the account that already owns the servers' data, when there is one: whoever made it may go on using it;
2. `agentic`, made with `useradd` (system account, own group, no home, no shell) when the machine does not have it.
   A dedicated account is the only one whose files no other service may read;
3. where accounts cannot be made, an account that runs nothing privileged: `postgres`, `_postgres`, `nobody`.
"""

import os
import pwd
import shutil
import subprocess
import time
from dataclasses import dataclass
from pathlib import Path

from agentic.platform.servers.errors import AccountError

DEDICATED = "agentic"
_KEPT_ENVIRONMENT = ("PATH", "LD_LIBRARY_PATH", "DYLD_LIBRARY_PATH", "TMPDIR")
_FALLBACKS = ("postgres", "_postgres", "nobody")


@dataclass(frozen=True)
class Account:
    """The account that the servers run as."""

    name: str
    uid: int
    gid: int

    @property
    def is_another(self) -> bool:
        """Whether the platform itself runs as somebody else, which only root can."""
        return self.uid != os.geteuid()

    def may_enter(self, folder: Path) -> bool:
        """Whether this account can pass through the folder: asked of the kernel, as access lists count too."""
        return not self.is_another or self._can_run("/bin/sh", "-c", 'test -x "$1"', "sh", str(folder))

    def may_run(self, program: Path) -> bool:
        """Whether this account can start the program and everything that it loads."""
        return not self.is_another or self._can_run(str(program), "--version")

    def _can_run(self, *command: str) -> bool:
        try:
            done = subprocess.run(  # noqa: S603 - our own programs
                command,
                user=self.uid,
                group=self.gid,
                extra_groups=[],
                capture_output=True,
                cwd="/",
                env=server_environment(),
            )
        except PermissionError:
            return False
        return done.returncode == 0


def server_environment() -> dict[str, str]:
    """What a server gets of our environment: little, as PGPORT would change it and keys are none of its business."""
    kept = {name: os.environ[name] for name in _KEPT_ENVIRONMENT if name in os.environ}
    return kept | {"LC_ALL": "C", "TZ": "UTC"}


def own_name() -> str:
    """The name of the account that this process runs as, which is the one that connects to the database.

    Raises AccountError when it has none: PostgreSQL looks it up.
    """
    return _account_of(os.geteuid()).name


def server_account(data_owner: int) -> Account:
    """The account for the servers, where `data_owner` is the uid that owns their data or the folder for them.

    Raises AccountError when this process's uid has no entry in the account database, or root finds no fit account.
    """
    if os.geteuid() != 0:
        return _account_of(os.geteuid())
    if data_owner and (owner := _find(data_owner)):
        return owner
    return _find(DEDICATED) or _make(DEDICATED) or _fallback()


def _account_of(uid: int) -> Account:
    account = _find(uid)
    if account is None:
        raise AccountError(
            f"The user id {uid} has no name in the account database (/etc/passwd), which PostgreSQL needs. "
            "Add one (in a container: a line in /etc/passwd), or set DATABASE_URL to use a server of your own."
        )
    return account


def _find(who: int | str) -> Account | None:
    try:
        entry = pwd.getpwuid(who) if isinstance(who, int) else pwd.getpwnam(who)
    except KeyError:
        return None
    return Account(entry.pw_name, entry.pw_uid, entry.pw_gid)


def _make(name: str) -> Account | None:
    useradd = shutil.which("useradd", path="/usr/sbin:/sbin:/usr/bin:/bin")
    if useradd is None:
        return None
    command = [useradd, "--system", "--user-group", "--no-create-home", "--home-dir", "/nonexistent"]
    command += ["--shell", "/usr/sbin/nologin", name]
    for _ in range(20):
        subprocess.run(command, capture_output=True)  # noqa: S603 - a fixed command
        if account := _find(name):  # made now, or by another platform that starts at this moment
            return account
        time.sleep(0.05)  # useradd fails at once while another one holds the account files
    return None


def _fallback() -> Account:
    for name in _FALLBACKS:
        if account := _find(name):
            return account
    raise AccountError(
        f"PostgreSQL does not run as root, and this system has no account to run it as. Add one named {DEDICATED!r}, "
        "start the platform as a normal user, or set DATABASE_URL to use a server of your own."
    )
