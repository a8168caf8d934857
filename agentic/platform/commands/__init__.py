"""What the commands of `platform` do, one module each; `agentic/cli.py` only reads the command line."""
