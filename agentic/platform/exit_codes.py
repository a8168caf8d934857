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
RUN_FAILED: Final = 7
"""The agent's run failed."""
RUN_CANCELLED: Final = 8
"""The agent's run was cancelled."""
RUN_WAITS: Final = 9
"""The agent's run waits for a person."""
RUN_GOES_ON: Final = 10
"""The agent's run goes on, and nobody watches it here any more."""
REGRESSED: Final = 11
"""An evaluation says that it has become worse, or is not good enough."""
