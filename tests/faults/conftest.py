"""Data folders for the embedded servers, and platforms that hold them."""

import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from agentic.platform.embedded import Embedded, running
from tests.kit.embedded import OWNER, PATIENCE, Owner, working_in


@pytest.fixture
def place() -> Iterator[Path]:
    """A folder that the servers' account can pass through, as pytest's own for root are not."""
    folder = Path(tempfile.mkdtemp(prefix="embedded-", dir="/tmp"))
    folder.chmod(0o755)
    yield folder
    deadline = time.monotonic() + PATIENCE
    while working_in(folder) and time.monotonic() < deadline:
        time.sleep(0.02)  # the servers of a killed platform may still be writing their last
    shutil.rmtree(folder)


@pytest.fixture
def data_dir(place: Path) -> Path:
    """A data folder before its first start."""
    return place / "data with a space"


@pytest.fixture
async def made(data_dir: Path) -> Path:
    """A data folder with a database in it that does not run."""
    async with Embedded(data_dir, bus=False):
        return data_dir


@pytest.fixture
def start_owner() -> Iterator[Callable[[Path], Owner]]:
    started: list[subprocess.Popen[str]] = []

    def start(data_dir: Path) -> Owner:
        command = [sys.executable, "-c", OWNER, str(data_dir)]
        owner = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
        started.append(owner)
        assert owner.stdout
        assert owner.stdout.readline() == "up\n"
        servers = running(data_dir)
        assert servers
        return Owner(owner, servers)

    yield start
    for owner in started:
        if owner.returncode is None:
            owner.kill()
            owner.communicate()
