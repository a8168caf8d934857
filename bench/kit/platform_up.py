"""`platform up` as its own process: the whole platform, as a person starts it."""

import os
import socket
import sys
import tempfile
from collections.abc import Generator, Mapping
from contextlib import ExitStack, contextmanager
from pathlib import Path

from bench.kit.server import Server

DASHBOARD, DATA_LAYER = 1, 2
"""How far the ports of L10 and L01 are from the front door's."""


def three_free_ports() -> int:
    """The first of three ports in a row that nobody uses at this moment: the front door, L10 and L01."""
    while True:
        with ExitStack() as probes:
            first = probes.enter_context(socket.create_server(("127.0.0.1", 0))).getsockname()[1]
            try:
                for port in (first + DASHBOARD, first + DATA_LAYER):
                    probes.enter_context(socket.create_server(("127.0.0.1", port)))
            except OSError:
                continue
            return first


@contextmanager
def data_folder() -> Generator[Path]:
    """A new folder that the account of the embedded servers can reach too, when this runs as root."""
    with tempfile.TemporaryDirectory(prefix="agentic-bench-") as parent:
        Path(parent).chmod(0o755)
        yield Path(parent) / "data"


def platform_up(folder: Path, port: int, environment: Mapping[str, str]) -> Server:
    """The platform, with servers of its own unless the environment names others; enter it to start it."""
    command = [sys.executable, "-m", "agentic", "up", "--port", str(port), "--data-dir", str(folder)]
    return Server(command, f"http://127.0.0.1:{port}/health/ready", environment)


def forget_servers() -> None:
    """Let the platform start servers of its own, whatever this process was told to use."""
    for name in ("DATABASE_URL", "REDIS_URL", "PLATFORM_L01_DATABASE_URL", "PLATFORM_L01_REDIS_URL"):
        os.environ.pop(name, None)
