"""On which kind of file system a folder is: databases and locks want a local one."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path
from typing import Final, NamedTuple

from agentic.platform.diagnosis.finding import Finding, fine, problem

# fmt: off
NETWORK: Final = frozenset((
    "9p", "acfs", "afpfs", "afs", "beegfs", "ceph", "cifs", "coda", "drvfs", "fuse.ceph",
    "fuse.glusterfs", "fuse.s3fs", "fuse.sshfs", "gfs2", "glusterfs", "gpfs", "lustre", "ncpfs", "nfs",
    "nfs4", "ocfs2", "smb2", "smb3", "smbfs", "webdav",
))
# fmt: on
_BSD_MOUNT: Final = re.compile(r"^.+? on (?P<point>/.*) \((?P<kind>[^,)]+)")


class Mount(NamedTuple):
    """A file system and where it is."""

    point: Path
    kind: str


def file_system(folder: Path, mounts: list[Mount] | None = None) -> Finding:
    """Whether the data folder is, or will be, on a local disk."""
    resolved = folder.resolve()
    around = [mount for mount in (mounted() if mounts is None else mounts) if _holds(mount.point, resolved)]
    if not around:
        return fine("File system", "of an unknown kind")
    # The deepest counts; of two at one place, the later one covers the earlier.
    mount = max(enumerate(around), key=lambda each: (len(each[1].point.parts), each[0]))[1]
    if mount.kind in NETWORK:
        return problem(
            "File system",
            f"{folder} is on {mount.point}, a network file system ({mount.kind}): its locks and its order of writes are "
            "not those that a database relies on.",
            "Put the data on a local disk with --data-dir or PLATFORM_DATA_DIR.",
        )
    return fine("File system", f"{mount.kind}, local")


def mounted() -> list[Mount]:
    """What is mounted on this machine; nothing where the system does not say."""
    try:
        if sys.platform == "linux":
            return parse_proc(Path("/proc/self/mounts").read_text(errors="replace"))
        listing = subprocess.run(["/sbin/mount"], capture_output=True, text=True, errors="replace")
        return parse_mount(listing.stdout)
    except OSError:
        return []


def parse_proc(text: str) -> list[Mount]:
    """The lines of /proc/self/mounts: device, place, kind, … with blanks as octal escapes (fstab(5))."""
    fields = (line.split(" ") for line in text.splitlines())
    return [Mount(Path(_unescaped(each[1])), each[2]) for each in fields if len(each) > 2]


def parse_mount(text: str) -> list[Mount]:
    """The output of mount(8) on macOS: `device on /place (kind, options)`."""
    matches = (_BSD_MOUNT.match(line) for line in text.splitlines())
    return [Mount(Path(match["point"]), match["kind"]) for match in matches if match]


def _unescaped(text: str) -> str:
    return re.sub(r"\\([0-7]{3})", lambda match: chr(int(match[1], 8)), text)


def _holds(point: Path, folder: Path) -> bool:
    return point == folder or point in folder.parents
