"""The supervisor: the composition root that starts the servers and the layers, and stops them in reverse."""

if __name__ == "platform":  # pragma: no cover - exercised in a process of its own
    # The folder `agentic` itself stands on sys.path (`python agentic/cli.py`, a worker started inside it), so this
    # package hides the standard library's `platform`, which uuid, asyncpg, httpx and many others import.
    raise ImportError(
        "'import platform' found agentic/platform instead of the standard library's module, because the folder "
        "'agentic' is on sys.path. Start from the folder above it: `platform up` or `python -m agentic up`."
    )
