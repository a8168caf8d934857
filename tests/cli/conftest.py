"""Data folders that the servers' account can reach."""

from __future__ import annotations

from collections.abc import Generator
from pathlib import Path

import pytest

from tests.kit.servers import temporary_folder


@pytest.fixture
def data_dir() -> Generator[Path]:
    """A data folder that is not there yet, with a space in its name."""
    with temporary_folder() as folder:
        yield folder / "my data"
