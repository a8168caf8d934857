"""The OpenAPI document, taken at its word by schemathesis: nothing that it allows or forbids breaks the server.

Checked for each answer: no 5xx, only documented statuses, media types and shapes, 405 with `Allow` for other methods,
and a refusal of what the document forbids. What it allows is accepted, or refused for a reason that no JSON Schema says.
"""

from __future__ import annotations

import asyncio
import os
import subprocess
import sys
from pathlib import Path

import pytest

from tests.kit.process import DataLayerProcess

pytestmark = pytest.mark.anyio

ROOT = Path(__file__).parents[3]
OPTIONS = (
    "--phases=coverage,fuzzing",
    "--max-examples=15",
    "--generation-deterministic",
    "--exclude-path=/events/stream",  # it never ends, and has tests of its own
    "--exclude-path=/runs/{id}/text",  # likewise, and telling is nothing that can be asked for
    "--exclude-checks=positive_data_acceptance",  # instead: tests/kit/openapi_checks.py
    "--request-timeout=10",
    "--warnings=off",
    "--no-color",
)


async def test_the_document_is_true(database_url: str, redis_url: str, tmp_path: Path) -> None:
    async with DataLayerProcess(database_url, redis_url) as process:
        command = [sys.executable, "-m", "schemathesis.cli", "run", f"{process.url}/openapi.json", *OPTIONS]
        environment = {
            **os.environ,
            "SCHEMATHESIS_HOOKS": "tests.kit.openapi_checks",
            "PYTHONPATH": str(ROOT),
        }
        run = await asyncio.to_thread(
            subprocess.run, command, capture_output=True, text=True, env=environment, cwd=tmp_path
        )
        assert run.returncode == 0, run.stdout + run.stderr
        assert " generated, " in run.stdout
        assert await process.terminate() < 0
