"""Who holds a data folder."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from agentic.platform.servers.lock import LOCK_FILE, Holder, find_holder, hold

pytestmark = pytest.mark.anyio


async def test_a_folder_that_is_given_up_is_free_though_a_child_has_the_open_file(tmp_path: Path) -> None:
    async with hold(tmp_path):
        assert find_holder(tmp_path) == Holder(os.getpid(), None)
        files = Path("/proc/self/fd").iterdir()
        (held,) = [int(file.name) for file in files if file.resolve() == tmp_path / LOCK_FILE]
        child = os.dup(held)  # as it is between a fork and an exec
    try:
        assert find_holder(tmp_path) is None
    finally:
        os.close(child)
