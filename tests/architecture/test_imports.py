"""Who may import whom: the contracts in pyproject.toml, and the one rule that they cannot say."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

import grimp
import pytest
from importlinter.cli import lint_imports

from agentic.platform import catalogue, together

ROOT = Path(__file__).parents[2]
JOBS = "agentic.layers.L02_agent_runtime.jobs"
"""What the layers above do durably is carried by the runtime's means (docs/decisions/0027)."""
LAYER = re.compile(r"agentic\.layers\.(L\d\d_\w+)(?:\.(\w+))?")


def test_the_contracts_of_import_linter_hold(capsys: pytest.CaptureFixture[str]) -> None:
    code = lint_imports(config_filename=str(ROOT / "pyproject.toml"), no_cache=True)
    assert code == 0, capsys.readouterr().out


def test_a_layer_knows_of_another_only_its_client_and_its_models() -> None:
    graph = grimp.build_graph("agentic", cache_dir=None)
    offences = [
        f"{importer} imports {imported}"
        for importer in sorted(graph.modules)
        for imported in sorted(graph.find_modules_directly_imported_by(importer))
        if (mine := LAYER.match(importer))
        and (theirs := LAYER.match(imported))
        and mine[1] != theirs[1]
        and theirs[2] not in (None, "client", "models")
        and imported != JOBS
    ]
    assert offences == []


def test_every_layer_is_in_the_catalogue_under_its_own_name_and_port() -> None:
    folders = {path.parent.name[:3] for path in (ROOT / "agentic" / "layers").glob("L*/layer.py")}
    classes = {cls.id: cls for cls in catalogue.in_order()}
    assert set(classes) == set(catalogue.CATALOGUE) == folders
    assert {layer_id: classes[layer_id].port for layer_id in together.PORTS} == together.PORTS


def test_a_layer_starts_after_those_that_it_requires() -> None:
    started: set[str] = set()
    for wave in catalogue.in_waves():
        assert all(started.issuperset(cls.requires) for cls in wave)
        started.update(cls.id for cls in wave)


ASKING = (
    "agents",
    "evaluating",
    "feedback",
    "learn",
    "listing",
    "models",
    "plans",
    "run",
    "runs",
    "subscriptions",
    "tools",
)
"""Commands that ask a platform which runs already."""


def test_a_command_that_asks_loads_no_server() -> None:
    """It would take a quarter of a second more, each time."""
    wanted = ", ".join(f"agentic.platform.commands.{name}" for name in ASKING)
    code = f"import sys, {wanted}; print(sorted({{'fastapi', 'sqlalchemy', 'uvicorn'}} & set(sys.modules)))"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True, cwd=ROOT)
    assert done.stdout.strip() == "[]"
