"""Become a server that cannot outlive the platform: `python -I -S launch.py UID GID PARENT SIGNAL FOLDER PROGRAM...`.

Standard library only: it runs without site-packages. Python's `preexec_fn` could do the same inside the platform, but
is not safe in a process with threads. The order matters. What is imported is imported first: afterwards the
interpreter's own folder may be closed to us. Changing the user clears the parent-death signal (prctl(2),
PR_SET_PDEATHSIG), so that comes last; and the parent may have died before it was set, so its pid is compared after.
"""

import os
import sys
from collections.abc import Callable

PR_SET_PDEATHSIG = 1


def main(uid: int, gid: int, parent: int, death_signal: int, folder: str, command: list[str]) -> None:
    """Change user, folder and fate, and turn into the command. Negative `uid`: stay who we are."""
    set_death_signal = parent_death_setter() if sys.platform == "linux" else None
    os.umask(0o077)
    if uid >= 0:
        os.setgroups([])
        os.setgid(gid)
        os.setuid(uid)
    os.chdir(folder)
    if set_death_signal is not None:
        set_death_signal(death_signal)
        if os.getppid() != parent:
            sys.exit("the platform ended while it was starting this server")
    os.execv(command[0], command)  # noqa: S606 - no shell is what we want


def parent_death_setter() -> Callable[[int], None]:
    """The way to ask the kernel for a signal when the thread that started this process ends."""
    import ctypes  # the slowest import here, and only Linux needs it

    prctl = ctypes.CDLL(None, use_errno=True).prctl

    def set_death_signal(death_signal: int) -> None:
        if prctl(PR_SET_PDEATHSIG, death_signal, 0, 0, 0) != 0:
            raise OSError(ctypes.get_errno(), "prctl(PR_SET_PDEATHSIG)")

    return set_death_signal


if __name__ == "__main__":
    user, group, owner, on_death, where, *program = sys.argv[1:]
    try:
        main(int(user), int(group), int(owner), int(on_death), where, program)
    except OSError as error:
        sys.exit(f"cannot run {program[0]} in {where}: {error}")
