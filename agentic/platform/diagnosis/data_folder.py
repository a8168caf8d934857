"""The data folder: whether it can be used, what state it is in, who holds it."""

from __future__ import annotations

import os
import pwd
import shutil
from pathlib import Path
from typing import Final

import httpx2

from agentic.platform.diagnosis.finding import Finding, fine, note, problem
from agentic.platform.diagnosis.machine import nearest
from agentic.platform.embedded import AccountError, DataFolderError, default_data_dir, holder
from agentic.platform.servers.account import DEDICATED, Account, own_name, server_account
from agentic.platform.servers.folder import fits_sockets, is_ours
from agentic.platform.servers.lock import LOCK_FILE
from agentic.platform.servers.process import find
from agentic.platform.servers.programs import POSTGRES_MAJOR
from agentic.platform.state import STATE_FILE

ANSWER_LIMIT: Final = 3.0
_NOBODY: Final = 65534
_ADMIN_PATH: Final = "/usr/sbin:/sbin:/usr/bin:/bin"
_ELSEWHERE: Final = "Choose another folder with --data-dir or PLATFORM_DATA_DIR."


def account() -> Finding:
    """Whether there is an operating system account that the servers can run as."""
    try:
        name = own_name()
        if os.geteuid() != 0:
            return fine("Account", f"the servers run as {name}")
        servers = _servers_account(0)
    except AccountError as error:
        return problem("Account", str(error), "Use an account that has a name here.")
    who = servers.name if servers else f"{DEDICATED}, which the first start makes"
    return note("Account", f"You are root, whom PostgreSQL refuses; the servers run as {who}.")


def access(folder: Path) -> Finding:
    """Whether the platform may make the folder and write in it, and its servers reach it."""
    place = nearest(folder)
    if not place.is_dir():
        return problem("Data folder", f"{place} is no folder.", _ELSEWHERE)
    if not os.access(place, os.W_OK | os.X_OK):
        return problem(
            "Data folder", f"You may not write in {place}, which belongs to {_owner(place)}.", _ELSEWHERE
        )
    if (closed := _closed_to_the_servers(place, folder)) is not None:
        return problem(
            "Data folder",
            f"You are root, and the account of the servers may not enter {closed}.",
            f"Use a data folder outside it, for example {default_data_dir()}: --data-dir or PLATFORM_DATA_DIR.",
        )
    if place != folder:
        return fine("Data folder", f"{folder}, which the first start makes")
    return fine("Data folder", str(folder))


def content(folder: Path) -> Finding:
    """Whether what is in the folder is a whole database of this platform's version."""
    data = folder / "servers" / "postgres"
    try:
        if not data.is_dir() or not any(data.iterdir()):
            return _without_data(data)
        version = (data / "PG_VERSION").read_text().strip()
    except PermissionError:
        advice = f"Run the platform, and this command, as {_owner(data)}."
        return problem("Database files", f"{data} belongs to another user.", advice)
    except FileNotFoundError:
        return problem(
            "Database files",
            f"{data} is half of a database: PG_VERSION is missing, so PostgreSQL will not start on it.",
            f"Restore it from a backup, or move it away (`mv '{data}' '{data}.old'`) to start with an empty one.",
        )
    if version != POSTGRES_MAJOR:
        return problem(
            "Database files",
            f"PostgreSQL {version} wrote {data}; this platform brings PostgreSQL {POSTGRES_MAJOR}.",
            "Dump it with the platform that made it (`platform db dump`), and restore the dump into a new data folder.",
        )
    return fine("Database files", f"PostgreSQL {version}")


def sockets(folder: Path, short: Path = Path("/tmp")) -> Finding:  # noqa: S108 - where the platform puts them too
    """Whether the servers' sockets can be in the data folder."""
    run = folder / "servers" / "run"
    if fits_sockets(run):
        return fine("Sockets", f"in {run}")
    reason = f"{run} is too long a path for a socket, or has a comma in it"
    if os.access(short, os.W_OK | os.X_OK):
        return note("Sockets", f"{reason}; the servers use a private folder in {short}.")
    return problem("Sockets", f"{reason}, and {short} cannot be written.", _ELSEWHERE)


async def lock(folder: Path) -> Finding:
    """Whether a platform holds the folder and answers, or a dead one left something behind."""
    try:
        held = holder(folder)
        if held is None:
            return _released(folder)
    except DataFolderError as error:
        return problem("Lock", str(error), "Run this command as the user who runs the platform.")
    if held.pid is None:
        says = f"{folder / LOCK_FILE} is locked by a program that does not say who it is."
        return problem("Lock", says, f"Find it with `fuser '{folder / LOCK_FILE}'` (or lsof), and end it.")
    if held.address is None:
        return note("Lock", f"Process {held.pid} holds the folder; it is just starting or stopping.")
    if not await _answers(held.address):
        return problem(
            "Lock",
            f"Process {held.pid} holds the folder but does not answer at {held.address}.",
            f"End it with `kill {held.pid}`, after 10 s with `kill -9 {held.pid}`; nothing that was committed is lost.",
        )
    return fine("Lock", f"a platform runs here (process {held.pid}) and answers at {held.address}")


def _released(folder: Path) -> Finding:
    left = [path.name for name in (STATE_FILE, "servers.json") if (path := folder / name).exists()]
    pids = find("postgres", folder / "servers" / "postgres") + find(
        "valkey-server", folder / "servers" / "valkey"
    )
    if pids:
        left.append(f"servers that still run (processes {', '.join(map(str, pids))})")
    if left:
        says = f"A platform ended here without cleaning up; it left {' and '.join(left)}."
        return note("Lock", f"{says} The next start puts that in order.")
    return fine("Lock", "nobody holds the folder")


def _without_data(data: Path) -> Finding:
    if list(data.parent.glob(f"{data.name}.new-*")):
        return note("Database files", "A first start was cut off half-way; the next one begins again.")
    return fine("Database files", "none yet: the first start makes them")


def _servers_account(data_owner: int) -> Account | None:
    """Who the servers would run as; none when the account is yet to be made, which is not for us to do."""
    missing = not _exists(data_owner or DEDICATED) and not _exists(DEDICATED)
    if missing and shutil.which("useradd", path=_ADMIN_PATH):
        return None
    return server_account(data_owner)


def _exists(who: int | str) -> bool:
    try:
        pwd.getpwuid(who) if isinstance(who, int) else pwd.getpwnam(who)
    except KeyError:
        return False
    return True


def _closed_to_the_servers(place: Path, folder: Path) -> Path | None:
    """The first folder on the way that root may enter and the servers' account may not."""
    if os.geteuid() != 0:
        return None
    try:
        servers = _servers_account(place.stat().st_uid) or Account("nobody", _NOBODY, _NOBODY)
    except AccountError:
        return None  # which is said of the account
    way = [*reversed(place.parents), place]
    if place == folder and is_ours(folder):
        way.remove(folder)  # the platform opens it to the servers
    return next((each for each in way if not servers.may_enter(each)), None)


def _owner(path: Path) -> str:
    uid = nearest(path).stat().st_uid
    try:
        return pwd.getpwuid(uid).pw_name
    except KeyError:
        return f"the user id {uid}"


async def _answers(address: str) -> bool:
    try:
        async with httpx2.AsyncClient(timeout=ANSWER_LIMIT, trust_env=False) as client:
            return (await client.get(f"{address}/health/live")).status_code < 500
    except httpx2.HTTPError:
        return False
