"""`python -m agentic` is the command `platform`."""

from agentic.cli import main

main()
