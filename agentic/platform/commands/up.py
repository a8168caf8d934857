"""`platform up`."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import NoReturn

from agentic.platform.commands.ending import ending
from agentic.platform.exit_codes import FAILED
from agentic.platform.foundation import Wishes
from agentic.platform.lifetime import leave, run
from agentic.platform.logs import log_to_terminal
from agentic.platform.screen import Screen
from agentic.platform.state import PlatformState


@dataclass(frozen=True)
class Up:
    """The options of the command."""

    host: str
    port: int
    data_dir: Path
    separate: bool
    open_browser: bool


def up(options: Up) -> NoReturn:
    """Runs the platform until it is told to stop, and ends the process with its exit code."""
    screen = Screen()
    wishes = Wishes(options.host, options.port, options.data_dir)
    if options.separate:
        from agentic.platform.separate import run_separate as start
    else:
        from agentic.platform.together import run_together as start

    def ready(state: PlatformState) -> None:
        screen.started(state)
        if options.open_browser:
            import webbrowser

            webbrowser.open(state.url)

    async def main() -> int:
        log_to_terminal()
        await start(wishes, screen, ready)
        return FAILED

    leave(ending(lambda: run(main, screen.stopping)))
