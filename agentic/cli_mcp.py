"""The command `platform mcp`."""

from __future__ import annotations

from typing import Annotated

import typer

from agentic.cli_options import DataDir, Key, Url, where

PANEL = "Agents"


def mcp(
    work: Annotated[
        bool, typer.Option("--work", help="Offer runs, approvals, goals and feedback too, as /mcp does.")
    ] = False,
    data_dir: DataDir = None,
    url: Url = None,
    key: Key = None,
) -> None:
    """Serve sessions, documents and events to a client of the Model Context Protocol that starts this command.

    It speaks over its input and output, and logs to standard error alone. The platform need not run yet.
    """
    from agentic.platform.commands.mcp import mcp as run

    run(where(data_dir, url, key), work=work)
