"""Data folders that the servers' account can reach."""

from __future__ import annotations

from collections.abc import Generator
from pathlib import Path

import pytest

from tests.kit.platforms import ScriptedPlatform, scripted_platform
from tests.kit.servers import temporary_folder


@pytest.fixture
def data_dir() -> Generator[Path]:
    """A data folder that is not there yet, with a space in its name."""
    with temporary_folder() as folder:
        yield folder / "my data"


@pytest.fixture(scope="module")
def shared_platform() -> Generator[ScriptedPlatform]:
    """A platform with a scripted model, for the tests of one module."""
    with scripted_platform() as platform:
        yield platform


@pytest.fixture
def platform(shared_platform: ScriptedPlatform) -> ScriptedPlatform:
    """The same, with a model that has nothing left to say from before."""
    models = shared_platform.models
    models.calls.clear()
    models.script_anew()
    return shared_platform
