"""The documents say what is true: files exist, commands can be given, links lead somewhere, examples compile."""

import ast
import re
import shlex
import tomllib
from collections.abc import Iterator
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import pytest
import typer.main

from agentic.cli import app

ROOT = Path(__file__).parents[2]
DOCUMENTS = sorted([*ROOT.glob("*.md"), *ROOT.glob("docs/**/*.md"), *ROOT.glob("bench/*.md")])
each_document = pytest.mark.parametrize("document", DOCUMENTS, ids=lambda path: str(path.relative_to(ROOT)))

FENCE = re.compile(r"^```(\w*)\n(.*?)^```", re.MULTILINE | re.DOTALL)
SPAN = re.compile(r"(?<!`)`([^`\n]+(?:\n[^`\n]+)?)`(?!`)")
LINK = re.compile(r"\[[^\]]*\]\(([^)\s]+)\)")
FILE = re.compile(r"[\w.-]+(?:/[\w.-]+)*(?:/|\.(?:py|md|sql|toml|lock|html|css|js|svg))")
MADE_BY_RUNNING = {"platform.lock"}
FIRST_COLUMN = re.compile(r"^\|[^|]*\|", re.MULTILINE)
"""Of docs/seed-map.md: the paths of the specification, which ours stand beside."""


def prose(document: Path) -> str:
    """The text without what stands between fences, and without what is another project's."""
    text = FENCE.sub("", document.read_text())
    return FIRST_COLUMN.sub("|", text) if document.name == "seed-map.md" else text


def spans(document: Path) -> list[str]:
    """What is set as code within the text."""
    return [span.replace("\n", " ") for span in SPAN.findall(prose(document))]


def fenced(document: Path, *languages: str) -> list[str]:
    """The blocks of code in a language."""
    return [code for language, code in FENCE.findall(document.read_text()) if language in languages]


def commands(document: Path) -> Iterator[list[str]]:
    """Every `platform …` that a document shows, in words."""
    lines = [*spans(document), *(line for block in fenced(document, "sh") for line in block.splitlines())]
    for line in lines:
        for match in re.finditer(r"(?:^|[\s(])(?:\.venv/bin/)?platform ([a-z-][^)#|>&]*)", line):
            yield shlex.split(match[1])


@pytest.fixture(scope="module")
def files() -> list[str]:
    """Every file of ours, as a path from the root."""
    skipped = {".git", ".venv", "__pycache__", "node_modules"}
    found: list[str] = []
    for top in ROOT.iterdir():
        if top.name in skipped:
            continue
        below = top.rglob("*") if top.is_dir() else [top]
        found += [f"/{path.relative_to(ROOT)}" for path in below if "__pycache__" not in path.parts]
    return found


@each_document
def test_every_file_that_is_named_exists(document: Path, files: list[str]) -> None:
    named = [span for span in spans(document) if FILE.fullmatch(span)]
    named = [name for name in named if "/" in name.rstrip("/") or name.endswith(".py")]
    missing = [
        name
        for name in named
        if name not in MADE_BY_RUNNING and not any(path.endswith(f"/{name.rstrip('/')}") for path in files)
    ]
    assert not missing


@each_document
def test_every_link_leads_somewhere(document: Path) -> None:
    for target in LINK.findall(prose(document)):
        path, _, anchor = target.partition("#")
        if re.match(r"[a-z]+:", target):
            continue
        there = (document.parent / path).resolve() if path else document
        assert there.exists(), target
        if anchor:
            assert f'id="{anchor}"' in there.read_text(), target


@each_document
def test_every_command_can_be_given(document: Path) -> None:
    for words in commands(document):
        refuse_unknown(words)


def refuse_unknown(words: list[str]) -> None:
    """Passes when the words are a command of ours, with options that it has."""
    command: Any = typer.main.get_command(app)
    rest = list(words)
    while rest and hasattr(command, "commands") and not rest[0].startswith("-"):
        name = rest.pop(0)
        assert name in command.commands, f"there is no command {name!r} in `platform {' '.join(words)}`"
        command = command.commands[name]
    options = {option for parameter in command.params for option in parameter.opts} | {"--help", "-h"}
    for word in rest:
        if word.startswith("-"):
            assert word.partition("=")[0] in options, f"no {word} in `platform {' '.join(words)}`"


@pytest.mark.parametrize("wrong", ["upp", "db drop", "up --hots x", "keys create x --scopes read"])
def test_a_wrong_command_would_be_seen(wrong: str) -> None:
    with pytest.raises(AssertionError):
        refuse_unknown(shlex.split(wrong))


def every_command(command: Any, path: tuple[str, ...] = ()) -> Iterator[tuple[str, ...]]:
    for name, child in getattr(command, "commands", {}).items():
        yield from every_command(child, (*path, name))
    if not hasattr(command, "commands"):
        yield path


@pytest.mark.parametrize("path", list(every_command(typer.main.get_command(app))), ids=" ".join)
def test_every_command_explains_itself_and_its_options(path: tuple[str, ...]) -> None:
    command: Any = typer.main.get_command(app)
    for name in path:
        command = command.commands[name]
    assert command.help and command.help.strip().endswith(".")
    for parameter in command.params:
        if parameter.param_type_name == "option" and not parameter.hidden:
            assert parameter.help or parameter.name == "file", f"{parameter.name} of {path} is not explained"


@each_document
def test_every_target_of_make_exists(document: Path) -> None:
    targets = set(re.findall(r"^([a-z]+):", (ROOT / "Makefile").read_text(), re.MULTILINE))
    shown = [*spans(document), *(line for block in fenced(document, "sh") for line in block.splitlines())]
    asked = {match[1] for line in shown if (match := re.match(r"make ([a-z]+)", line))}
    assert asked <= targets


def test_the_readme_begins_with_its_two_commands() -> None:
    assert [block.strip() for block in fenced(ROOT / "README.md", "sh")][:1] == ["make up"]
    assert "make test" in [block.strip() for block in fenced(ROOT / "README.md", "sh")]


@each_document
def test_every_example_in_python_compiles(document: Path) -> None:
    for code in fenced(document, "python"):
        compile(code, str(document), "exec", flags=ast.PyCF_ALLOW_TOP_LEVEL_AWAIT)


@each_document
def test_every_app_for_uvicorn_is_there(document: Path) -> None:
    for module in re.findall(r"uvicorn (agentic\.[\w.]+):app", document.read_text()):
        assert find_spec(module), module


@each_document
def test_every_mentioned_error_exists(document: Path) -> None:
    errors = (ROOT / "docs" / "errors.md").read_text()
    ranges = re.compile(r"E\d+(?:–| to |-)E\d+")
    mentioned = set(re.findall(r"\bE\d{4,5}\b", ranges.sub("", document.read_text())))
    assert not {code for code in mentioned if f'<a id="{code.lower()}">' not in errors}


def test_every_dependency_is_explained() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    declared = [*project["dependencies"], *project["optional-dependencies"].values()]
    names = {
        re.split(r"[\[<>=~! ]", requirement)[0]
        for group in declared
        for requirement in ([group] if isinstance(group, str) else group)
    }
    explained = (ROOT / "docs" / "dependencies.md").read_text().lower()
    assert not {name for name in names if name.lower().removeprefix("pytest-") not in explained}


def test_decisions_are_numbered_once_and_say_what_was_rejected() -> None:
    records = sorted((ROOT / "docs" / "decisions").glob("*.md"))
    numbers = [record.name[:4] for record in records]
    assert len(set(numbers)) == len(numbers)
    for record in records:
        text = record.read_text()
        assert text.startswith(f"# {record.name[:4]} ")
        assert all(f"**{part}" in text for part in ("Context", "Decision", "Consequences", "Rejected")), (
            record
        )
