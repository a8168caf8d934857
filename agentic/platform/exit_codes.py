"""The exit codes of the commands. Each means one thing everywhere; 2 is the command line's own, for wrong usage."""

from typing import Final

OK: Final = 0
FAILED: Final = 1
IN_USE: Final = 3
"""Another platform runs on the data folder."""
PORT_TAKEN: Final = 4
"""Another program listens on a port that is wanted."""
NOT_RUNNING: Final = 5
"""No platform runs on the data folder."""
REFUSED: Final = 6
"""It would not be safe."""
