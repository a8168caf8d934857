"""Options that many commands have, said once."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

if TYPE_CHECKING:
    from agentic.platform.commands.reached import Where

DataDir = Annotated[
    Path | None,
    typer.Option(
        envvar="PLATFORM_DATA_DIR",
        readable=False,  # what is wrong with it is said by who uses it, and says what to do
        help="Where everything is kept. Without it: the usual place for this user's data.",
        show_default=False,
    ),
]
Url = Annotated[
    str | None,
    typer.Option(
        envvar="PLATFORM_URL",
        help="The front door of a platform that runs elsewhere. Without it: the one of the data folder.",
        show_default=False,
    ),
]
Key = Annotated[
    str | None,
    typer.Option(
        envvar="PLATFORM_KEY",
        help="A key with the scope admin, for a platform that listens beyond its machine.",
        show_default=False,
    ),
]
Json = Annotated[bool, typer.Option("--json", help="For programs.")]


def data_folder(given: Path | None) -> Path:
    """The data folder that is meant."""
    from agentic.platform.servers.folder import default_data_dir

    return (given or default_data_dir()).expanduser().resolve()


def where(data_dir: Path | None, url: str | None, key: str | None) -> Where:
    """Which platform is meant."""
    from agentic.platform.commands.reached import Where

    return Where(data_folder(data_dir), url, key)
