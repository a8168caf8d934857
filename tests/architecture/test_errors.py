"""The catalogue of errors: documented as it is, each code explained, each in its layer's range."""

import re
from pathlib import Path

import pytest

import agentic
from agentic.layers.base.error_catalogue import catalogue
from agentic.layers.base.errors import PlatformError
from agentic.platform.commands.errors import as_markdown

DOCUMENT = Path(agentic.__file__).parent.parent / "docs" / "errors.md"
each_error = pytest.mark.parametrize("error", catalogue(), ids=lambda error: error.code)


def test_the_document_is_what_the_catalogue_generates() -> None:
    assert DOCUMENT.read_text() == as_markdown(), "run `make docs`"


def test_no_code_and_no_class_name_stands_twice() -> None:
    found = catalogue()
    assert len({error.code for error in found}) == len(found)
    assert len({error.__name__ for error in found}) == len(found)


@each_error
def test_it_says_what_happened(error: type[PlatformError]) -> None:
    assert error.__doc__ and re.fullmatch(r"[A-Z].*\.", error.default_detail())
    assert error.title and not error.title.endswith(".")


@each_error
def test_its_code_is_in_the_range_of_its_layer(error: type[PlatformError]) -> None:
    assert re.fullmatch(r"E\d{4,5}", error.code)
    assert int(error.code[1:]) // 1000 == error.layer


@each_error
def test_it_stands_with_its_layer(error: type[PlatformError]) -> None:
    if error.layer > 1:
        assert f".L{error.layer:02}_" in error.__module__
    else:
        assert error.__module__.startswith(("agentic.layers.base.", "agentic.layers.L01_"))


@each_error
def test_its_status_is_one_of_http(error: type[PlatformError]) -> None:
    assert 400 <= error.status < 600


@each_error
def test_it_links_to_its_place_in_the_document(error: type[PlatformError]) -> None:
    page, _, anchor = error().problem()["type"].partition("#")
    assert page == "/errors"
    assert f'<a id="{anchor}"></a>' in DOCUMENT.read_text()
