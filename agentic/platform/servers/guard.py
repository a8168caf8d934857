"""End a server when the platform is gone, where the kernel does not do it (macOS has no parent-death signal).

A script: `python -I -S guard.py PID SIGNAL:SECONDS...`; standard library only. Its standard input is a pipe whose
other end only the platform holds: it reads as ended when the platform does, however that came about. Then each signal
is sent in turn, with that many seconds for the server to end. The platform kills its guard before it lets go of a
server that ended by itself, so the pid is never somebody else's.
"""

import os
import sys
import time


def main(pid: int, endings: list[tuple[int, float]]) -> None:
    """Wait for the end of standard input, then end the process."""
    while os.read(0, 1024):
        pass
    for number, patience in endings:
        if not signal_reached(pid, number) or ended_within(pid, patience):
            return


def ended_within(pid: int, seconds: float) -> bool:
    """Whether the process, which is no child of ours, is gone before the time is up."""
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        if not signal_reached(pid, 0):
            return True
        time.sleep(0.05)
    return False


def signal_reached(pid: int, number: int) -> bool:
    """Send a signal (0 only asks); False when there is no such process."""
    try:
        os.kill(pid, number)
    except ProcessLookupError:
        return False
    return True


if __name__ == "__main__":
    stages = (stage.split(":") for stage in sys.argv[2:])
    main(int(sys.argv[1]), [(int(number), float(seconds)) for number, seconds in stages])
