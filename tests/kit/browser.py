"""The browser of this machine."""

from __future__ import annotations

import os
import shutil

import pytest

NAMES = ("chromium", "chromium-browser")


def chromium() -> str:
    """Debian's Chromium, or the one that `CHROMIUM` names. No browser is downloaded.

    Without one a test is skipped; in CI, where nobody reads what was skipped, it fails.
    """
    found = os.environ.get("CHROMIUM") or next(filter(None, map(shutil.which, NAMES)), None)
    if found is not None:
        return found
    if os.environ.get("CI", "").lower() in ("true", "1"):
        pytest.fail("no chromium, and in CI nothing may be left out: apt-get install chromium")
    pytest.skip("no chromium: apt-get install chromium")
